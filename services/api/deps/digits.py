"""Numbers as people read them: 1.234,56 in Vietnamese, 1,234.56 in English; exact, or rounded for a page. Pure."""

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

DIGITS = 6  # that a rounded figure keeps where nobody has said how many decimals it has
FEWEST = 2  # decimals of it: a large figure keeps its whole part and these
_TURNED = str.maketrans(",.", ".,")
_WIDE = Context(prec=700)  # as many digits as a float can have


def exact_en(value: float) -> str:
    """Write all digits, and no more: 1234.0 becomes 1,234."""
    return _grouped(Decimal(repr(float(value))))


def exact_vi(value: float) -> str:
    return exact_en(value).translate(_TURNED)


def rounded(value: float, decimals: int | None = None) -> float:
    """Round for people, half to even on the digits as they are written.

    What is not zero is not made zero: then, as where ``decimals`` is not known, six significant digits stay.
    """
    if not value:
        return value
    known = Decimal(repr(float(value)))
    if decimals is not None and (made := _at(known, decimals)):
        return float(made)
    return float(_at(known, max(DIGITS - 1 - math.floor(math.log10(abs(value))), FEWEST)))


def _at(known: Decimal, decimals: int) -> Decimal:
    exponent = known.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= decimals:
        return known
    return known.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN, _WIDE)


def _grouped(known: Decimal) -> str:
    whole, _, part = f"{abs(known):f}".partition(".")
    part = part.rstrip("0")
    return f"{'-' if known < 0 else ''}{int(whole):,}{'.' + part if part else ''}"
