"""The door of the arithmetic: what passes here can be computed without a warning."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.composite.errors import DataError
from shared.composite.framework import Framework

# Two figures of opposite sign must have a finite difference; no statistic comes near this.
LARGEST = 1e300


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
        twice = next(unit for unit in units if list(units).count(unit) > 1)
        raise DataError(f"Unit {twice} is named more than once.", unit=twice)
    impossible = np.abs(figures) > LARGEST
    if impossible.any():
        row, column = (int(position) for position in np.argwhere(impossible)[0])
        unit, leaf = units[row], framework.leaves[column].code
        raise DataError(
            f"Unit {unit}, leaf {leaf}: {figures[row, column]} is not a figure.",
            unit=unit,
            leaf=leaf,
        )
    return figures
