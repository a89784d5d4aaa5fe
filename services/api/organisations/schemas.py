"""Shapes of bodies and the people to write to."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.api import patterns
from services.api.deps.fields import Body, Day, Email, Flag, Line, OptionalLine
from services.api.deps.paging import Code, PageQuery, SearchText

Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=patterns.PHONE)]
ContactRole = Literal["officer", "head"]
Language = Literal["vi", "en"]


class OrganisationQuery(PageQuery):
    q: SearchText | None = None
    kind: Code | None = None
    on: Day | None = Field(
        default=None, description="Which bodies stand on this day; today in Hanoi by default."
    )
    include: Literal["former"] | None = Field(
        default=None, description="former: those that have ended as well."
    )


class OrganisationShown(BaseModel):
    id: UUID
    code: str
    name_vi: str
    name_en: str
    kind: str
    part_in_the_plan: str
    plan_section: str
    is_coordinator: bool
    reachable: bool = Field(
        description="Has a contact in force today whose address is not known to be dead."
    )
    valid_from: date | None = Field(description="Null: it stood before the plan.")
    valid_to: date | None = Field(description="Its last day; null while it stands.")
    updated_at: datetime
    allowed_actions: list[str]


class Succession(BaseModel):
    organisation: str
    name_vi: str
    effective_on: date
    kind: str
    basis: str
    handover: UUID


class OrganisationDetail(OrganisationShown):
    successors: list[Succession] = Field(description="Who took over from it, oldest first.")
    predecessors: list[Succession] = Field(description="From whom it took over, oldest first.")


class NewOrganisation(Body):
    code: Code
    name_vi: Line
    name_en: OptionalLine = ""
    kind: Code
    part_in_the_plan: OptionalLine = ""
    plan_section: OptionalLine = ""
    valid_from: Day | None = None


# Members that may be set to null; for the others null is as if they had not been sent.
NULLABLE = frozenset({"valid_from", "valid_to"})


class OrganisationPatch(Body):
    name_vi: Line | None = None
    name_en: OptionalLine | None = None
    kind: Code | None = None
    valid_from: Day | None = Field(
        default=None, description="Its first day; not after that of a responsibility."
    )
    valid_to: Day | None = Field(
        default=None,
        description="Its last day: 409 names the responsibilities and open duties that stand against it.",
    )
    part_in_the_plan: OptionalLine | None = None
    plan_section: OptionalLine | None = None


class NewContact(Body):
    name: Line
    role: ContactRole = "officer"
    email: Email
    phone: Phone = ""
    language: Language = Field(default="vi", description="Which stands first in mails.")
    valid_from: Day | None = Field(default=None, description="Before it nobody writes to them.")
    valid_to: Day | None = Field(default=None, description="Their last day.")


class ContactPatch(Body):
    name: Line | None = None
    role: ContactRole | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: Language | None = None
    active: Flag | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None


class ContactShown(BaseModel):
    id: UUID
    organisation: str
    name: str
    role: ContactRole
    email: str
    phone: str
    language: Language
    active: bool
    valid_from: date | None
    valid_to: date | None
    updated_at: datetime
    allowed_actions: list[str]
