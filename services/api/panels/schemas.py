"""Shapes of other localities' figures and of what the ministry published."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Figure, Flag, Line
from services.api.deps.paging import Code, PageQuery, SearchText


class LocalityFigures(Body):
    code: Code
    name: Line
    values: Annotated[dict[Code, Figure], Field(max_length=500)] = Field(
        description="Figures by the code of an indicator, or of a component where there are components."
    )


class NewPanel(Body):
    source: Line
    made_up: Flag = False
    localities: Annotated[list[LocalityFigures], Field(min_length=1, max_length=200)]


class PanelShown(BaseModel):
    id: UUID
    period: str
    revision: int
    source: str
    made_up: bool
    loaded_by: str
    loaded_at: datetime
    localities: int
    values: int
    allowed_actions: list[str]


class PanelQuery(PageQuery):
    pass


class LocalityShown(BaseModel):
    code: str
    name: str
    values: dict[str, float]


class PanelPage(PanelShown):
    items: list[LocalityShown]
    next_cursor: str | None


class OfficialQuery(PageQuery):
    year: Annotated[int, Field(ge=2000, le=2200)] | None = None
    level: SearchText | None = None
    q: SearchText | None = Field(
        default=None, description="Searched without accents in the locality's name."
    )


class OfficialResultShown(BaseModel):
    id: UUID
    year: int
    locality: str
    level: str
    score: float | None
    rank: int | None
    units_ranked: int
    note: str
    source: str
