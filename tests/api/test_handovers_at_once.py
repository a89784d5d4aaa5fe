"""A hand-over meets those who work on the same duties, over real connections that commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from deploy.embedded import Servers
from shared.db import PooledDatabase
from tests.api.handing import HANDOVERS, add_contact, carry, plan, read
from tests.cast import Cast, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import (
    act,
    assignment_of,
    attached,
    body,
    drafted,
    opened_period,
    submitted,
)
from tests.waiting import until_waiting


@dataclass
class Office:
    client: AsyncClient
    cast: Cast
    database: PooledDatabase


@asynccontextmanager
async def office(
    servers: Servers, template: str, evidence: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    async with copied_database(servers, template) as url:
        folder = evidence.mktemp("at-once")
        settings = settings_for(servers, url, evidence_url=f"file:{folder}")
        database = PooledDatabase(settings.database_url, pool=2)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            await opened_period(client, cast)
            await add_contact(client, cast, "so-gddt", "a@example.org")
            yield Office(client, cast, database)
        await database.close()


@pytest.mark.parametrize("first", ["submit", "carry-out"])
async def test_of_a_submission_and_a_hand_over_at_once_one_goes_first_whole(
    servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory, first: str
) -> None:
    async with office(servers, template, tmp_path_factory) as at:
        client, cast = at.client, at.cast
        duty = await assignment_of(client, cast)
        draft = await drafted(client, cast.officer, duty["id"])
        await attached(client, cast.officer, draft["id"])
        planned = await plan(client, cast)
        actions = {
            "submit": lambda: act(client, cast.officer, draft["id"], "submit"),
            "carry-out": lambda: carry(client, cast, planned["id"]),
        }
        (second,) = actions.keys() - {first}
        async with at.database.transaction() as holder:
            # Both wait for the duty's row, in this order.
            await holder.execute(
                text("SELECT 1 FROM assignments WHERE id = :id FOR UPDATE"), {"id": duty["id"]}
            )
            running = {first: asyncio.create_task(actions[first]())}
            await until_waiting(at.database, 1)
            running[second] = asyncio.create_task(actions[second]())
            await until_waiting(at.database, 2)
        answers = {name: await task for name, task in running.items()}
        body(answers["carry-out"])
        if first == "submit":
            body(answers["submit"])
        else:
            refused = body(answers["submit"], 409)
            assert refused["type"] == "urn:pii:problem:passed-on"
        seen = await read(client, cast.coordinator, f"/v1/assignments/{duty['id']}")
        assert seen["organisation"]["code"] == "so-nv"
        assert seen["status"] == ("submitted" if first == "submit" else "open")
        # Whoever lost sends it as an officer of the new body.
        if first == "carry-out":
            body(await act(client, cast.officer, draft["id"], "submit"))


@pytest.mark.parametrize(("first", "owner"), [("accept", "so-gddt"), ("carry-out", "so-nv")])
async def test_a_figure_accepted_meanwhile_counts_for_the_body_that_had_the_duty_then(
    servers: Servers,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    first: str,
    owner: str,
) -> None:
    async with office(servers, template, tmp_path_factory) as at:
        client, cast = at.client, at.cast
        duty = await assignment_of(client, cast)
        sent = await submitted(client, cast.officer, duty["id"])
        planned = await plan(client, cast)
        actions = {
            "accept": lambda: act(client, cast.second_coordinator, sent["id"], "accept"),
            "carry-out": lambda: carry(client, cast, planned["id"]),
        }
        (second,) = actions.keys() - {first}
        async with at.database.transaction() as holder:
            await holder.execute(
                text("SELECT 1 FROM assignments WHERE id = :id FOR UPDATE"), {"id": duty["id"]}
            )
            running = {first: asyncio.create_task(actions[first]())}
            await until_waiting(at.database, 1)
            running[second] = asyncio.create_task(actions[second]())
            await until_waiting(at.database, 2)
        for task in running.values():
            body(await task)
        seen = await read(client, cast.coordinator, f"/v1/assignments/{duty['id']}")
        assert (seen["organisation"]["code"], seen["status"]) == (owner, "accepted")


async def test_of_many_who_carry_out_at_once_one_does(
    servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with office(servers, template, tmp_path_factory) as at:
        client, cast = at.client, at.cast
        planned = await plan(client, cast)
        answers = await asyncio.gather(*(carry(client, cast, planned["id"]) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        told = await read(client, cast.coordinator, f"{HANDOVERS}/{planned['id']}/receipt")
        assert told["counts"]["responsibility"] == 3


async def test_acts_that_share_bodies_wait_for_each_other(
    servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with office(servers, template, tmp_path_factory) as at:
        client, cast = at.client, at.cast
        one = await plan(client, cast, **{"from": ["so-ct"]}, to="so-tc")
        other = await plan(
            client,
            cast,
            kind="transfer",
            **{"from": ["so-tp"]},
            to="so-ct",
            responsibilities=[{"node": "1.1.2", "from": "so-tp"}],
        )
        answers = await asyncio.gather(*(carry(client, cast, act["id"]) for act in (one, other)))
        codes = [answer.status_code for answer in answers]
        # A body that has just ended takes nothing more.
        assert codes in ([200, 409], [200, 200])
        if codes == [200, 409]:
            assert answers[1].json()["type"] == "urn:pii:problem:blocked"


async def test_a_period_opened_meanwhile_makes_its_duties_for_the_new_body(
    servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with office(servers, template, tmp_path_factory) as at:
        client, cast = at.client, at.cast
        planned = await plan(client, cast)
        carried, _ = await asyncio.gather(
            carry(client, cast, planned["id"]), opened_period(client, cast, code="ky-2025")
        )
        body(carried)
        params = {"period": "ky-2025", "organisation": "so-gddt"}
        assert (await read(client, cast.coordinator, "/v1/assignments", **params))["items"] == []
        params["organisation"] = "so-nv"
        found = await read(client, cast.coordinator, "/v1/assignments", **params)
        assert len(found["items"]) == 5


@pytest.mark.parametrize("first", ["ask", "carry-out"])
async def test_a_question_asked_at_once_is_the_new_bodys_whoever_goes_first(
    servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory, first: str
) -> None:
    async with office(servers, template, tmp_path_factory) as at:
        client, cast = at.client, at.cast
        duty = await assignment_of(client, cast)
        planned = await plan(client, cast)
        question = {"assignment": duty["id"], "question": "Vì sao giảm?", "due_on": "2030-07-10"}
        actions = {
            "ask": lambda: client.post(
                "/v1/explanations", json=question, headers=cast.leader.headers
            ),
            "carry-out": lambda: carry(client, cast, planned["id"]),
        }
        (second,) = actions.keys() - {first}
        async with at.database.transaction() as holder:
            # Both wait for the body's row, in this order.
            await holder.execute(
                text("SELECT 1 FROM organisations WHERE code = 'so-gddt' FOR NO KEY UPDATE")
            )
            running = {first: asyncio.create_task(actions[first]())}
            await until_waiting(at.database, 1)
            running[second] = asyncio.create_task(actions[second]())
            await until_waiting(at.database, 2)
        answers = {name: await task for name, task in running.items()}
        body(answers["carry-out"])
        asked = body(answers["ask"], 201)
        seen = await read(client, cast.coordinator, f"/v1/explanations/{asked['id']}")
        assert seen["organisation"] == "so-nv"
