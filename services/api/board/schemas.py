"""Shapes of the board."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.api.deps.paging import Code

Format = Literal["json", "csv", "xlsx"]


class BoardQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    period: Code
    format: Format | None = Field(
        default=None, description="Instead of Accept, for links that people open."
    )


class FollowUpQuery(BoardQuery):
    limit: int = Field(
        default=50, ge=1, le=1000, description="Of each list, in JSON; tables have all."
    )


class Counts(BaseModel):
    expected: int
    received: int
    accepted: int
    nil: int
    waiting: int
    returned: int
    missing: int
    asked: int
    excused: int
    on_time: int
    late: int
    overdue: int
    not_yet_due: int
    received_share: float | None
    on_time_share: float | None


class OfBody(Counts):
    organisation: str
    organisation_name_vi: str
    reachable: bool


class OfPillar(Counts):
    pillar: str
    pillar_name_vi: str


class OfBodyAndPillar(Counts):
    organisation: str
    pillar: str


class Definition(BaseModel):
    vi: str
    en: str


class BoardPeriod(BaseModel):
    code: str
    name: str
    state: str
    due_on: date
    made_up: bool


class Board(BaseModel):
    """Who has delivered, and in time. Every line's parts add up to its expected."""

    period: BoardPeriod
    on: date
    total: Counts
    bodies: list[OfBody] = Field(
        description="Every body with a duty in the period or a responsibility, one that did nothing too."
    )
    pillars: list[OfPillar]
    bodies_by_pillar: list[OfBodyAndPillar]
    equations: list[str]
    definitions: dict[str, Definition]


class DutyToFollow(BaseModel):
    assignment: UUID
    indicator: str
    organisation: str
    status: str
    effective_due_on: date
    days_overdue: int
    times_returned: int
    nil_reason: str
    weak_because: list[
        Literal[
            "no_document", "no_number", "not_signed_or_copy", "not_clean", "expired", "other_time"
        ]
    ] = Field(description="Where its evidence is weak: what its documents lack.")


class BodyToFollow(BaseModel):
    organisation: str
    organisation_name_vi: str
    unfinished: int


class Outlying(BaseModel):
    code: str
    vi: str
    en: str
    figures: dict[str, float | None]


class Outlier(BaseModel):
    assignment: UUID
    submission: UUID
    indicator: str
    organisation: str
    state: str
    value: float
    findings: list[Outlying]


class Served(BaseModel):
    assignment: UUID
    submission: UUID
    indicator: str
    organisation: str


class SharedFile(BaseModel):
    filename: str
    document_number: str
    sha256: str
    figures: int = Field(description="How many duties' figures it proves.")
    serves: list[Served] = Field(description="The first of them, by indicator and body.")


class Totals(BaseModel):
    """How many there are, where of each list the first are shown."""

    returned_often: int
    overdue: int
    nil_returns: int
    weak_evidence: int
    outliers: int
    shared_evidence: int
    unreachable: int


class FollowUp(BaseModel):
    period: str
    on: date
    totals: Totals
    returned_often: list[DutyToFollow] = Field(
        description="Returned or rejected twice or more, most often first."
    )
    overdue: list[DutyToFollow] = Field(description="Longest first.")
    nil_returns: list[DutyToFollow] = Field(
        description="A nil return was accepted or waits for a decision."
    )
    weak_evidence: list[DutyToFollow] = Field(
        description="A figure stands that needs evidence, and no document proves it; definitions says what does."
    )
    outliers: list[Outlier] = Field(
        description="Figures that stand and that a rule finds far from earlier ones or from what is expected."
    )
    shared_evidence: list[SharedFile] = Field(
        description="Files that prove several duties' figures, those of most duties first."
    )
    unreachable: list[BodyToFollow] = Field(
        description="Bodies with unfinished duties and nobody to write to."
    )
    definitions: dict[str, Definition]
