"""People make addresses from which their calendars take deadlines, and end them."""

import secrets
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller, token_hash
from services.api.feeds.queries import FeedNotFoundError
from services.api.feeds.states import own_bodies
from shared.errors import ConflictError, ForbiddenError, InvalidError
from shared.models import Feed, Organisation, User

MOST = 20  # of a person: one for each device and body, and a slip of the hand


class NotAPersonsError(ForbiddenError):
    """Feeds are people's: a system asks for assignments.

    Chỉ người dùng mới đăng ký lịch; hệ thống khác hãy đọc danh sách nhiệm vụ.
    """


class NoOwnBodyError(InvalidError):
    """You write for no body: name one.

    Bạn không nhập liệu cho cơ quan nào: hãy nêu một cơ quan.
    """


class TooManyFeedsError(ConflictError):
    """You have twenty feeds already; end one first.

    Bạn đã có hai mươi địa chỉ lịch; hãy hủy bớt trước.
    """


async def create_feed(
    session: AsyncSession, caller: Caller, *, organisation: str | None, now: datetime
) -> tuple[UUID, str]:
    """Make a feed; its token is known to the caller alone from here on."""
    if caller.kind != "user":
        raise NotAPersonsError
    body = await _body(session, caller, organisation)
    # One at a time, so that the count is right.
    await session.execute(
        select(User.id).where(User.id == caller.id).with_for_update(key_share=True)
    )
    mine = select(func.count()).where(Feed.user_id == caller.id, Feed.revoked_at.is_(None))
    if (await session.scalar(mine) or 0) >= MOST:
        raise TooManyFeedsError
    token = secrets.token_urlsafe(32)
    feed = Feed(
        id=uuid4(),
        user_id=caller.id,
        organisation_id=body,
        token_hash=token_hash(token),
        created_at=now,
    )
    session.add(feed)
    record(
        session,
        caller,
        "created",
        ("feed", feed.id),
        changes={"organisation": [None, organisation]},
    )
    return feed.id, token


async def _body(session: AsyncSession, caller: Caller, code: str | None) -> UUID | None:
    if code is None:
        if not own_bodies(caller):
            raise NoOwnBodyError(pointer="/organisation")
        return None
    body = await session.scalar(select(Organisation.id).where(Organisation.code == code))
    if body is None:
        raise InvalidError(
            "There is no such organisation.", vi="Không có cơ quan này.", pointer="/organisation"
        )
    caller.require("assignments:read", body)
    return body


async def revoke_feed(
    session: AsyncSession, caller: Caller, feed_id: UUID, *, now: datetime
) -> None:
    """End it; whoever has the address gets nothing from now on."""
    feed = await session.get(Feed, feed_id, with_for_update=True)
    if feed is None or feed.user_id != caller.id or feed.revoked_at is not None:
        raise FeedNotFoundError
    feed.revoked_at = now
    record(session, caller, "revoked", ("feed", feed_id), changes={"revoked_at": [None, now]})
