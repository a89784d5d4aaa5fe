"""Shapes of extended deadlines."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body, Day, Reason
from services.api.deps.paging import Code, PageQuery

ExtensionState = Literal["asked", "granted", "refused", "withdrawn"]


class ExtensionQuery(PageQuery):
    period: Code | None = None
    organisation: Code | None = None
    state: ExtensionState | None = None


class DutyExtensionQuery(PageQuery):
    pass


class NewExtension(Body):
    reason: Reason
    wished_on: Day = Field(description="The last day that is wished for.")


class Grant(Body):
    reason: Reason
    until: Day | None = Field(
        default=None, description="The new last day; the one that was wished for by default."
    )


class Refusal(Body):
    reason: Reason


class ExtensionShown(BaseModel):
    id: UUID
    assignment: UUID
    period: str
    indicator: str
    organisation: str
    reason: str
    wished_on: date
    due_on: date = Field(description="The last day as it was when this was asked.")
    state: ExtensionState
    granted_until: date | None
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    allowed_actions: list[str]
