"""Whether a figure is another one in the wrong unit. Pure."""

import math

FARTHEST = 3  # powers of ten: 1 for 1 000


def power_between(value: float, other: float | None, off: float) -> float | None:
    """Give 0.001 to 1000 where ``value`` is about so many times ``other``; ``off`` as a share, None otherwise."""
    if not other or not value or (value < 0) != (other < 0):
        return None
    times = value / other
    if not 0 < times < math.inf:
        return None
    power = round(math.log10(times))
    if not 1 <= abs(power) <= FARTHEST:
        return None
    exact = 10.0**power
    return exact if math.isclose(times, exact, rel_tol=off) else None
