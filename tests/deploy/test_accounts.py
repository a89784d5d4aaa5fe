from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.accounts import reset_account
from services.api.identity.passwords import Passwords
from shared.models import User
from tests.cast import make_cast


async def test_an_account_that_was_closed_is_opened_again_with_a_new_password(
    session: AsyncSession,
) -> None:
    cast = await make_cast(session)
    admin = await session.get_one(User, cast.admin.id)
    admin.active, admin.failed_attempts = False, 9
    await session.flush()
    passwords = Passwords()
    password = await reset_account(session, passwords, "admin")
    await session.flush()
    found = (await session.scalars(select(User).where(User.login == "admin"))).one()
    assert found.active
    assert found.failed_attempts == 0
    assert await passwords.verify(password, found.password_hash)
