"""A body is asked to explain, answers in the system by a day, and the question is closed with a remark."""

import asyncio
from typing import Any

from httpx import AsyncClient
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.embedded import Servers
from services.api.deps.clock import today_in_hanoi
from shared.db import PooledDatabase
from shared.models import ExplanationRequest, OutboxMessage
from tests.cast import Cast, Person, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import PERIOD, body, officers_duty, opened_period

ANSWER = {"answer": "Do thay đổi cách tính"}


async def asked(client: AsyncClient, person: Person, **about: str) -> dict[str, Any]:
    content = {"question": "Vì sao giảm?", "due_on": "2030-07-10", **about}
    answer = await client.post("/v1/explanations", json=content, headers=person.headers)
    made: dict[str, Any] = body(answer, 201)
    return made


async def test_a_question_is_answered_by_the_body_and_closed_with_a_remark(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    question = await asked(client, cast.leader, assignment=duty["id"])
    assert (question["indicator"], question["organisation"]) == ("2.1.1", "so-gddt")
    assert question["allowed_actions"] == ["close"]
    path = f"/v1/explanations/{question['id']}"
    assert (await client.get(path, headers=cast.foreign_officer.headers)).status_code == 404
    seen = body(await client.get(path, headers=cast.officer.headers))
    assert seen["allowed_actions"] == ["answer"]
    answered = body(await client.post(f"{path}/answer", json=ANSWER, headers=cast.officer.headers))
    assert (answered["state"], answered["answer"]) == ("answered", ANSWER["answer"])
    again = await client.post(f"{path}/answer", json=ANSWER, headers=cast.head.headers)
    assert again.status_code == 409
    remark = {"remark": "Đã rõ, theo dõi thêm"}
    closed = body(await client.post(f"{path}/close", json=remark, headers=cast.leader.headers))
    assert (closed["state"], closed["remark"]) == ("closed", remark["remark"])
    assert closed["allowed_actions"] == []
    told = await session.scalars(
        select(OutboxMessage.event)
        .where(OutboxMessage.event.startswith("Explanation"))
        .order_by(OutboxMessage.id)
    )
    assert told.all() == ["ExplanationAsked", "ExplanationAnswered", "ExplanationClosed"]


async def test_a_body_without_a_part_in_the_indicator_is_not_asked(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    about = {"period": PERIOD, "indicator": "2.1.2", "organisation": "so-ct"}
    new = {**about, "question": "Vì sao giảm?", "due_on": "2199-01-01"}
    refused = await client.post("/v1/explanations", json=new, headers=cast.coordinator.headers)
    (fault,) = body(refused, 422)["errors"]
    assert fault["pointer"] == "/organisation"
    assert "no part in the indicator" in fault["message"]


async def test_a_question_may_be_about_an_indicator_and_is_overdue_after_its_day(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await officers_duty(client, cast)
    about = {"period": PERIOD, "indicator": "2.1.2", "organisation": "so-gddt"}
    today = today_in_hanoi()
    question = await asked(client, cast.coordinator, **about, due_on=str(today))
    assert (question["assignment"], question["overdue"]) == (None, False)
    overdue = "/v1/explanations?status=overdue"
    assert body(await client.get(overdue, headers=cast.head.headers))["items"] == []
    past = today.replace(year=today.year - 1)
    await session.execute(update(ExplanationRequest).values(due_on=past))
    await session.commit()
    (listed,) = body(await client.get(overdue, headers=cast.head.headers))["items"]
    assert (listed["id"], listed["overdue"]) == (question["id"], True)
    foreign = await client.get(overdue, headers=cast.foreign_officer.headers)
    assert body(foreign)["items"] == []
    path = f"/v1/explanations/{question['id']}/answer"
    late = body(await client.post(path, json=ANSWER, headers=cast.officer.headers))
    assert (late["state"], late["overdue"]) == ("answered", False)


async def test_of_two_who_answer_at_once_one_answer_stands(servers: Servers, template: str) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            duty = await officers_duty(client, cast)
            question = await asked(client, cast.coordinator, assignment=duty["id"])
            path = f"/v1/explanations/{question['id']}/answer"
            answers = await asyncio.gather(
                *(
                    client.post(path, json={"answer": f"Trả lời {n}"}, headers=who.headers)
                    for n, who in enumerate((cast.officer, cast.head, cast.officer))
                )
            )
            assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        await database.close()
