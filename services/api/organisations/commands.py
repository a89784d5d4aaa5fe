"""The coordinator keeps the bodies and the people to write to."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, made, record
from services.api.deps.caller import Caller
from services.api.organisations.lasting import refuse_in_the_midst
from services.api.organisations.queries import ContactNotFoundError, OrganisationNotFoundError
from shared import outbox
from shared.errors import ConflictError, InvalidError
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
        changes=made(values),
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
    days = [values.get(name, getattr(organisation, name)) for name in ("valid_from", "valid_to")]
    await refuse_in_the_midst(session, organisation, first=days[0], last=days[1])
    if changes := apply(organisation, values):
        organisation.search = search_text(organisation)
        organisation.updated_at = now
        record(session, caller, "changed", ("organisation", code), changes=changes)


async def add_contact(
    session: AsyncSession, caller: Caller, *, code: str, values: dict[str, Any]
) -> UUID:
    organisation = await locked_organisation(session, code)
    _refuse_backwards(values["valid_from"], values["valid_to"])
    caller.require("contacts:write", organisation.id)
    await _refuse_double(session, organisation.id, values["role"], values["email"])
    contact = Contact(id=uuid4(), organisation_id=organisation.id, **values)
    session.add(contact)
    record(
        session,
        caller,
        "created",
        ("contact", contact.id),
        changes=made({"organisation": code, "active": True, **values}),
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
        name: values.get(name, getattr(contact, name))
        for name in ("role", "email", "active", "valid_from", "valid_to")
    }
    _refuse_backwards(merged["valid_from"], merged["valid_to"])
    if merged["active"]:
        await _refuse_double(
            session, contact.organisation_id, merged["role"], merged["email"], but=contact.id
        )
    if changes := apply(contact, values):
        contact.updated_at = now
        record(session, caller, "changed", ("contact", contact.id), changes=changes)
        await _announce(session, contact.organisation_id)


def _refuse_backwards(first: date | None, last: date | None) -> None:
    if first is not None and last is not None and first > last:
        raise InvalidError(
            "It would end before it began.",
            vi="Ngày kết thúc trước ngày bắt đầu.",
            pointer="/valid_to",
        )


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
