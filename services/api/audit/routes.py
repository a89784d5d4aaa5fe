"""The audit log."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.api.audit import queries, schemas
from services.api.deps.answers import answer
from services.api.deps.edge import Reading, ReadRequest
from services.api.deps.paging import Page

reading = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=Reading)


@reading.get("", operation_id="listAudit", response_model=Page[schemas.AuditShown])
async def list_audit(
    request: ReadRequest, query: Annotated[schemas.AuditQuery, Query()]
) -> Response:
    """Latest first: who changed what, from what to what, why, and under which trace id."""
    request.caller.require("audit:read")
    return answer(request, await queries.audit_page(request.read, query))


routers = (reading,)
