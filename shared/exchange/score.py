"""Two files become one result; what the arithmetic refuses is named by its place in them."""

from dataclasses import dataclass

import numpy as np

from shared.composite import DataError, Result, digest, evaluate
from shared.exchange.data import Data
from shared.exchange.errors import FileError, Mistake
from shared.exchange.framework import Plan


@dataclass(frozen=True, eq=False)
class Scores:
    """A result and the name of all that went into it."""

    plan: Plan
    result: Result
    hash: str


def score(plan: Plan, data: Data) -> Scores:
    """Raise ``FileError`` for figures that the method cannot work with."""
    given = (plan.framework, data.units, data.raw, plan.method, data.groups)
    try:
        return Scores(plan, evaluate(*given), digest(*given))
    except DataError as error:
        raise FileError(data.file, [_place(plan, data, error)]) from error


def beyond_bounds(plan: Plan, data: Data) -> list[str]:
    """Say which figures are not what their leaf can be at all: no mistake in the form, but in the figure."""
    said = []
    for column, leaf in enumerate(plan.framework.leaves):
        low, high = leaf.bounds or (None, None)
        ends = ["none" if end is None else end for end in (low, high)]
        figures = data.raw[:, column]
        least, greatest = -np.inf if low is None else low, np.inf if high is None else high
        for row in np.flatnonzero((figures < least) | (figures > greatest)).tolist():
            what = f"Warning: {figures[row]} is beyond the bounds, {ends[0]} to {ends[1]}."
            said.append(Mistake(what, line=data.lines[row], column=leaf.code).at(data.file))
    return said


def _place(plan: Plan, data: Data, error: DataError) -> Mistake:
    line = 1 if error.unit is None else data.lines[data.units.index(error.unit)]
    column = error.node if error.node in plan.framework.leaf_index else None
    return Mistake(str(error), line=line, column=column)
