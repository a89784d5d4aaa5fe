"""The coordinator says how an indicator's figures are checked."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.frameworks.states import refuse_retired
from services.api.organisations.queries import OrganisationNotFoundError
from services.api.rules.schemas import ReviewRule as Wanted
from services.api.rules.schemas import Rules
from shared.errors import InvalidError
from shared.models import Framework, IndicatorRule, Node, Organisation, ReviewRule
from shared.units import scale_of


async def locked_node(session: AsyncSession, node_id: UUID) -> Node:
    """Take a node whose framework is in force or drafted, the framework first: as those do who change that."""
    framework_id = select(Node.framework_id).where(Node.id == node_id).scalar_subquery()
    state = await session.scalar(
        select(Framework.state).where(Framework.id == framework_id).with_for_update(read=True)
    )
    refuse_retired(str(state))
    return await session.get_one(Node, node_id, with_for_update={"key_share": True})


async def locked_bodies(
    session: AsyncSession, code: str, reviewer: str | None
) -> tuple[Organisation, Organisation | None]:
    """Take whose figures they are and who shall review them, in the order in which a hand-over takes them."""
    codes = {code, reviewer} - {None}
    found = await session.scalars(
        select(Organisation)
        .where(Organisation.code.in_(codes))
        .order_by(Organisation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    bodies = {body.code: body for body in found}
    if code not in bodies:
        raise OrganisationNotFoundError
    return bodies[code], bodies.get(reviewer or "")


async def set_rules(
    session: AsyncSession,
    caller: Caller,
    node_id: UUID,
    *,
    target: str,
    rules: Rules,
    now: datetime,
) -> None:
    """Replace all rules of a node; what was submitted already is not looked at again.

    ``target`` names the node in the audit log, as the framework's own changes do: year and code.
    """
    node = await locked_node(session, node_id)
    await _check_codes(session, node, rules.same_denominator_as)
    row = await session.get(IndicatorRule, node_id)
    if row is None:
        row = IndicatorRule(node_id=node_id, **_columns(Rules(), node.unit))
        session.add(row)
    said = _said_scale(row)
    if changes := apply(row, _columns(rules, node.unit)):
        row.updated_at = now
        # The log keeps what was said, not what was filled in for it.
        changes = {name: change for name, change in changes.items() if not name.startswith("scale")}
        if said != rules.scale:
            changes["scale"] = [said, rules.scale]
        record(session, caller, "rules_set", ("node", target), changes=changes)


def _said_scale(row: IndicatorRule) -> float | None:
    return None if row.scale_from_unit else row.scale


def _columns(rules: Rules, unit: str) -> dict[str, Any]:
    """Fill the scale in also where it is the unit's."""
    said = rules.scale
    scale = scale_of(unit) if said is None else said
    return rules.model_dump() | {"scale": scale, "scale_from_unit": said is None}


async def _check_codes(session: AsyncSession, node: Node, codes: list[str]) -> None:
    known = set(
        await session.scalars(
            select(Node.code).where(
                Node.framework_id == node.framework_id,
                Node.code.in_(codes),
                Node.kind.in_(("indicator", "component")),
            )
        )
    )
    for place, code in enumerate(codes):
        if code not in known or code == node.code or code in codes[:place]:
            raise InvalidError(
                f"{code} is no other indicator of this framework.",
                vi=f"{code} không phải là một chỉ số khác của bộ chỉ số này.",
                pointer=f"/same_denominator_as/{place}",
            )


async def set_review(
    session: AsyncSession, caller: Caller, code: str, *, wanted: Wanted, now: datetime
) -> None:
    """Say who must accept a body's figures. It holds for all that is not accepted yet."""
    body, named = await locked_bodies(session, code, wanted.reviewer)
    if body.is_coordinator and wanted.kind == "one_reviewer":
        raise InvalidError(
            "Whoever coordinates does not accept his own body's figures alone.",
            vi="Cơ quan điều phối không được một mình tiếp nhận số liệu của chính mình.",
            pointer="/kind",
        )
    row = await session.get(ReviewRule, body.id)
    old = await _named(session, body, row)
    reviewer = _reviewer(body, named, wanted, today=today_in_hanoi(now))
    if wanted.kind == "one_reviewer":
        if row is not None:
            await session.delete(row)
    else:
        row = row or ReviewRule(organisation_id=body.id)
        row.kind, row.reviewer_id, row.updated_at = wanted.kind, reviewer, now
        session.add(row)
    record(
        session,
        caller,
        "review_set",
        ("organisation", code),
        changes={
            name: [old[name], new] for name, new in wanted.model_dump().items() if old[name] != new
        },
    )


async def _named(
    session: AsyncSession, body: Organisation, row: ReviewRule | None
) -> dict[str, str | None]:
    """Say what a rule said, as it is shown; without one the default."""
    if row is None:
        kind = "second_reviewer" if body.is_coordinator else "one_reviewer"
        return {"kind": kind, "reviewer": None}
    code = select(Organisation.code).where(Organisation.id == row.reviewer_id)
    return {"kind": row.kind, "reviewer": await session.scalar(code)}


def _reviewer(
    body: Organisation, named: Organisation | None, wanted: Wanted, *, today: date
) -> UUID | None:
    """Choose who reviews: another body, which stands, or nobody could ever complete an acceptance."""
    if wanted.reviewer is None:
        return None
    if named is None or named.id == body.id:
        raise InvalidError(
            "There is no other body with this code.",
            vi="Không có cơ quan nào khác mang mã này.",
            pointer="/reviewer",
        )
    if not (named.valid_from or today) <= today <= (named.valid_to or today):
        raise InvalidError(
            "This body does not stand today; name one that does.",
            vi="Cơ quan này hiện không tồn tại; hãy chọn cơ quan đang hoạt động.",
            pointer="/reviewer",
        )
    return named.id
