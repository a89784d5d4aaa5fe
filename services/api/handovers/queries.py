"""Hand-overs, and the receipts of what they moved."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import aliased

from services.api.deps.caller import Caller
from services.api.deps.newest import NewestFirst
from services.api.handovers.errors import NotCarriedOutError
from services.api.handovers.plans import read_json
from services.api.handovers.schemas import HandoverQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import (
    Assignment,
    Contact,
    Deputy,
    Feed,
    Handover,
    HandoverMove,
    Membership,
    Organisation,
    Period,
    User,
)


class HandoverNotFoundError(NotFoundError):
    """There is no such hand-over, or it does not concern your body.

    Không có việc bàn giao này, hoặc không thuộc phạm vi của bạn.
    """


def _bodies(ids: Any) -> ColumnElement[str]:
    """List the bodies as JSON; one that is to be made is not among them yet."""
    listed = (
        select(
            func.coalesce(
                func.jsonb_agg(
                    aggregate_order_by(
                        func.jsonb_build_object(
                            "code", Organisation.code, "name_vi", Organisation.name_vi
                        ),
                        Organisation.code,
                    )
                ),
                func.jsonb_build_array(),
            )
        )
        .where(Organisation.id == any_(ids))
        .correlate(Handover)
        .scalar_subquery()
    )
    return cast(listed, Text)


_kinds = (
    select(HandoverMove.kind, func.count().label("number"))
    .where(HandoverMove.handover_id == Handover.id)
    .group_by(HandoverMove.kind)
    .correlate(Handover)
    .lateral("kinds")
)
_moved = (
    select(
        func.coalesce(
            func.jsonb_object_agg(_kinds.c.kind, _kinds.c.number), func.jsonb_build_object()
        )
    )
    .select_from(_kinds)
    .scalar_subquery()
)
_Back = aliased(Handover)
_JSON = (
    "new_body",
    "responsibilities",
    "exceptions",
    "givers",
    "receivers",
    "moved",
    "left_behind",
)
_HANDOVER = select(
    Handover.id,
    Handover.kind,
    Handover.state,
    Handover.from_ids,
    Handover.to_id,
    Handover.to_ids,
    Organisation.code.label("to_code"),
    Organisation.name_vi.label("to_name"),
    _bodies(Handover.from_ids).label("givers"),
    _bodies(Handover.to_ids).label("receivers"),
    cast(Handover.new_body, Text).label("new_body"),
    cast(Handover.chosen, Text).label("responsibilities"),
    cast(Handover.exceptions, Text).label("exceptions"),
    cast(Handover.left_behind, Text).label("left_behind"),
    Handover.effective_on,
    Handover.basis_title,
    Handover.basis_number,
    Handover.basis_date,
    Handover.note,
    Handover.reverses_id,
    select(_Back.id).where(_Back.reverses_id == Handover.id).scalar_subquery().label("reversed_by"),
    Handover.created_by_name,
    Handover.created_at,
    Handover.carried_out_by_name,
    Handover.carried_out_at,
    cast(_moved, Text).label("moved"),
    Handover.trace_id,
    Handover.updated_at,
).outerjoin(Organisation, Organisation.id == Handover.to_id)
ONE_HANDOVER = _HANDOVER.where(Handover.id == bindparam("id"))
_One = aliased(Organisation)
_OWN = bindparam("bodies", type_=ARRAY(Uuid))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "state": Handover.state == bindparam("state"),
    "organisation": exists(
        select(_One.id)
        .where(
            _One.code == bindparam("organisation"),
            or_(_One.id == any_(Handover.from_ids), _One.id == any_(Handover.to_ids)),
        )
        .correlate(Handover)
    ),
    "bodies": or_(Handover.from_ids.overlap(_OWN), Handover.to_ids.overlap(_OWN)),
}
_LIST = NewestFirst(_HANDOVER, at=Handover.created_at, key=Handover.id, filters=_FILTERS)
_Giver, _Receiver = aliased(Organisation), aliased(Organisation)
ITEMS = (
    select(
        HandoverMove.number,
        HandoverMove.kind,
        HandoverMove.action,
        HandoverMove.object_id,
        HandoverMove.new_object_id,
        HandoverMove.from_id,
        HandoverMove.to_id,
        _Giver.code.label("from"),
        _Receiver.code.label("to"),
        cast(HandoverMove.old, Text).label("old"),
        cast(HandoverMove.new, Text).label("new"),
        cast(HandoverMove.facts, Text).label("facts"),
        func.coalesce(Contact.name, User.name).label("person"),
    )
    .join(_Giver, _Giver.id == HandoverMove.from_id)
    .join(_Receiver, _Receiver.id == HandoverMove.to_id)
    .outerjoin(Contact, Contact.id == HandoverMove.object_id)
    .outerjoin(Membership, Membership.id == HandoverMove.object_id)
    .outerjoin(Feed, Feed.id == HandoverMove.object_id)
    .outerjoin(Deputy, Deputy.id == HandoverMove.object_id)
    .outerjoin(User, User.id == func.coalesce(Membership.user_id, Feed.user_id, Deputy.deputy_id))
    .where(HandoverMove.handover_id == bindparam("id"))
    .order_by(HandoverMove.number)
)

# Whether duties of a made-up period are among what was moved.
MADE_UP = select(
    exists()
    .where(HandoverMove.handover_id == bindparam("id"), HandoverMove.kind == "assignment")
    .where(Assignment.id == HandoverMove.object_id, Period.id == Assignment.period_id)
    .where(Period.made_up)
)


def may_hand_over(caller: Caller) -> bool:
    return all(caller.may(permission) for permission in ("plan:write", "periods:write"))


def _actions(row: dict[str, Any], caller: Caller) -> list[str]:
    if not may_hand_over(caller):
        return []
    if row["state"] == "planned":
        return ["edit", "carry_out", "cancel"]
    done = row["state"] == "carried_out" and row["reversed_by"] is None
    return ["reverse"] if done else []


def shown(found: Any, caller: Caller) -> dict[str, Any]:
    row = read_json(found, *_JSON)
    new = row["new_body"]
    to = None
    if row["to_code"]:
        to = {"code": row["to_code"], "name_vi": row["to_name"]}
    elif new:
        to = {"code": new["code"], "name_vi": new["name_vi"]}
    made_later = [to] if to and new and not row["to_code"] else []
    return {
        "id": row["id"],
        "kind": row["kind"],
        "state": row["state"],
        "from": row["givers"],
        "to": to,
        "receivers": made_later + row["receivers"],
        "makes_new_body": new is not None,
        "effective_on": row["effective_on"],
        "basis": {name: row[f"basis_{name}"] for name in ("title", "number", "date")},
        "note": row["note"],
        "responsibilities": row["responsibilities"],
        "exceptions": row["exceptions"],
        "reverses": row["reverses_id"],
        "reversed_by": row["reversed_by"],
        "created_by": row["created_by_name"],
        "created_at": row["created_at"],
        "carried_out_by": row["carried_out_by_name"],
        "carried_out_at": row["carried_out_at"],
        "moved": row["moved"],
        "updated_at": row["updated_at"],
        "allowed_actions": _actions(row, caller),
    }


async def handovers_page(read: Reader, caller: Caller, query: HandoverQuery) -> dict[str, Any]:
    """List them, newest first; a body sees those it gives or receives by."""
    bodies = caller.own_only("handovers:read")
    values: dict[str, Any] = query.filters()
    if bodies is not None:
        values["bodies"] = bodies
    return await _LIST.page(read, query, values, lambda row: shown(row, caller))


async def visible(read: Reader, caller: Caller, handover_id: UUID) -> Any:
    """Find it, if the caller may see it."""
    bodies = caller.own_only("handovers:read")
    row = await read.first(ONE_HANDOVER, id=handover_id)
    if row is None or (bodies is not None and not {*row["from_ids"], *row["to_ids"]} & set(bodies)):
        raise HandoverNotFoundError
    return row


async def handover_shown(read: Reader, caller: Caller, handover_id: UUID) -> dict[str, Any]:
    return shown(await visible(read, caller, handover_id), caller)


def concerns(move: Any, bodies: Sequence[UUID] | None) -> bool:
    """Tell whether one of the caller's own bodies gave or got it; None is every body."""
    return bodies is None or move["from_id"] in bodies or move["to_id"] in bodies


def own_stays(
    stays: Sequence[dict[str, Any]], bodies: Sequence[UUID] | None
) -> list[dict[str, Any]]:
    """Leave out what concerns other bodies only; None is every body."""
    own = None if bodies is None else {str(body) for body in bodies}
    return [
        {name: value for name, value in one.items() if name != "bodies"}
        for one in stays
        if own is None or own & set(one["bodies"])
    ]


async def receipt_shown(read: Reader, caller: Caller, handover_id: UUID) -> dict[str, Any]:
    row = await visible(read, caller, handover_id)
    if row["state"] != "carried_out":
        raise NotCarriedOutError
    bodies = caller.own_only("handovers:read")
    items = []
    for found in await read.all(ITEMS, id=handover_id):
        if concerns(found, bodies):
            item = read_json(found, "old", "new", "facts")
            del item["from_id"], item["to_id"]
            if person := item.pop("person"):
                item["facts"]["name"] = person
            items.append(item)
    return {
        "handover": shown(row, caller),
        "trace_id": row["trace_id"],
        "counts": dict(Counter(item["kind"] for item in items)),
        "items": items,
        "stays": own_stays(read_json(row, "left_behind")["left_behind"], bodies),
    }
