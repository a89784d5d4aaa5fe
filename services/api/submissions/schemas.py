"""Shapes of figures and reports."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Figure, Flag, OptionalLine, Prose, Reason
from services.api.deps.paging import Code, PageQuery

SubmissionState = Literal[
    "draft", "submitted", "accepted", "returned", "rejected", "withdrawn", "superseded", "reopened"
]


class Content(Body):
    value: Figure | None = Field(default=None, description="The figure, in the indicator's unit.")
    nil_reason: Annotated[Prose, Field(description="Why there is no figure: a nil return.")] = ""
    note: Prose = ""
    source: Annotated[
        OptionalLine, Field(description="Where the figure stands, e.g. a report and its page.")
    ] = ""


class NewSubmission(Content):
    submit: Flag = Field(
        default=False, description="Submit at once, where no evidence is required."
    )


class SubmissionPatch(Body):
    value: Figure | None = None
    nil_reason: Prose | None = None
    note: Prose | None = None
    source: OptionalLine | None = None


class Decision(Body):
    reason: Reason


class SubmissionQuery(PageQuery):
    period: Code | None = None
    organisation: Code | None = None
    indicator: Code | None = None
    state: SubmissionState | None = None
    assignment: UUID | None = None
    submitted_since: Day | None = None


class EvidenceListed(BaseModel):
    id: UUID
    filename: str
    media_type: str
    size: int
    sha256: str
    document_number: str
    document_date: date | None
    issuer: str


class SubmissionShown(BaseModel):
    id: UUID
    assignment: UUID
    period: str
    made_up: bool
    indicator: str
    indicator_name_vi: str
    unit: str
    organisation: str
    organisation_name_vi: str
    kind: Literal["figure", "report"]
    revision: int
    resubmission: bool
    value: float | None
    nil_reason: str
    note: str
    source: str
    state: SubmissionState
    late: bool | None = Field(
        description="Submitted after its deadline; null before it is submitted."
    )
    created_by: str
    created_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    evidence: list[EvidenceListed]
    updated_at: datetime
    allowed_actions: list[str]
