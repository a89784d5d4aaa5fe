"""Shapes of mails and of the addresses that get none."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Email, OptionalLine
from services.api.deps.paging import PageQuery, SearchText

MailKind = Literal["digest", "separate", "notice", "summary", "hold", "alarm", "test"]
MailState = Literal["claimed", "waiting", "sent", "delivered", "failed", "empty"]


class MailQuery(PageQuery):
    kind: MailKind | None = None
    state: MailState | None = None
    recipient: SearchText | None = Field(default=None, description="The whole address.")
    day: Day | None = Field(default=None, description="The day in Hanoi that it belongs to.")


class MailShown(BaseModel):
    """One envelope. ``reason`` says why it failed or waits."""

    id: UUID
    kind: MailKind
    recipient: str
    recipient_name: str
    day: date
    subject: str
    message_id: str
    state: MailState
    reason: str | None
    attempts: int
    next_at: datetime = Field(description="While it is waiting: when it is tried next.")
    relay: str | None = Field(description="Which relay took it.")
    sent_at: datetime | None
    delivered_at: datetime | None = Field(description="As the recipient's side told (RFC 3464).")
    bounced_at: datetime | None
    rows: int = Field(description="Rows of the ledger that it carries and that you may see.")
    trace_id: str
    created_at: datetime


class RowCarried(BaseModel):
    id: UUID
    kind: str
    topic: str
    assignment: UUID | None
    explanation: UUID | None
    organisation: str
    indicator: str | None
    due_on: date | None
    step: str
    audience: str
    state: str
    reason: str | None


class MailDetail(MailShown):
    carried: Annotated[list[RowCarried], Field(description="The first 500 rows.")]


class NewTest(Body):
    """Whom a test is sent to."""

    address: Email
    name: OptionalLine = ""


class AddressQuery(PageQuery):
    standing: bool = Field(default=True, description="Only those that still get no mail.")


class AddressShown(BaseModel):
    id: UUID
    address: str
    reason: str
    mail: UUID | None = Field(description="The mail that came back.")
    suppressed_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    allowed_actions: list[str]
