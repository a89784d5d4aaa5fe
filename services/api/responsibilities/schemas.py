"""Shapes of standing duties."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Line, OptionalLine
from services.api.deps.paging import Code, PageQuery

ResponsibilityRole = Literal["lead", "joint_lead", "cooperating", "requested"]


class ResponsibilityQuery(PageQuery):
    framework: Annotated[int, Field(ge=2000, le=2200)] | None = None
    organisation: Code | None = None
    indicator: Code | None = Field(
        default=None, description="An indicator's code; its components are included."
    )
    role: ResponsibilityRole | None = None
    on: Day | None = Field(
        default=None, description="Who answers on this day; today in Hanoi by default."
    )


class NewResponsibility(Body):
    framework: Annotated[int, Field(ge=2000, le=2200)]
    node: Code
    organisation: Code
    role: ResponsibilityRole
    legal_basis: Line
    plan_section: OptionalLine = ""
    valid_from: Day


class EndResponsibility(Body):
    valid_to: Day = Field(description="Its last day.")


class ResponsibilityShown(BaseModel):
    id: UUID
    framework: int
    node: str
    node_name_vi: str
    organisation: str
    organisation_name_vi: str
    role: ResponsibilityRole
    legal_basis: str
    plan_section: str
    valid_from: date
    valid_to: date | None
    note: str = Field(description="From whom it was taken over, where it was.")
    allowed_actions: list[str]
