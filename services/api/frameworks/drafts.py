"""Next year's framework is drafted as a copy of this year's: nodes are added, dropped and moved in it only."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import made, record
from services.api.deps.caller import Caller
from services.api.frameworks.commands import (
    locked_framework,
    node_of,
    parent_of,
    search_text,
)
from services.api.frameworks.duties import (
    copy_responsibilities,
    copy_rules,
    drop_responsibilities,
    handed_over,
)
from services.api.frameworks.states import refuse_fixed
from services.api.frameworks.tree import (
    MEASURED,
    MEASURED_KINDS,
    check_measures,
    check_place,
    sort_key,
)
from shared.errors import ConflictError, InvalidError
from shared.models import Framework, Node, Period
from shared.models.plan import NODE_KINDS

# What a node says where nothing is said; supply and evidence follow from its kind.
DEFAULTS: dict[str, Any] = {
    "name_vi": "",
    "name_en": "",
    "weight": 1.0,
    "direction": "higher",
    "unit": "",
    "unit_assumed": False,
    "lower_bound": None,
    "upper_bound": None,
    "goalpost_min": None,
    "goalpost_max": None,
    "target": None,
    "treatment": None,
    "combination": "all_agree",
    "supply_assumed": False,
    "accepted_evidence": [],
    "source": "",
    "guidance_vi": "",
    "guidance_en": "",
    "note": "",
}
_COPIED = tuple(
    column.key
    for column in Node.__table__.columns
    if column.key not in {"id", "framework_id", "parent_id", "updated_at"}
)


class FrameworkYearTakenError(ConflictError):
    """This year has a framework already.

    Năm này đã có bộ chỉ số.
    """


class NodeCodeTakenError(ConflictError):
    """A node of this framework already has this code.

    Bộ chỉ số đã có mục mang mã này.
    """


class NodeHasChildrenError(ConflictError):
    """Nodes stand below this one: drop or move them first.

    Mục này còn mục con: hãy bỏ hoặc chuyển các mục con trước.
    """


class NodeHandedOverError(ConflictError):
    """A hand-over has passed on who is responsible for this node.

    Phân công của mục này đã được bàn giao.
    """


class FrameworkInUseError(ConflictError):
    """Periods or hand-overs refer to this draft.

    Bản nháp này đang được kỳ báo cáo hoặc đợt bàn giao tham chiếu.
    """


async def copy_framework(
    session: AsyncSession,
    caller: Caller,
    *,
    year: int,
    copy_of: int,
    values: dict[str, Any],
    responsibilities: bool,
    rules: bool,
    now: datetime,
) -> dict[str, int]:
    """Draft ``year`` with all that ``copy_of`` says, what is assumed included; ``values`` replace its names.

    Return how many nodes, responsibilities and rules were copied; the latter two where they are asked for.
    """
    if await session.scalar(select(Framework.id).where(Framework.year == year)):
        raise FrameworkYearTakenError(pointer="/year")
    # FOR SHARE: the copied year must not change between its nodes and its method.
    source = await session.scalar(
        select(Framework).where(Framework.year == copy_of).with_for_update(read=True)
    )
    if source is None:
        raise InvalidError(
            "There is no framework for this year.",
            vi="Không có bộ chỉ số của năm này.",
            pointer="/copy_of",
        )
    draft = Framework(
        id=uuid4(),
        year=year,
        locality_code=source.locality_code,
        expected_local=source.expected_local,
        expected_central=source.expected_central,
        weights_assumed=source.weights_assumed,
        method=source.method,
        state="draft",
        revision=1,
        updated_at=now,
        **{
            name: values.get(name, getattr(source, name))
            for name in ("name_vi", "name_en", "basis")
        },
    )
    session.add(draft)
    await session.flush()
    nodes = await _copy_nodes(session, source.id, draft.id, now)
    copied = {"nodes": len(nodes), "responsibilities": 0, "rules": 0}
    if responsibilities:
        copied["responsibilities"] = await copy_responsibilities(
            session, nodes, start=date(year, 1, 1)
        )
    if rules:
        copied["rules"] = await copy_rules(session, nodes)
    changes: dict[str, Any] = {kind: [0, number] for kind, number in copied.items() if number}
    changes["copy_of"] = [None, copy_of]
    record(session, caller, "created", ("framework", str(year)), changes=changes)
    return copied


async def _copy_nodes(
    session: AsyncSession, source: UUID, draft: UUID, now: datetime
) -> dict[UUID, UUID]:
    """Copy the tree; return each node's copy."""
    rows = (await session.scalars(select(Node).where(Node.framework_id == source))).all()
    # Parents first: each row must find its parent when it is written.
    found = sorted(rows, key=lambda node: NODE_KINDS.index(node.kind))
    ids = {node.id: uuid4() for node in found}
    session.add_all(
        Node(
            id=ids[node.id],
            framework_id=draft,
            parent_id=ids[node.parent_id] if node.parent_id else None,
            updated_at=now,
            **{name: getattr(node, name) for name in _COPIED},
        )
        for node in found
    )
    await session.flush()
    return ids


async def add_node(
    session: AsyncSession, caller: Caller, *, year: int, values: dict[str, Any], now: datetime
) -> None:
    """Add a node; ``values`` are what was said of it, with ``parent`` as a code."""
    framework = await locked_framework(session, year)
    refuse_fixed(framework.state)
    said = dict(values)
    parent, kind = said.pop("parent", None), said["kind"]
    above = None if parent is None else await parent_of(session, framework, kind, parent)
    if above is None:
        check_place(kind, None)
    key = sort_key(kind, said["code"])
    await _refuse_taken(session, framework, said["code"], key)
    check_measures(kind, DEFAULTS, {name: said[name] for name in MEASURED & said.keys()})
    whole = {**DEFAULTS, **_of_kind(kind), **said}
    node = Node(
        id=uuid4(),
        framework_id=framework.id,
        parent_id=None if above is None else above.id,
        sort_key=key,
        updated_at=now,
        **whole,
    )
    node.search = search_text(node)
    session.add(node)
    framework.updated_at = now
    changes = made({"framework": year, "parent": parent, **whole})
    record(session, caller, "created", ("node", f"{year}/{node.code}"), changes=changes)


async def _refuse_taken(session: AsyncSession, framework: Framework, code: str, key: str) -> None:
    # Also by place: 1.1 and 1.01 would stand in the same place of every list.
    taken = (Node.code == code) | (Node.sort_key == key)
    if await session.scalar(select(Node.id).where(Node.framework_id == framework.id, taken)):
        raise NodeCodeTakenError(pointer="/code")


def _of_kind(kind: str) -> dict[str, Any]:
    return {
        "supply": "unknown" if kind == "indicator" else None,
        "evidence_required": kind in MEASURED_KINDS,
    }


# Made of what else is told, or the key by which the log knows it.
_NOT_TOLD = frozenset({"id", "framework_id", "parent_id", "sort_key", "search", "updated_at"})


async def drop_node(
    session: AsyncSession, caller: Caller, *, year: int, code: str, now: datetime
) -> None:
    framework = await locked_framework(session, year)
    refuse_fixed(framework.state)
    node = await node_of(session, framework, code)
    if await session.scalar(select(Node.id).where(Node.parent_id == node.id).limit(1)):
        raise NodeHasChildrenError
    # FOR UPDATE keeps out a responsibility that is being added at the same moment.
    await session.execute(select(Node.id).where(Node.id == node.id).with_for_update())
    this = select(Node.id).where(Node.id == node.id)
    if await handed_over(session, this):
        raise NodeHandedOverError
    kept = (column.name for column in Node.__table__.columns if column.name not in _NOT_TOLD)
    changes = {name: [getattr(node, name), None] for name in kept}
    if gone := await drop_responsibilities(session, this):
        changes["responsibilities"] = [gone, 0]
    await session.delete(node)
    framework.updated_at = now
    record(session, caller, "deleted", ("node", f"{year}/{code}"), changes=changes)


async def delete_draft(session: AsyncSession, caller: Caller, *, year: int) -> None:
    """Delete a draft that nothing refers to, with its nodes and what hangs on them only."""
    framework = await locked_framework(session, year, whole=True)
    refuse_fixed(framework.state)
    periods = select(Period.id).where(Period.framework_id == framework.id).limit(1)
    nodes = select(Node.id).where(Node.framework_id == framework.id)
    if await session.scalar(periods) or await handed_over(session, nodes):
        raise FrameworkInUseError
    gone = await drop_responsibilities(session, nodes)
    # One statement: children and parents may go in any order within it.
    await session.execute(delete(Node).where(Node.framework_id == framework.id))
    await session.delete(framework)
    record(
        session,
        caller,
        "deleted",
        ("framework", str(year)),
        changes={"name_vi": [framework.name_vi, None], "responsibilities": [gone, 0]},
    )
