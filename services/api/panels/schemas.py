"""Shapes of all localities' figures and of the files they come in."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import File, UploadFile
from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Figure, Flag, Line, OptionalLine
from services.api.deps.paging import Code, PageQuery

MOST_LOCALITIES = 200


class LocalityFigures(Body):
    code: Code
    name: Line
    values: Annotated[dict[Code, Figure], Field(max_length=500)] = Field(
        description="Figures by the code of an indicator, or of a component where there are components."
    )


class NewPanel(Body):
    source: Line
    made_up: Flag = False
    localities: Annotated[list[LocalityFigures], Field(min_length=1, max_length=MOST_LOCALITIES)]


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


class Import(Body):
    dry_run: bool = Field(
        default=False, description="Check and compare only: the same checks, and nothing is stored."
    )


class PanelFile(Body):
    """A multipart form: the file, and where its figures come from."""

    file: Annotated[
        UploadFile,
        File(
            description="CSV (UTF-8; commas, or semicolons with a decimal comma), XLSX (the sheet named "
            "panel, or else the first) or JSON (what PUT takes). Columns code, name and then one for each "
            "indicator's code; or code, name, indicator, value. An empty cell is a missing figure."
        ),
    ]
    source: OptionalLine = Field(default="", description="Required, unless a JSON file says it.")
    made_up: bool = False


class FileFault(BaseModel):
    pointer: str = Field(
        description="Into the JSON; of a sheet, /row/column: the row's number and the column's heading."
    )
    message: str


class ValueChange(BaseModel):
    code: str
    indicator: str
    before: float | None = Field(alias="from")
    after: float | None = Field(alias="to")


class PanelDifference(BaseModel):
    """What the file changes of the newest panel; ``would_replace`` is that panel's revision."""

    would_replace: int | None
    localities_added: list[str]
    localities_removed: list[str]
    values_added: int
    values_removed: int
    values_changed: int
    samples: list[ValueChange] = Field(description="At most 50 of them.")


class OwnLocality(BaseModel):
    code: str
    in_file: bool


class ImportReport(BaseModel):
    dry_run: bool
    valid: bool
    format: Literal["csv", "xlsx", "json"]
    faults: int = Field(description="How many places are wrong; errors[] names at most 200.")
    errors: list[FileFault]


class PanelImport(ImportReport):
    period: str
    layout: Literal["wide", "long", "json"] | None = Field(
        description="A column for each indicator, a row for each figure, or what PUT takes; null where the "
        "heading does not say."
    )
    source: str
    made_up: bool
    localities: int
    values: int
    missing: dict[str, int] = Field(
        description="How many localities of the file have no figure, by indicator."
    )
    own: OwnLocality = Field(description="Whether the city itself stands in the file.")
    difference: PanelDifference | None = Field(description="Null where the file is not valid.")
    panel: PanelShown | None = Field(description="What was stored; null for a dry run.")
