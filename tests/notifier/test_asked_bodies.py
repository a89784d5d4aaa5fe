"""A request for an explanation about an indicator: who is only asked in the plan is not ordered, nor escalated."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from services.notifier.mail.letter import Line
from services.notifier.mail.letters import letters
from shared.models import (
    Assignment,
    ExplanationRequest,
    Mail,
    Node,
    Organisation,
    Reminder,
    Responsibility,
)
from tests.notifier.cast import BASIS, COORDINATOR, World, at

CLERK, PRESIDENT = "thu-ky@toaan.example.vn", "chanh-an@toaan.example.vn"
ASKED_AT = datetime(2026, 12, 1, 2, tzinfo=UTC)


async def court(world: World) -> None:
    await world.contact("tand", CLERK)
    await world.contact("tand", PRESIDENT, role="head")
    for audience in ("officer", "head", "coordinator"):
        await world.policy(0, audience)


async def ask(world: World, node: UUID, body: str = "tand", **values: UUID) -> UUID:
    return await world.add(
        ExplanationRequest(
            id=uuid4(), period_id=world.period_id, node_id=node,
            organisation_id=world.bodies[body], question="Vì sao giảm?", due_on=date(2026, 12, 10),
            asked_by=uuid4(), asked_by_name="Bình", asked_at=ASKED_AT, **values,
        )
    )  # fmt: skip


async def hold(
    world: World, body: str, node: UUID, role: str, *, until: date | None = None
) -> None:
    await world.add(
        Responsibility(
            id=uuid4(), node_id=node, organisation_id=world.bodies[body], role=role,
            legal_basis=f"{BASIS}, {role}", plan_section="", valid_from=date(2024, 8, 6),
            valid_to=until,
        )
    )  # fmt: skip


async def told(world: World, asked: UUID) -> set[str]:
    await world.plan(at(-15))
    return {
        row.recipient
        for row in await world.ledger()
        if row.subject_id == asked and row.kind == "step"
    }


async def written(world: World, asked: UUID) -> Line:
    """Read what a mail about the request says."""
    await world.plan(at(-15))
    (row, *_) = [
        row for row in await world.ledger() if row.subject_id == asked and row.kind == "step"
    ]
    mail_id = await world.add(
        Mail(
            id=uuid4(), key=str(asked), kind="digest", recipient=row.recipient, recipient_name="",
            day=date(2026, 12, 10), message_id=f"<{asked}@x.vn>", state="claimed", next_at=at(0), claimed_at=at(0),
            trace_id="", created_at=at(0),
        )
    )  # fmt: skip
    async with world.database.transaction() as session:
        await session.execute(
            update(Reminder).where(Reminder.id == row.id).values(state="claimed", mail_id=mail_id)
        )
        (line,) = (await letters(session, [mail_id], now=at(0)))[mail_id].lines
    return line


async def test_a_requested_body_that_is_asked_about_an_indicator_is_not_escalated(
    world: World,
) -> None:
    await court(world)
    node = await world.node("1.1.2", "Thiết chế pháp lý")
    await hold(world, "tand", node, "requested")
    asked = await ask(world, node)
    assert await told(world, asked) == {CLERK}


async def test_its_mail_requests_and_names_the_basis_of_its_part(world: World) -> None:
    await court(world)
    node = await world.node("1.1.2", "Thiết chế pháp lý")
    await hold(world, "tand", node, "requested")
    line = await written(world, await ask(world, node))
    assert (line.role, line.legal_basis) == ("requested", f"{BASIS}, requested")


@pytest.mark.parametrize("asked_about", ["indicator", "component"])
async def test_the_part_in_a_component_or_in_its_indicator_counts(
    world: World, asked_about: str
) -> None:
    await court(world)
    above = await world.node("3.2.1", "Hạ tầng")
    below = await world.node("3.2.1.1", "Điện", kind="component", parent_id=above)
    mine, about = (below, above) if asked_about == "indicator" else (above, below)
    await hold(world, "tand", mine, "requested")
    line = await written(world, await ask(world, about))
    assert (line.role, line.legal_basis) == ("requested", f"{BASIS}, requested")


async def test_what_a_body_does_for_the_indicator_itself_goes_first(world: World) -> None:
    await court(world)
    node = await world.node("1.1.2", "Thiết chế pháp lý")
    below = await world.node("1.1.2.1", "Án tồn", kind="component", parent_id=node)
    await hold(world, "tand", below, "lead")
    await hold(world, "tand", node, "requested")
    assert (await written(world, await ask(world, node))).role == "requested"


async def test_a_body_that_is_only_requested_elsewhere_in_the_plan_is_requested(
    world: World,
) -> None:
    await court(world)
    node = await world.node("1.1.1", "Chỉ số khác")
    await hold(world, "tand", await world.node("1.1.2", "Thiết chế pháp lý"), "requested")
    asked = await ask(world, node)
    assert await told(world, asked) == {CLERK}
    line = await written(world, asked)
    assert (line.role, line.legal_basis) == ("requested", "")


async def test_a_body_whose_part_in_the_plan_is_on_request_is_requested(world: World) -> None:
    await court(world)
    await world.change(Organisation, world.bodies["tand"], part_in_the_plan="Reports; Requested")
    asked = await ask(world, await world.node("1.1.1", "Chỉ số khác"))
    assert await told(world, asked) == {CLERK}


async def test_a_body_that_leads_is_ordered_and_escalated(world: World) -> None:
    await court(world)
    node = await world.node("1.1.2", "Thiết chế pháp lý")
    await hold(world, "tand", node, "joint_lead")
    asked = await ask(world, node)
    assert await told(world, asked) == {CLERK, PRESIDENT, COORDINATOR}
    line = await written(world, asked)
    assert (line.role, line.legal_basis) == ("joint_lead", f"{BASIS}, joint_lead")


async def test_a_part_that_was_over_when_it_was_asked_does_not_count(world: World) -> None:
    await court(world)
    node = await world.node("1.1.2", "Thiết chế pháp lý")
    await hold(world, "tand", node, "requested", until=date(2025, 2, 28))
    await hold(world, "tand", await world.node("1.1.1", "Chỉ số khác"), "lead")
    assert (await written(world, await ask(world, node))).role == "lead"


async def test_a_request_about_a_duty_follows_the_duty(world: World) -> None:
    await court(world)
    duty = await world.duty("tand", role="requested")
    async with world.database.transaction() as session:
        node = (await session.get_one(Assignment, duty)).node_id
        assert (await session.get_one(Node, node)).code == "2.1.1"
    line = await written(world, await ask(world, node, assignment_id=duty))
    assert (line.role, line.legal_basis) == ("requested", BASIS)
