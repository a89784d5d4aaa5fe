"""Load the figures of all localities for a period: whole or not at all."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.panels.layouts import Leaf, PanelRead, check_new, read_panel
from services.api.panels.queries import panel_difference
from services.api.panels.schemas import NewPanel
from services.api.periods.queries import PeriodClosedError, PeriodNotFoundError
from services.api.sheets.faults import Faults
from services.api.sheets.tables import Table
from shared import outbox
from shared.db import session_reader
from shared.events import PanelLoaded
from shared.models import Framework, Locality, Node, Panel, PanelValue, Period


class CheckedPanel(NamedTuple):
    """What a file says, what is wrong with it, and what it would change or has changed."""

    panel: PanelRead
    faults: Faults
    missing: dict[str, int]
    own: str
    difference: dict[str, Any] | None


async def load_panel(
    session: AsyncSession, caller: Caller, *, period_code: str, new: NewPanel
) -> UUID:
    """Store it as the period's next panel; runs keep pointing at the one they read."""
    period = await _period(session, period_code, lock=True)
    leaves = await _leaves(session, period.framework_id)
    panel, faults = check_new(new, _limits(leaves))
    faults.refuse()
    return await _store(session, caller, period, panel, leaves)


async def import_panel(
    session: AsyncSession,
    caller: Caller,
    *,
    period_code: str,
    table: Table,
    source: str,
    made_up: bool,
    dry_run: bool,
) -> CheckedPanel:
    """Check a file; store it unless it is a dry run. A dry run raises nothing for what is in the file."""
    period = await _period(session, period_code, lock=not dry_run)
    leaves = await _leaves(session, period.framework_id)
    panel, faults = await asyncio.to_thread(
        read_panel,
        table,
        _limits(leaves),
        source=source,
        made_up=made_up or period.made_up,
    )
    if not dry_run:
        faults.refuse()
    difference = None
    if not faults:
        difference = await panel_difference(await session_reader(session), period_code, panel)
    own = await session.scalar(
        select(Framework.locality_code).where(Framework.id == period.framework_id)
    )
    if not dry_run:
        await _store(session, caller, period, panel, leaves)
    return CheckedPanel(panel, faults, _missing(panel, leaves), own or "", difference)


def _missing(panel: PanelRead, leaves: Iterable[str]) -> dict[str, int]:
    """Count, for each leaf, the localities without a figure."""
    found = Counter(code for _, code in panel.values)
    return {code: len(panel.names) - found[code] for code in leaves}


async def _period(session: AsyncSession, code: str, *, lock: bool) -> Period:
    found = select(Period).where(Period.code == code)
    period = await session.scalar(found.with_for_update(key_share=True) if lock else found)
    if period is None:
        raise PeriodNotFoundError
    if period.state == "closed":
        raise PeriodClosedError
    return period


async def _leaves(session: AsyncSession, framework_id: UUID) -> dict[str, Node]:
    parents = select(Node.parent_id).where(
        Node.framework_id == framework_id, Node.parent_id.is_not(None)
    )
    found = await session.scalars(
        select(Node)
        .where(Node.framework_id == framework_id, Node.id.not_in(parents))
        .order_by(Node.sort_key, Node.code)
    )
    return {node.code: node for node in found}


def _limits(leaves: dict[str, Node]) -> dict[str, Leaf]:
    return {code: Leaf(code, node.lower_bound, node.upper_bound) for code, node in leaves.items()}


async def _store(
    session: AsyncSession, caller: Caller, period: Period, read: PanelRead, leaves: dict[str, Node]
) -> UUID:
    localities = await _localities(session, read.names)
    revision = await session.scalar(
        select(func.coalesce(func.max(Panel.revision), 0) + 1).where(Panel.period_id == period.id)
    )
    panel = Panel(
        id=uuid4(),
        period_id=period.id,
        revision=revision or 1,
        source=read.source,
        made_up=read.made_up or period.made_up,
        loaded_by=caller.id,
        loaded_by_name=caller.name,
    )
    session.add(panel)
    await session.flush()
    values = [
        {
            "panel_id": panel.id,
            "locality_id": localities[locality],
            "node_id": leaves[code].id,
            "value": value,
        }
        for (locality, code), value in read.values.items()
    ]
    if values:
        await session.execute(insert(PanelValue), values)
    _tell(session, caller, period, panel, len(values))
    return panel.id


def _tell(session: AsyncSession, caller: Caller, period: Period, panel: Panel, values: int) -> None:
    record(
        session,
        caller,
        "panel_loaded",
        ("period", period.code),
        changes={
            "panel": [None, panel.id],
            "values": [None, values],
            "source": [None, panel.source],
        },
    )
    outbox.emit(session, PanelLoaded(period_id=period.id, panel_id=panel.id))


async def _localities(session: AsyncSession, names: dict[str, str]) -> dict[str, UUID]:
    """Know each locality by its code; the name it was given last stands."""
    given = [{"id": uuid4(), "code": code, "name": name} for code, name in sorted(names.items())]
    statement = upsert(Locality).values(given)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["code"], set_={"name": statement.excluded.name}
        )
    )
    rows = await session.execute(select(Locality.code, Locality.id).where(Locality.code.in_(names)))
    return dict(rows.all())
