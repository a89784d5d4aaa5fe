"""The coordinator states what the plan left open, puts a framework into force and out of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.frameworks.queries import FrameworkNotFoundError, NodeNotFoundError
from services.api.frameworks.states import (
    FrameworkNotDraftError,
    FrameworkNotPublishedError,
    IdleCombinationError,
    refuse_fixed,
    refuse_retired,
)
from services.api.frameworks.tree import (
    ALL_AGREE,
    MEASURED,
    check_measures,
    check_method,
    check_place,
)
from services.api.frameworks.versions import keep_version, new_version
from shared.composite import Method
from shared.errors import InvalidError
from shared.models import Framework, Node
from shared.text import fold

# A change of one of these, or of the method, makes a new index.
SCORED = frozenset(
    {
        "weight",
        "direction",
        "goalpost_min",
        "goalpost_max",
        "target",
        "treatment",
        "combination",
        "supply",
    }
)
# A change of one of these asks for another figure, or for another proof of it, and leaves the scores as they are.
DEFINED = frozenset(
    {
        "name_vi",
        "name_en",
        "unit",
        "lower_bound",
        "upper_bound",
        "evidence_required",
        "accepted_evidence",
        "source",
        "guidance_vi",
        "guidance_en",
    }
)
NOTES = frozenset({"assumed", "verified"})


async def locked_framework(session: AsyncSession, year: int, *, whole: bool = False) -> Framework:
    """Take the framework in hand; ``whole`` keeps out new periods and responsibilities as well."""
    framework = await session.scalar(
        select(Framework)
        .where(Framework.year == year)
        .with_for_update(key_share=not whole)
        .execution_options(populate_existing=True)
    )
    if framework is None:
        raise FrameworkNotFoundError
    return framework


async def node_of(session: AsyncSession, framework: Framework, code: str) -> Node:
    node = await session.scalar(
        select(Node).where(Node.framework_id == framework.id, Node.code == code)
    )
    if node is None:
        raise NodeNotFoundError
    return node


async def change_node(
    session: AsyncSession,
    caller: Caller,
    *,
    year: int,
    code: str,
    values: dict[str, Any],
    reason: str | None = None,
    now: datetime,
) -> None:
    framework = await locked_framework(session, year)
    refuse_retired(framework.state)
    node = await node_of(session, framework, code)
    parent = values.pop("parent", None)
    check_measures(node.kind, {name: getattr(node, name) for name in MEASURED}, values)
    await _refuse_idle_combination(session, node, values)
    changes = apply(node, values)
    if "supply" in changes:
        node.supply_assumed = False
    if "unit" in changes:
        node.unit_assumed = False
    if parent is not None:
        changes |= await _moved(session, framework, node, parent)
    if not changes:
        return
    if "weight" in changes:
        framework.weights_assumed = False
    node.search = search_text(node)
    node.updated_at = framework.updated_at = now
    record(session, caller, "changed", ("node", f"{year}/{code}"), changes=changes, reason=reason)
    if (SCORED | DEFINED) & changes.keys():
        await new_version(session, caller, framework, reason=reason, now=now)


async def _refuse_idle_combination(
    session: AsyncSession, node: Node, values: dict[str, Any]
) -> None:
    """Refuse to say how leads' figures are joined where no figure is taken: the components' scores are averaged."""
    if values.get("combination", ALL_AGREE) == ALL_AGREE:
        return
    if await session.scalar(select(Node.id).where(Node.parent_id == node.id).limit(1)):
        raise IdleCombinationError(pointer="/combination")


def search_text(node: Node) -> str:
    return fold(f"{node.code} {node.name_vi} {node.name_en}")


async def parent_of(session: AsyncSession, framework: Framework, kind: str, code: str) -> Node:
    """Find the node under which one of ``kind`` may stand."""
    parent = await session.scalar(
        select(Node).where(Node.framework_id == framework.id, Node.code == code)
    )
    if parent is None:
        raise InvalidError(
            "There is no such node.", vi="Không có mục mang mã này.", pointer="/parent"
        )
    check_place(kind, parent.kind)
    if parent.combination != ALL_AGREE:
        raise IdleCombinationError(pointer="/parent")
    return parent


async def _moved(
    session: AsyncSession, framework: Framework, node: Node, parent: str
) -> dict[str, list[Any]]:
    old = await session.scalar(select(Node.code).where(Node.id == node.parent_id))
    if parent == old:
        return {}
    refuse_fixed(framework.state)
    node.parent_id = (await parent_of(session, framework, node.kind, parent)).id
    return {"parent": [old, parent]}


async def change_framework(
    session: AsyncSession,
    caller: Caller,
    *,
    year: int,
    values: dict[str, Any],
    reason: str | None = None,
    now: datetime,
) -> None:
    """Change names, notes and the method; ``values["method"]`` is the engine's block."""
    framework = await locked_framework(session, year)
    refuse_retired(framework.state)
    told = {**framework.method, **{name: values.pop(name) for name in NOTES & values.keys()}}
    method = values.pop("method", told["engine"])
    changes = apply(framework, values)
    # Compared as methods: one that leaves a default out is the same method.
    rescored = Method.from_dict(method) != Method.from_dict(told["engine"])
    if rescored:
        told["engine"] = method
    changes |= {
        "method" if name == "engine" else name: [framework.method.get(name), value]
        for name, value in told.items()
        if framework.method.get(name) != value
    }
    if not changes:
        return
    framework.method = told
    framework.updated_at = now
    record(session, caller, "changed", ("framework", str(year)), changes=changes, reason=reason)
    if rescored:
        await new_version(session, caller, framework, reason=reason, now=now)


async def publish_framework(
    session: AsyncSession, caller: Caller, *, year: int, now: datetime
) -> None:
    """Put a draft into force: from now on what is scored changes only as a new version."""
    framework = await locked_framework(session, year)
    if framework.state != "draft":
        raise FrameworkNotDraftError
    check_method(Method.from_dict(framework.method["engine"]))
    framework.state, framework.published_at, framework.updated_at = "published", now, now
    await keep_version(session, framework, by=caller.id, by_name=caller.name, reason="", now=now)
    record(
        session,
        caller,
        "published",
        ("framework", str(year)),
        changes={"state": ["draft", "published"], "revision": [None, framework.revision]},
    )


async def retire_framework(
    session: AsyncSession, caller: Caller, *, year: int, reason: str, now: datetime
) -> None:
    """Take it out of force: it stays as it is, and no new period is opened on it."""
    framework = await locked_framework(session, year)
    if framework.state != "published":
        raise FrameworkNotPublishedError
    framework.state, framework.updated_at = "retired", now
    record(
        session,
        caller,
        "retired",
        ("framework", str(year)),
        changes={"state": ["published", "retired"]},
        reason=reason,
    )
