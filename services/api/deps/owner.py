"""What somebody may do now who has not signed in: the owner of an address, or the reader of a mail."""

from uuid import UUID

from sqlalchemy import bindparam, select, text

from services.api.deps.caller import HELD, SAME_PERSON, Caller, person_of
from shared.db import Reader
from shared.models import User

BY_ID = (
    select(User.id, User.name, User.login, SAME_PERSON, HELD.c.roles, HELD.c.bodies, HELD.c.codes)
    .select_from(User)
    .join(HELD, text("true"))
    .where(User.id == bindparam("id"), User.active)
)


async def caller_of(read: Reader, user_id: UUID) -> Caller | None:
    """Say what a person may do at this moment; None for one who is not active."""
    row = await read.first(BY_ID, id=user_id)
    return None if row is None else person_of(row)
