"""Shapes of the index and its runs."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body
from services.api.deps.paging import Code, PageQuery


class IndexQuery(Body):
    period: Code | None = Field(default=None, description="The newest open period by default.")


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
    score: float | None
    rank: int | None
    ranked: int
    coverage: float
    weight: float
    weight_in_force: float
    contribution: float | None
    reason: str | None
