"""Shapes of the working calendar."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import File, UploadFile
from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Flag, Line, OptionalLine

MOST_DAYS = 366
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

    days: Annotated[list[CalendarDay], Field(max_length=MOST_DAYS)] | None = Field(
        default=None,
        description="Leave it out to confirm the days that are there. A year is not confirmed without a day off.",
    )
    confirmed: Flag = Field(
        default=False, description="True once this year's decision on holidays and swaps is out."
    )
    decision: OptionalLine = Field(
        default="", description="Its number; required where the year is confirmed."
    )


class CalendarQuery(Body):
    format: Literal["json", "csv", "xlsx"] | None = Field(
        default=None, description="Instead of Accept, for links that people open."
    )


class Import(Body):
    dry_run: bool = Field(
        default=False, description="Check and compare only: the same checks, and nothing is stored."
    )


class CalendarFile(Body):
    """A multipart form: the file with all of the year's days, and whether they are decided."""

    file: Annotated[
        UploadFile,
        File(
            description="CSV (UTF-8; commas or semicolons) or XLSX (the sheet named calendar, or else the first)."
            " Columns day (YYYY-MM-DD, or a date cell), kind (off, worked), name, and decision, which may be left out."
        ),
    ]
    confirmed: bool = Field(
        default=False, description="As in PUT: true once this year's decision is out."
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


class CalendarFault(BaseModel):
    pointer: str = Field(description="/row/column: the row's number and the column's heading.")
    message: str


class CalendarDifference(BaseModel):
    added: list[date]
    removed: list[date]
    changed: list[date] = Field(description="Of another kind, name or decision.")


class CalendarImport(BaseModel):
    year: int
    dry_run: bool
    valid: bool
    format: Literal["csv", "xlsx"]
    days: int
    faults: int = Field(description="How many places are wrong; errors[] names at most 200.")
    errors: list[CalendarFault]
    difference: CalendarDifference | None = Field(
        description="What the file changes of the days entered; null where it is not valid."
    )
    calendar: CalendarShown | None = Field(description="What was stored; null for a dry run.")
