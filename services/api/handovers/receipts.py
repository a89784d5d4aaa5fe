"""What was moved is written down twice, in the audit log and in the receipt; what is to be moved is locked before."""

from collections.abc import Collection
from datetime import date
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.handovers.conflicts import Conflict
from services.api.handovers.labels import lasting_labels
from services.api.handovers.moves import Move
from services.api.handovers.plans import Plan
from shared.db import Base
from shared.models import Handover, HandoverMove

Model = TypeVar("Model", bound=Base)
NOT_MOVED = frozenset({"left_behind", "key_left", "scope_left"})


def _written(values: dict[str, Any]) -> dict[str, Any]:
    """Write values as JSON keeps them."""
    made = dict(values)
    for name, value in values.items():
        if isinstance(value, date):
            made[name] = value.isoformat()
        elif isinstance(value, UUID):
            made[name] = str(value)
    return made


class Receipt:
    """Writes down what was moved, in order, with the audit entry of each."""

    def __init__(
        self, session: AsyncSession, caller: Caller, handover: Handover, plan: Plan
    ) -> None:
        self._session = session
        self._caller = caller
        self._handover = handover
        self._codes = {body.id: body.code for body in plan.facts.bodies.values()}
        self._basis = plan.act.basis
        self.number = 0

    def add(
        self,
        move: Move,
        *,
        old: dict[str, Any],
        new: dict[str, Any],
        changes: dict[str, list[Any]] | None = None,
        new_object_id: UUID | None = None,
    ) -> None:
        """Note one move: the thing as it was, the thing as it goes on, and what changed of the old one."""
        self.number += 1
        self._session.add(
            HandoverMove(
                id=uuid4(),
                handover_id=self._handover.id,
                number=self.number,
                kind=move.kind,
                action=move.action,
                object_id=move.object_id,
                new_object_id=new_object_id,
                from_id=move.from_id,
                to_id=move.to_id,
                old=_written(old),
                new=_written(new),
                facts=_written(lasting_labels(move)),
            )
        )
        self._record(move, changes or {}, new_object_id)

    def _record(
        self, move: Move, changes: dict[str, list[Any]], new_object_id: UUID | None
    ) -> None:
        record(
            self._session,
            self._caller,
            "handed_over",
            (move.kind, move.object_id),
            changes={
                "organisation": [self._codes[move.from_id], self._codes[move.to_id]],
                "handover": [None, self._handover.id],
                **changes,
                **({"continued_by": [None, new_object_id]} if new_object_id else {}),
            },
            reason=self._basis,
        )


async def taken(
    session: AsyncSession, model: type[Model], ids: Collection[UUID]
) -> dict[UUID, Model]:
    """Load rows by their ids, locked in one order."""
    if not ids:
        return {}
    key = model.__table__.c.id
    rows = await session.scalars(
        select(model)
        .where(key.in_(ids))
        .order_by(key)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}  # type: ignore[attr-defined]


def left_behind(plan: Plan) -> list[dict[str, Any]]:
    """List what stays, and why: what is done, what is not moved, and of a reversal what was changed since."""
    done = [
        {
            "kind": "assignment",
            "object_id": str(row["id"]),
            "bodies": [str(row["organisation_id"])],
            "reason": "done",
            "words": "Đã hoàn thành: giữ nguyên tên cơ quan cũ. / Done: it stays under the old body's name.",
            "facts": {name: row[name] for name in ("period", "node", "status")},
        }
        for row in plan.done_duties
    ]
    left = [_not_moved(one) for one in plan.conflicts if one.code in NOT_MOVED]
    return done + left + (plan.returned.stays if plan.returned else [])


def _not_moved(one: Conflict) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "object_id": str(one.object_id),
        "bodies": [str(one.body)],
        "reason": "left_behind",
        "words": f"{one.vietnamese} / {one.english}",
        "facts": {},
    }
