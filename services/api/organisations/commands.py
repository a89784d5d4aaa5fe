"""The coordinator keeps the bodies and the people to write to."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.organisations.queries import ContactNotFoundError, OrganisationNotFoundError
from shared import outbox
from shared.errors import ConflictError
from shared.events import ContactsChanged
from shared.models import Contact, Organisation, Period
from shared.text import fold


class CodeTakenError(ConflictError):
    """This code is taken.

    Mã này đã được dùng.
    """


class ContactTakenError(ConflictError):
    """The organisation already has this address in this role.

    Cơ quan đã có đầu mối với địa chỉ và vai trò này.
    """


def search_text(organisation: Organisation) -> str:
    return fold(f"{organisation.code} {organisation.name_vi} {organisation.name_en}")


async def create_organisation(
    session: AsyncSession, caller: Caller, *, values: dict[str, Any]
) -> None:
    if await session.scalar(select(Organisation.id).where(Organisation.code == values["code"])):
        raise CodeTakenError(pointer="/code")
    organisation = Organisation(id=uuid4(), is_coordinator=False, **values)
    organisation.search = search_text(organisation)
    session.add(organisation)
    record(
        session,
        caller,
        "created",
        ("organisation", organisation.code),
        changes={"name_vi": [None, values["name_vi"]]},
    )


async def locked_organisation(session: AsyncSession, code: str) -> Organisation:
    organisation = await session.scalar(
        select(Organisation).where(Organisation.code == code).with_for_update(key_share=True)
    )
    if organisation is None:
        raise OrganisationNotFoundError
    return organisation


async def change_organisation(
    session: AsyncSession, caller: Caller, *, code: str, values: dict[str, Any], now: datetime
) -> None:
    organisation = await locked_organisation(session, code)
    if changes := apply(organisation, values):
        organisation.search = search_text(organisation)
        organisation.updated_at = now
        record(session, caller, "changed", ("organisation", code), changes=changes)


async def add_contact(
    session: AsyncSession, caller: Caller, *, code: str, values: dict[str, Any]
) -> UUID:
    organisation = await locked_organisation(session, code)
    caller.require("contacts:write", organisation.id)
    await _refuse_double(session, organisation.id, values["role"], values["email"])
    contact = Contact(id=uuid4(), organisation_id=organisation.id, **values)
    session.add(contact)
    record(
        session,
        caller,
        "created",
        ("contact", contact.id),
        changes={name: [None, value] for name, value in values.items()},
    )
    await _announce(session, organisation.id)
    return contact.id


async def locked_contact(session: AsyncSession, contact_id: UUID) -> Contact:
    contact = await session.get(Contact, contact_id, with_for_update=True)
    if contact is None:
        raise ContactNotFoundError
    return contact


async def change_contact(
    session: AsyncSession,
    caller: Caller,
    contact_id: UUID,
    *,
    values: dict[str, Any],
    now: datetime,
) -> None:
    contact = await locked_contact(session, contact_id)
    caller.require("contacts:write", contact.organisation_id)
    merged = {
        name: values.get(name, getattr(contact, name)) for name in ("role", "email", "active")
    }
    if merged["active"]:
        await _refuse_double(
            session, contact.organisation_id, merged["role"], merged["email"], but=contact.id
        )
    if changes := apply(contact, values):
        contact.updated_at = now
        record(session, caller, "changed", ("contact", contact.id), changes=changes)
        await _announce(session, contact.organisation_id)


async def _refuse_double(
    session: AsyncSession, organisation_id: UUID, role: str, email: str, *, but: UUID | None = None
) -> None:
    same = select(Contact.id).where(
        Contact.organisation_id == organisation_id,
        Contact.role == role,
        func.lower(Contact.email) == email.lower(),
        Contact.active,
    )
    found = await session.scalar(same if but is None else same.where(Contact.id != but))
    if found is not None:
        raise ContactTakenError(pointer="/email")


async def _announce(session: AsyncSession, organisation_id: UUID) -> None:
    for period_id in await session.scalars(select(Period.id).where(Period.state == "open")):
        outbox.emit(session, ContactsChanged(period_id=period_id, organisation_id=organisation_id))
