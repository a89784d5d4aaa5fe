"""A question that waits for its answer goes to whoever can answer it after a hand-over."""

from datetime import UTC, datetime, timedelta
from typing import Any

from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.clock import today_in_hanoi
from services.notifier.plan.planning import plan_reminders
from shared.models import AuditEntry, Organisation, Reminder
from tests.api.handing import (
    HANDOVERS,
    add_contact,
    carry,
    handed_over,
    plan,
    read,
    receipt,
    reverse,
)
from tests.cast import Cast, Person
from tests.factories import (
    PERIOD,
    accepted,
    assignment_of,
    body,
    closed_period,
    officers_duty,
    opened_period,
    pointers,
)

TODAY = today_in_hanoi()
ANSWER = {"answer": "Do thay đổi cách tính"}
TO_CT: dict[str, Any] = {"to": "so-ct"}


async def asked(client: AsyncClient, person: Person, **about: str) -> dict[str, Any]:
    content = {"question": "Vì sao giảm?", "due_on": "2030-07-10", **about}
    made: dict[str, Any] = body(
        await client.post("/v1/explanations", json=content, headers=person.headers), 201
    )
    return made


async def status(client: AsyncClient, person: Person, question: dict[str, Any]) -> int:
    found = await client.get(f"/v1/explanations/{question['id']}", headers=person.headers)
    return found.status_code


async def answers(client: AsyncClient, person: Person, question: dict[str, Any]) -> Any:
    path = f"/v1/explanations/{question['id']}/answer"
    return await client.post(path, json=ANSWER, headers=person.headers)


async def owner(client: AsyncClient, cast: Cast, question: dict[str, Any]) -> str:
    found = await read(client, cast.coordinator, f"/v1/explanations/{question['id']}")
    return str(found["organisation"])


async def test_the_new_body_sees_and_answers_and_the_old_one_does_not(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    question = await asked(client, cast.leader, assignment=duty["id"])
    assert await status(client, cast.foreign_officer, question) == 404
    planned = await plan(client, cast, **TO_CT)
    (listed,) = planned["preview"]["explanations"]
    assert (listed["id"], listed["from"], listed["to"]) == (question["id"], "so-gddt", "so-ct")
    body(await carry(client, cast, planned["id"]))
    (told,) = [
        one
        for one in (await receipt(client, cast.foreign_officer, planned["id"]))["items"]
        if one["kind"] == "explanation"
    ]
    assert (told["object_id"], told["facts"]["node"]) == (question["id"], "2.1.1")
    entry = await session.scalar(
        select(AuditEntry).where(
            AuditEntry.object_id == question["id"], AuditEntry.action == "handed_over"
        )
    )
    assert entry is not None
    assert entry.changes["organisation"] == ["so-gddt", "so-ct"]
    # Whoever moved along answers too, as he is of the new body.
    assert await status(client, cast.officer, question) == 200
    answered = body(await answers(client, cast.foreign_officer, question))
    assert (answered["state"], answered["organisation"]) == ("answered", "so-ct")


async def test_the_receipt_in_print_lists_the_questions(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    await asked(client, cast.leader, assignment=duty["id"])
    made = await handed_over(client, cast, **TO_CT)
    page = await client.get(
        f"{HANDOVERS}/{made['id']}/receipt",
        headers={**cast.coordinator.headers, "accept": "text/html"},
    )
    assert "Yêu cầu giải trình chưa trả lời: 1" in page.text


async def test_a_transfer_takes_the_question_about_its_duty_and_leaves_the_others(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    about = {"period": PERIOD, "organisation": "so-gddt"}
    goes = [
        await asked(client, cast.leader, assignment=duty["id"]),
        await asked(client, cast.leader, indicator="2.1.1", **about),
    ]
    stays = await asked(client, cast.leader, indicator="2.1.2", **about)
    chosen = [{"node": "2.1.1", "from": "so-gddt"}]
    await handed_over(client, cast, kind="transfer", responsibilities=chosen, **TO_CT)
    assert [await owner(client, cast, one) for one in goes] == ["so-ct", "so-ct"]
    assert await owner(client, cast, stays) == "so-gddt"
    assert await status(client, cast.officer, goes[0]) == 404
    assert (await answers(client, cast.officer, goes[0])).status_code in {403, 404}
    body(await answers(client, cast.foreign_officer, goes[0]))
    body(await answers(client, cast.officer, stays))


async def test_a_question_about_what_is_done_goes_with_the_body_that_ends_but_not_with_a_transfer(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    await accepted(client, cast, duty["id"])
    question = await asked(client, cast.leader, assignment=duty["id"])
    chosen = [{"node": "2.1.1", "from": "so-gddt"}]
    await handed_over(client, cast, kind="transfer", responsibilities=chosen, **TO_CT)
    assert await owner(client, cast, question) == "so-gddt"
    await handed_over(client, cast)
    assert await owner(client, cast, question) == "so-nv"


async def test_an_exception_takes_the_question_along(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    about = {"period": PERIOD, "organisation": "so-gddt"}
    one = await asked(client, cast.leader, indicator="2.1.2", **about)
    # Of the indicator that goes with all the rest.
    other = await asked(client, cast.leader, indicator="2.1.1", **about)
    exception = {"node": "2.1.2", "from": "so-gddt", "to": "so-ct"}
    await handed_over(client, cast, exceptions=[exception])
    assert [await owner(client, cast, it) for it in (one, other)] == ["so-ct", "so-nv"]


async def test_a_counter_act_gives_it_back_and_leaves_what_was_answered(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    first = await asked(client, cast.leader, assignment=duty["id"])
    second = await asked(client, cast.leader, assignment=duty["id"])
    made = await handed_over(client, cast, **TO_CT)
    body(await answers(client, cast.foreign_officer, second))
    back = await reverse(client, cast, made["id"], effective_on=str(TODAY))
    assert [await owner(client, cast, one) for one in (first, second)] == ["so-gddt", "so-ct"]
    stays = (await receipt(client, cast.coordinator, back["id"]))["stays"]
    assert [(one["kind"], one["object_id"]) for one in stays] == [("explanation", second["id"])]
    assert await status(client, cast.foreign_officer, first) == 404
    body(await answers(client, cast.officer, first))


async def test_a_question_of_a_closed_period_is_not_lost(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    question = await asked(client, cast.leader, assignment=duty["id"])
    await closed_period(client, cast)
    await handed_over(client, cast, **TO_CT)
    body(await answers(client, cast.foreign_officer, question))


async def test_nobody_is_asked_who_has_ended(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    await accepted(client, cast, duty["id"])
    await handed_over(client, cast)
    wrong = {
        "/assignment": {"assignment": duty["id"]},
        "/organisation": {"period": PERIOD, "indicator": "2.1.1", "organisation": "so-gddt"},
    }
    for pointer, about in wrong.items():
        content = {"question": "Vì sao giảm?", "due_on": "2030-07-10", **about}
        refused = await client.post("/v1/explanations", json=content, headers=cast.leader.headers)
        assert pointers(body(refused, 422)) == [pointer]


async def test_its_reminders_follow(client: AsyncClient, cast: Cast, session: AsyncSession) -> None:
    now = datetime.now(UTC)
    await opened_period(client, cast)
    await add_contact(client, cast, "so-gddt", "cu@example.org")
    await add_contact(client, cast, "so-ct", "moi@example.org")
    duty = await assignment_of(client, cast)
    due_on = str(TODAY + timedelta(days=20))
    question = await asked(client, cast.leader, assignment=duty["id"], due_on=due_on)

    async def lines() -> set[tuple[str, str, str]]:
        await plan_reminders(session, period_id=None, now=now)
        await session.commit()
        rows = await session.execute(
            select(Reminder.recipient, Organisation.code, Reminder.state)
            .join(Organisation, Organisation.id == Reminder.organisation_id)
            .where(Reminder.explanation_id == question["id"], Reminder.kind == "step")
        )
        return {(recipient, code, state) for recipient, code, state in rows}

    assert await lines() == {("cu@example.org", "so-gddt", "planned")}
    planned = await plan(client, cast, kind="transfer", **TO_CT,
                         responsibilities=[{"node": "2.1.1", "from": "so-gddt"}])  # fmt: skip
    shown = {(one["explanation"], one["assignment"]) for one in planned["preview"]["reminders"]}
    assert (question["id"], duty["id"]) in shown
    body(await carry(client, cast, planned["id"]))
    assert await lines() == {
        ("cu@example.org", "so-gddt", "skipped"),
        ("moi@example.org", "so-ct", "planned"),
    }
