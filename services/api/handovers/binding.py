"""Carry over what hangs on a body: explanations, rules of review, deadlines, policies, feeds, webhooks, deputies."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.api.handovers.held import BOUND
from services.api.handovers.moves import Move, Moves
from services.api.handovers.receipts import Receipt, taken
from shared.models import Deputy, ReviewRule


async def carry_bound(
    session: AsyncSession, receipt: Receipt, moves: Moves, *, now: datetime
) -> None:
    """Let each change hands as it is: a question keeps its day, a deadline and a policy what they say."""
    listed = (*moves.explanations, *moves.deadlines, *moves.policies, *moves.feeds, *moves.webhooks)
    for kind, model in BOUND.items():
        own = [move for move in listed if move.kind == kind]
        rows = await taken(session, model, [move.object_id for move in own])
        for move in own:
            row: Any = rows[move.object_id]
            row.organisation_id = move.to_id
            if hasattr(row, "updated_at"):
                row.updated_at = now
            receipt.add(
                move, old={"organisation_id": move.from_id}, new={"organisation_id": move.to_id}
            )


async def carry_deputies(
    session: AsyncSession,
    receipt: Receipt,
    moves: Sequence[Move],
    accounts: Mapping[UUID, UUID],
) -> None:
    """Let each stand in for the same person, who goes on under another membership."""
    rows = await taken(session, Deputy, [move.object_id for move in moves])
    for move in moves:
        deputy, account = rows[move.object_id], accounts[move.row["follows"]]
        before, deputy.membership_id = deputy.membership_id, account
        receipt.add(
            move,
            old={"membership_id": before},
            new={"membership_id": account},
            changes={"membership": [before, account]},
        )


async def carry_reviews(
    session: AsyncSession, receipt: Receipt, moves: Sequence[Move], *, now: datetime
) -> None:
    """Give the receiver the rule, have it review in the place of who ended, or take that back."""
    for move in moves:
        if move.action == "moved":
            content = {"kind": move.row["review"], "reviewer_id": move.row["reviewer_id"]}
            session.add(ReviewRule(organisation_id=move.to_id, updated_at=now, **content))
            _told(receipt, move, {}, content, new_object_id=move.to_id)
            continue
        rule = await session.get_one(ReviewRule, move.object_id, populate_existing=True)
        old = {"kind": rule.kind, "reviewer_id": rule.reviewer_id}
        if move.action == "ended":
            await session.delete(rule)
            _told(receipt, move, old, {})
        else:
            rule.reviewer_id, rule.updated_at = move.to_id, now
            _told(receipt, move, old, {**old, "reviewer_id": move.to_id})


def _told(
    receipt: Receipt,
    move: Move,
    old: dict[str, Any],
    new: dict[str, Any],
    *,
    new_object_id: UUID | None = None,
) -> None:
    changes = {name: [old.get(name), new.get(name)] for name in old | new}
    receipt.add(move, old=old, new=new, changes=changes, new_object_id=new_object_id)
