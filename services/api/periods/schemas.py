"""Shapes of reporting periods."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.api.deps.fields import Body, Day, Flag, Line, Reason, Year
from services.api.deps.paging import Code, PageQuery

PeriodState = Literal["draft", "open", "closed"]
PeriodKind = Literal["annual", "progress", "on_demand"]
Span = Literal["month", "quarter", "half_year", "year"]
WorkingDays = Annotated[int, Field(strict=True, ge=0, le=250)]
# Members that may be set to null; for the others null is as if they had not been sent.
NULLABLE = frozenset({"span", "covers_from", "covers_to", "ministry_due_on", "working_days_before"})


class Scope(Body):
    """What a period is limited to: duties of these bodies, at these nodes or below them; of none named, all."""

    nodes: Annotated[list[Code], Field(max_length=200)] = Field(default_factory=list)
    organisations: Annotated[list[Code], Field(max_length=200)] = Field(default_factory=list)


class Closing(Body):
    leave_unfinished: Flag = Field(
        default=False,
        description="True closes it although duties, drafts, decisions or requests for more time are open.",
    )


class Reopening(Body):
    reason: Reason


class PeriodQuery(PageQuery):
    state: PeriodState | None = None


class Planning(Body):
    """What a period is about, and what its deadline is planned from."""

    span: Span | None = Field(
        default=None, description="Of a progress report: by decree 09/2019, article 12."
    )
    covers_from: Day | None = Field(
        default=None,
        description="Of a progress report a span of the decree; without it, the last that has ended by due_on.",
    )
    covers_to: Day | None = None
    ministry_due_on: Day | None = Field(default=None, description="When the ministry wants it.")
    working_days_before: WorkingDays | None = Field(
        default=None, description="How many working days the city keeps before the ministry's."
    )


class NewPeriod(Planning):
    """What is left out and can be reckoned is filled in, and the answer says so."""

    code: Code
    name: Line
    framework: Year = Field(description="The framework's year.")
    reference_year: Year
    kind: PeriodKind = Field(
        default="annual", description="progress reports on the measures and asks for no figures."
    )
    due_on: Day | None = Field(
        default=None,
        description="The last day, until 23:59:59 in Hanoi. Without it, planned back from the ministry's.",
    )
    late_allowed: Flag = Field(
        default=False, description="Figures are taken after closing too, and marked late."
    )
    made_up: Flag = Field(
        default=False, description="Marks a demonstration: shown on every answer and mail."
    )
    scope: Scope = Field(
        default_factory=Scope,
        description="Whom and what it asks; everybody for everything by default.",
    )


class PeriodPatch(Planning):
    name: Line | None = None
    kind: PeriodKind | None = Field(default=None, description="Only while the period is a draft.")
    due_on: Day | None = Field(default=None, description="Only while the period is a draft.")
    late_allowed: Flag | None = Field(
        default=None, description="The one thing that may be changed after closing too."
    )
    scope: Scope | None = Field(
        default=None, description="Replaces it as a whole; only while the period is a draft."
    )


class PeriodShown(BaseModel):
    id: UUID
    code: str
    name: str
    framework: int
    reference_year: int
    kind: PeriodKind
    span: Span | None
    covers_from: date | None
    covers_to: date | None
    due_on: date
    ministry_due_on: date | None
    working_days_before: int | None
    late_allowed: bool
    state: PeriodState
    made_up: bool
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    assignments: int
    scope: Scope
    allowed_actions: list[str]


class Filled(BaseModel):
    field: str
    value: date
    vi: str
    en: str


class PeriodMade(PeriodShown):
    filled_in: list[Filled] = Field(
        description="What was not sent and has been reckoned, with the reason."
    )


class Both(BaseModel):
    vi: str
    en: str


class DeadlineProposed(BaseModel):
    ministry_due_on: date
    working_days_before: int
    proposed_due_on: date
    days_off_passed_over: int
    calendar_confirmed: bool
    arithmetic: Both


class DutyToCreate(BaseModel):
    indicator: str
    name_vi: str
    organisation: str
    role: str
    kind: Literal["figure", "report"]
    due_on: date
    reachable: bool = Field(description="The body has somebody to write to.")


class Opening(BaseModel):
    """What opening would make now; opening makes just that."""

    period: str
    state: PeriodState
    can_open: bool
    due_on: date
    scope: Scope
    deadline: DeadlineProposed | None = Field(
        description="Planned back from the ministry's; a proposal: due_on is what holds."
    )
    existing: int
    to_create: list[DutyToCreate]
    unreachable: list[str] = Field(description="Bodies of to_create with nobody to write to.")


class ProposalQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    span: Span | None = None
    on: Day | None = Field(
        default=None, description="A day of the span; today in Hanoi by default."
    )
    ministry_due_on: Day | None = None
    working_days_before: Annotated[int, Field(ge=0, le=250)] | None = None


class Covered(BaseModel):
    span: Span
    covers_from: date
    covers_to: date


class Proposal(BaseModel):
    covers: Covered | None
    deadline: DeadlineProposed | None


class Deadline(Body):
    """Of a body, of a node and all below it, or of a body's duties there. The nearest holds."""

    organisation: Code | None = None
    node: Code | None = None
    due_on: Day


class Deadlines(Body):
    """All that differ from the period's own; what is not sent differs no more."""

    deadlines: Annotated[list[Deadline], Field(max_length=500)]


class DeadlineShown(BaseModel):
    organisation: str | None
    node: str | None
    due_on: date


class DeadlinesShown(BaseModel):
    period: str
    due_on: date
    deadlines: list[DeadlineShown]
    allowed_actions: list[str]


class Application(Body):
    dry_run: Flag = False


class DeadlineMove(BaseModel):
    assignment: UUID
    indicator: str
    organisation: str
    due_on: date
    new_due_on: date


class Applied(BaseModel):
    dry_run: bool
    moved: list[DeadlineMove]
