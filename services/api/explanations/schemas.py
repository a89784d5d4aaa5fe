"""Shapes of requests for an explanation."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.api.deps.fields import Body, Day, Prose, Reason
from services.api.deps.paging import Code, PageQuery

ExplanationState = Literal["asked", "answered", "closed"]


class ExplanationQuery(PageQuery):
    period: Code | None = None
    organisation: Code | None = None
    status: Literal["asked", "answered", "closed", "overdue"] | None = None


class NewExplanation(Body):
    """About a duty, or about an indicator in a period; then the body is named."""

    assignment: UUID | None = None
    period: Code | None = None
    indicator: Code | None = None
    organisation: Code | None = None
    question: Reason
    due_on: Day = Field(description="The last day for the answer, until 23:59:59 in Hanoi.")

    @model_validator(mode="after")
    def _about_one_thing(self) -> "NewExplanation":
        named = (self.period, self.indicator, self.organisation)
        whole = all(named) if self.assignment is None else not any(named)
        if not whole:
            raise ValueError(
                "name a duty, or a period, an indicator and a body / "
                "hãy nêu một nhiệm vụ, hoặc kỳ, chỉ số và cơ quan"
            )
        return self


class Answer(Body):
    answer: Annotated[Prose, Field(min_length=3)]


class Closing(Body):
    remark: Reason


class ExplanationShown(BaseModel):
    id: UUID
    period: str
    assignment: UUID | None
    indicator: str
    organisation: str
    question: str
    due_on: date
    state: ExplanationState
    overdue: bool = Field(description="The last day is past and there is no answer.")
    asked_by: str
    asked_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    remark: str | None
    closed_by: str | None
    closed_at: datetime | None
    allowed_actions: list[str]
