"""Shapes of duties in a period."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Prose, Reason
from services.api.deps.levels import Level
from services.api.deps.paging import Code, PageQuery

AssignmentStatus = Literal["open", "submitted", "returned", "accepted", "nil", "excused"]

AskedStatus = Literal[
    "open", "submitted", "returned", "accepted", "nil", "excused", "overdue", "late"
]


class AssignmentQuery(PageQuery):
    period: Code | None = None
    organisation: Code | None = None
    indicator: Code | None = None
    status: AskedStatus | None = None
    due_before: Day | None = None
    concerned: bool | None = Field(
        default=None,
        description="With true also what other bodies owe on the indicators in which the caller's has a part.",
    )


class AssignmentPatch(Body):
    due_on: Day = Field(description="The new last day, until 23:59:59 in Hanoi.")
    reason: Reason = Field(description="Why it moves; it stands on the proof sheet.")


class Decision(Body):
    reason: Reason


class NewContribution(Body):
    note: Annotated[Prose, Field(min_length=1)]


class ContributionQuery(PageQuery):
    pass


class ContributionShown(BaseModel):
    """What a body adds to another's duty on the same indicator."""

    id: UUID
    assignment: UUID
    organisation: str
    note: str
    created_by: str
    created_at: datetime


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


class Excused(BaseModel):
    at: datetime
    by: str | None
    reason: str


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
    effective_due_on: date = Field(description="The last day: what was granted, or else due_on.")
    extended: bool
    status: AssignmentStatus = Field(
        description="Derived from the facts: nil is an accepted nil return, excused is not owed any more."
    )
    overdue: bool = Field(
        description="The last day is past, and nothing waits, was accepted or is excused."
    )
    days_late: int = Field(description="How many days it has been overdue.")
    late: bool = Field(description="What waits or was accepted was submitted after the last day.")
    excused: Excused | None
    evidence_required: bool
    accepted_evidence: list[Level] = Field(
        description="Of which levels one document at least must be; of any where none is named."
    )
    data_source: str = Field(description="The source that the framework names.")
    guidance_vi: str = Field(description="How the figure is made and proved.")
    guidance_en: str
    submission: NewestSubmission | None
    updated_at: datetime
    allowed_actions: list[str]
