"""Shapes of the questions that people ask an index, and of its answers."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.api import patterns
from services.api.deps.fields import Body, Figure
from services.api.deps.paging import Code
from services.api.index.schemas import RunChoice
from shared.composite import (
    Attack,
    Change,
    Least,
    Move,
    NodeDifference,
    Place,
    ShortestList,
    Step,
    Threat,
    UnitWhatIf,
    YearStep,
)
from shared.exchange.analysis import UncertaintyFile


class RunAsked(BaseModel):
    id: UUID
    number: int
    created_at: datetime
    hash: str


class Answer(BaseModel):
    """What every answer says first: what it is about, and how sure that is. Nothing of it is kept."""

    result: Literal["estimate"]
    made_up: bool = Field(description="Some of it is demonstration data.")
    assumed: list[str]
    run: RunAsked
    period: str
    framework: int


class TrialPlace(BaseModel):
    score: float | None
    rank: int | None
    ranked: int


class TrialQuestion(RunChoice):
    """Figures of this run under that framework."""

    sources: Annotated[
        dict[Code, Code],
        Field(
            max_length=1000,
            description="For a leaf that has another code now, the code it had then.",
        ),
    ] = Field(default_factory=dict)


class PlaceThenAndNow(BaseModel):
    unit: str
    before: TrialPlace
    after: TrialPlace


class UnitMoved(BaseModel):
    unit: str
    name: str
    rank_before: int | None
    rank_after: int | None
    change: int | None = Field(description="Places gained; negative when lost.")


class NodeMoved(BaseModel):
    code: str
    before: TrialPlace | None
    after: TrialPlace


class Trial(Answer):
    trial_framework: int
    state: str
    comparable: Literal[False] = Field(
        description="Scores of different frameworks are not comparable: compare ranks, with n."
    )
    own: PlaceThenAndNow
    gaining: int
    losing: int
    mean_absolute_rank_change: float | None
    units: list[UnitMoved]
    without_source: list[str] = Field(description="Leaves for which nobody has a figure.")
    without_own_figure: list[str] = Field(description="Leaves for which the city alone has none.")
    unused: list[str] = Field(description="Leaves of the old framework that count no more.")
    nodes: list[NodeMoved]
    hash: str


class NodeName(BaseModel):
    name_vi: str
    name_en: str


class Named(Answer):
    """An answer with the names of the nodes and localities that it speaks of."""

    names: dict[str, NodeName]
    localities: dict[str, str]


class FigureChanged(Body):
    unit: Code | None = Field(default=None, description="Code of a locality; the city by default.")
    code: Code = Field(description="An indicator without components, or a component.")
    value: Figure | None = Field(description="Null takes the figure away.")


class WhatIfQuestion(RunChoice):
    """Any set of changed figures, of any locality."""

    changes: Annotated[list[FigureChanged], Field(min_length=1, max_length=1000)]
    units: Annotated[list[Code], Field(max_length=100)] = Field(
        default_factory=list,
        description="Show these localities node by node; those with changes by default.",
    )


class WhatIfAnswer(Named):
    changes: list[Change]
    units: list[UnitWhatIf] = Field(description="Before and after, node by node.")
    moved: list[Move] = Field(description="Every locality whose rank is another.")


class LeverageAnswer(Named):
    unit: str
    place: Place
    rival: str | None = Field(
        description="The second for the first; for all others the next above."
    )
    gap: float | None = Field(description="Own score minus the rival's.")
    steps: list[Step] = Field(
        description="Four steps for each leaf, exactly re-computed. With a ``reason`` own score does not rise."
    )
    reason: str | None


class DefenceQuery(RunChoice):
    to: Literal["own", "best"] = Field(
        default="own", description="Rivals catch up with the city, or with the best of all."
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 20


class DefenceAnswer(Named):
    unit: str
    place: Place
    attacks: list[Attack] = Field(description="The most damaging first.")
    threats: list[Threat] = Field(
        description="The smallest single changes by another locality that cost the city its rank."
    )
    considered: int
    reason: str | None


class GoalQuery(RunChoice):
    target_score: Annotated[float, Field(ge=-1e6, le=1e6)] | None = None
    target_rank: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    code: Code | None = Field(
        default=None,
        description="Seek the least figure of this leaf; without it, the shortest list.",
    )
    order: (
        Annotated[
            str,
            Field(max_length=4000, pattern=patterns.CODES),
        ]
        | None
    ) = Field(
        default=None,
        description="Leaves by rising effort, with commas; without it, what gains most comes first.",
    )
    to: Literal["best", "bound"] = Field(
        default="best", description="How far a leaf of the list can be raised."
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.target_score is None) == (self.target_rank is None):
            raise ValueError("name a score or a rank / hãy nêu một điểm số hoặc một thứ hạng")
        if self.code is not None and self.order is not None:
            raise ValueError("name a code or an order / hãy nêu một mã hoặc một thứ tự")
        return self


class GoalAnswer(Named):
    least: Least | None
    shortest: ShortestList | None


class UncertaintyAnswer(Named):
    uncertainty: UncertaintyFile


class DifferenceQuery(Body):
    since: UUID | None = Field(
        default=None, description="The earlier run; by default the one before it in its period."
    )


class OwnFigureChanged(BaseModel):
    code: str
    before: float | None
    after: float | None
    source_before: str | None
    source_after: str | None
    submissions: list[UUID]


class DifferenceAnswer(Named):
    """Changes of scores split by cause: the three parts add up (Shapley value)."""

    since: RunAsked
    root: NodeDifference
    nodes: list[NodeDifference]
    added: list[str]
    dropped: list[str]
    own_figures: list[OwnFigureChanged]
    others_changed: int = Field(
        description="How many figures of other localities are not the same."
    )
    method_changed: bool


class TrendYear(BaseModel):
    year: int
    score: float | None
    rank: int | None
    units: int | None
    result: Literal["estimate", "official"]
    made_up: bool
    run: UUID | None
    broken_by: list[str] = Field(
        description="Why its score cannot be compared with the year before's; empty where it can."
    )


class TrendAnswer(BaseModel):
    """Years beside one another; scores are compared only where nothing broke between them."""

    locality: str
    years: list[TrendYear]
    steps: list[YearStep]
