"""Shapes of what is kept of a person."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Reason


class Account(BaseModel):
    id: UUID
    login: str
    name: str
    email: str
    active: bool
    created_at: datetime


class MembershipKept(BaseModel):
    organisation: str
    role: str
    valid_from: date
    valid_to: date | None


class ContactKept(BaseModel):
    organisation: str
    name: str
    role: str
    email: str
    phone: str
    language: str
    active: bool
    valid_from: date | None
    valid_to: date | None


class DeputyKept(BaseModel):
    organisation: str
    stood_in: bool = Field(description="He stood in for another; else another for him.")
    valid_from: date
    valid_to: date
    reason: str


class SignInKept(BaseModel):
    started_at: datetime
    ended_at: datetime | None


class FeedKept(BaseModel):
    organisation: str | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class LogKept(BaseModel):
    by: int = Field(description="Entries of what this person did.")
    about: int = Field(description="Entries of what was done to the account or contact.")


class SuppressionKept(BaseModel):
    address: str
    reason: str
    suppressed_at: datetime
    lifted_at: datetime | None


class ContactData(BaseModel):
    """All that is kept of a contact under his id or e-mail address; free text is not searched."""

    contacts: list[ContactKept] = Field(description="By the e-mail address.")
    audit_entries: LogKept
    named_in: dict[str, int] = Field(description="Rows that name the person, by table and column.")
    reminders: int = Field(description="Rows in the ledger to the address.")
    mails: int = Field(description="Mails to the address.")
    suppressed_addresses: list[SuppressionKept] = Field(
        description="Whether mail to the address came back, and since when none is sent."
    )
    looks_after: list[str] = Field(
        description="Where the address is told of faults: ids of webhooks, and reminder-settings."
    )


class PersonalData(ContactData):
    """All that is kept of a person under the account's id or e-mail address; free text is not searched."""

    account: Account
    memberships: list[MembershipKept]
    deputies: list[DeputyKept]
    sign_ins: list[SignInKept]
    feeds: list[FeedKept] = Field(description="Calendars that were subscribed to.")


class Erasure(Body):
    reason: Reason


class ContactErased(BaseModel):
    """What was erased. Acts stay, under the pseudonym."""

    id: UUID
    pseudonym: str
    audit_places: int
    contacts: int
    named_in: dict[str, int]
    reminders: int
    mails: int
    suppressed_addresses: int


class Erased(ContactErased):
    """What was erased. Acts stay, under the pseudonym."""

    deputies: int
