"""Shapes of duties in a period."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day
from services.api.deps.paging import Code, PageQuery

AssignmentStatus = Literal["open", "submitted", "returned", "accepted"]


class AssignmentQuery(PageQuery):
    period: Code | None = None
    organisation: Code | None = None
    indicator: Code | None = None
    status: Literal["open", "submitted", "returned", "accepted", "overdue"] | None = None
    due_before: Day | None = None


class AssignmentPatch(Body):
    due_on: Day = Field(description="The new last day, until 23:59:59 in Hanoi.")


class Indicator(BaseModel):
    code: str
    name_vi: str


class Organisation(BaseModel):
    code: str
    name_vi: str


class NewestSubmission(BaseModel):
    id: UUID
    revision: int
    state: str
    value: float | None
    submitted_at: datetime | None
    decision_reason: str | None


class AssignmentShown(BaseModel):
    id: UUID
    period: str
    made_up: bool
    indicator: Indicator
    organisation: Organisation
    role: str
    kind: Literal["figure", "report"]
    legal_basis: str
    due_on: date
    status: AssignmentStatus
    overdue: bool
    days_late: int
    evidence_required: bool
    submission: NewestSubmission | None
    updated_at: datetime
    allowed_actions: list[str]
