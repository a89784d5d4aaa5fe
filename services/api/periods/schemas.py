"""Shapes of reporting periods."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Flag, Line, Year
from services.api.deps.paging import Code, PageQuery

PeriodState = Literal["draft", "open", "closed"]


class PeriodQuery(PageQuery):
    state: PeriodState | None = None


class NewPeriod(Body):
    code: Code
    name: Line
    framework: Year = Field(description="The framework's year.")
    reference_year: Year
    due_on: Day = Field(description="The last day, until 23:59:59 in Hanoi.")
    made_up: Flag = Field(
        default=False, description="Marks a demonstration: shown on every answer and mail."
    )


class PeriodPatch(Body):
    name: Line | None = None
    due_on: Day | None = Field(default=None, description="Only while the period is a draft.")


class PeriodShown(BaseModel):
    id: UUID
    code: str
    name: str
    framework: int
    reference_year: int
    due_on: date
    state: PeriodState
    made_up: bool
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    assignments: int
    allowed_actions: list[str]
