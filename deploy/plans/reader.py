"""Reads and checks a plan's folder, so that a slip in it is named before it reaches the database."""

from collections.abc import Mapping
from pathlib import Path

from deploy.plans.data import (
    Assumption,
    City,
    Framework,
    Method,
    Node,
    OfficialResult,
    Organisation,
    PlanData,
    Responsibility,
)
from deploy.plans.head import Head
from deploy.plans.tables import PlanFileError, Row, read_rows
from shared.models.plan import DIRECTIONS, NODE_KINDS, RESPONSIBILITY_ROLES, SUPPLIES
from shared.models.round import EVIDENCE_LEVELS

__all__ = [
    "Assumption",
    "City",
    "Framework",
    "Method",
    "Node",
    "OfficialResult",
    "Organisation",
    "PlanData",
    "PlanFileError",
    "Responsibility",
    "read_plan",
]

STATUSES = ("verified", "inferred", "unknown")
WITH_SUPPLY = ("indicator", "component")
FULL_SCORE = 100


def read_plan(folder: Path) -> PlanData:
    """Raise ``PlanFileError``, naming file and line, at the first thing that is wrong."""
    head = Head(folder / "plan.toml")
    nodes = _nodes(folder / "nodes.csv")
    bodies = _organisations(folder / "organisations.csv")
    return PlanData(
        framework=Framework(**head.values("framework", Framework)),
        city=City(**head.values("city", City)),
        coordinator=_coordinator(head, bodies),
        method=_method(head),
        nodes=tuple(nodes.values()),
        organisations=tuple(bodies.values()),
        responsibilities=_responsibilities(folder / "responsibilities.csv", nodes, bodies),
        official_results=_official_results(folder / "official_results.csv"),
    )


def _coordinator(head: Head, bodies: Mapping[str, Organisation]) -> str:
    code: str = head.value("coordinator", "organisation", str)
    if [body.code for body in bodies.values() if body.is_coordinator] != [code]:
        what = f"is {code!r}, which is not the one marked so in organisations.csv"
        raise head.error("coordinator", "organisation", what)
    return code


def _method(head: Head) -> Method:
    notes = head.value("method", "assumed", list)
    return Method(
        normalisation=head.value("method", "normalisation", str),
        aggregation=head.value("method", "aggregation", str),
        assumed=tuple(_assumption(head, note) for note in notes),
    )


def _assumption(head: Head, note: object) -> Assumption:
    match note:
        case {"status": str(status), "vi": str(vi), "en": str(en)} if status in STATUSES:
            return Assumption(status=status, vi=vi, en=en)
    raise head.error("method", "assumed", f"needs vi, en and a status: {', '.join(STATUSES)}")


def _nodes(path: Path) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for row in read_rows(path, tuple(Node.__annotations__)):
        node = _node(row)
        if node.code in nodes:
            raise row.error(f"The code {node.code!r} stands here a second time.")
        _check_parent(row, node, nodes)
        nodes[node.code] = node
    if not nodes:
        raise PlanFileError(path, 1, "There is no node.")
    return nodes


def _node(row: Row) -> Node:
    kind = row.one_of("kind", NODE_KINDS)
    node = Node(
        code=row.required("code"),
        parent=row.text("parent") or None,
        kind=kind,
        name_vi=row.text("name_vi"),
        name_en=row.text("name_en"),
        weight=row.number("weight"),
        direction=row.one_of("direction", DIRECTIONS),
        unit=row.text("unit"),
        unit_assumed=row.flag("unit_assumed"),
        lower_bound=row.number_or_none("lower_bound"),
        upper_bound=row.number_or_none("upper_bound"),
        supply=row.one_of("supply", SUPPLIES if kind in WITH_SUPPLY else ("",)) or None,
        supply_assumed=row.flag("supply_assumed"),
        source=row.text("source"),
        note=row.text("note"),
        accepted_evidence=row.some_of("accepted_evidence", EVIDENCE_LEVELS),
        guidance_vi=row.text("guidance_vi"),
        guidance_en=row.text("guidance_en"),
    )
    if node.weight < 0:
        raise row.error(f"weight is {node.weight}, which is below zero.")
    lower, upper = node.lower_bound, node.upper_bound
    if lower is not None and upper is not None and lower >= upper:
        raise row.error(f"lower_bound {lower} is not below upper_bound {upper}.")
    return node


def _check_parent(row: Row, node: Node, above: Mapping[str, Node]) -> None:
    """Want the parent above its children in the file, one kind up: so there can be no cycle."""
    if node.parent is None:
        if above or node.kind != NODE_KINDS[0]:
            raise row.error("Only the first node, the index, has no parent.")
        return
    if node.parent not in above:
        raise row.error(f"The parent {node.parent!r} does not stand above this line.")
    kind = above[node.parent].kind
    if NODE_KINDS.index(kind) + 1 != NODE_KINDS.index(node.kind):
        raise row.error(f"A node of kind {node.kind} cannot stand under one of kind {kind}.")


def _organisations(path: Path) -> dict[str, Organisation]:
    bodies: dict[str, Organisation] = {}
    for row in read_rows(path, tuple(Organisation.__annotations__)):
        body = Organisation(
            code=row.required("code"),
            name_vi=row.required("name_vi"),
            name_en=row.required("name_en"),
            kind=row.required("kind"),
            part_in_the_plan=row.text("part_in_the_plan"),
            plan_section=row.text("plan_section"),
            is_coordinator=row.flag("is_coordinator"),
        )
        if body.code in bodies:
            raise row.error(f"The code {body.code!r} stands here a second time.")
        bodies[body.code] = body
    return bodies


def _responsibilities(
    path: Path, nodes: Mapping[str, Node], bodies: Mapping[str, Organisation]
) -> tuple[Responsibility, ...]:
    # A dict keeps the order of the file, and each body has one part per node.
    found: dict[tuple[str, str], Responsibility] = {}
    for row in read_rows(path, tuple(Responsibility.__annotations__)):
        duty = Responsibility(
            node=row.required("node"),
            organisation=row.required("organisation"),
            role=row.one_of("role", RESPONSIBILITY_ROLES),
            plan_section=row.required("plan_section"),
            legal_basis=row.required("legal_basis"),
        )
        if duty.node not in nodes:
            raise row.error(f"There is no node {duty.node!r}.")
        if duty.organisation not in bodies:
            raise row.error(f"There is no organisation {duty.organisation!r}.")
        if (duty.node, duty.organisation) in found:
            raise row.error(f"{duty.organisation!r} stands at {duty.node!r} a second time.")
        found[duty.node, duty.organisation] = duty
    return tuple(found.values())


def _official_results(path: Path) -> tuple[OfficialResult, ...]:
    found: dict[tuple[int, str, str], OfficialResult] = {}
    for row in read_rows(path, tuple(OfficialResult.__annotations__)):
        result = OfficialResult(
            year=row.whole("year"),
            locality=row.required("locality"),
            level=row.required("level"),
            score=row.number_or_none("score"),
            rank=row.whole_or_none("rank"),
            units_ranked=row.whole("units_ranked"),
            note=row.text("note"),
            source=row.required("source"),
        )
        if result.score is not None and not 0 <= result.score <= FULL_SCORE:
            raise row.error(f"score is {result.score}, which is not from 0 to {FULL_SCORE}.")
        if result.rank is not None and not 1 <= result.rank <= result.units_ranked:
            raise row.error(f"rank is {result.rank} of {result.units_ranked}.")
        key = (result.year, result.locality, result.level)
        if key in found:
            raise row.error(f"The result {key} stands here a second time.")
        found[key] = result
    return tuple(found.values())
