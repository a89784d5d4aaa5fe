"""Shapes of evidence."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import File, UploadFile
from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, OptionalLine


class NewEvidence(Body):
    """A multipart form: the file and what the document says of itself."""

    file: Annotated[UploadFile, File(description="PDF, DOCX, XLSX, PNG or JPEG.")]
    document_number: OptionalLine = ""
    document_date: Day | None = None
    issuer: Annotated[OptionalLine, Field(description="The body that issued the document.")] = ""


class EvidenceShown(BaseModel):
    id: UUID
    submission: UUID
    filename: str
    media_type: str
    size: int
    sha256: str
    document_number: str
    document_date: date | None
    issuer: str
    uploaded_by: str
    uploaded_at: datetime
    allowed_actions: list[str]
