"""Shapes of reminder policies and their steps."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.api.deps.fields import Body, Flag, Line
from services.api.deps.paging import Code, PageQuery

PolicyKind = Literal["figure", "report", "explanation"]
Audience = Literal["officer", "deputy", "head", "coordinator", "leadership"]
Channel = Literal["email"]
DayUnit = Literal["working", "calendar"]
MOST_STEPS = 100


class PolicyQuery(PageQuery):
    """Those that name this in their scope; ``active`` alone looks at what is in force."""

    kind: PolicyKind | None = None
    organisation: Code | None = None
    indicator: Code | None = None
    period: Code | None = None
    active: bool | None = None


class StepWritten(Body):
    """So many days from the deadline, once or repeated."""

    offset_days: Annotated[int, Field(strict=True, ge=-365, le=365)] = Field(
        description="Days after the deadline; before it when negative.", examples=[-5]
    )
    days: DayUnit = Field(default="working", description="The unit that is counted in.")
    repeat_every: Annotated[int, Field(strict=True, ge=1, le=365)] | None = Field(
        default=None, description="So many days later it comes again; null: it comes once."
    )
    repeat_count: Annotated[int, Field(strict=True, ge=1, le=100)] | None = Field(
        default=None,
        description="How often it comes again after the first time; null of what is repeated: until it is done.",
    )
    audience: Audience
    channel: Channel = Field(
        default="email", description="Other systems are told of the same duties by webhooks."
    )
    template: Code | None = Field(
        default=None, description="Whose words it says beside the facts; null: the facts alone."
    )
    separate: Flag = Field(
        default=False, description="A mail of its own; otherwise a line of the day's digest."
    )

    @model_validator(mode="after")
    def whole_repetition(self) -> "StepWritten":
        if self.repeat_every is None and self.repeat_count is not None:
            raise ValueError("repeat_count needs repeat_every / repeat_count cần có repeat_every")
        return self


Steps = Annotated[list[StepWritten], Field(max_length=MOST_STEPS)]


class NewPolicy(Body):
    """A scope and its steps; null in the scope is all, no steps are silence."""

    name: Line
    kind: PolicyKind | None = None
    organisation: Code | None = None
    indicator: Code | None = Field(
        default=None, description="Of an indicator or a component, in every year."
    )
    period: Code | None = None
    active: Flag = True
    steps: Steps = Field(default_factory=list)


class PolicyPatch(Body):
    """What is not sent stays; null in the scope is all. Steps are replaced as a whole."""

    name: Line | None = None
    kind: PolicyKind | None = None
    organisation: Code | None = None
    indicator: Code | None = None
    period: Code | None = None
    active: Flag | None = None
    steps: Steps | None = None


class StepShown(BaseModel):
    offset_days: int
    days: DayUnit
    repeat_every: int | None
    repeat_count: int | None = Field(description="Null of what is repeated: until it is done.")
    audience: Audience
    channel: Channel
    template: str | None
    separate: bool


class PolicyShown(BaseModel):
    id: UUID
    name: str
    kind: PolicyKind | None
    organisation: str | None
    indicator: str | None
    period: str | None
    active: bool
    specificity: int = Field(
        description="Indicator 8 + organisation 4 + period 2 + kind 1. Of the active policies that fit a "
        "duty the one with the greatest is its whole plan; for a component one that names it itself goes first."
    )
    steps: list[StepShown] = Field(description="By day; none: nobody is reminded.")
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[str]
