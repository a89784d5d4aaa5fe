"""Assign standing duties, and end them on a day; what was stays."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, made, record
from services.api.deps.caller import Caller
from services.api.responsibilities.queries import ResponsibilityNotFoundError
from services.api.responsibilities.schemas import NewResponsibility
from shared.errors import ConflictError, InvalidError
from shared.models import Framework, Node, Organisation, Responsibility


class AlreadyResponsibleError(ConflictError):
    """The body already holds this responsibility.

    Cơ quan đã có phân công này.
    """


async def add_responsibility(
    session: AsyncSession, caller: Caller, *, new: NewResponsibility
) -> UUID:
    node = await session.scalar(
        select(Node)
        .join(Framework, Framework.id == Node.framework_id)
        .where(Framework.year == new.framework, Node.code == new.node)
    )
    if node is None or node.kind not in {"indicator", "component"}:
        raise InvalidError(
            "There is no such indicator or component.",
            vi="Không có chỉ số hoặc hạng mục này.",
            pointer="/node",
        )
    _refuse_figure(new.role, new.kind)
    body = await _standing_body(session, new)
    standing = select(Responsibility.id).where(
        Responsibility.node_id == node.id,
        Responsibility.organisation_id == body,
        Responsibility.role == new.role,
        Responsibility.valid_to.is_(None),
    )
    if await session.scalar(standing):
        raise AlreadyResponsibleError
    added = Responsibility(
        id=uuid4(),
        node_id=node.id,
        organisation_id=body,
        role=new.role,
        kind=new.kind,
        legal_basis=new.legal_basis,
        plan_section=new.plan_section,
        valid_from=new.valid_from,
    )
    session.add(added)
    record(
        session,
        caller,
        "created",
        ("responsibility", added.id),
        changes=made(new.model_dump()),
    )
    return added.id


def _refuse_figure(role: str, kind: str | None) -> None:
    # Every accepted figure of a leaf goes into the index, and only leads answer for one.
    if kind == "figure" and role not in {"lead", "joint_lead"}:
        raise InvalidError(
            "Only leads owe a figure.", vi="Chỉ cơ quan chủ trì phải nộp số liệu.", pointer="/kind"
        )


async def locked_responsibility(session: AsyncSession, responsibility_id: UUID) -> Responsibility:
    held = await session.get(Responsibility, responsibility_id, with_for_update={"key_share": True})
    if held is None:
        raise ResponsibilityNotFoundError
    return held


async def correct_responsibility(
    session: AsyncSession,
    caller: Caller,
    responsibility_id: UUID,
    *,
    values: dict[str, Any],
    reason: str,
) -> None:
    """Put right what it says of itself; duties that were made of it stay as they are."""
    held = await locked_responsibility(session, responsibility_id)
    _refuse_figure(held.role, values.get("kind"))
    if changes := apply(held, values):
        record(
            session, caller, "changed", ("responsibility", held.id), changes=changes, reason=reason
        )


async def _standing_body(session: AsyncSession, new: NewResponsibility) -> UUID:
    # FOR SHARE: a hand-over that ends the body waits, and then takes this along.
    body = await session.scalar(
        select(Organisation)
        .where(Organisation.code == new.organisation)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    if body is None:
        raise InvalidError(
            "There is no such organisation.", vi="Không có cơ quan này.", pointer="/organisation"
        )
    if body.valid_to is not None and body.valid_to < new.valid_from:
        raise InvalidError(
            f"This body ended on {body.valid_to.isoformat()}.",
            vi=f"Cơ quan này đã kết thúc ngày {body.valid_to:%d/%m/%Y}.",
            pointer="/organisation",
        )
    return body.id


async def end_responsibility(
    session: AsyncSession, caller: Caller, responsibility_id: UUID, *, valid_to: date
) -> None:
    standing = await locked_responsibility(session, responsibility_id)
    if standing.valid_to is not None:
        raise ConflictError("It has ended already.", vi="Phân công đã kết thúc.")
    if valid_to < standing.valid_from:
        raise InvalidError(
            "It would end before it began.",
            vi="Ngày kết thúc trước ngày bắt đầu.",
            pointer="/valid_to",
        )
    standing.valid_to = valid_to
    record(
        session,
        caller,
        "ended",
        ("responsibility", standing.id),
        changes={"valid_to": [None, valid_to]},
    )
