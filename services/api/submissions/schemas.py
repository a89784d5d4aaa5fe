"""Shapes of figures and reports."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.api.deps.fields import (
    Body,
    Day,
    Flag,
    LocalFigure,
    OptionalLine,
    Prose,
    Reason,
)
from services.api.deps.levels import Level
from services.api.deps.paging import Code, PageQuery

SubmissionState = Literal[
    "draft", "submitted", "accepted", "returned", "rejected", "withdrawn", "superseded", "reopened"
]
Answer = Literal["value", "nil", "not_applicable", "central_source"]
FindingCode = Literal[
    "outside_expected",
    "change_from_last_year",
    "far_from_history",
    "differs_from_fraction",
    "denominator_change",
    "denominator_differs",
    "evidence_differs",
    "unit_scale",
    "evidence_not_accepted",
    "evidence_states_nothing",
]
MAY_BE_EMPTY = frozenset({"value", "numerator", "denominator"})


class Content(Body):
    answer: Answer | None = Field(
        default=None,
        description="A figure, or why there is none of one's own: a nil return, an indicator that does not "
        "apply here, or a figure that a central body publishes. Left out, it follows from the rest.",
    )
    value: LocalFigure | None = Field(
        default=None,
        description="The figure, in the indicator's unit; left out, it follows from its fraction.",
    )
    numerator: LocalFigure | None = None
    denominator: LocalFigure | None = None
    nil_reason: Annotated[Prose, Field(description="Why there is no figure.")] = ""
    note: Prose = ""
    source: Annotated[
        OptionalLine, Field(description="Where the figure stands, e.g. a report and its page.")
    ] = ""
    explanations: dict[FindingCode, Reason] = Field(
        default={}, description="By the code of a finding: why the figure is right all the same."
    )


class NewSubmission(Content):
    submit: Flag = Field(
        default=False, description="Submit at once, where no evidence is required."
    )


class SubmissionPatch(Body):
    answer: Answer | None = None
    value: LocalFigure | None = None
    numerator: LocalFigure | None = None
    denominator: LocalFigure | None = None
    nil_reason: Prose | None = None
    note: Prose | None = None
    source: OptionalLine | None = None
    explanations: dict[FindingCode, Reason] | None = Field(
        default=None, description="Replaces all explanations."
    )


class Decision(Body):
    reason: Reason


class Acceptance(Body):
    """What a reviewer says with an acceptance."""

    evidence_seen: Flag = Field(
        default=False, description="Needed where there is evidence: the reviewer has looked at it."
    )
    acknowledge_wipes: Flag = Field(
        default=False, description="Needed where wipes names fields: that they are empty is meant."
    )


class DecisionItem(Acceptance):
    """One of them, with what the reviewer confirms of this one."""

    id: UUID
    if_match: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="The ETag that was read; 412 for this item when it is stale."
    )


class Decisions(Body):
    """One decision on up to 200 submissions; what is confirmed is confirmed of each by itself."""

    items: Annotated[list[DecisionItem], Field(min_length=1, max_length=200)]
    action: Literal["accept", "return", "reject"]
    reason: Reason | None = Field(default=None, description="Needed to return or reject.")
    mode: Literal["all_or_nothing", "each"] = Field(
        default="all_or_nothing",
        description="Whether one refusal leaves all as they were, with 409, or itself alone.",
    )

    @model_validator(mode="after")
    def complete(self) -> Self:
        if self.action != "accept" and self.reason is None:
            raise ValueError("return and reject need a reason / trả lại và từ chối cần lý do")
        if len({item.id for item in self.items}) != len(self.items):
            raise ValueError("a submission is named twice / có báo cáo được nêu hai lần")
        return self


class Problem(BaseModel):
    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]]
    trace_id: str
    current_etag: str = ""
    last_change: dict[str, Any] = {}


class Decided(BaseModel):
    id: UUID
    done: bool
    state: SubmissionState | None = Field(description="After it; null for what you may not see.")
    problem: Problem | None


class DecisionsShown(BaseModel):
    action: str
    done: int
    refused: int
    items: list[Decided]


class Change(BaseModel):
    old: float | str | list[str] | None
    new: float | str | list[str] | None


class SubmissionQuery(PageQuery):
    period: Code | None = None
    organisation: Code | None = None
    indicator: Code | None = None
    state: SubmissionState | None = None
    assignment: UUID | None = None
    submitted_since: Day | None = None


class EvidenceListed(BaseModel):
    id: UUID
    level: Level
    filename: str
    media_type: str
    size: int
    sha256: str
    url: str | None
    scan: Literal["not_scanned", "waiting", "clean", "infected"]
    document_number: str
    document_date: date | None
    issuer: str
    pages: int | None
    covers_from: date | None
    covers_to: date | None
    valid_until: date | None
    stated: float | None = Field(description="The figure that it states.")
    place: str = Field(description="Where in it the figure stands.")


class Acknowledged(BaseModel):
    """What a reviewer confirmed with the first of two acceptances, or with the final one."""

    step: Literal["first", "final"]
    tick: Literal["evidence_seen", "acknowledge_wipes"]
    by: str
    at: datetime


class Finding(BaseModel):
    """What looked odd when the figure was last written or submitted, with the figures compared."""

    code: FindingCode
    en: str
    vi: str
    figures: dict[str, float | None]


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
    resubmission_of: UUID | None = Field(description="What was submitted before it.")
    changes_since: dict[str, Change] = Field(
        description="By field, against what was submitted before; evidence by the hashes of its files."
    )
    wipes: list[str] = Field(
        description="Fields that were filled and are empty now: accept needs acknowledge_wipes."
    )
    answer: Answer
    value: float | None
    numerator: float | None
    denominator: float | None
    nil_reason: str
    note: str
    source: str
    findings: list[Finding]
    explanations: dict[FindingCode, str]
    state: SubmissionState
    late: bool | None = Field(
        description="Submitted after its deadline; null before it is submitted."
    )
    created_by: str
    created_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    two_step: bool = Field(description="Two people must accept it.")
    first_accepted_by: str | None
    first_accepted_at: datetime | None
    acknowledged: list[Acknowledged]
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    evidence: list[EvidenceListed]
    updated_at: datetime
    allowed_actions: list[str]
