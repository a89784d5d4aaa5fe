"""What is asked for, checked against what is there: bodies that stand, responsibilities that are held."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.caller import Caller
from services.api.handovers.errors import AlreadyPlannedError
from services.api.handovers.moves import ENDS
from services.api.handovers.plans import Act, picks, plan_of
from services.api.handovers.schemas import Chosen, Excepted, NewHandover
from shared.db import Reader
from shared.errors import ConflictError, InvalidError
from shared.log import trace_id
from shared.models import Handover, Organisation


class NewCodeTakenError(ConflictError):
    """A body has this code already: name it in ``to``.

    Đã có cơ quan mang mã này: hãy nêu trong "to".
    """


def stored(choices: Sequence[Chosen]) -> list[dict[str, Any]]:
    """Write choices as they are kept."""
    return [one.model_dump(mode="json", by_alias=True) for one in choices]


async def wished(
    session: AsyncSession, caller: Caller, *, new: NewHandover, now: datetime
) -> Handover:
    """Make the hand-over that is asked for; it is not stored by this."""
    check_shape(new)
    ids = await _known(session, new)
    if new.new_body:
        await _refuse_taken(session, new.new_body.code)
    givers = [ids[code] for code in new.givers]
    if new.kind in ENDS:
        await _refuse_planned(session, givers)
    to_id = ids[new.to] if new.to else uuid4()
    basis = new.basis
    return Handover(
        id=uuid4(),
        kind=new.kind,
        state="planned",
        from_ids=givers,
        to_id=to_id,
        to_ids=await receivers(
            session, to_id, new.exceptions, made=new.new_body.code if new.new_body else None
        ),
        new_body=new.new_body.model_dump() if new.new_body else None,
        chosen=stored(new.responsibilities),
        exceptions=stored(new.exceptions),
        effective_on=new.effective_on,
        basis_title=basis.title if basis else "",
        basis_number=basis.number if basis else "",
        basis_date=basis.date if basis else None,
        note=new.note,
        reverses_id=None,
        left_behind=[],
        created_by=caller.id,
        created_by_name=caller.name,
        created_at=now,
        updated_at=now,
        trace_id=trace_id.get(),
    )


async def _known(session: AsyncSession, new: NewHandover) -> dict[str, UUID]:
    """Find the bodies that are named; each must be there."""
    codes = {*new.givers, *([new.to] if new.to else [])}
    found = await session.execute(
        select(Organisation.code, Organisation.id).where(Organisation.code.in_(codes))
    )
    ids: dict[str, UUID] = dict(found.all())
    for number, code in enumerate(new.givers):
        if code not in ids:
            raise _unknown(f"/from/{number}")
    if new.to and new.to not in ids:
        raise _unknown("/to")
    return ids


def _unknown(pointer: str) -> InvalidError:
    return InvalidError(
        "There is no such organisation.", vi="Không có cơ quan này.", pointer=pointer
    )


def check_shape(new: NewHandover) -> None:
    """Refuse what cannot be of its kind, whatever the plan says."""
    wrong = {
        "/to": (new.to is None) == (new.new_body is None),
        "/from": len(set(new.givers)) < len(new.givers)
        or (new.kind in {"rename", "split"} and len(new.givers) > 1),
        "/to/another": new.to in new.givers and new.kind != "split",
        "/new_body": new.kind == "rename" and new.new_body is None,
        "/responsibilities": (new.kind == "transfer") != bool(new.responsibilities),
        "/exceptions": new.kind == "split" and not new.exceptions,
    }
    for pointer, refused in wrong.items():
        if refused:
            english, vietnamese = SHAPES[pointer]
            raise InvalidError(english, vi=vietnamese, pointer=pointer.removesuffix("/another"))


SHAPES = {
    "/to": (
        "Name the receiver in to, or describe it in new_body: one of both.",
        "Nêu cơ quan tiếp nhận trong to hoặc mô tả trong new_body: chọn một.",
    ),
    "/to/another": (
        "A body hands over to another one.",
        "Cơ quan bàn giao phải khác cơ quan tiếp nhận.",
    ),
    "/from": (
        "Each body stands once, and a split or a renaming is of one body.",
        "Mỗi cơ quan chỉ nêu một lần; chia tách hoặc đổi tên chỉ áp dụng cho một cơ quan.",
    ),
    "/new_body": (
        "A renamed body is a new one, so that history keeps the old name: send new_body.",
        "Cơ quan đổi tên là cơ quan mới để lịch sử giữ tên cũ: hãy gửi new_body.",
    ),
    "/responsibilities": (
        "A transfer names the responsibilities, no other hand-over does.",
        "Chỉ việc chuyển phân công mới nêu từng phân công, và phải nêu.",
    ),
    "/exceptions": (
        "A split names in exceptions what goes to other bodies.",
        "Việc chia tách phải nêu trong exceptions phần giao cho cơ quan khác.",
    ),
}


async def _refuse_taken(session: AsyncSession, code: str) -> None:
    if await session.scalar(select(Organisation.id).where(Organisation.code == code)):
        raise NewCodeTakenError(pointer="/new_body/code")


async def _refuse_planned(session: AsyncSession, givers: Sequence[UUID]) -> None:
    # Held: of two who plan the same at once the second finds the first.
    held = select(Organisation.id).where(Organisation.id.in_(givers)).order_by(Organisation.id)
    await session.execute(held.with_for_update(key_share=True))
    other = select(Handover.id).where(
        Handover.state == "planned", Handover.kind.in_(ENDS), Handover.from_ids.overlap(givers)
    )
    if await session.scalar(other):
        raise AlreadyPlannedError(pointer="/from")


async def receivers(
    session: AsyncSession, to_id: UUID, exceptions: Sequence[Excepted], *, made: str | None
) -> list[UUID]:
    """List all who receive something; ``made`` is the code of the body that is to be made."""
    codes = {one.to for one in exceptions} - {made}
    rows = await session.execute(
        select(Organisation.code, Organisation.id).where(Organisation.code.in_(codes))
    )
    ids: dict[str, UUID] = dict(rows.all())
    for number, one in enumerate(exceptions):
        if one.to not in ids and one.to != made:
            raise _unknown(f"/exceptions/{number}/to")
    return [to_id, *sorted(set(ids.values()) - {to_id})]


async def check_choices(read: Reader, act: Act, *, today: date) -> None:
    """Refuse a choice that fits nothing the givers hold: a slip would leave it with the rest."""
    plan = await plan_of(read, act, today=today)
    held = [
        {"responsibility": row[key], "node": row["node"], "giver": plan.facts.code(body)}
        for rows, key in (
            (plan.facts.responsibilities, "id"),
            (plan.facts.assignments, "responsibility_id"),
        )
        for row in rows
        if (body := row["organisation_id"]) in act.from_ids
    ]
    for name, told in (("responsibilities", act.chosen), ("exceptions", act.exceptions)):
        for number, pick in enumerate(picks(told, plan.facts)):
            whole = (pick.responsibility is None) == (
                pick.node is not None and pick.giver is not None
            )
            if not whole or not any(pick.fits(**known) for known in held):
                raise InvalidError(
                    "The bodies hold no such responsibility: name one by its id, or by node and from.",
                    vi="Các cơ quan không có phân công này: nêu bằng mã định danh, hoặc node và from.",
                    pointer=f"/{name}/{number}",
                )
            if name == "exceptions" and pick.to_id in act.ending:
                raise InvalidError(
                    "This body ends with the hand-over.",
                    vi="Cơ quan này kết thúc cùng việc bàn giao.",
                    pointer=f"/exceptions/{number}/to",
                )
