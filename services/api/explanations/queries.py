"""What bodies were asked to explain, and what they answered."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Uuid,
    and_,
    any_,
    bindparam,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.newest import NewestFirst
from services.api.explanations.schemas import ExplanationQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import ExplanationRequest, Node, Organisation, Period

Asked = ExplanationRequest


class ExplanationNotFoundError(NotFoundError):
    """There is no such request for an explanation, or it is not yours to see.

    Không có yêu cầu giải trình này, hoặc yêu cầu không thuộc phạm vi của bạn.
    """


_EXPLANATION = (
    select(
        Asked.id,
        Period.code.label("period"),
        Asked.assignment_id.label("assignment"),
        Node.code.label("indicator"),
        Organisation.code.label("organisation"),
        Asked.question,
        Asked.due_on,
        Asked.state,
        Asked.asked_by_name.label("asked_by"),
        Asked.asked_at,
        Asked.answer,
        Asked.answered_by_name.label("answered_by"),
        Asked.answered_at,
        Asked.remark,
        Asked.closed_by_name.label("closed_by"),
        Asked.closed_at,
        Asked.organisation_id,
    )
    .join(Period, Period.id == Asked.period_id)
    .join(Node, Node.id == Asked.node_id)
    .join(Organisation, Organisation.id == Asked.organisation_id)
)
ONE_EXPLANATION = _EXPLANATION.where(Asked.id == bindparam("id"))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "period": Period.code == bindparam("period"),
    "organisation": Organisation.code == bindparam("organisation"),
    "status": Asked.state == bindparam("status"),
    "overdue": and_(Asked.state == "asked", Asked.due_on < bindparam("today")),
    "bodies": Asked.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid))),
}
_LIST = NewestFirst(_EXPLANATION, at=Asked.asked_at, key=Asked.id, filters=_FILTERS)


def _shown(row: Any, caller: Caller, *, today: date) -> dict[str, Any]:
    shown = dict(row)
    body = shown.pop("organisation_id")
    shown["overdue"] = row["state"] == "asked" and row["due_on"] < today
    actions = []
    if row["state"] == "asked" and caller.may("submissions:write", body):
        actions.append("answer")
    if row["state"] != "closed" and caller.may("explanations:write", body):
        actions.append("close")
    shown["allowed_actions"] = actions
    return shown


async def explanations_page(
    read: Reader, caller: Caller, query: ExplanationQuery
) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    bodies = caller.own_only("explanations:read")
    today = today_in_hanoi()
    if query.status == "overdue":
        del values["status"]
        values |= {"overdue": True, "today": today}
    if bodies is not None:
        values["bodies"] = bodies
    return await _LIST.page(read, query, values, lambda row: _shown(row, caller, today=today))


async def explanation_shown(read: Reader, caller: Caller, explanation_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_EXPLANATION, id=explanation_id)
    if row is None or not caller.may("explanations:read", row["organisation_id"]):
        raise ExplanationNotFoundError
    return _shown(row, caller, today=today_in_hanoi())
