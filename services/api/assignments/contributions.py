"""What other bodies added to a duty."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select

from services.api.assignments.queries import assignment_shown
from services.api.assignments.schemas import ContributionQuery
from services.api.deps.caller import Caller
from services.api.deps.paging import page, start_of
from shared.db import Reader
from shared.models import Contribution, Organisation

_CONTRIBUTION = (
    select(
        Contribution.id,
        Contribution.assignment_id.label("assignment"),
        Organisation.code.label("organisation"),
        Contribution.note,
        Contribution.created_by_name.label("created_by"),
        Contribution.created_at,
    )
    .join(Organisation, Organisation.id == Contribution.organisation_id)
    .where(Contribution.assignment_id == bindparam("id"))
    .order_by(Contribution.created_at, Contribution.id)
    .limit(bindparam("limit"))
)
_LATER_CONTRIBUTION = _CONTRIBUTION.where(
    or_(
        Contribution.created_at > bindparam("after_at"),
        and_(
            Contribution.created_at == bindparam("after_at"),
            Contribution.id > bindparam("after_id"),
        ),
    )
)


async def contributions_page(
    read: Reader, caller: Caller, assignment_id: UUID, query: ContributionQuery
) -> dict[str, Any]:
    """List what other bodies added to a duty, oldest first, to whoever sees the duty."""
    await assignment_shown(read, caller, assignment_id)
    values: dict[str, Any] = {"id": assignment_id, "limit": query.limit + 1}
    statement = _CONTRIBUTION
    if after := start_of(query, datetime.fromisoformat, UUID):
        values["after_at"], values["after_id"] = after
        statement = _LATER_CONTRIBUTION
    rows = await read.all(statement, **values)
    return page(query, rows, dict, lambda row: [row["created_at"].isoformat(), row["id"]])
