"""Shapes of hand-overs: what is asked for, what it would move, what it moved."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import File, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from services.api.deps.fields import Body, Day, Flag, Line, OptionalLine, Prose, Reason
from services.api.deps.paging import Code, PageQuery

HandoverKind = Literal["merge", "split", "transfer", "rename"]
HandoverState = Literal["planned", "carried_out", "cancelled"]
MOST = 200


class Chosen(Body):
    """One responsibility, by its id, or by its node and the body that holds it."""

    responsibility: UUID | None = None
    node: Code | None = None
    giver: Code | None = Field(default=None, alias="from")


class Excepted(Chosen):
    to: Code


class Basis(Body):
    """The document that it rests on."""

    title: Line = Field(description="What it is and says, e.g. Nghị quyết về sắp xếp cơ quan.")
    number: OptionalLine = ""
    date: Day | None = None


class NewBody(Body):
    code: Code
    name_vi: Line
    name_en: OptionalLine = ""
    kind: Code
    existed_before: Flag = Field(
        default=False, description="It is new to the plan only, and stood before the day."
    )


class NewHandover(Body):
    kind: HandoverKind
    givers: Annotated[list[Code], Field(alias="from", min_length=1, max_length=20)]
    to: Code | None = Field(default=None, description="A body that is there; else send new_body.")
    new_body: NewBody | None = None
    effective_on: Day
    basis: Basis | None = Field(default=None, description="Needed before it is carried out.")
    note: Prose = ""
    responsibilities: Annotated[list[Chosen], Field(max_length=MOST, default_factory=list)]
    exceptions: Annotated[list[Excepted], Field(max_length=MOST, default_factory=list)]


class HandoverPatch(Body):
    effective_on: Day | None = None
    basis: Basis | None = None
    note: Prose | None = None
    responsibilities: Annotated[list[Chosen], Field(max_length=MOST)] | None = None
    exceptions: Annotated[list[Excepted], Field(max_length=MOST)] | None = None


class Reversal(Body):
    reason: Reason
    effective_on: Day


class Cancellation(Body):
    reason: Reason


class HandoverQuery(PageQuery):
    state: HandoverState | None = None
    organisation: Code | None = Field(default=None, description="One that gives or receives.")


class BodyShown(BaseModel):
    code: str
    name_vi: str


class BasisShown(BaseModel):
    title: str
    number: str
    date: date | None


class ChosenShown(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    responsibility: UUID | None
    node: str | None
    giver: str | None = Field(alias="from")
    to: str | None = None


class HandoverShown(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    id: UUID
    kind: Literal["merge", "split", "transfer", "rename", "reversal"]
    state: HandoverState
    givers: list[BodyShown] = Field(alias="from")
    to: BodyShown | None = Field(description="Null where several bodies get back what was theirs.")
    receivers: list[BodyShown] = Field(description="All who receive something.")
    makes_new_body: bool
    effective_on: date
    basis: BasisShown
    note: str
    responsibilities: list[ChosenShown]
    exceptions: list[ChosenShown]
    reverses: UUID | None
    reversed_by: UUID | None
    created_by: str
    created_at: datetime
    carried_out_by: str | None
    carried_out_at: datetime | None
    moved: dict[str, int] = Field(description="How many of each kind were moved.")
    updated_at: datetime
    allowed_actions: list[str]


class ConflictShown(BaseModel):
    code: str
    blocks: bool
    message_vi: str
    message_en: str
    kind: str
    object_id: UUID | None


class MoveShown(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    id: UUID
    action: Literal["moved", "in_place", "joined", "began", "ended"]
    giver: str = Field(alias="from")
    to: str
    facts: dict[str, Any]


class ReminderShown(BaseModel):
    id: UUID
    assignment: UUID | None
    explanation: UUID | None = Field(description="Where it is about a question that was asked.")
    recipient_name: str
    audience: str
    send_at: datetime


class Staying(BaseModel):
    closed_duties: int = Field(description="Duties of closed periods, under the old body's name.")
    closed_submissions: int
    accepted_figures: int = Field(description="Of closed periods.")
    done_duties: list[dict[str, Any]] = Field(description="Of open periods, done already.")
    not_taken_back: list[dict[str, Any]] = Field(description="Of a reversal: what changed since.")


class Preview(BaseModel):
    effective_on: date
    today: date
    earliest_on: date = Field(description="From this day on it may be carried out.")
    blocked: bool
    counts: dict[str, int]
    responsibilities: list[MoveShown]
    assignments: list[MoveShown]
    submissions: list[MoveShown]
    contacts: list[MoveShown]
    memberships: list[MoveShown]
    explanations: list[MoveShown] = Field(description="Questions that wait for an answer.")
    review_rules: list[MoveShown] = Field(description="Whose acceptance is needed.")
    deadlines: list[MoveShown] = Field(description="Deadlines that differ from the period's own.")
    policies: list[MoveShown] = Field(description="Reminder policies of the body.")
    feeds: list[MoveShown] = Field(description="Calendars that people take from the body.")
    webhooks: list[MoveShown]
    deputies: list[MoveShown] = Field(description="Who stands in for whom.")
    reminders: list[ReminderShown] = Field(
        description="Planned ones that follow the duty or the question."
    )
    conflicts: list[ConflictShown]
    stays: Staying


class PreviewShown(Preview):
    handover: UUID


class PlannedHandover(HandoverShown):
    preview: PreviewShown


class ReceiptItem(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    number: int
    kind: str
    action: str
    object_id: UUID
    new_object_id: UUID | None
    giver: str = Field(alias="from")
    to: str
    old: dict[str, Any]
    new: dict[str, Any]
    facts: dict[str, Any]


class Receipt(BaseModel):
    """What passed from whom to whom: both sides read the same; a side sees what it gave or got."""

    handover: HandoverShown
    trace_id: str
    counts: dict[str, int]
    items: list[ReceiptItem]
    stays: list[dict[str, Any]]


class ImportQuery(Body):
    dry_run: bool = Field(default=False, description="The same checks; nothing is stored.")


class ImportForm(Body):
    """A multipart form: the list, and the document that it rests on where the list names none."""

    file: Annotated[
        UploadFile,
        File(
            description="CSV (UTF-8) with the columns from, to, to_name_vi, effective_on, kind and, if it has "
            "it, basis; or JSON, a list of such objects. kind: merged into, merged into new, reorganised."
        ),
    ]
    basis: OptionalLine = ""


class ImportedHandover(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    id: UUID | None = Field(description="Null in a dry run.")
    kind: HandoverKind
    givers: list[str] = Field(alias="from")
    to: str
    makes_new_body: bool
    effective_on: date
    preview: Preview


class ImportFault(BaseModel):
    pointer: str
    message: str


class ImportReport(BaseModel):
    dry_run: bool
    valid: bool
    rows: int
    errors: list[ImportFault]
    handovers: list[ImportedHandover]
