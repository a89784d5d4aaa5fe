"""Give a person a role in a body, and end it."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import made, record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.identity.hand import UserNotFoundError, refuse_last_administrator
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.models import Membership, Organisation, User


class OwnAccessError(ConflictError):
    """Nobody closes his own account or ends his own role as administrator: let another do it.

    Không ai tự khóa tài khoản hoặc tự bỏ vai trò quản trị của mình: hãy để người khác làm.
    """


class SameMembershipError(ConflictError):
    """This person has this role in this body already, in those days or some of them.

    Người này đã có vai trò này tại cơ quan này trong toàn bộ hoặc một phần thời gian đó.
    """


class NoSuchOrganisationError(InvalidError):
    """There is no organisation with this code.

    Không có cơ quan nào mang mã này.
    """


async def add_membership(
    session: AsyncSession,
    caller: Caller,
    user_id: UUID,
    *,
    organisation: str,
    role: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
    pointer: str = "",
) -> None:
    body = await session.scalar(select(Organisation.id).where(Organisation.code == organisation))
    if body is None:
        raise NoSuchOrganisationError(pointer=f"{pointer}/organisation")
    if valid_from and valid_to and valid_to < valid_from:
        raise InvalidError(
            "It ends before it begins.",
            vi="Ngày kết thúc trước ngày bắt đầu.",
            pointer=f"{pointer}/valid_to",
        )
    # In hand, so that of two who give the same role at once the second finds the first.
    if await session.get(User, user_id, with_for_update={"key_share": True}) is None:
        raise UserNotFoundError
    membership = Membership(user_id=user_id, organisation_id=body, role=role, valid_to=valid_to)
    membership.valid_from = valid_from or today_in_hanoi()
    await _refuse_same(session, membership, pointer=pointer)
    session.add(membership)
    await session.flush()
    record(
        session,
        caller,
        "membership_added",
        ("user", user_id),
        changes=made(
            {
                "role": role,
                "organisation": organisation,
                "valid_from": membership.valid_from,
                "valid_to": valid_to,
            }
        ),
    )


async def _refuse_same(session: AsyncSession, new: Membership, *, pointer: str) -> None:
    same = select(Membership.id).where(
        Membership.user_id == new.user_id,
        Membership.organisation_id == new.organisation_id,
        Membership.role == new.role,
        or_(Membership.valid_to.is_(None), Membership.valid_to >= new.valid_from),
    )
    if new.valid_to is not None:
        same = same.where(Membership.valid_from <= new.valid_to)
    if await session.scalar(same):
        raise SameMembershipError(pointer=f"{pointer}/role")


async def end_membership(
    session: AsyncSession, caller: Caller, user_id: UUID, membership_id: UUID, *, today: date
) -> None:
    """End it as of yesterday: rights change at once."""
    membership = await session.get(Membership, membership_id, with_for_update=True)
    if membership is None or membership.user_id != user_id:
        raise NotFoundError
    if membership.valid_to is not None and membership.valid_to < today:
        raise ConflictError("It has ended already.", vi="Vai trò này đã kết thúc.")
    if membership.role == "admin":
        if user_id == caller.id:
            raise OwnAccessError
        await refuse_last_administrator(session, user_id, today)
    was = membership.valid_to
    ended = max(today - timedelta(days=1), membership.valid_from)
    if membership.valid_from >= today:
        await session.delete(membership)
    else:
        membership.valid_to = ended
    await _told_of_end(session, caller, membership, was=was, ended=ended)


async def _told_of_end(
    session: AsyncSession, caller: Caller, held: Membership, *, was: date | None, ended: date
) -> None:
    body = select(Organisation.code).where(Organisation.id == held.organisation_id)
    changes = {
        "role": [held.role, None],
        "organisation": [await session.scalar(body), None],
        "valid_to": [was, ended],
    }
    record(session, caller, "membership_ended", ("user", held.user_id), changes=changes)
