"""Load the figures of all localities for a period: whole or not at all."""

from uuid import UUID, uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.panels.schemas import NewPanel
from services.api.periods.queries import PeriodClosedError, PeriodNotFoundError
from shared import outbox
from shared.errors import InvalidError
from shared.events import PanelLoaded
from shared.models import Locality, Node, Panel, PanelValue, Period


async def load_panel(
    session: AsyncSession, caller: Caller, *, period_code: str, new: NewPanel
) -> UUID:
    """Store it as the period's next panel; runs keep pointing at the one they read."""
    period = await session.scalar(
        select(Period).where(Period.code == period_code).with_for_update(key_share=True)
    )
    if period is None:
        raise PeriodNotFoundError
    if period.state == "closed":
        raise PeriodClosedError
    leaves = await _leaves(session, period.framework_id)
    _check(new, leaves)
    localities = await _localities(session, new)
    revision = await session.scalar(
        select(func.coalesce(func.max(Panel.revision), 0) + 1).where(Panel.period_id == period.id)
    )
    panel = Panel(
        id=uuid4(),
        period_id=period.id,
        revision=revision or 1,
        source=new.source,
        made_up=new.made_up or period.made_up,
        loaded_by=caller.id,
        loaded_by_name=caller.name,
    )
    session.add(panel)
    await session.flush()
    values = [
        {
            "panel_id": panel.id,
            "locality_id": localities[locality.code],
            "node_id": leaves[code].id,
            "value": value,
        }
        for locality in new.localities
        for code, value in locality.values.items()
    ]
    if values:
        await session.execute(insert(PanelValue), values)
    record(
        session,
        caller,
        "panel_loaded",
        ("period", period_code),
        changes={
            "panel": [None, panel.id],
            "values": [None, len(values)],
            "source": [None, new.source],
        },
    )
    outbox.emit(session, PanelLoaded(period_id=period.id, panel_id=panel.id))
    return panel.id


async def _leaves(session: AsyncSession, framework_id: UUID) -> dict[str, Node]:
    parents = select(Node.parent_id).where(
        Node.framework_id == framework_id, Node.parent_id.is_not(None)
    )
    found = await session.scalars(
        select(Node).where(Node.framework_id == framework_id, Node.id.not_in(parents))
    )
    return {node.code: node for node in found}


def _check(new: NewPanel, leaves: dict[str, Node]) -> None:
    seen: set[str] = set()
    for number, locality in enumerate(new.localities):
        where = f"/localities/{number}"
        if locality.code in seen:
            raise InvalidError(
                "This locality stands twice.",
                vi="Địa phương này xuất hiện hai lần.",
                pointer=f"{where}/code",
            )
        seen.add(locality.code)
        for code, value in locality.values.items():
            _check_value(leaves.get(code), value, f"{where}/values/{code}")


def _check_value(node: Node | None, value: float, pointer: str) -> None:
    if node is None:
        raise InvalidError(
            "The framework has no indicator without components, and no component, with this code.",
            vi="Bộ chỉ số không có chỉ số (không chia hạng mục) hoặc hạng mục mang mã này.",
            pointer=pointer,
        )
    low, high = node.lower_bound, node.upper_bound
    if (low is not None and value < low) or (high is not None and value > high):
        raise InvalidError(
            f"{value} is outside the bounds of {node.code}.",
            vi=f"{value} nằm ngoài giới hạn của {node.code}.",
            pointer=pointer,
        )


async def _localities(session: AsyncSession, new: NewPanel) -> dict[str, UUID]:
    """Know each locality by its code; the name it was given last stands."""
    given = [
        {"id": uuid4(), "code": locality.code, "name": locality.name}
        for locality in sorted(new.localities, key=lambda locality: locality.code)
    ]
    statement = upsert(Locality).values(given)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["code"], set_={"name": statement.excluded.name}
        )
    )
    codes = [locality.code for locality in new.localities]
    rows = await session.execute(select(Locality.code, Locality.id).where(Locality.code.in_(codes)))
    return dict(rows.all())
