"""Shapes of the audit log."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.paging import Code, PageQuery, SearchText


class AuditQuery(PageQuery):
    object_type: Code | None = None
    object_id: SearchText | None = None
    actor: UUID | None = None
    trace_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None


class AuditShown(BaseModel):
    id: int
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    action: str
    object_type: str
    object_id: str
    changes: dict[str, Any]
    reason: str | None
    trace_id: str
