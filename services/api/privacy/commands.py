"""Erase what is a person's; what he did stays, under a pseudonym.

Luật 91/2025 and NĐ 356/2025 on personal data against what administration must be able to show: who is told by
an id that leads to nobody any more. The one command that writes other nouns' tables: a name is everywhere.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.audit.hand import erase_person
from services.api.deps.caller import Caller
from services.api.deps.erased import ERASED
from services.api.identity.hand import refuse_last_administrator
from services.api.privacy.addresses import erase_address, erase_contacts, erase_named
from services.api.privacy.states import pseudonym_of
from shared.errors import ConflictError, NotFoundError
from shared.models import (
    Contact,
    Deputy,
    Feed,
    Membership,
    SignIn,
    User,
)


class OwnErasureError(ConflictError):
    """Nobody erases himself: let another administrator do it.

    Không ai tự xóa dữ liệu của chính mình: hãy để quản trị viên khác thực hiện.
    """


class ContactHasAccountError(ConflictError):
    """Somebody signs in with this address: erase the account, which takes the contact along.

    Địa chỉ này có tài khoản đăng nhập: hãy xóa dữ liệu của tài khoản, đầu mối sẽ được xóa cùng.
    """


async def erase(
    session: AsyncSession,
    caller: Caller,
    user_id: UUID,
    *,
    reason: str,
    now: datetime,
    today: date,
) -> dict[str, Any]:
    """Close the account and put a pseudonym where the person's name, login and addresses are.

    May be repeated: it then takes what was written meanwhile by a request that was on its way.
    """
    if user_id == caller.id:
        raise OwnErasureError
    await refuse_last_administrator(session, user_id, today)
    user = await session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFoundError
    contacts = await erase_contacts(session, user.email)
    pseudonym = pseudonym_of(user_id)
    erased = {"id": user_id, "pseudonym": pseudonym, "contacts": len(contacts)}
    erased["deputies"] = await _deputies(session, user_id)
    erased |= await erase_address(session, user.email, pseudonym, contacts=contacts)
    await _close(session, user, pseudonym, now=now, today=today)
    erased["named_in"] = await erase_named(session, (user_id, *contacts))
    places = await erase_person(
        session, caller, ("user", user_id), contacts=contacts, reason=reason
    )
    return {**erased, "audit_places": places}


async def _close(
    session: AsyncSession, user: User, pseudonym: str, *, now: datetime, today: date
) -> None:
    user.login, user.name, user.email = pseudonym, ERASED, ""
    user.password_hash, user.active, user.updated_at = "!", False, now
    standing = update(SignIn).where(SignIn.user_id == user.id, SignIn.ended_at.is_(None))
    await session.execute(standing.values(ended_at=now))
    feeds = update(Feed).where(Feed.user_id == user.id, Feed.revoked_at.is_(None))
    await session.execute(feeds.values(revoked_at=now))
    mine = Membership.user_id == user.id
    await session.execute(delete(Membership).where(mine, Membership.valid_from >= today))
    await session.execute(
        update(Membership)
        .where(mine, or_(Membership.valid_to.is_(None), Membership.valid_to >= today))
        .values(valid_to=today - timedelta(days=1))
    )


async def _deputies(session: AsyncSession, user_id: UUID) -> int:
    """Take out why somebody stood in, for him or he for another: it is free text about people."""
    own = select(Membership.id).where(Membership.user_id == user_id)
    erased = (
        update(Deputy)
        .where(or_(Deputy.deputy_id == user_id, Deputy.membership_id.in_(own)))
        .values(reason=ERASED)
        .returning(Deputy.id)
    )
    return len((await session.scalars(erased)).all())


async def erase_contact(
    session: AsyncSession, caller: Caller, contact_id: UUID, *, reason: str
) -> dict[str, Any]:
    """Erase a contact who has no account, with all contacts of the same address; may be repeated."""
    contact = await session.get(Contact, contact_id, with_for_update=True)
    if contact is None:
        raise NotFoundError
    email = contact.email
    account = select(User.id).where(func.lower(User.email) == email.lower(), User.email != "")
    if await session.scalar(account.limit(1)) is not None:
        raise ContactHasAccountError
    pseudonym = pseudonym_of(contact_id)
    contacts = {contact_id, *await erase_contacts(session, email)}
    erased = {"id": contact_id, "pseudonym": pseudonym, "contacts": len(contacts)}
    erased |= await erase_address(session, email, pseudonym, contacts=contacts)
    erased["named_in"] = await erase_named(session, contacts)
    places = await erase_person(
        session, caller, ("contact", contact_id), contacts=contacts, reason=reason
    )
    return {**erased, "audit_places": places}
