"""Shapes of the working calendar."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Flag, Line, OptionalLine

DayKind = Literal["off", "worked"]


class CalendarDay(Body):
    day: Day
    kind: DayKind = Field(
        description="off: nobody works; worked: a Saturday or Sunday that is worked."
    )
    name: Line
    decision: Annotated[OptionalLine, Field(description="The decision it stands in.")] = ""


class CalendarYear(Body):
    """All of a year: a day that is not sent is no special day any more; without ``days`` those entered stay."""

    days: Annotated[list[CalendarDay], Field(max_length=366)] | None = Field(
        default=None,
        description="Leave it out to confirm the days that are there. A year is not confirmed without a day off.",
    )
    confirmed: Flag = Field(
        default=False, description="True once this year's decision on holidays and swaps is out."
    )
    decision: OptionalLine = Field(
        default="", description="Its number; required where the year is confirmed."
    )


class CalendarDayShown(BaseModel):
    day: date
    kind: DayKind
    name: str
    decision: str


class Note(BaseModel):
    vi: str
    en: str


class CalendarShown(BaseModel):
    year: int
    confirmed: bool = Field(
        description="Until it is, everything computed from this year says calendar_confirmed: false."
    )
    decision: str = Field(description="Or, of a first fill, the library that the days come from.")
    note: Note | None = Field(description="Says so where the days are a first fill.")
    working_days: int
    days: list[CalendarDayShown]
    updated_at: datetime | None
    allowed_actions: list[str]
