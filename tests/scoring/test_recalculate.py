"""A run is made when there is something new, holds all that went into it, and is never changed."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.embedded import Servers
from services.scoring.commands import recalculate
from services.scoring.queries import stale_periods
from services.scoring.worker import Recalculation
from shared.db import PooledDatabase
from shared.models import Run, RunNode
from tests.cast import Cast, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import (
    PERIOD,
    accepted,
    act,
    assignment_of,
    body,
    closed_period,
    done,
    opened_period,
    submitted,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OTHERS = {"hai-phong": 6.0, "da-nang": 4.0}


async def the_period(client: AsyncClient, cast: Cast) -> UUID:
    return UUID((await opened_period(client, cast))["id"])


async def load_panel(client: AsyncClient, cast: Cast, values: dict[str, dict[str, float]]) -> None:
    localities = [{"code": code, "name": code, "values": row} for code, row in values.items()]
    loaded = await client.put(
        f"/v1/panels/{PERIOD}",
        json={"source": "thử nghiệm", "localities": localities},
        headers=cast.coordinator.headers,
    )
    body(loaded)


async def others(client: AsyncClient, cast: Cast) -> None:
    rows = {code: {"2.1.1": value} for code, value in OTHERS.items()}
    await load_panel(client, cast, {**rows, "ha-noi": {"2.1.2": 50.0}})


async def run(session: AsyncSession, period_id: UUID) -> Run:
    made = await recalculate(session, period_id, now=NOW, trigger="event")
    assert made is not None
    await session.commit()
    return made


async def node(session: AsyncSession, made: Run, code: str) -> RunNode:
    return await session.get_one(RunNode, (made.id, code))


async def test_a_run_holds_its_inputs_its_figures_and_their_sources(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    period_id = await the_period(client, cast)
    await others(client, cast)
    duty = await assignment_of(client, cast)
    taken = await accepted(client, cast, duty["id"], value=8)
    made = await run(session, period_id)
    assert (made.number, made.trigger, made.created_at) == (1, "event", NOW)
    assert [str(key) for key in made.submission_ids] == [taken["id"]]
    figure = made.inputs["own_figures"]["2.1.1"]
    assert figure == {
        "value": 8.0,
        "source": "submission",
        "submissions": [taken["id"]],
        "reason": None,
    }
    row = await node(session, made, "2.1.1")
    assert (row.raw, row.score, row.rank, row.ranked) == (8.0, 100.0, 1, 3)
    assert made.panel_id is not None
    assert len(made.hash) >= 32


async def test_nothing_new_makes_no_second_run(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    period_id = await the_period(client, cast)
    await run(session, period_id)
    assert await recalculate(session, period_id, now=NOW, trigger="sweep") is None
    assert len((await session.scalars(select(Run.id))).all()) == 1
    assert await stale_periods(session) == []


@pytest.mark.parametrize(
    ("steps", "counts"),
    [
        ([], False),
        (["accept"], True),
        (["return"], False),
        (["reject"], False),
        (["withdraw"], False),
        (["accept", "reopen"], False),
    ],
)
async def test_only_what_is_accepted_enters_the_index(
    client: AsyncClient, cast: Cast, session: AsyncSession, steps: list[str], *, counts: bool
) -> None:
    period_id = await the_period(client, cast)
    await others(client, cast)
    duty = await assignment_of(client, cast)
    sent = await submitted(client, cast.officer, duty["id"], value=8)
    for step in steps:
        who = cast.officer if step == "withdraw" else cast.coordinator
        await done(
            client, who, sent["id"], step, "" if step in {"accept", "withdraw"} else "vì vậy"
        )
    made = await run(session, period_id)
    assert made.submission_ids == ([UUID(sent["id"])] if counts else [])
    row = await node(session, made, "2.1.1")
    assert row.raw == (8.0 if counts else None)
    assert (row.reason is None) is counts


async def test_a_superseded_figure_gives_way_to_the_later(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    period_id = await the_period(client, cast)
    await others(client, cast)
    duty = await assignment_of(client, cast)
    await accepted(client, cast, duty["id"], value=8)
    first = await run(session, period_id)
    later = await accepted(client, cast, duty["id"], value=5)
    assert await stale_periods(session) == [period_id]
    second = await run(session, period_id)
    assert (second.number, second.submission_ids) == (2, [UUID(later["id"])])
    assert (await node(session, second, "2.1.1")).score == pytest.approx(50.0)
    assert first.hash != second.hash


async def test_the_same_inputs_make_the_same_hash_and_numbers(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    period_id = await the_period(client, cast)
    await others(client, cast)
    duty = await assignment_of(client, cast)
    taken = await accepted(client, cast, duty["id"], value=8)
    first = await run(session, period_id)
    await done(client, cast.coordinator, taken["id"], "reopen", "đính chính")
    without = await run(session, period_id)
    await accepted(client, cast, duty["id"], value=8)
    again = await run(session, period_id)
    assert first.hash == again.hash != without.hash
    assert (first.score, first.rank) == (again.score, again.rank)


async def test_joint_leads_who_disagree_give_no_figure(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    path = "/v1/frameworks/2024/nodes/1.1.2"
    body(
        await client.patch(
            path, json={"supply": "local", "reason": "Công văn của bộ"}, headers=headers
        )
    )
    period_id = await the_period(client, cast)
    await load_panel(client, cast, {"hai-phong": {"1.1.2": 5.0}, "da-nang": {"1.1.2": 3.0}})
    for code in ("so-tp", "catp"):
        joined = await client.post(
            f"/v1/users/{cast.officer.id}/memberships",
            json={"organisation": code, "role": "officer"},
            headers=cast.admin.headers,
        )
        body(joined, 201)
    values = {"so-tp": 6, "catp": 7}
    for code, value in values.items():
        duty = await assignment_of(client, cast, "1.1.2", organisation=code)
        await accepted(client, cast, duty["id"], value=value)
    apart = await node(session, await run(session, period_id), "1.1.2")
    assert (apart.raw, apart.score, apart.reason) == (None, None, "leads_disagree")
    duty = await assignment_of(client, cast, "1.1.2", organisation="catp")
    await accepted(client, cast, duty["id"], value=6)
    agreed = await node(session, await run(session, period_id), "1.1.2")
    assert (agreed.raw, agreed.score, agreed.reason) == (6.0, 100.0, None)


async def test_a_nil_return_is_no_figure_and_never_zero(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    period_id = await the_period(client, cast)
    await load_panel(
        client,
        cast,
        {"ha-noi": {"2.1.1": 9.0}, "hai-phong": {"2.1.1": 5.0}, "da-nang": {"2.1.1": 3.0}},
    )
    from_panel = await node(session, await run(session, period_id), "2.1.1")
    assert (from_panel.raw, from_panel.source) == (9.0, "panel")
    duty = await assignment_of(client, cast)
    await accepted(client, cast, duty["id"], nil_reason="Không tổ chức thi")
    row = await node(session, await run(session, period_id), "2.1.1")
    assert (row.raw, row.score, row.reason) == (None, None, "nil_return")


async def test_without_a_panel_all_is_missing_and_nothing_is_zero(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    period_id = await the_period(client, cast)
    duty = await assignment_of(client, cast)
    await accepted(client, cast, duty["id"], value=8)
    made = await run(session, period_id)
    assert (made.score, made.rank) == (None, None)
    coverage = made.summary["coverage"]
    assert (coverage["share"], coverage["scored"], coverage["leaves"]) == (0.0, 0, 55)
    assert len(coverage["missing"]) == 55
    assert all(pillar["score"] is None for pillar in made.summary["pillars"])
    assert coverage["from_submissions"] == 1


@pytest.mark.parametrize(
    ("change", "again", "same"),
    [
        ({"weight": 0.5}, True, False),
        ({"direction": "lower"}, True, False),
        # Another version, and so another run; what is defined and not scored leaves the hash as it is.
        ({"upper_bound": 9.5, "unit": "điểm trên 10"}, True, True),
        ({"guidance_vi": "Lấy số ngày 31/12", "accepted_evidence": ["signed"]}, True, True),
        ({"note": "x"}, False, True),
    ],
)
async def test_a_change_of_the_framework_makes_a_new_run_and_another_hash_where_it_counts(
    client: AsyncClient,
    cast: Cast,
    session: AsyncSession,
    change: dict[str, Any],
    *,
    again: bool,
    same: bool,
) -> None:
    period_id = await the_period(client, cast)
    await others(client, cast)
    first = await run(session, period_id)
    headers = {**cast.coordinator.headers, "if-match": "*"}
    why = {"reason": "Công văn của bộ"}
    body(await client.patch("/v1/frameworks/2024/nodes/2.1.1", json=change | why, headers=headers))
    session.expire_all()
    made = await recalculate(session, period_id, now=NOW, trigger="event")
    assert (made is not None) is again
    if made is not None:
        assert made.framework_revision == first.framework_revision + 1
        assert (made.hash == first.hash) is same
        assert (made.score == first.score) or not same


async def test_a_draft_period_has_no_index(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    made = await client.post(
        "/v1/periods",
        json={
            "code": "ky-nhap",
            "name": "Nháp",
            "framework": 2024,
            "reference_year": 2024,
            "due_on": "2030-01-01",
        },
        headers=cast.coordinator.headers,
    )
    period_id = UUID(body(made, 201)["id"])
    assert await recalculate(session, period_id, now=NOW, trigger="event") is None
    assert await stale_periods(session) == []


async def test_what_was_accepted_before_closing_is_still_counted(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    period_id = await the_period(client, cast)
    duty = await assignment_of(client, cast)
    taken = await accepted(client, cast, duty["id"])
    await closed_period(client, cast)
    assert (await act(client, cast.coordinator, taken["id"], "reopen", "vì vậy")).status_code == 409
    assert await stale_periods(session) == [period_id]
    assert (await run(session, period_id)).submission_ids == [UUID(taken["id"])]


@pytest.mark.parametrize(
    "statement", ["UPDATE runs SET score = 0", "DELETE FROM run_nodes", "TRUNCATE runs CASCADE"]
)
async def test_a_run_cannot_be_changed(
    client: AsyncClient, cast: Cast, session: AsyncSession, statement: str
) -> None:
    await run(session, await the_period(client, cast))
    with pytest.raises(DBAPIError, match="is history"):
        await session.execute(text(statement))


async def test_the_api_shows_the_index_stale_until_the_run_has_seen_all(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    period_id = await the_period(client, cast)
    await others(client, cast)

    async def index() -> dict[str, Any]:
        shown: dict[str, Any] = body(
            await client.get(f"/v1/index?period={PERIOD}", headers=cast.viewer.headers)
        )
        return shown

    assert ((await index())["stale"], (await index())["run"]) == (True, None)
    first = await run(session, period_id)
    assert ((await index())["stale"], (await index())["run"]["id"]) == (False, str(first.id))
    duty = await assignment_of(client, cast)
    await accepted(client, cast, duty["id"], value=8)
    assert ((await index())["stale"], (await index())["run"]["id"]) == (True, str(first.id))
    await run(session, period_id)
    now = await index()
    assert (now["stale"], now["score"], now["rank"]) == (False, 100.0, 1)


async def test_many_events_at_once_make_few_runs_and_the_last_has_seen_all(
    servers: Servers, template: str
) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url, pool=5)
        async with database.transaction() as session:
            cast = await make_cast(session)
        recalculation = Recalculation(database, interval=0.1)
        async with serving(settings) as client:
            period_id = await the_period(client, cast)
            await recalculation.on_event(period_id)
            await others(client, cast)
            await asyncio.gather(*(recalculation.on_event(period_id) for _ in range(20)))
        async with database.transaction() as session:
            assert await stale_periods(session) == []
            numbers = (await session.scalars(select(Run.number).order_by(Run.number))).all()
            assert numbers == [1, 2]
        await database.close()


async def test_two_workers_at_once_store_one_run(servers: Servers, template: str) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url, pool=5)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            period_id = await the_period(client, cast)
        workers = [Recalculation(database, interval=0) for _ in range(4)]
        await asyncio.gather(*(worker.sweep() for worker in workers))
        async with database.transaction() as session:
            made = (await session.scalars(select(Run))).all()
            assert [(one.number, one.period_id, one.trigger) for one in made] == [
                (1, period_id, "sweep")
            ]
        await database.close()
