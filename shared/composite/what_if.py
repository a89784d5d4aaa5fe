"""What would it bring: the whole index again, with some figures changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap

import numpy as np

from shared.composite.errors import DataError
from shared.composite.evaluate import Result, evaluate
from shared.composite.place import Place, known, place, ranked
from shared.composite.scenario import leaf_column, unit_row

MOST_CHANGES = 10_000


@dataclass(frozen=True)
class Change:
    """Another figure for a unit, in the leaf's unit; None takes it away."""

    unit: str
    leaf: str
    figure: float | None


@dataclass(frozen=True)
class NodeWhatIf:
    """A node of one unit before and after; None = n/a. See ``Result`` for what the numbers mean."""

    code: str
    score_before: float | None
    score_after: float | None
    rank_before: int | None
    rank_after: int | None
    ranked_before: int
    ranked_after: int
    contribution_before: float | None
    contribution_after: float | None


@dataclass(frozen=True)
class UnitWhatIf:
    """One unit before and after: its place at the root, and every node in the framework's order."""

    unit: str
    before: Place
    after: Place
    nodes: tuple[NodeWhatIf, ...]


@dataclass(frozen=True)
class Move:
    """A unit whose rank at the root is another; None = n/a."""

    unit: str
    rank_before: int | None
    rank_after: int | None
    score_before: float | None
    score_after: float | None


@dataclass(frozen=True)
class WhatIf:
    """Two runs and what differs: ``units`` in full, and in ``moved`` every unit with another rank."""

    changes: tuple[Change, ...]
    before: Result
    after: Result
    units: tuple[UnitWhatIf, ...]
    moved: tuple[Move, ...]


def what_if(result: Result, changes: Sequence[Change], units: Sequence[str] = ()) -> WhatIf:
    """Compute the index again with any figures of any units changed.

    Exact: ``after`` is what ``evaluate`` gives for the changed table, because it is that. ``units``
    are shown in full; none named: those that have a change.

    Raises ``DataError``: an unknown unit or leaf, the same figure changed twice, more than
    ``MOST_CHANGES``, and whatever ``evaluate`` refuses.
    """
    raw = result.raw.copy()
    for (row, column), change in zip(_places(result, changes), changes, strict=True):
        raw[row, column] = np.nan if change.figure is None else change.figure
    shown = tuple(dict.fromkeys(units or [change.unit for change in changes]))
    for unit in shown:
        unit_row(result, unit)
    after = evaluate(result.framework, result.units, raw, result.method, result.groups)
    return WhatIf(
        tuple(changes),
        result,
        after,
        tuple(_unit(result, after, unit) for unit in shown),
        moves(result, after),
    )


def moves(before: Result, after: Result) -> tuple[Move, ...]:
    """List the units whose rank at the root differs between two runs of the same units."""
    root = before.node(before.framework.root.code)
    moved = np.flatnonzero(before.ranks[:, root] != after.ranks[:, root])
    return tuple(
        Move(
            before.units[row],
            ranked(before.ranks[row, root]),
            ranked(after.ranks[row, root]),
            known(before.scores[row, root]),
            known(after.scores[row, root]),
        )
        for row in moved
    )


def _places(result: Result, changes: Sequence[Change]) -> list[tuple[int, int]]:
    if len(changes) > MOST_CHANGES:
        raise DataError(f"{len(changes)} changes are more than {MOST_CHANGES}.")
    rows = {unit: unit_row(result, unit) for unit in {change.unit for change in changes}}
    places = [(rows[change.unit], leaf_column(result, change.leaf)) for change in changes]
    seen = set()
    for where, change in zip(places, changes, strict=True):
        if where in seen:
            raise DataError(
                f"Unit {change.unit}, leaf {change.leaf}: the figure is changed twice.",
                unit=change.unit,
                node=change.leaf,
            )
        seen.add(where)
    return places


def _unit(before: Result, after: Result, unit: str) -> UnitWhatIf:
    row = before.unit(unit)
    columns = zip(
        (node.code for node in before.framework.nodes),
        map(known, before.scores[row]),
        map(known, after.scores[row]),
        map(ranked, before.ranks[row]),
        map(ranked, after.ranks[row]),
        before.ranked.tolist(),
        after.ranked.tolist(),
        map(known, before.contribution[row]),
        map(known, after.contribution[row]),
        strict=True,
    )
    return UnitWhatIf(
        unit, place(before, unit), place(after, unit), tuple(starmap(NodeWhatIf, columns))
    )
