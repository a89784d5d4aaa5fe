"""Who stands in for whom, and when."""

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
from sqlalchemy.orm import aliased

from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.newest import NewestFirst
from services.api.deputies.schemas import DeputyQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Deputy, Membership, Organisation, User


class DeputyNotFoundError(NotFoundError):
    """There is no such deputy, or it is not yours to see.

    Không có ủy quyền này, hoặc ủy quyền không thuộc phạm vi của bạn.
    """


_Principal, _Deputy = aliased(User), aliased(User)
_DEPUTY = (
    select(
        Deputy.id,
        Organisation.code.label("organisation"),
        _Principal.name.label("principal"),
        _Principal.login.label("principal_login"),
        _Deputy.name.label("deputy"),
        _Deputy.login.label("deputy_login"),
        Deputy.valid_from,
        Deputy.valid_to,
        Deputy.reason,
        Deputy.created_at,
        Deputy.ended_at,
        Membership.organisation_id,
    )
    .join(Membership, Membership.id == Deputy.membership_id)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .join(_Principal, _Principal.id == Membership.user_id)
    .join(_Deputy, _Deputy.id == Deputy.deputy_id)
)
ONE_DEPUTY = _DEPUTY.where(Deputy.id == bindparam("id"))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "organisation": Organisation.code == bindparam("organisation"),
    "on": and_(
        Deputy.ended_at.is_(None),
        Deputy.valid_from <= bindparam("on"),
        Deputy.valid_to >= bindparam("on"),
    ),
    "bodies": Membership.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid))),
}
_LIST = NewestFirst(_DEPUTY, at=Deputy.created_at, key=Deputy.id, filters=_FILTERS)


def _shown(row: Any, caller: Caller) -> dict[str, Any]:
    shown = dict(row)
    body = shown.pop("organisation_id")
    runs = row["ended_at"] is None and row["valid_to"] >= today_in_hanoi()
    shown["active"] = runs and row["valid_from"] <= today_in_hanoi()
    shown["allowed_actions"] = ["end"] if runs and caller.may("submissions:write", body) else []
    return shown


async def deputies_page(read: Reader, caller: Caller, query: DeputyQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    bodies = caller.own_only("assignments:read")
    if bodies is not None:
        values["bodies"] = bodies
    if query.on:
        values["on"] = query.on
    return await _LIST.page(read, query, values, lambda row: _shown(row, caller))


async def deputy_shown(read: Reader, caller: Caller, deputy_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_DEPUTY, id=deputy_id)
    if row is None or not caller.may("assignments:read", row["organisation_id"]):
        raise DeputyNotFoundError
    return _shown(row, caller)
