"""An officer names somebody of the same body who may do what he may while he is away."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deputies.schemas import NewDeputy
from shared.errors import ConflictError, ForbiddenError, InvalidError
from shared.models import Deputy, Membership, Organisation, User

ROLES = ("head", "officer")


class NotAPersonError(ForbiddenError):
    """Only people who write for a body name deputies.

    Chỉ người được cơ quan giao nhập liệu mới ủy quyền được.
    """


class SeveralBodiesError(InvalidError):
    """You write for several bodies, or not for this one: name one of yours.

    Bạn thuộc nhiều cơ quan, hoặc không thuộc cơ quan này: hãy nêu một cơ quan của bạn.
    """


class NoColleagueError(InvalidError):
    """A deputy is somebody else who belongs to the same body in those days.

    Người được ủy quyền phải là người khác, thuộc cùng cơ quan trong thời gian đó.
    """


class ChainOfDeputiesError(ConflictError):
    """In those days somebody stands in for you already, you stand in for another, or your deputy is away himself.

    Trong thời gian đó bạn đã ủy quyền, đang được ủy quyền, hoặc người được chọn cũng vắng.
    """


async def name_deputy(
    session: AsyncSession, caller: Caller, *, new: NewDeputy, now: datetime
) -> UUID:
    """Name a deputy. Rights pass on once and never further: a deputy's deputy has none of them.

    ``caller`` has signed in, or acts by a link in a mail to his address; what is passed on is his own either way.
    """
    if new.valid_to < max(new.valid_from, today_in_hanoi(now)):
        raise InvalidError(
            "It would end before it begins, or before today.",
            vi="Ngày kết thúc trước ngày bắt đầu hoặc trước hôm nay.",
            pointer="/valid_to",
        )
    membership, body = await _membership(session, caller, new)
    # One at a time in a body: of two who name each other at once the second is refused.
    await session.execute(
        select(Organisation.id).where(Organisation.id == body).with_for_update(key_share=True)
    )
    deputy = await session.scalar(
        select(User.id)
        .join(Membership, Membership.user_id == User.id)
        .where(
            User.login == new.deputy,
            User.active,
            User.id != caller.id,
            Membership.organisation_id == body,
            _covers(new.valid_from, new.valid_to),
        )
        .limit(1)
    )
    if deputy is None:
        raise NoColleagueError(pointer="/deputy")
    await _refuse_chains(session, caller.id, deputy, new)
    made = Deputy(
        id=uuid4(),
        membership_id=membership,
        deputy_id=deputy,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        reason=new.reason,
        created_at=now,
    )
    session.add(made)
    record(
        session,
        caller,
        "named",
        ("deputy", made.id),
        changes={
            "deputy": [None, new.deputy],
            "valid_from": [None, new.valid_from],
            "valid_to": [None, new.valid_to],
        },
        reason=new.reason or None,
    )
    return made.id


def _covers(first: date, last: date) -> ColumnElement[bool]:
    return and_(
        Membership.valid_from <= first,
        func.coalesce(Membership.valid_to, text("'infinity'::date")) >= last,
    )


async def _membership(session: AsyncSession, caller: Caller, new: NewDeputy) -> tuple[UUID, UUID]:
    """Find what is passed on: the caller's own membership, never one that he holds as a deputy."""
    if caller.kind == "api_key":
        raise NotAPersonError
    today = text("(now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date")
    rows = await session.execute(
        select(Membership.id, Membership.organisation_id, Organisation.code)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            Membership.user_id == caller.id,
            Membership.role.in_(ROLES),
            Membership.valid_from <= new.valid_to,
            func.coalesce(Membership.valid_to, text("'infinity'::date")) >= today,
        )
        .order_by(Membership.role, Membership.id)  # of both, the head's
    )
    held = {code: (membership, body) for membership, body, code in reversed(rows.all())}
    if not held:
        raise NotAPersonError
    if new.organisation is None and len(held) == 1:
        return next(iter(held.values()))
    if new.organisation not in held:
        raise SeveralBodiesError(pointer="/organisation")
    return held[new.organisation]


async def _refuse_chains(
    session: AsyncSession, principal: UUID, deputy: UUID, new: NewDeputy
) -> None:
    """Whoever is away then has one deputy, stands in for nobody, and his deputy is there: so no circle closes."""
    away = Membership.user_id.in_((principal, deputy))
    found = await session.scalar(
        select(Deputy.id)
        .join(Membership, Membership.id == Deputy.membership_id)
        .where(
            Deputy.ended_at.is_(None),
            Deputy.valid_from <= new.valid_to,
            Deputy.valid_to >= new.valid_from,
            or_(away, Deputy.deputy_id == principal),
        )
        .limit(1)
    )
    if found is not None:
        raise ChainOfDeputiesError
