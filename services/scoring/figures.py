"""From rows to the engine: the framework's tree, and which figure counts for the city and where it came from."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any, NamedTuple
from uuid import UUID

from shared.composite import Framework, Node
from shared.composite.method import treatment_from_dict
from shared.inputs import OwnFigure
from shared.models import Node as NodeRow


class Accepted(NamedTuple):
    """An accepted answer to a leaf; ``value`` is None unless it is a figure, ``role`` is the body's."""

    code: str
    submission_id: UUID
    value: float | None
    role: str = "lead"
    answer: str = "value"


def composite_framework(rows: Sequence[tuple[NodeRow, str | None]]) -> Framework:
    return Framework(tuple(_node(row, parent) for row, parent in rows))


def _node(row: NodeRow, parent: str | None) -> Node:
    return Node(
        code=row.code,
        parent=parent,
        weight=row.weight,
        direction="lower" if row.direction == "lower" else "higher",
        goalposts=(
            None
            if row.goalpost_min is None or row.goalpost_max is None
            else (row.goalpost_min, row.goalpost_max)
        ),
        kind=row.kind,
        bounds=(
            None
            if row.lower_bound is None and row.upper_bound is None
            else (row.lower_bound, row.upper_bound)
        ),
        target=row.target,
        treatment=None if row.treatment is None else treatment_from_dict(row.treatment),
    )


def own_figures(
    leaves: Sequence[NodeRow],
    accepted: Iterable[Accepted],
    panel: dict[str, float],
) -> dict[str, OwnFigure]:
    """Choose the city's figure of each leaf; figures come with their leaf's code and kind of answer.

    An accepted figure comes first. How several leads' figures make one is the leaf's ``combination``:
    with ``all_agree`` there is no figure where they differ, because none may be invented; with ``lead``
    only the lead's counts, not the joint leads'; with ``mean_of_components`` it is the mean over those that
    are accepted, as the index leaves out what is n/a. Without an accepted figure the panel's figure of
    the city counts, but not where the city itself must supply it with evidence; an accepted answer that a
    central body publishes it lets it count there too. Any other accepted answer means that there is none.
    """
    by_leaf: dict[str, list[Accepted]] = defaultdict(list)
    for figure in accepted:
        by_leaf[figure.code].append(figure)
    return {
        leaf.code: _own(
            by_leaf.get(leaf.code, []),
            panel.get(leaf.code),
            local=leaf.supply == "local",
            combination=leaf.combination,
        )
        for leaf in leaves
    }


def _own(
    submitted: list[Accepted], central: float | None, *, local: bool, combination: str
) -> OwnFigure:
    if combination == "lead":
        submitted = [figure for figure in submitted if figure.role == "lead"]
    ids = tuple(figure.submission_id for figure in submitted)
    said = [figure.value for figure in submitted if figure.value is not None]
    values = set(said)
    if len(values) == 1:
        return OwnFigure(values.pop(), "submission", ids)
    if values and combination == "mean_of_components":
        return OwnFigure(fmean(said), "submission", ids)
    if values:
        return OwnFigure(None, None, ids, "leads_disagree")
    answers = {figure.answer for figure in submitted}
    if central is not None and ("central_source" in answers or not (answers or local)):
        return OwnFigure(central, "panel", ids)
    return OwnFigure(None, None, ids, _reason(answers))


def _reason(answers: set[str]) -> str:
    """Say why there is no figure; of joint leads who say different things, what would bring one soonest."""
    if not answers:
        return "not_supplied"
    if "central_source" in answers:
        return "central_source"
    return "not_applicable" if answers == {"not_applicable"} else "nil_return"


def leaves_of(rows: Sequence[tuple[NodeRow, Any]]) -> list[NodeRow]:
    parents = {node.parent_id for node, _ in rows}
    return [node for node, _ in rows if node.id not in parents]
