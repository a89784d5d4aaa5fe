"""Take an account in hand, so that what is compared with it stays true until the end."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import NotFoundError
from shared.models import User


class UserNotFoundError(NotFoundError):
    """There is no such user.

    Không có người dùng này.
    """


async def locked_user(session: AsyncSession, user_id: UUID) -> User:
    user = await session.get(User, user_id, with_for_update=True)
    if user is None:
        raise UserNotFoundError
    return user
