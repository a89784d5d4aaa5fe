"""Shapes of the settings of reminders, of held runs, and of alarms."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.api import patterns
from services.api.deps.fields import Body, Email, Flag, OptionalLine, Reason
from services.api.deps.paging import Code, PageQuery

HourMinute = Annotated[str, StringConstraints(pattern=patterns.TIME), Field(examples=["08:00"])]
HoldState = Literal["waiting", "released", "discarded"]


def _number(least: int, most: int) -> Any:
    return Field(strict=True, ge=least, le=most)


class ReminderSettings(Body):
    """All of them: what is not sent is as it was shipped. Times are Hanoi's, on working days."""

    opens_at: HourMinute = Field(default="08:00", description="No mail goes out before.")
    closes_at: HourMinute = Field(default="17:30", description="Nor at or after.")
    digest_at: HourMinute = Field(default="08:00", description="When the day's digests go out.")
    paused: Flag = Field(
        default=False, description="Nothing goes out; everything is still planned."
    )
    pause_reason: OptionalLine = Field(default="", description="Required where it is paused.")
    most_mails: Annotated[int, _number(1, 1_000_000)] = Field(
        default=2000, description="A run of more mails is held."
    )
    usual_factor: Annotated[int, _number(1, 1000)] = Field(
        default=5,
        description="A run of more mails than so many times the greatest day of the last 30 is held.",
    )
    calendar_required: Flag = Field(
        default=True, description="A run in a year that no decision has confirmed is held."
    )
    summary_weekday: Annotated[int, _number(1, 7)] | None = Field(
        default=1, description="Of the weekly summary: 1 is Monday; null is none."
    )
    operator_email: Email | Literal[""] = Field(default="", description="Who is told of alarms.")
    silent_hours: Annotated[int, _number(1, 168)] = Field(
        default=2, description="An alarm is raised where the notifier has done nothing for so long."
    )
    unsent_minutes: Annotated[int, _number(1, 10_080)] = Field(
        default=60, description="An alarm is raised where due mail has waited for so long."
    )


class SettingsShown(BaseModel):
    opens_at: str
    closes_at: str
    digest_at: str
    paused: bool
    pause_reason: str
    most_mails: int
    usual_factor: int
    calendar_required: bool
    summary_weekday: int | None
    operator_email: str
    silent_hours: int
    unsent_minutes: int
    updated_at: datetime
    allowed_actions: list[str]


class HoldQuery(PageQuery):
    state: HoldState | None = None


class Decided(BaseModel):
    rows: int
    mails: int
    recipients: int


class HoldShown(BaseModel):
    id: UUID
    kind: Literal["too_many", "calendar"] = Field(
        description="too_many: more mail than is usual. calendar: the year's days are not confirmed."
    )
    detail: dict[str, Any] = Field(
        description="What was found when the run was held, and again whenever rows joined it."
    )
    state: HoldState
    rows: int = Field(description="Rows of the ledger that wait for it now.")
    mails: int = Field(description="Mails that these are.")
    recipients: int = Field(description="People whom these go to.")
    decided: Decided | None = Field(
        description="What was released or discarded; null while it waits."
    )
    created_at: datetime
    decided_by: str | None = Field(description="Null where the reason for it went away by itself.")
    decided_at: datetime | None
    decision_reason: str | None
    allowed_actions: list[str]


class Release(Body):
    reason: Reason | None = None


class Discard(Body):
    reason: Reason


class AlarmQuery(PageQuery):
    standing: bool = Field(default=True, description="Only those that have not been cleared.")
    kind: Code | None = None


class AlarmShown(BaseModel):
    id: UUID
    kind: str
    subject: str = Field(
        description="A body's id, an address, another thing's id; empty: the system itself."
    )
    organisation: str | None
    organisation_name_vi: str | None
    detail: str
    raised_at: datetime
    cleared_at: datetime | None
    mailed_at: datetime | None = Field(description="When somebody was written to about it.")
