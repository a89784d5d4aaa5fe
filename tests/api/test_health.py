"""Alive, ready part by part, and numbers for operators."""

from datetime import UTC, datetime, timedelta
from typing import Any

from httpx import AsyncClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.embedded import Servers
from tests.api.conftest import Stage
from tests.cast import Cast
from tests.conftest import UndoneDatabase, serving, settings_for
from tests.factories import body, drafted_period, opened_period

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


async def heartbeat(connection: AsyncConnection, part: str, seconds: float) -> None:
    await connection.execute(
        text(
            "INSERT INTO heartbeats (part, instance, seen_at) "
            "VALUES (:part, 'test', now() - make_interval(secs => :seconds))"
        ),
        {"part": part, "seconds": seconds},
    )


async def test_a_process_that_runs_is_alive(client: AsyncClient) -> None:
    answer = await client.get("/livez")
    assert answer.status_code == 200
    assert answer.json() == {"status": "alive"}


async def test_all_parts_answering_is_ready(
    client: AsyncClient, connection: AsyncConnection
) -> None:
    await heartbeat(connection, "scoring", 1)
    await heartbeat(connection, "notifier", 1)
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    ready = answer.json()
    assert ready["status"] == "ready"
    assert {name: part["state"] for name, part in ready["parts"].items()} == {
        "postgresql": "ok",
        "redis": "ok",
        "scoring": "ok",
        "notifier": "ok",
    }
    assert ready["parts"]["postgresql"]["schema"]


async def test_a_silent_worker_degrades_the_system_and_is_named(
    client: AsyncClient, connection: AsyncConnection
) -> None:
    await heartbeat(connection, "scoring", 1)
    await heartbeat(connection, "notifier", 60)
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["parts"]["scoring"]["state"] == "ok"
    assert answer.json()["parts"]["notifier"]["state"] == "silent"
    assert 60 <= answer.json()["parts"]["notifier"]["last_seen_seconds"] < 90


async def test_years_of_deadlines_that_no_decision_confirmed_are_named_and_block_nothing(
    client: AsyncClient, cast: Cast, connection: AsyncConnection
) -> None:
    await heartbeat(connection, "scoring", 1)
    await heartbeat(connection, "notifier", 1)
    await opened_period(client, cast, due_on="2030-06-30")
    await opened_period(client, cast, code="ky-sau", due_on="2031-06-30")
    await drafted_period(client, cast, code="ky-nhap", due_on="2032-06-30")
    day = {"day": "2031-01-01", "kind": "off", "name": "Tết"}
    confirmed = {"days": [day], "confirmed": True, "decision": "QĐ 1"}
    headers = {**cast.coordinator.headers, "if-match": "*"}
    body(await client.put("/v1/calendar/2031", json=confirmed, headers=headers))
    ready = body(await client.get("/readyz"))
    assert ready["status"] == "ready"
    ahead = {(datetime.now(UTC) + timedelta(days=days)).year for days in (0, 30)}
    assert ready["calendar"] == {"unconfirmed_years": [*sorted(ahead), 2030]}


async def test_figures_are_taken_while_redis_is_away(
    servers: Servers, database: UndoneDatabase, shared_database: str
) -> None:
    settings = settings_for(servers, shared_database, redis_url="redis://127.0.0.1:1")
    async with serving(settings, database) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        assert answer.json()["parts"]["redis"]["state"] == "down"
        metrics = await client.get("/metrics")
        assert 'pii_queue_oldest_job_seconds{queue="scoring"} NaN' in metrics.text


async def test_without_postgresql_it_is_alive_but_not_ready(servers: Servers) -> None:
    async with serving(settings_for(servers, NOWHERE)) as client:
        assert (await client.get("/livez")).status_code == 200
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["status"] == "unavailable"
        assert answer.json()["parts"]["postgresql"]["state"] == "down"
        asked = await client.get("/v1/me", headers={"authorization": "Bearer piia_x"})
        assert asked.status_code == 503
        assert asked.headers["retry-after"]
        assert asked.headers["content-type"] == "application/problem+json"


async def test_metrics_count_requests_and_tell_what_waits(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    for _ in range(3):
        await stage.client.get("/v1/alarms", headers=headers)
    await stage.client.get("/v1/nothing", headers=headers)
    answer = await stage.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, sample.labels.get("route"), sample.labels.get("status")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["pii_http_requests_total", "/v1/alarms", "200"] >= 3
    assert samples["pii_http_requests_total", "(none)", "404"] >= 1
    assert samples["pii_outbox_unsent", None, None] > 0
    assert samples["pii_runs", None, None] == 1
    assert samples["pii_alarms_standing", None, None] == 2
    assert samples["pii_bodies_without_contact", None, None] == 2
    assert samples["pii_holds_waiting", None, None] == 1
    assert samples["pii_suppressed_addresses", None, None] == 1
    assert samples["pii_mails_failed_last_day", None, None] == 0
    assert samples["pii_calendar_years_unconfirmed", None, None] >= 1
    assert samples["pii_reminders_paused", None, None] == 0


async def reminding(stage: Stage) -> dict[str, Any]:
    ready = (await stage.client.get("/readyz")).json()
    return dict(ready["reminders"])


async def test_how_reminders_are_doing_is_told_and_makes_nothing_less_ready(stage: Stage) -> None:
    before = (await stage.client.get("/readyz")).json()["status"]
    assert (await reminding(stage))["last_runs_seconds"] == {}
    for statement in (
        "UPDATE reminders SET send_at = now() - interval '1 hour' WHERE state = 'planned'",
        "INSERT INTO notifier_runs (work, ended_at, seconds) VALUES ('planning', now() - interval '90 s', 1)",
        "UPDATE mails SET state = 'failed', created_at = now()",
        "UPDATE reminder_settings SET paused = true, pause_reason = 'thử'",
    ):
        await stage.connection.execute(text(statement))
    told = await reminding(stage)
    assert 3600 <= told["reminder_oldest_due_seconds"] < 3700
    assert 90 <= told["last_runs_seconds"]["planning"] < 120
    assert (told["mails_failed_last_day"], told["reminders_paused"]) == (2, 1)
    assert (await stage.client.get("/readyz")).json()["status"] == before
    metrics = (await stage.client.get("/metrics")).text
    assert 'pii_alarms{kind="no_contact"} 2.0' in metrics
    assert 'pii_alarms{kind="mail_failed"} 0.0' in metrics
    assert 'pii_reminders{state="due"} 2.0' in metrics
    assert 'pii_notifier_run_age_seconds{work="planning"}' in metrics


async def test_what_is_above_its_limit_is_told_though_no_notifier_lives_to_raise_an_alarm(
    stage: Stage,
) -> None:
    await stage.connection.execute(text("UPDATE reminder_settings SET notices_since = now()"))
    fresh = (await reminding(stage))["thresholds"]
    assert {kind: one["exceeded"] for kind, one in fresh.items()} == {
        "planning_silent": False,
        "unsent": False,
        "no_contact": True,
    }
    for statement in (
        "UPDATE reminder_settings SET notices_since = now() - interval '3 hours'",
        (
            "UPDATE mails SET state = 'waiting', sent_at = NULL, created_at = now() - interval '2 hours', "
            "next_at = now() + interval '1 hour'"
        ),
    ):
        await stage.connection.execute(text(statement))
    told = await reminding(stage)
    assert told["alarms"] == {"no_contact": 2}
    assert told["thresholds"]["no_contact"] == {"value": 2, "limit": 0, "exceeded": True}
    assert told["thresholds"]["planning_silent"]["limit"] == 7200
    assert told["thresholds"]["planning_silent"]["exceeded"]
    assert 7200 <= told["thresholds"]["unsent"]["value"] < 7300
    assert told["thresholds"]["unsent"]["exceeded"]
    await stage.connection.execute(
        text("UPDATE reminder_settings SET paused = true, pause_reason = 'thử'")
    )
    assert not (await reminding(stage))["thresholds"]["unsent"]["exceeded"]


async def test_a_row_in_a_mail_that_was_put_off_is_due_as_long_as_it_is_not_sent(
    stage: Stage,
) -> None:
    for statement in (
        "UPDATE mails SET state = 'waiting', sent_at = NULL, next_at = now() + interval '1 hour'",
        (
            "UPDATE reminders SET state = 'claimed', sent_at = NULL, send_at = now() - interval '5 hours' "
            "WHERE mail_id IS NOT NULL"
        ),
    ):
        await stage.connection.execute(text(statement))
    assert 18_000 <= (await reminding(stage))["reminder_oldest_due_seconds"] < 18_100


async def test_held_rows_are_counted_while_a_run_waits(stage: Stage) -> None:
    await stage.connection.execute(
        text("UPDATE reminders SET state = 'held', hold_id = :hold WHERE state = 'planned'"),
        {"hold": stage.mine["hold"]},
    )
    metrics = (await stage.client.get("/metrics")).text
    assert 'pii_reminders{state="held"} 2.0' in metrics
    assert 'pii_reminders{state="due"} 0.0' in metrics


async def test_a_routes_name_in_the_metrics_is_its_pattern_and_not_its_ids(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    await stage.client.get(f"/v1/submissions/{stage.mine['taken']}", headers=headers)
    metrics = (await stage.client.get("/metrics")).text
    assert 'route="/v1/submissions/{submission_id}"' in metrics
    assert stage.mine["taken"] not in metrics
