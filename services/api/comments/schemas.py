"""Shapes of what is said about a submission."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.api.deps.fields import Body, Reason
from services.api.deps.paging import PageQuery


class CommentQuery(PageQuery):
    pass


class NewComment(Body):
    text: Reason


class CommentShown(BaseModel):
    id: UUID
    submission: UUID
    text: str
    author: str
    organisation: str | None
    created_at: datetime
