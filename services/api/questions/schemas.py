"""Shapes of the questions that people ask an index, and of its answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.paging import Code
from services.api.index.schemas import RunChoice


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


class Place(BaseModel):
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
    before: Place
    after: Place


class UnitMoved(BaseModel):
    unit: str
    name: str
    rank_before: int | None
    rank_after: int | None
    change: int | None = Field(description="Places gained; negative when lost.")


class NodeMoved(BaseModel):
    code: str
    before: Place | None
    after: Place


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
