"""What is kept of a person."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Executable,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from services.api.privacy.states import named_columns
from shared.db import Reader, records
from shared.models import (
    AuditEntry,
    Contact,
    Deputy,
    Feed,
    Mail,
    Membership,
    Organisation,
    Reminder,
    ReminderSettings,
    SignIn,
    SuppressedAddress,
    User,
    WebhookEndpoint,
)

_ACCOUNT = select(User.id, User.login, User.name, User.email, User.active, User.created_at).where(
    User.id == bindparam("id")
)
_MEMBERSHIPS = (
    select(
        Organisation.code.label("organisation"),
        Membership.role,
        Membership.valid_from,
        Membership.valid_to,
    )
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(Membership.user_id == bindparam("id"))
    .order_by(Membership.valid_from, Membership.id)
)
# An account without an address, as after an erasure, has no contacts.
_SAME_ADDRESS = (func.lower(Contact.email) == func.lower(bindparam("email")), Contact.email != "")
_CONTACTS = (
    select(
        Organisation.code.label("organisation"),
        Contact.name,
        Contact.role,
        Contact.email,
        Contact.phone,
        Contact.language,
        Contact.active,
        Contact.valid_from,
        Contact.valid_to,
    )
    .join(Organisation, Organisation.id == Contact.organisation_id)
    .where(or_(Contact.id == bindparam("id"), and_(*_SAME_ADDRESS)))
    .order_by(Organisation.code, Contact.id)
)
_DEPUTIES = (
    select(
        Organisation.code.label("organisation"),
        (Deputy.deputy_id == bindparam("id")).label("stood_in"),
        Deputy.valid_from,
        Deputy.valid_to,
        Deputy.reason,
    )
    .join(Membership, Membership.id == Deputy.membership_id)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(or_(Deputy.deputy_id == bindparam("id"), Membership.user_id == bindparam("id")))
    .order_by(Deputy.created_at, Deputy.id)
)
_CONTACT_EMAIL = select(Contact.email).where(Contact.id == bindparam("id"))
_LOOKS_AFTER = union_all(
    select(cast(WebhookEndpoint.id, Text)).where(
        func.lower(WebhookEndpoint.owner_email) == func.lower(bindparam("email"))
    ),
    select(literal("reminder-settings", Text)).where(
        func.lower(ReminderSettings.operator_email) == func.lower(bindparam("email"))
    ),
)
_SIGN_INS = (
    select(SignIn.created_at.label("started_at"), SignIn.ended_at)
    .where(SignIn.user_id == bindparam("id"))
    .order_by(SignIn.created_at, SignIn.id)
)
_FEEDS = (
    select(
        Organisation.code.label("organisation"),
        Feed.created_at,
        Feed.last_used_at,
        Feed.revoked_at,
    )
    .outerjoin(Organisation, Organisation.id == Feed.organisation_id)
    .where(Feed.user_id == bindparam("id"))
    .order_by(Feed.created_at, Feed.id)
)
_ABOUT = and_(AuditEntry.object_type == bindparam("kind"), AuditEntry.object_id == bindparam("key"))
_LOG = select(
    func.count().filter(AuditEntry.actor_id == bindparam("id")).label("by"),
    func.count().filter(_ABOUT).label("about"),
).where(or_(AuditEntry.actor_id == bindparam("id"), _ABOUT))
_REMINDERS = (
    select(func.count())
    .select_from(Reminder)
    .where(func.lower(Reminder.recipient) == func.lower(bindparam("email")))
)
_MAILS = (
    select(func.count())
    .select_from(Mail)
    .where(func.lower(Mail.recipient) == func.lower(bindparam("email")))
)
_SUPPRESSED = (
    select(
        SuppressedAddress.address,
        SuppressedAddress.reason,
        SuppressedAddress.suppressed_at,
        SuppressedAddress.lifted_at,
    )
    .where(
        func.lower(SuppressedAddress.address) == func.lower(bindparam("email")),
        SuppressedAddress.address != "",
    )
    .order_by(SuppressedAddress.suppressed_at, SuppressedAddress.id)
)


def _named() -> Executable:
    return union_all(
        *(
            select(literal(f"{table.name}.{name}").label("place"), func.count().label("rows"))
            .select_from(table)
            .where(table.columns[who] == bindparam("id"))
            for table, who, name in named_columns()
        )
    )


_NAMED = _named()


async def personal_data(read: Reader, user_id: UUID) -> dict[str, Any] | None:
    """Collect what is kept of a person; None where there is no such account."""
    account = await read.first(_ACCOUNT, id=user_id)
    if account is None:
        return None
    return {
        "account": dict(account),
        "memberships": records(await read.all(_MEMBERSHIPS, id=user_id)),
        "deputies": records(await read.all(_DEPUTIES, id=user_id)),
        "sign_ins": records(await read.all(_SIGN_INS, id=user_id)),
        "feeds": records(await read.all(_FEEDS, id=user_id)),
        **await _of_anybody(read, "user", user_id, account["email"]),
    }


async def contact_data(read: Reader, contact_id: UUID) -> dict[str, Any] | None:
    """Collect what is kept of a contact; None where there is no such contact."""
    contact = await read.first(_CONTACT_EMAIL, id=contact_id)
    if contact is None:
        return None
    return await _of_anybody(read, "contact", contact_id, contact["email"])


async def _of_anybody(read: Reader, kind: str, who: UUID, email: str) -> dict[str, Any]:
    """Collect what hangs on an id and an address."""
    named: Mapping[str, int] = dict(await read.all(_NAMED, id=who))
    log = await read.first(_LOG, id=who, kind=kind, key=str(who))
    after = await read.all(_LOOKS_AFTER, email=email) if email else []
    return {
        "contacts": records(await read.all(_CONTACTS, id=who, email=email)),
        "audit_entries": dict(log or {}),
        "named_in": {place: rows for place, rows in sorted(named.items()) if rows},
        "reminders": await read.value(_REMINDERS, email=email) if email else 0,
        "mails": await read.value(_MAILS, email=email) if email else 0,
        "suppressed_addresses": records(await read.all(_SUPPRESSED, email=email)),
        "looks_after": [row[0] for row in after],
    }
