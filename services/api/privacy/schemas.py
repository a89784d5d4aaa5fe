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
    active: bool


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
    about: int = Field(description="Entries of what was done to the account.")


class SuppressionKept(BaseModel):
    address: str
    reason: str
    suppressed_at: datetime
    lifted_at: datetime | None


class PersonalData(BaseModel):
    """All that is kept of a person under the account's id or e-mail address; free text is not searched."""

    account: Account
    memberships: list[MembershipKept]
    contacts: list[ContactKept] = Field(description="By the account's e-mail address.")
    sign_ins: list[SignInKept]
    feeds: list[FeedKept] = Field(description="Calendars that were subscribed to.")
    audit_entries: LogKept
    named_in: dict[str, int] = Field(description="Rows that name the person, by table and column.")
    reminders: int = Field(description="Rows in the ledger to the account's address.")
    mails: int = Field(description="Mails to the account's address.")
    suppressed_addresses: list[SuppressionKept] = Field(
        description="Whether mail to the account's address came back, and since when none is sent."
    )


class Erasure(Body):
    reason: Reason


class Erased(BaseModel):
    """What was erased. Acts stay, under the pseudonym."""

    id: UUID
    pseudonym: str
    audit_places: int
    contacts: int
    named_in: dict[str, int]
    reminders: int
    mails: int
    suppressed_addresses: int
