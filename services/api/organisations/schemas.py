"""Shapes of bodies and the people to write to."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.api.deps.fields import Body, Day, Email, Flag, Line, OptionalLine
from services.api.deps.paging import Code, PageQuery, SearchText

Phone = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^(\+?[0-9][0-9 .()-]{4,30})?$")
]
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
    reachable: bool = Field(description="Has at least one active contact to write to.")
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


class OrganisationPatch(Body):
    name_vi: Line | None = None
    name_en: OptionalLine | None = None
    part_in_the_plan: OptionalLine | None = None
    plan_section: OptionalLine | None = None


class NewContact(Body):
    name: Line
    role: ContactRole = "officer"
    email: Email
    phone: Phone = ""
    language: Language = Field(default="vi", description="Which stands first in mails.")


class ContactPatch(Body):
    name: Line | None = None
    role: ContactRole | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: Language | None = None
    active: Flag | None = None


class ContactShown(BaseModel):
    id: UUID
    organisation: str
    name: str
    role: ContactRole
    email: str
    phone: str
    language: Language
    active: bool
    updated_at: datetime
    allowed_actions: list[str]
