"""The coordinator states what the plan left open."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.frameworks.queries import FrameworkNotFoundError, NodeNotFoundError
from shared import outbox
from shared.errors import InvalidError
from shared.events import FrameworkChanged
from shared.models import Framework, Node, Period
from shared.text import fold

# A change of one of these makes a new index; of the others it does not.
SCORED = frozenset({"weight", "direction", "goalpost_min", "goalpost_max", "supply"})
MEASURED = frozenset(
    {
        "direction",
        "unit",
        "lower_bound",
        "upper_bound",
        "goalpost_min",
        "goalpost_max",
        "supply",
        "evidence_required",
    }
)


async def change_node(
    session: AsyncSession,
    caller: Caller,
    *,
    year: int,
    code: str,
    values: dict[str, Any],
    now: datetime,
) -> None:
    framework = await session.scalar(
        select(Framework).where(Framework.year == year).with_for_update(key_share=True)
    )
    if framework is None:
        raise FrameworkNotFoundError
    node = await session.scalar(
        select(Node).where(Node.framework_id == framework.id, Node.code == code)
    )
    if node is None:
        raise NodeNotFoundError
    _check(node, values)
    changes = apply(node, values)
    if "supply" in changes:
        node.supply_assumed = False
    if "unit" in changes:
        node.unit_assumed = False
    if not changes:
        return
    node.search = search_text(node)
    node.updated_at = framework.updated_at = now
    record(session, caller, "changed", ("node", f"{year}/{code}"), changes=changes)
    if SCORED & changes.keys():
        framework.revision += 1
        if "weight" in changes:
            framework.weights_assumed = False
        await _announce(session, framework)


def search_text(node: Node) -> str:
    return fold(f"{node.code} {node.name_vi} {node.name_en}")


async def _announce(session: AsyncSession, framework: Framework) -> None:
    periods = await session.scalars(
        select(Period.id).where(Period.framework_id == framework.id, Period.state != "draft")
    )
    for period_id in periods:
        outbox.emit(session, FrameworkChanged(period_id=period_id, framework_id=framework.id))


def _check(node: Node, values: dict[str, Any]) -> None:
    merged = {name: values.get(name, getattr(node, name)) for name in MEASURED}
    if node.kind not in {"indicator", "component"} and (wrong := sorted(MEASURED & values.keys())):
        raise InvalidError(
            "Only indicators and components are measured.",
            vi="Chỉ chỉ số và hạng mục mới có thông tin đo lường.",
            pointer=f"/{wrong[0]}",
        )
    if node.kind == "indicator" and values.get("supply", "") is None:
        raise InvalidError(
            "Say unknown instead of null.", vi="Hãy ghi unknown thay cho null.", pointer="/supply"
        )
    low, high = merged["lower_bound"], merged["upper_bound"]
    if low is not None and high is not None and low > high:
        raise InvalidError(
            "The lower bound is above the upper.",
            vi="Cận dưới lớn hơn cận trên.",
            pointer="/lower_bound",
        )
    low, high = merged["goalpost_min"], merged["goalpost_max"]
    if (low is None) != (high is None) or (low is not None and high is not None and low >= high):
        raise InvalidError(
            "Goalposts come in pairs, the lower first.",
            vi="Hai mốc chuẩn phải đi cùng nhau, mốc thấp trước.",
            pointer="/goalpost_min",
        )
