"""Shapes of frameworks, their nodes and the indicators."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import (
    Body,
    Figure,
    Flag,
    Line,
    OptionalLine,
    Prose,
    Reason,
    Year,
)
from services.api.deps.levels import Level, Levels
from services.api.deps.paging import Code, PageQuery, SearchText
from shared.exchange.method import MethodBlock, TreatmentBlock

Supply = Literal["local", "central", "unknown"]
Combination = Literal["all_agree", "lead", "mean_of_components"]
State = Literal["draft", "published", "retired"]
Kind = Literal["index", "subindex", "pillar", "group", "indicator", "component"]
Changes = dict[str, list[Any]]
NAMES = frozenset({"name_vi", "name_en", "basis"})
# Members that may be set to null; for the others null is as if they had not been sent.
NULLABLE = frozenset(
    {"lower_bound", "upper_bound", "goalpost_min", "goalpost_max", "target", "treatment"}
)


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
    state: State
    published_at: datetime | None
    revision: int
    updated_at: datetime
    allowed_actions: list[str]


class SupplyCount(BaseModel):
    marked: int
    expected: int | None


class NodeSaid(BaseModel):
    """All that a node says, as a version keeps it."""

    code: str
    parent: str | None
    kind: str
    name_vi: str
    name_en: str
    weight: float
    direction: str
    unit: str
    unit_assumed: bool
    lower_bound: float | None
    upper_bound: float | None
    goalpost_min: float | None
    goalpost_max: float | None
    target: float | None
    treatment: dict[str, Any] | None
    combination: Combination = "all_agree"
    supply: Supply | None
    supply_assumed: bool
    evidence_required: bool
    accepted_evidence: list[Level] = []
    source: str
    guidance_vi: str = ""
    guidance_en: str = ""
    note: str = Field(description="A remark of those who keep the plan; no sheet shows it.")


class NodeShown(NodeSaid):
    weight_assumed: bool
    updated_at: datetime
    allowed_actions: list[str]


class FrameworkTree(FrameworkShown):
    method: dict[str, Any] = Field(
        description="The method itself as engine; what is assumed of it and what is verified."
    )
    supply: dict[str, SupplyCount] = Field(
        description="How many indicators are marked local, central and unknown, against the plan's 13 and 39."
    )
    nodes: list[NodeShown]


class Copied(BaseModel):
    nodes: int
    responsibilities: int
    rules: int


class DraftedTree(FrameworkTree):
    copied: Copied = Field(description="Told once, when the draft is made.")


class Stated(Body):
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
    target: Figure | None = None
    treatment: TreatmentBlock | None = Field(
        default=None, description="Of this leaf's outliers, instead of the method's."
    )
    combination: Combination | None = Field(
        default=None,
        description="How several leads' figures make this leaf's: all must agree; only the lead's counts; "
        "or their mean, over those that are accepted.",
    )
    supply: Supply | None = None
    evidence_required: Flag | None = None
    accepted_evidence: Levels | None = None
    source: OptionalLine | None = None
    guidance_vi: Prose | None = Field(
        default=None, description="How the figure is made and proved, for whoever owes it."
    )
    guidance_en: Prose | None = None
    note: Prose | None = Field(
        default=None, description="A remark of those who keep the plan; no sheet shows it."
    )


class NodePatch(Stated):
    """``parent`` can be changed in a draft only."""

    parent: Code | None = None
    reason: Line | None = Field(
        default=None,
        description="Needed of a published framework, where all but parent and note makes a new version.",
    )


class NewNode(Stated):
    """A node of a draft; it stands one kind below its parent, and only the index has none."""

    code: Code
    kind: Kind
    parent: Code | None = None


class NewFramework(Body):
    """A draft is the copy of another year; names that are left out are copied too."""

    year: Year
    copy_of: Year
    name_vi: Line | None = None
    name_en: OptionalLine | None = None
    basis: OptionalLine | None = None
    responsibilities: Flag = Field(
        default=True,
        description="Copy who answers on the year's first day or later, with dates and legal basis.",
    )
    rules: Flag = Field(default=True, description="Copy by which rules figures are checked.")


Notes = Annotated[list[Prose], Field(max_length=50)]
Count = Annotated[int, Field(strict=True, ge=0, le=10_000)]


class FrameworkPatch(Body):
    """``method`` is given whole; to change that of a published framework needs a reason."""

    name_vi: Line | None = None
    name_en: OptionalLine | None = None
    basis: OptionalLine | None = None
    expected_local: Count | None = None
    expected_central: Count | None = None
    method: MethodBlock | None = None
    assumed: Notes | None = Field(default=None, description="What is assumed of the method.")
    verified: Notes | None = Field(default=None, description="What is known of the method.")
    reason: Line | None = None


class Retirement(Body):
    reason: Reason


class VersionQuery(PageQuery):
    pass


class VersionShown(BaseModel):
    revision: int
    hash: str = Field(
        description='SHA-256 of {"method": …, "nodes": …}: keys sorted, no spaces, every number a float.'
    )
    reason: str
    created_by_name: str
    created_at: datetime


class VersionWhole(VersionShown):
    nodes: list[NodeSaid]
    method: dict[str, Any]


class DifferenceQuery(Body):
    other: Annotated[int, Field(ge=2000, le=2200)] = Field(
        alias="from", description="The year that is compared with."
    )
    revision: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None,
        alias="from_revision",
        description="One of its versions, instead of what stands now.",
    )


class Named(BaseModel):
    code: str
    parent: str | None
    kind: str
    name_vi: str
    name_en: str


class Changed(BaseModel):
    code: str
    changes: Changes = Field(description="Field: [old, new].")


class Standing(BaseModel):
    year: int
    revision: int


class Duty(BaseModel):
    node: str
    organisation: str
    role: str


class Difference(BaseModel):
    old: Standing = Field(alias="from")
    new: Standing = Field(alias="to")
    added: list[Named]
    dropped: list[Named]
    renamed: list[Changed]
    redefined: list[Changed]
    reweighted: list[Changed]
    moved: list[Changed]
    method: Changes = Field(description="JSON pointer of a setting: [old, new].")
    rules: list[Changed] = Field(
        description="By which rules figures are checked today, of the nodes that both years have."
    )
    assigned: list[Duty] = Field(
        description="Who answers today in this year's framework and not in the other's."
    )
    released: list[Duty] = Field(description="Who answers today in the other year's only.")


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
    accepted_evidence: list[Level] = Field(
        description="Of which levels one document at least must be; of any where none is named."
    )
    source: str
    guidance_vi: str
    guidance_en: str
    responsibilities: list[Lead]
    allowed_actions: list[str]
