"""Shapes of standing duties."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Line, OptionalLine, Reason
from services.api.deps.paging import Code, PageQuery

ResponsibilityRole = Literal["lead", "joint_lead", "cooperating", "requested"]


DutyKind = Literal["figure", "report"]


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
    kind: DutyKind | None = Field(
        default=None,
        description="What is owed when a period opens. Null: of a lead a figure unless central bodies supply it, "
        "of all others a report. Only leads may owe a figure.",
    )
    legal_basis: Line
    plan_section: OptionalLine = ""
    valid_from: Day


class ResponsibilityPatch(Body):
    """What may be corrected; body, role and days change by ending it and creating another, or by a hand-over."""

    kind: DutyKind | None = Field(
        default=None, description="For periods that open later; null: by role and supply."
    )
    legal_basis: Line | None = None
    plan_section: OptionalLine | None = None
    note: OptionalLine | None = None
    reason: Reason


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
    kind: DutyKind | None = Field(description="Null: by role and supply.")
    legal_basis: str
    plan_section: str
    valid_from: date
    valid_to: date | None
    note: str = Field(description="From whom it was taken over, where it was.")
    allowed_actions: list[str]
