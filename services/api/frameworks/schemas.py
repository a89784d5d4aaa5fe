"""Shapes of frameworks, their nodes and the indicators."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Figure, Flag, OptionalLine, Prose
from services.api.deps.paging import Code, PageQuery, SearchText

Supply = Literal["local", "central", "unknown"]


class FrameworkQuery(PageQuery):
    pass


class FrameworkShown(BaseModel):
    id: UUID
    year: int
    name_vi: str
    name_en: str
    basis: str
    locality_code: str
    weights_assumed: bool
    revision: int
    updated_at: datetime
    allowed_actions: list[str]


class SupplyCount(BaseModel):
    marked: int
    expected: int | None


class NodeShown(BaseModel):
    code: str
    parent: str | None
    kind: str
    name_vi: str
    name_en: str
    weight: float
    weight_assumed: bool
    direction: str
    unit: str
    unit_assumed: bool
    lower_bound: float | None
    upper_bound: float | None
    goalpost_min: float | None
    goalpost_max: float | None
    supply: Supply | None
    supply_assumed: bool
    evidence_required: bool
    source: str
    note: str
    updated_at: datetime
    allowed_actions: list[str]


class FrameworkTree(FrameworkShown):
    method: dict[str, Any]
    supply: dict[str, SupplyCount] = Field(
        description="How many indicators are marked local, central and unknown, against the plan's 13 and 39."
    )
    nodes: list[NodeShown]


class NodePatch(Body):
    """What the coordinator may state about a node. A name that is unknown stays empty."""

    name_vi: OptionalLine | None = None
    name_en: OptionalLine | None = None
    weight: Annotated[Figure, Field(ge=0, le=1000)] | None = None
    direction: Literal["higher", "lower"] | None = None
    unit: OptionalLine | None = None
    lower_bound: Figure | None = None
    upper_bound: Figure | None = None
    goalpost_min: Figure | None = None
    goalpost_max: Figure | None = None
    supply: Supply | None = None
    evidence_required: Flag | None = None
    source: OptionalLine | None = None
    note: Prose | None = None


class IndicatorQuery(PageQuery):
    framework: Annotated[int, Field(ge=2000, le=2200)] | None = None
    pillar: Code | None = None
    group: Code | None = None
    lead: Code | None = Field(default=None, description="Code of a lead or joint lead.")
    supply: Supply | None = None
    q: SearchText | None = Field(
        default=None, description="Searched without accents in codes and names."
    )


class OneFramework(Body):
    framework: Annotated[int, Field(ge=2000, le=2200)] | None = None


class Lead(BaseModel):
    organisation: str
    name_vi: str
    role: str
    component: str | None


class IndicatorShown(BaseModel):
    code: str
    name_vi: str
    name_en: str
    framework: int
    group: str
    pillar: str
    unit: str
    direction: str
    weight: float
    lower_bound: float | None
    upper_bound: float | None
    supply: Supply
    supply_assumed: bool
    evidence_required: bool
    responsibilities: list[Lead]
    allowed_actions: list[str]
