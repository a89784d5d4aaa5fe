"""Missing figures are filled in from those of other units, where a method asks for it."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from shared.composite.errors import DataError
from shared.composite.method import Imputation


def impute(
    series: NDArray[np.float64],
    kind: Imputation,
    groups: Sequence[str | None] | None,
    screened: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Fill the gaps of each column, (columns, units), with the mean or median of those who have a figure.

    "group_mean" and "group_median" look at units of the same group only (COINr's i_mean_grp): a
    unit without a group, or in a group where nobody has a figure, keeps its gap. So do units that
    are screened out. Raises ``DataError`` when groups are asked for and there are none.
    """
    if kind == "none":
        return series
    mean = kind.endswith("mean")
    filled = series.copy()
    members = _members(kind, groups, screened)
    gaps = np.isnan(series)
    for rows, column in product(members, np.flatnonzero(gaps.any(axis=1))):
        figures = series[column, rows]
        known = figures[~np.isnan(figures)]
        if known.size:
            middle = known.mean() if mean else np.median(known)
            filled[column, rows] = np.where(np.isnan(figures), middle, figures)
    return filled


def _members(
    kind: Imputation, groups: Sequence[str | None] | None, screened: NDArray[np.bool_]
) -> list[NDArray[np.intp]]:
    """Positions of the units that stand in for one another."""
    if not kind.startswith("group"):
        return [np.flatnonzero(~screened)]
    if groups is None:
        raise DataError(f"Imputation by {kind} needs a group for each unit.")
    return [
        np.array(
            [row for row, own in enumerate(groups) if own == name and not screened[row]],
            dtype=np.intp,
        )
        for name in sorted({name for name in groups if name is not None})
    ]
