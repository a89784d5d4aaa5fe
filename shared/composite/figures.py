"""The door of the arithmetic: what passes here can be computed without a warning."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.composite.errors import DataError
from shared.composite.framework import Framework

# Two figures of opposite sign must have a finite difference; no statistic comes near this.
LARGEST = 1e300

# Figures are exact to 15 digits (relative 1e-15). Less than that apart is the last bit of a
# division, and min-max would blow it up to the difference between worst and best.
SAME_FIGURE = 4 * float(np.finfo(np.float64).eps)


def checked_figures(
    framework: Framework, units: Sequence[str], raw: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a copy of the raw figures, shape (units, leaves), NaN = missing.

    Raises ``DataError`` for another shape, a unit named twice, or an infinite or absurdly large
    figure (the message names its unit and leaf).
    """
    # Adding zero makes -0.0 a 0.0: they are one figure and must have one digest.
    figures = np.array(raw, dtype=np.float64) + 0.0
    expected = (len(units), len(framework.leaves))
    if figures.shape != expected:
        raise DataError(
            f"The figures have shape {figures.shape}; "
            f"{expected[0]} units and {expected[1]} leaves need {expected}."
        )
    if len(set(units)) != len(units):
        twice = Counter(units).most_common(1)[0][0]
        raise DataError(f"Unit {twice} is named more than once.", unit=twice)
    impossible = np.abs(figures) > LARGEST
    if impossible.any():
        row, column = (int(position) for position in np.argwhere(impossible)[0])
        unit, leaf = units[row], framework.leaves[column].code
        raise DataError(
            f"Unit {unit}, leaf {leaf}: {figures[row, column]} is not a figure.",
            unit=unit,
            node=leaf,
        )
    return figures


def same(least: NDArray[np.float64], greatest: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell where two figures differ by no more than the last bits of a division."""
    apart: NDArray[np.bool_] = greatest - least <= SAME_FIGURE * np.maximum(
        np.abs(least), np.abs(greatest)
    )
    return apart
