"""Take an account in hand, so that what is compared with it stays true until the end."""

from datetime import date
from uuid import UUID

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import ConflictError, NotFoundError
from shared.models import Membership, User


class UserNotFoundError(NotFoundError):
    """There is no such user.

    Không có người dùng này.
    """


class LastAdministratorError(ConflictError):
    """This is the last administrator: make another one first.

    Đây là quản trị viên cuối cùng: hãy tạo quản trị viên khác trước.
    """


_ADMINISTRATORS = (
    select(User.id)
    .where(
        User.active,
        exists().where(
            Membership.user_id == User.id,
            Membership.role == "admin",
            Membership.valid_from <= bindparam("today"),
            or_(Membership.valid_to.is_(None), Membership.valid_to >= bindparam("today")),
        ),
    )
    .order_by(User.id)
)


async def refuse_last_administrator(session: AsyncSession, user_id: UUID, today: date) -> None:
    """Refuse where nobody would be left. Administrators are held: of two who end each other one waits, and is refused."""
    held = _ADMINISTRATORS.with_for_update(of=User, key_share=True)
    await session.execute(held, {"today": today})
    # Again: what the first statement saw may be older than what it waited for.
    if set(await session.scalars(_ADMINISTRATORS, {"today": today})) == {user_id}:
        raise LastAdministratorError


async def locked_user(session: AsyncSession, user_id: UUID) -> User:
    user = await session.get(User, user_id, with_for_update=True)
    if user is None:
        raise UserNotFoundError
    return user
