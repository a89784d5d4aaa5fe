"""To what a period is limited: bodies, nodes with all below them, or both; a duty lies in what is named of each."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.periods.schemas import Scope
from shared.errors import Fault, InvalidError
from shared.models import Node, Organisation, Period, PeriodScope


async def set_scope(session: AsyncSession, period: Period, *, new: Scope) -> list[Any] | None:
    """Replace what a period is limited to; return old and new, or None where they are the same."""
    nodes = await _ids(session, Node, new.nodes, Node.framework_id == period.framework_id)
    bodies = await _ids(session, Organisation, new.organisations)
    if faults := [
        *_faults("nodes", new.nodes, nodes, _NO_NODE),
        *_faults("organisations", new.organisations, bodies, _NO_BODY),
    ]:
        raise InvalidError(faults=faults)
    before = await _told(session, period.id)
    await session.execute(delete(PeriodScope).where(PeriodScope.period_id == period.id))
    rows = [{"node_id": nodes[code]} for code in new.nodes]
    rows += [{"organisation_id": bodies[code]} for code in new.organisations]
    session.add_all(PeriodScope(id=uuid4(), period_id=period.id, **row) for row in rows)
    await session.flush()
    after = await _told(session, period.id)
    return None if before == after else [before, after]


_NO_NODE = ("The period's framework has no such node.", "Bộ chỉ số của kỳ không có mục này.")
_NO_BODY = ("There is no such organisation.", "Không có cơ quan này.")


async def _ids(
    session: AsyncSession, model: Any, codes: Sequence[str], *more: ColumnElement[bool]
) -> dict[str, UUID]:
    found = select(model.code, model.id).where(model.code.in_(codes), *more)
    return dict((await session.execute(found)).all())


def _faults(
    name: str, codes: Sequence[str], known: Mapping[str, UUID], unknown: tuple[str, str]
) -> list[Fault]:
    faults = []
    for place, code in enumerate(codes):
        at = f"/scope/{name}/{place}"
        if code not in known:
            faults.append(Fault(at, *unknown))
        elif code in codes[:place]:
            faults.append(Fault(at, "This stands here twice.", "Mục này bị lặp."))
    return faults


async def _told(session: AsyncSession, period_id: UUID) -> dict[str, list[str]]:
    mine = PeriodScope.period_id == period_id
    nodes = select(Node.code).join(PeriodScope, PeriodScope.node_id == Node.id)
    bodies = select(Organisation.code).join(
        PeriodScope, PeriodScope.organisation_id == Organisation.id
    )
    return {
        "nodes": list(await session.scalars(nodes.where(mine).order_by(Node.sort_key))),
        "organisations": list(
            await session.scalars(bodies.where(mine).order_by(Organisation.code))
        ),
    }
