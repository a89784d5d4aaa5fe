"""Shapes of evidence."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import File, UploadFile
from pydantic import BaseModel, Field

from services.api import patterns
from services.api.deps.fields import Body, Day, Figure, OptionalLine
from services.api.deps.levels import Level

Scan = Literal["not_scanned", "waiting", "clean", "infected"]
Stated = Annotated[
    float | None,
    Field(allow_inf_nan=False, description="The figure that it states; compared with the figure."),
]


class NewEvidence(Body):
    """A file and what the document says of itself; or a document of this body; or a link.

    Exactly one of file, evidence and url. Sent as a multipart form, or as JSON where there is no file.
    """

    file: Annotated[
        UploadFile | None, File(description="PDF, DOCX, XLSX, PNG, JPEG, or a ZIP of these.")
    ] = None
    evidence: UUID | None = Field(
        default=None, description="A document that this body has sent already."
    )
    url: Annotated[
        str | None,
        Field(
            max_length=2000,
            pattern=patterns.WEB_ADDRESS,
            description="Where the document stands. It is kept, and never opened.",
        ),
    ] = None
    level: Literal["signed", "copy", "extract"] | None = Field(
        default=None, description="Of a file: signed is strongest; copy where it is left out."
    )
    document_number: OptionalLine = ""
    document_date: Day | None = None
    issuer: Annotated[OptionalLine, Field(description="The body that issued the document.")] = ""
    pages: Annotated[int | None, Field(ge=1, le=100_000)] = None
    covers_from: Day | None = Field(
        default=None, description="The time that it tells of: first day."
    )
    covers_to: Day | None = Field(default=None, description="And last day.")
    valid_until: Day | None = Field(default=None, description="The last day on which it holds.")
    stated: Stated = None
    place: Annotated[
        OptionalLine, Field(description="Where in it the figure stands, e.g. page and table.")
    ] = ""


class Statement(Body):
    """The figure as a document states it, and where in it: what is left out is not stated."""

    stated: Figure | None = Field(default=None, description="Compared with the figure.")
    place: Annotated[
        OptionalLine, Field(description="Where in it the figure stands, e.g. page and table.")
    ] = ""


class Use(BaseModel):
    submission: UUID
    stated: float | None
    place: str


class EvidenceShown(BaseModel):
    id: UUID
    organisation: str
    level: Level
    filename: str
    media_type: str
    size: int
    sha256: str
    url: str | None
    scan: Scan
    document_number: str
    document_date: date | None
    issuer: str
    pages: int | None
    covers_from: date | None
    covers_to: date | None
    valid_until: date | None
    uploaded_by: str
    uploaded_at: datetime
    uses: list[Use] = Field(description="The submissions it proves, as far as you may see them.")
    allowed_actions: list[str]
