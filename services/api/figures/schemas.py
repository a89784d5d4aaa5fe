"""Shapes of a period's figures as a sheet, and of what an import makes of them."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import File, UploadFile
from pydantic import BaseModel, Field

from services.api.assignments.schemas import AssignmentStatus
from services.api.deps.fields import Body, Figure, OptionalLine
from services.api.deps.levels import Level
from services.api.deps.paging import Code, PageQuery
from services.api.submissions.schemas import (
    Answer,
    Finding,
    FindingCode,
    SubmissionPatch,
    SubmissionState,
)

MOST_FIGURES = 1_000  # rows of a file; a period of Hanoi's plan has 58 duties


class FigureQuery(PageQuery):
    organisation: Code | None = None
    indicator: Code | None = Field(
        default=None, description="With its components, or a whole pillar."
    )
    status: AssignmentStatus | None = None
    format: Literal["json", "csv", "xlsx"] | None = Field(
        default=None,
        description="Instead of Accept, for links. CSV and XLSX hold all rows, whatever limit and cursor say.",
    )

    def filters(self) -> dict[str, Any]:
        return self.model_dump(
            mode="json", include={"organisation", "indicator", "status"}, exclude_none=True
        )


class LastYear(BaseModel):
    """The newest accepted figure of this indicator in the nearest earlier period of the same kind."""

    period: str
    reference_year: int
    value: float
    numerator: float | None
    denominator: float | None


class SentFigure(SubmissionPatch):
    """What a row says: the submission, and what its document states."""

    stated: Figure | None = None
    place: OptionalLine | None = None


class FigureShown(BaseModel):
    """A duty with what may be written to it, and its newest revision."""

    assignment: UUID
    version: str = Field(
        description="Send it back as it came: it tells whether somebody wrote meanwhile."
    )
    period: str
    made_up: bool
    organisation: str
    organisation_name_vi: str
    indicator: str = Field(description="The code of an indicator, or of a component.")
    indicator_name_vi: str
    indicator_name_en: str
    component_of: str | None = Field(description="The indicator of which it is a component.")
    unit: str
    guidance_vi: str
    guidance_en: str
    data_source: str
    lower_bound: float | None
    upper_bound: float | None
    expected_low: float | None
    expected_high: float | None
    integer_only: bool
    decimals: int | None
    role: str
    due_on: date = Field(description="The last day: what was granted, or else what was set.")
    status: AssignmentStatus
    writable: bool = Field(description="Whether you may write it now.")
    evidence_required: bool
    accepted_evidence: list[Level] = Field(
        description="Of which levels one document at least must be; of any where none is named."
    )
    last_year: LastYear | None
    submission: UUID | None = Field(
        description="The newest revision; another body's draft is not shown, a withdrawn one leaves the answer empty."
    )
    revision: int | None
    state: SubmissionState | None
    answer: Answer | None
    value: float | None
    numerator: float | None
    denominator: float | None
    nil_reason: str
    note: str
    source: str
    document: str | None = Field(
        description="Of the documents attached: one that states the figure, or else the first."
    )
    stated: float | None = Field(description="The figure as that document states it.")
    place: str = Field(description="Where in it the figure stands.")
    explanations: dict[FindingCode, str]
    findings: list[Finding]
    decision_reason: str | None
    allowed_actions: list[str]


class ImportQuery(Body):
    dry_run: bool = Field(
        default=False,
        description="Do all of it and undo it: the same answer, and nothing is stored.",
    )
    submit: bool = Field(default=False, description="Submit every draft of the file as well.")


class FigureFile(Body):
    """A multipart form; the same rows may be sent as JSON, too."""

    file: Annotated[
        UploadFile,
        File(
            description="XLSX (the sheet named figures, or else the first), CSV (UTF-8; commas, or semicolons with "
            "a decimal comma) or JSON, as the export gives it. The row of column names must be there."
        ),
    ]


Outcome = Literal["created", "updated", "unchanged", "skipped", "refused"]


class RowFault(BaseModel):
    column: str = Field(description="The name of the column; empty for the row.")
    vi: str
    en: str


class Warned(BaseModel):
    code: FindingCode
    explained: bool
    vi: str
    en: str


class RowResult(BaseModel):
    row: int = Field(description="In the file, from 1; of JSON the place in the list, from 1.")
    assignment: UUID | None
    indicator: str | None
    outcome: Outcome
    submitted: bool
    submission: UUID | None = Field(description="Null where a dry run would create it.")
    faults: list[RowFault]
    warnings: list[Warned] = Field(description="What the soft rules find odd about the figure.")


class Counts(BaseModel):
    rows: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    refused: int
    submitted: int


class FileFault(BaseModel):
    pointer: str = Field(description="/row/column of a sheet, or into the JSON.")
    message: str


class FigureImport(BaseModel):
    period: str
    made_up: bool
    dry_run: bool
    submit: bool
    valid: bool = Field(description="Whether the whole file can be taken; otherwise none of it is.")
    format: Literal["csv", "xlsx", "json"]
    counts: Counts
    faults: int = Field(description="How many places are wrong; errors[] names at most 200.")
    errors: list[FileFault]
    rows: list[RowResult]
