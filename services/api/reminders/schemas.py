"""Shapes of the reminder ledger, its rules, and alarms."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Flag
from services.api.deps.paging import Code, PageQuery

Audience = Literal["officer", "head", "coordinator"]
ReminderState = Literal["planned", "claimed", "sent", "failed", "skipped"]


class ReminderQuery(PageQuery):
    assignment: UUID | None = None
    period: Code | None = None
    organisation: Code | None = None
    state: ReminderState | None = None


class ReminderShown(BaseModel):
    id: UUID
    assignment: UUID
    period: str
    indicator: str
    organisation: str
    due_on: date
    step_days: int = Field(description="Days after the deadline; before it when negative.")
    audience: Audience
    recipient: str
    recipient_name: str
    send_at: datetime
    state: ReminderState
    reason: str | None
    attempts: int
    sent_at: datetime | None
    message_id: str
    trace_id: str


class NewPolicy(Body):
    name: str


class PolicyPatch(Body):
    active: Flag


class PolicyShown(BaseModel):
    id: UUID
    name: str
    active: bool
    updated_at: datetime
    allowed_actions: list[str]


class AlarmQuery(PageQuery):
    standing: bool = Field(default=True, description="Only those that have not been cleared.")


class AlarmShown(BaseModel):
    id: UUID
    kind: str
    organisation: str
    organisation_name_vi: str
    detail: str
    raised_at: datetime
    cleared_at: datetime | None
