"""Shapes of deputies."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Line, OptionalLine
from services.api.deps.paging import Code, PageQuery


class DeputyQuery(PageQuery):
    organisation: Code | None = None
    on: Day | None = Field(default=None, description="Who stands in on this day.")


class NewDeputy(Body):
    deputy: Line = Field(description="The login of somebody in the same body.")
    organisation: Code | None = Field(
        default=None, description="Needed by whoever writes for several bodies."
    )
    valid_from: Day
    valid_to: Day
    reason: OptionalLine = ""


class DeputyShown(BaseModel):
    id: UUID
    organisation: str
    principal: str
    principal_login: str
    deputy: str
    deputy_login: str
    valid_from: date
    valid_to: date
    reason: str
    created_at: datetime
    ended_at: datetime | None
    active: bool = Field(description="The deputy may act at this moment.")
    allowed_actions: list[str]
