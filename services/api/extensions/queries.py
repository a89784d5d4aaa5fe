"""Who asked for more time, and what was decided."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Uuid,
    any_,
    bindparam,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.assignments.queries import assignment_shown
from services.api.deps.caller import Caller
from services.api.deps.newest import NewestFirst
from services.api.deps.paging import PageQuery
from services.api.extensions.schemas import ExtensionQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Assignment, Extension, Node, Organisation, Period


class ExtensionNotFoundError(NotFoundError):
    """There is no such request for more time, or it is not yours to see.

    Không có đề nghị gia hạn này, hoặc đề nghị không thuộc phạm vi của bạn.
    """


_EXTENSION = (
    select(
        Extension.id,
        Extension.assignment_id.label("assignment"),
        Period.code.label("period"),
        Node.code.label("indicator"),
        Organisation.code.label("organisation"),
        Extension.reason,
        Extension.wished_on,
        Extension.due_on,
        Extension.state,
        Extension.granted_until,
        Extension.asked_by_name.label("asked_by"),
        Extension.asked_at,
        Extension.decided_by_name.label("decided_by"),
        Extension.decided_at,
        Extension.decision_reason,
        Assignment.organisation_id,
        Extension.asked_by.label("asker"),
    )
    .join(Assignment, Assignment.id == Extension.assignment_id)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
)
ONE_EXTENSION = _EXTENSION.where(Extension.id == bindparam("id"))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "assignment": Extension.assignment_id == bindparam("assignment"),
    "period": Period.code == bindparam("period"),
    "organisation": Organisation.code == bindparam("organisation"),
    "state": Extension.state == bindparam("state"),
    "bodies": Assignment.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid))),
}
_LIST = NewestFirst(_EXTENSION, at=Extension.asked_at, key=Extension.id, filters=_FILTERS)


def _shown(row: Any, caller: Caller) -> dict[str, Any]:
    shown = dict(row)
    body, asker = shown.pop("organisation_id"), shown.pop("asker")
    actions = []
    if row["state"] == "asked":
        # Whoever asks does not grant.
        if caller.may("assignments:write", body) and asker not in caller.accounts:
            actions += ["grant", "refuse"]
        if caller.may("submissions:write", body) or caller.id == asker:
            actions.append("withdraw")
    shown["allowed_actions"] = actions
    return shown


async def extensions_page(read: Reader, caller: Caller, query: ExtensionQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    bodies = caller.own_only("assignments:read")
    if bodies is not None:
        values["bodies"] = bodies
    return await _LIST.page(read, query, values, lambda row: _shown(row, caller))


async def extensions_of(
    read: Reader, caller: Caller, assignment_id: UUID, query: PageQuery
) -> dict[str, Any]:
    """List the requests about one duty, newest first, to whoever sees the duty."""
    await assignment_shown(read, caller, assignment_id)
    about = {"assignment": assignment_id}
    return await _LIST.page(read, query, about, lambda row: _shown(row, caller))


async def extension_shown(read: Reader, caller: Caller, extension_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_EXTENSION, id=extension_id)
    if row is None or not caller.may("assignments:read", row["organisation_id"]):
        raise ExtensionNotFoundError
    return _shown(row, caller)
