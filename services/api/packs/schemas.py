"""Shapes of packs."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Prose
from services.api.deps.paging import PageQuery

Answer = Literal["value", "nil", "not_applicable", "central_source"]
Presence = Literal["in_pack", "link", "quarantined", "infected", "missing"]
GapKind = Literal[
    "no_figure",
    "excused",
    "nil",
    "not_applicable",
    "central_source",
    "newer_waits",
    "no_evidence",
    "not_signed",
    "evidence_not_accepted",
    "stated_differs",
    "quarantined",
    "infected",
    "missing",
    "leads_disagree",
]


class PackQuery(PageQuery):
    pass


class NewPack(Body):
    note: Annotated[Prose, Field(description="What it is for, e.g. which letter it goes with.")] = (
        ""
    )


class PackOverview(BaseModel):
    id: UUID
    period: str
    number: int = Field(description="Counts the packs of a period from 1.")
    note: str
    made_up: bool
    framework: int
    framework_revision: int
    run: UUID | None = Field(description="The newest run when it was made.")
    figures: int
    gaps: int
    documents: int
    size: int = Field(description="Of all members of the archive, in bytes.")
    manifest_sha256: str = Field(description="Of manifest.json, which holds every member's hash.")
    made_by: str
    made_at: datetime
    allowed_actions: list[str]


class Document(BaseModel):
    document_number: str
    document_date: date | None
    issuer: str


class Row(BaseModel):
    row: int
    indicator: str
    component: str
    name_vi: str
    unit: str
    decimals: int | None = Field(
        default=None, description="To which the letter rounds; null: to six significant digits."
    )
    organisation: str
    organisation_name_vi: str
    role: str
    answer: Answer
    value: float | None
    numerator: float | None
    denominator: float | None
    reason: str
    note: str
    source: str
    evidence: list[str] = Field(description="The numbers of its documents.")
    documents: list[Document] = Field(description="What these documents say of themselves.")
    assignment: UUID
    submission: UUID
    revision: int


class Proof(BaseModel):
    row: int
    stated: float | None
    place: str


class NumberedEvidence(BaseModel):
    number: str
    id: UUID
    indicator: str
    presence: Presence
    path: str | None = Field(description="In the archive; null where its bytes are not there.")
    filename: str
    url: str | None
    level: str
    media_type: str
    size: int
    sha256: str
    pages: int | None
    document_number: str
    document_date: date | None
    issuer: str
    proves: list[Proof]


class Gap(BaseModel):
    kind: GapKind
    indicator: str
    component: str
    name_vi: str
    organisation: str
    organisation_name_vi: str
    evidence: str
    detail: str


class Figure(BaseModel):
    answer: Answer
    value: float | None
    numerator: float | None
    denominator: float | None
    reason: str


class Change(BaseModel):
    what: Literal["withdrawn", "replaced", "evidence_changed", "added"]
    indicator: str
    component: str
    organisation: str
    assignment: UUID
    before: Figure | None
    after: Figure | None


class Member(BaseModel):
    path: str
    bytes: int
    sha256: str


class PackOfManifest(BaseModel):
    id: UUID
    number: int
    note: str


class PeriodOfManifest(BaseModel):
    code: str
    name: str
    reference_year: int


class FrameworkOfManifest(BaseModel):
    year: int
    revision: int


class PackManifest(BaseModel):
    """The very manifest.json of the archive."""

    format: str
    pack: PackOfManifest
    period: PeriodOfManifest
    framework: FrameworkOfManifest
    run: UUID | None
    made_at: datetime
    made_up: bool
    notice: str = Field(description="What a made-up pack is, in words.")
    figures: int
    gaps: int
    members: list[Member]


class PackShown(PackOverview):
    rows: list[Row]
    lacking: list[Gap]
    evidence: list[NumberedEvidence]
    manifest: PackManifest
    stale: bool = Field(description="Whether accepted figures or their documents changed since.")
    changes: list[Change]
