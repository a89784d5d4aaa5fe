"""Shapes of feeds."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body
from services.api.deps.paging import Code, PageQuery


class FeedQuery(PageQuery):
    pass


class NewFeed(Body):
    organisation: Code | None = Field(
        default=None,
        description="The one body; without it all bodies that the caller writes for, as a deputy too.",
    )


class Feed(BaseModel):
    id: UUID
    organisation: str | None
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    active: bool = Field(
        description="Whether it gives anything: its owner still reads the body, or writes for one."
    )
    allowed_actions: list[str]


class CreatedFeed(Feed):
    url: str | None = Field(description="Shown once, here; null when the request is repeated.")
