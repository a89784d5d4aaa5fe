"""Carry out a plan: the one place that changes several nouns' tables, because a hand-over is one act.

What is moved is locked before; every change is written down twice, in the audit log and in the receipt.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services.api.handovers.binding import carry_bound, carry_deputies, carry_reviews
from services.api.handovers.conflicts import doubled, fitting
from services.api.handovers.moves import Move
from services.api.handovers.plans import Plan
from services.api.handovers.receipts import Receipt, taken
from shared.models import Assignment, Contact, Membership, Responsibility

_DAY = timedelta(days=1)
_OF_A_CONTACT = ("name", "role", "email", "phone", "language", "valid_from", "valid_to")


class Carrying:
    """The steps of one act, each on the rows of one table."""

    def __init__(
        self, session: AsyncSession, plan: Plan, receipt: Receipt, *, now: datetime
    ) -> None:
        self._session = session
        self._plan = plan
        self._receipt = receipt
        self._now = now
        self._day = plan.act.effective_on
        self._last = self._day - _DAY
        # Under which responsibility a duty goes on.
        self._successor: dict[UUID, UUID] = {}
        # As which membership one goes on.
        self._accounts: dict[UUID, UUID] = {}

    async def run(self) -> None:
        moves = self._plan.moves
        await self._responsibilities(moves.responsibilities)
        await self._session.flush()  # duties point at the new ones
        await self._assignments(moves.assignments)
        for move in moves.submissions:
            self._receipt.add(move, old={}, new={})
        await self._contacts(moves.contacts)
        await self._memberships(moves.memberships)
        await self._session.flush()
        await carry_deputies(self._session, self._receipt, moves.deputies, self._accounts)
        await carry_bound(self._session, self._receipt, moves, now=self._now)
        await carry_reviews(self._session, self._receipt, moves.review_rules, now=self._now)
        await self._session.flush()

    def _note(self, move: Move) -> str:
        name = self._plan.facts.bodies[move.from_id].name_vi
        back = self._plan.returned is not None
        return f"{'nhận lại' if back else 'tiếp nhận'} từ {name}"

    async def _responsibilities(self, moves: Sequence[Move]) -> None:
        rows = await taken(self._session, Responsibility, [move.object_id for move in moves])
        for move in moves:
            held = rows[move.object_id]
            kept = {"node_id": held.node_id, "role": held.role, "plan_section": held.plan_section}
            old = {"valid_to": held.valid_to, "legal_basis": held.legal_basis, "note": held.note}
            new = {
                "valid_to": move.row["valid_to"],
                "legal_basis": move.legal_basis or self._plan.act.basis,
                "note": self._note(move),
            }
            new_id: UUID | None = None
            if move.action == "in_place":
                held.organisation_id = move.to_id
                held.legal_basis, held.note = new["legal_basis"], new["note"]
            elif move.action == "joined":
                assert move.joins is not None
                new_id = self._successor.get(move.joins, move.joins)
            else:
                new_id = self._begin(move, held, new)
            changes = {} if move.action == "in_place" else self._end(held, move)
            if new_id is not None:
                self._successor[held.id] = new_id
            self._receipt.add(
                move, old=kept | old, new=kept | new, changes=changes, new_object_id=new_id
            )

    def _end(self, held: Responsibility | Membership, move: Move) -> dict[str, list[Any]]:
        """End it the day before; what is given back has ended already."""
        if move.action == "began":
            return {}
        before, held.valid_to = held.valid_to, self._last
        return {"valid_to": [before, self._last]}

    def _begin(self, move: Move, old: Responsibility, values: dict[str, Any]) -> UUID:
        new = Responsibility(
            id=uuid4(),
            node_id=old.node_id,
            organisation_id=move.to_id,
            role=old.role,
            kind=old.kind,
            plan_section=old.plan_section,
            valid_from=self._day,
            **values,
        )
        self._session.add(new)
        return new.id

    async def _assignments(self, moves: Sequence[Move]) -> None:
        rows = await taken(self._session, Assignment, [move.object_id for move in moves])
        keeping = {move.object_id for move in doubled(self._plan.facts, self._plan.moves)}
        before = self._plan.returned.before if self._plan.returned else {}
        standing = {row["id"] for row in self._plan.facts.responsibilities}
        for move in moves:
            duty = rows[move.object_id]
            was = duty.responsibility_id
            follows = self._successor.get(was) or self._successor.get(before.get(duty.id, was))
            if was not in standing:  # it ended before, and this duty was left behind
                follows = fitting(self._plan.facts, move)
            becomes = was if follows is None or duty.id in keeping else follows
            duty.organisation_id, duty.responsibility_id = move.to_id, becomes
            duty.sort_key = f"{move.row['sort_key']} {self._plan.facts.code(move.to_id)}"
            duty.updated_at = self._now
            self._receipt.add(
                move,
                old={"organisation_id": move.from_id, "responsibility_id": was},
                new={"organisation_id": move.to_id, "responsibility_id": becomes},
                changes={"responsibility": [was, becomes]},
            )

    async def _contacts(self, moves: Sequence[Move]) -> None:
        rows = await taken(self._session, Contact, [move.object_id for move in moves])
        went: dict[UUID, UUID] = {}
        for move in moves:
            old = rows[move.object_id]
            kept = {name: getattr(old, name) for name in _OF_A_CONTACT}
            if move.action == "began" and self._has_contact(move.to_id, old):
                continue
            new_id = None if move.joins is None else went.get(move.joins, move.joins)
            if new_id is None:
                new_id = uuid4()
                self._session.add(Contact(id=new_id, organisation_id=move.to_id, **kept))
            went[old.id] = new_id
            changes: dict[str, list[Any]] = {}
            if move.action != "began":
                old.active, old.updated_at = False, self._now
                changes = {"active": [True, False]}
            role = {"role": old.role}
            self._receipt.add(move, old=role, new=role, changes=changes, new_object_id=new_id)

    def _has_contact(self, body: UUID, wanted: Contact) -> bool:
        key = (body, wanted.role, wanted.email.lower())
        return any(
            (row["organisation_id"], row["role"], row["email"].lower()) == key and row["active"]
            for row in self._plan.facts.contacts
        )

    async def _memberships(self, moves: Sequence[Move]) -> None:
        """Let the same people act for the receiver, in the same roles; nobody else gains anything."""
        rows = await taken(self._session, Membership, [move.object_id for move in moves])
        for move in moves:
            held = rows[move.object_id]
            kept = {"user_id": held.user_id, "role": held.role}
            old = {"valid_to": held.valid_to}
            new_id = move.joins
            changes: dict[str, list[Any]] = {}
            if move.action == "in_place":
                held.organisation_id = move.to_id
            else:
                new_id = new_id or self._join(move, held)
                self._accounts[held.id] = new_id
                changes = self._end(held, move)
            self._receipt.add(
                move,
                old=kept | old,
                new={**kept, "valid_to": move.row["valid_to"]},
                changes=changes,
                new_object_id=new_id,
            )

    def _join(self, move: Move, old: Membership) -> UUID:
        new = Membership(
            id=uuid4(),
            user_id=old.user_id,
            organisation_id=move.to_id,
            role=old.role,
            valid_from=self._day,
            valid_to=move.row["valid_to"],
        )
        self._session.add(new)
        return new.id
