"""Who subscribed to what, and the deadlines that are in it."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Executable,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from services.api.assignments.states import NEWEST, UNFINISHED
from services.api.deps.caller import Caller, token_hash
from services.api.deps.owner import caller_of
from services.api.deps.paging import page, start_of
from services.api.feeds.schemas import FeedQuery
from services.api.feeds.states import bodies_of_feed
from shared.db import Reader
from shared.duty import effective_due_on, writable
from shared.errors import NotFoundError
from shared.models import (
    Assignment,
    AuditEntry,
    ExplanationRequest,
    Feed,
    Node,
    Organisation,
    Period,
    Responsibility,
)

MOST_ENTRIES = 1000


class FeedNotFoundError(NotFoundError):
    """There is no such feed, or it has ended.

    Không có địa chỉ lịch này, hoặc địa chỉ đã bị hủy.
    """


_FEED = (
    select(
        Feed.id,
        Organisation.code.label("organisation"),
        Feed.created_at,
        Feed.last_used_at,
        Feed.organisation_id,
    )
    .outerjoin(Organisation, Organisation.id == Feed.organisation_id)
    .where(Feed.user_id == bindparam("user"), Feed.revoked_at.is_(None))
)
ONE_FEED = _FEED.where(Feed.id == bindparam("id"))
BY_TOKEN = (
    select(
        Feed.id,
        Feed.user_id,
        Feed.organisation_id,
        Organisation.name_vi.label("name"),
        (
            func.coalesce(Feed.last_used_at, text("'-infinity'"))
            < func.now() - text("interval '1 minute'")
        ).label("unseen"),
    )
    .outerjoin(Organisation, Organisation.id == Feed.organisation_id)
    .where(Feed.token_hash == bindparam("token_hash"), Feed.revoked_at.is_(None))
)
TOUCH_FEED = text("UPDATE feeds SET last_used_at = now() WHERE id = :id")

_Parent = aliased(Node)
_bodies = any_(bindparam("bodies", type_=ARRAY(Uuid)))
_shown = (
    Period.name.label("period"),
    Period.made_up,
    Node.code,
    Node.name_vi.label("name"),
    _Parent.name_vi.label("parent"),
    Node.kind.label("node_kind"),
    Organisation.name_vi.label("organisation"),
)
_moves = (
    select(func.count())
    .where(
        AuditEntry.object_type == "assignment",
        AuditEntry.object_id == cast(Assignment.id, Text),
        or_(AuditEntry.action == "deadline_moved", AuditEntry.action == "deadline_extended"),
    )
    .correlate(Assignment)
    .scalar_subquery()
)
# What can still be handed in; the most pressing first.
DUTIES = (
    select(
        Assignment.id,
        Assignment.kind,
        effective_due_on.label("due_on"),
        Responsibility.role,
        Responsibility.legal_basis,
        Assignment.updated_at.label("changed_at"),
        _moves.label("moves"),
        *_shown,
    )
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .outerjoin(_Parent, _Parent.id == Node.parent_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .outerjoin(NEWEST, true())
    .where(Assignment.organisation_id == _bodies, writable, UNFINISHED)
    .order_by(effective_due_on, Assignment.sort_key, Assignment.id)
    .limit(MOST_ENTRIES)
)
EXPLANATIONS = (
    select(
        ExplanationRequest.id,
        ExplanationRequest.due_on,
        ExplanationRequest.question,
        ExplanationRequest.asked_by_name,
        ExplanationRequest.asked_at.label("changed_at"),
        *_shown,
    )
    .join(Period, Period.id == ExplanationRequest.period_id)
    .join(Node, Node.id == ExplanationRequest.node_id)
    .outerjoin(_Parent, _Parent.id == Node.parent_id)
    .join(Organisation, Organisation.id == ExplanationRequest.organisation_id)
    .where(ExplanationRequest.organisation_id == _bodies, ExplanationRequest.state == "asked")
    .order_by(ExplanationRequest.due_on, ExplanationRequest.id)
    .limit(MOST_ENTRIES)
)


@lru_cache
def feeds_statement(*, after: bool) -> Executable:
    statement = _FEED.order_by(Feed.created_at.desc(), Feed.id.desc()).limit(bindparam("limit"))
    if not after:
        return statement
    return statement.where(
        or_(
            Feed.created_at < bindparam("after_at"),
            and_(Feed.created_at == bindparam("after_at"), Feed.id < bindparam("after_id")),
        )
    )


def _feed(row: Any, caller: Caller) -> dict[str, Any]:
    shown = dict(row)
    shown["active"] = bool(bodies_of_feed(caller, shown.pop("organisation_id")))
    return {**shown, "allowed_actions": ["revoke"]}


async def feeds_page(read: Reader, caller: Caller, query: FeedQuery) -> dict[str, Any]:
    """List the caller's own feeds that stand, newest first."""
    after = start_of(query, datetime.fromisoformat, UUID)
    at, key = after or (None, None)
    rows = await read.all(
        feeds_statement(after=after is not None),
        user=caller.id,
        limit=query.limit + 1,
        after_at=at,
        after_id=key,
    )
    return page(
        query,
        rows,
        lambda row: _feed(row, caller),
        lambda row: [row["created_at"].isoformat(), row["id"]],
    )


async def feed_shown(read: Reader, caller: Caller, feed_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_FEED, user=caller.id, id=feed_id)
    if row is None:
        raise FeedNotFoundError
    return _feed(row, caller)


async def feed_opened(read: Reader, token: str) -> tuple[str, Sequence[UUID]]:
    """Give whose feed it is by name, and the bodies whose deadlines its owner may see at this moment.

    Raises FeedNotFoundError, the same for what never was, was ended, and whose owner left or lost the body.
    """
    feed = await read.first(BY_TOKEN, token_hash=token_hash(token))
    if feed is None:
        raise FeedNotFoundError
    owner = await caller_of(read, feed["user_id"])
    bodies = bodies_of_feed(owner, feed["organisation_id"])
    if owner is None or not bodies:
        raise FeedNotFoundError
    if feed["unseen"]:
        await read.all(TOUCH_FEED, id=feed["id"])
    return feed["name"] or owner.name, bodies


async def deadlines(read: Reader, bodies: Sequence[UUID]) -> tuple[list[Any], list[Any]]:
    """Read what these bodies owe: duties, and explanations; together no more than a feed has."""
    duties = await read.all(DUTIES, bodies=list(bodies))
    explanations = await read.all(EXPLANATIONS, bodies=list(bodies))
    together = sorted(
        (row["due_on"], number) for number, row in enumerate([*duties, *explanations])
    )
    kept = {number for _, number in together[:MOST_ENTRIES]}
    return (
        [row for number, row in enumerate(duties) if number in kept],
        [row for number, row in enumerate(explanations, len(duties)) if number in kept],
    )
