"""Say something about a submission."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from shared.ids import ordered_uuid
from shared.models import Comment


def add_comment(
    session: AsyncSession,
    caller: Caller,
    submission_id: UUID,
    *,
    text: str,
    body: UUID | None,
    now: datetime,
) -> UUID:
    comment = Comment(
        id=ordered_uuid(),
        submission_id=submission_id,
        text=text,
        created_by=caller.id,
        created_by_name=caller.name,
        organisation_id=body,
        created_at=now,
    )
    session.add(comment)
    record(
        session,
        caller,
        "commented",
        ("submission", submission_id),
        changes={"comment": [None, text]},
    )
    return comment.id
