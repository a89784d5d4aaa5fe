"""Shapes of the index and its runs."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from services.api.deps.fields import Body
from services.api.deps.paging import Code, PageQuery

Moment = Annotated[
    AwareDatetime,
    Field(
        description="Show what was known at this time: RFC 3339 with an offset.",
        examples=["2026-11-01T00:00:00+07:00"],
    ),
]


class IndexQuery(Body):
    period: Code | None = Field(default=None, description="The newest open period by default.")
    as_of: Moment | None = None


class RunChoice(Body):
    """Which run a question is about: this one, or the newest of a period, or the newest of all."""

    run: UUID | None = None
    period: Code | None = None
    as_of: Moment | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.run is not None and (self.period is not None or self.as_of is not None):
            raise ValueError(
                "name a run, or a period and a time / hãy nêu một lần tính, hoặc một kỳ và thời điểm"
            )
        return self


class RunQuery(PageQuery):
    period: Code | None = None


class NodeQuery(PageQuery):
    kind: Literal["index", "subindex", "pillar", "group", "indicator", "component"] | None = None


class NodeScore(BaseModel):
    code: str
    name_vi: str
    name_en: str
    score: float | None
    rank: int | None
    ranked: int = Field(
        description="Units with a score here; ranks of fewer than two units say nothing."
    )
    coverage: float = Field(description="Share of the leaves below that have a score.")
    weight: float


class Missing(BaseModel):
    code: str
    reason: str


class Coverage(BaseModel):
    share: float
    scored: int
    leaves: int
    from_submissions: int
    from_panel: int
    missing: list[Missing]


class RunNamed(BaseModel):
    id: UUID
    number: int
    created_at: datetime
    hash: str
    trace_id: str


class PeriodNamed(BaseModel):
    code: str
    name: str
    reference_year: int
    framework: int
    state: str


class Index(BaseModel):
    period: PeriodNamed
    result: Literal["estimate"]
    made_up: bool = Field(description="Some of it is demonstration data.")
    stale: bool = Field(
        description="Something newer is accepted or loaded that this run has not seen yet."
    )
    run: RunNamed | None
    score: float | None
    rank: int | None
    units: int
    coverage: Coverage | None
    assumed: list[str]
    modes: dict[str, int] = Field(
        description="How many indicators are measured against the panel, their goalposts or a target."
    )
    subindices: list[NodeScore]
    pillars: list[NodeScore]


class RunShown(BaseModel):
    id: UUID
    period: str
    number: int
    created_at: datetime
    hash: str
    score: float | None
    rank: int | None
    units: int
    trigger: str
    trace_id: str
    duration_ms: float
    framework_revision: int
    panel: UUID | None
    submissions: int


class RunDetail(RunShown):
    inputs: dict[str, Any]


class RunNodeShown(BaseModel):
    code: str
    kind: str
    parent_code: str | None
    raw: float | None
    source: str | None
    mode: str | None = Field(
        description="Of an indicator: measured against the panel, its goalposts or its target."
    )
    score: float | None
    rank: int | None
    ranked: int
    coverage: float
    weight: float
    weight_in_force: float
    contribution: float | None
    reason: str | None


class Child(BaseModel):
    code: str
    score: float | None
    rank: int | None
    ranked: int
    coverage: float
    weight: float
    weight_in_force: float
    contribution: float | None


class TreatmentShown(BaseModel):
    kind: str
    points: int
    units: list[str] = Field(description="Whose figures were drawn in.")
    passes: bool = Field(description="The series passes the outlier test now.")


class End(BaseModel):
    figure: float | None
    units: list[str] = Field(description="Up to ten of those who have it.")
    count: int


class LeafExplained(BaseModel):
    """From the figure to its points."""

    raw: float | None
    imputed: float | None
    treated: float | None
    normalised: float | None
    clamped: bool = Field(description="It lies beyond a goalpost or target and counts as that.")
    mode: str
    direction: str
    goalposts: tuple[float, float] | None
    target: float | None
    submissions: list[UUID]
    treatment: TreatmentShown
    worst: End | None = Field(description="The panel's worst figure after treatment.")
    best: End | None


class Neighbour(BaseModel):
    unit: str
    score: float
    rank: int
    gap: float


class RunNodeExplained(RunNodeShown):
    """A node's way into the index; the contributions of its children add up to its own."""

    contribution_share: float | None = Field(description="Of the index.")
    aggregation: str | None = Field(description="The mean that adds up its children.")
    children: list[Child]
    leaf: LeafExplained | None
    next_above: Neighbour | None
    next_below: Neighbour | None
