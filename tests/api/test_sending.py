"""When mail may go out, runs that wait for a person, and what needs one."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.planning import plan_reminders
from tests.api.conftest import Stage
from tests.factories import body

SETTINGS = "/v1/reminder-settings"
SHIPPED = {
    "opens_at": "08:00",
    "closes_at": "17:30",
    "digest_at": "08:00",
    "paused": False,
    "pause_reason": "",
    "most_mails": 2000,
    "usual_factor": 5,
    "calendar_required": True,
    "summary_weekday": 1,
    "operator_email": "",
    "silent_hours": 2,
    "unsent_minutes": 60,
}
OTHERS = {
    "opens_at": "07:30",
    "closes_at": "16:00",
    "digest_at": "15:59",
    "paused": True,
    "pause_reason": "Nghỉ Tết",
    "most_mails": 10,
    "usual_factor": 2,
    "calendar_required": False,
    "summary_weekday": None,
    "operator_email": "truc@example.org",
    "silent_hours": 4,
    "unsent_minutes": 30,
}


async def settings(stage: Stage) -> tuple[dict[str, Any], str]:
    got = await stage.client.get(SETTINGS, headers=stage.cast.coordinator.headers)
    shown = dict(body(got))
    del shown["updated_at"], shown["allowed_actions"]
    return shown, got.headers["etag"]


async def put(stage: Stage, content: dict[str, Any], etag: str = "*") -> dict[str, Any]:
    headers = {**stage.cast.coordinator.headers, "if-match": etag}
    return dict(body(await stage.client.put(SETTINGS, json=content, headers=headers)))


async def told(stage: Stage, event: str) -> int:
    found = await stage.connection.scalar(
        text("SELECT count(*) FROM outbox WHERE event = :event AND payload->'period_id' = 'null'"),
        {"event": event},
    )
    return int(found or 0)


async def last_audit(stage: Stage, kind: str) -> dict[str, Any]:
    headers = stage.cast.coordinator.headers
    listed = await stage.client.get(f"/v1/audit?object_type={kind}&limit=1", headers=headers)
    return dict(body(listed)["items"][0])


async def test_what_is_shipped_holds_until_all_settings_are_replaced(stage: Stage) -> None:
    assert (await settings(stage))[0] == SHIPPED
    await put(stage, OTHERS)
    assert (await settings(stage))[0] == OTHERS
    assert await told(stage, "SettingsChanged") == 1
    entry = await last_audit(stage, "reminder_settings")
    assert entry["reason"] == "Nghỉ Tết"
    assert entry["changes"]["opens_at"] == ["08:00:00", "07:30:00"]
    assert set(entry["changes"]) == set(OTHERS)
    await put(stage, {})
    assert (await settings(stage))[0] == SHIPPED


async def test_the_same_settings_again_are_no_change(stage: Stage) -> None:
    await put(stage, SHIPPED)
    assert await told(stage, "SettingsChanged") == 0


async def test_settings_are_replaced_only_as_they_were_read(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    assert (await stage.client.put(SETTINGS, json={}, headers=headers)).status_code == 428
    _, etag = await settings(stage)
    await put(stage, OTHERS, etag)
    late = await stage.client.put(SETTINGS, json={}, headers={**headers, "if-match": etag})
    assert late.status_code == 412


async def hold_rows(stage: Stage) -> str:
    hold = stage.mine["hold"]
    await stage.connection.execute(
        text("UPDATE reminders SET state = 'held', hold_id = :hold WHERE state = 'planned'"),
        {"hold": hold},
    )
    return f"/v1/reminder-holds/{hold}"


async def rows_by_state(stage: Stage) -> dict[str, int]:
    found = await stage.connection.execute(
        text("SELECT state, count(*) FROM reminders GROUP BY state")
    )
    return dict(found.all())


async def test_a_released_run_is_planned_again(stage: Stage) -> None:
    path = await hold_rows(stage)
    headers = stage.cast.coordinator.headers
    got = await stage.client.get(path, headers=headers)
    shown = body(got)
    assert (shown["rows"], shown["mails"], shown["recipients"]) == (2, 2, 2)
    assert (shown["detail"], shown["decided"]) == ({"mails": 9000, "most": 2000}, None)
    assert shown["allowed_actions"] == ["release", "discard"]
    match = {**headers, "if-match": got.headers["etag"]}
    done = body(await stage.client.post(f"{path}/release", headers=match))
    assert (done["state"], done["rows"], done["allowed_actions"]) == ("released", 0, [])
    assert done["decided_by"] == stage.cast.coordinator.name
    assert done["decided"] == {"rows": 2, "mails": 2, "recipients": 2}
    assert done["detail"] == {"mails": 9000, "most": 2000}
    assert await rows_by_state(stage) == {"planned": 2, "sent": 2}
    assert await told(stage, "HoldDecided") == 1
    entry = await last_audit(stage, "reminder_hold")
    assert (entry["action"], entry["changes"]["rows"]) == ("released", [2, 0])
    assert entry["changes"]["mails"] == [2, 0]


async def test_a_discarded_run_is_skipped_with_its_reason(stage: Stage) -> None:
    path = await hold_rows(stage)
    headers = stage.cast.coordinator.headers
    reason = {"reason": "Danh mục nhập nhầm"}
    done = body(await stage.client.post(f"{path}/discard", json=reason, headers=headers))
    assert (done["state"], done["decision_reason"]) == ("discarded", "Danh mục nhập nhầm")
    assert await rows_by_state(stage) == {"skipped": 2, "sent": 2}
    listed = await stage.client.get("/v1/reminders?state=skipped", headers=headers)
    for row in body(listed)["items"]:
        assert row["why"]["vi"] == "Điều phối đã hủy lượt gửi: Danh mục nhập nhầm"
        assert row["why"]["en"] == "The coordinator discarded this run: Danh mục nhập nhầm"
        assert row["hold"] is None
    assert (await last_audit(stage, "reminder_hold"))["reason"] == "Danh mục nhập nhầm"


async def ledger_planned_anew(stage: Stage, now: datetime) -> dict[str, int]:
    async with AsyncSession(stage.connection, join_transaction_mode="create_savepoint") as session:
        await plan_reminders(session, period_id=None, now=now)
        await session.commit()
    return await rows_by_state(stage)


async def test_what_was_discarded_is_not_planned_again_whatever_the_reason_was(
    stage: Stage,
) -> None:
    headers = stage.cast.coordinator.headers
    due = await stage.connection.scalar(
        text("SELECT max(a.due_on) FROM assignments a JOIN periods p ON p.id = a.period_id "
             "WHERE p.state = 'open'")
    )  # fmt: skip
    now = datetime.combine(due, time(3), tzinfo=UTC)
    await stage.connection.execute(text("DELETE FROM reminders"))
    planned = (await ledger_planned_anew(stage, now))["planned"]
    assert planned > 0
    path = await hold_rows(stage)
    reason = {"reason": "100% nhập nhầm / a slip_of the pen"}
    done = body(await stage.client.post(f"{path}/discard", json=reason, headers=headers))
    assert done["decided"]["rows"] == planned
    after = await ledger_planned_anew(stage, now + timedelta(minutes=1))
    assert after == {"skipped": planned}


async def test_a_run_is_decided_once_and_only_as_it_was_read(stage: Stage) -> None:
    path = await hold_rows(stage)
    headers = stage.cast.coordinator.headers
    stale = await stage.client.post(f"{path}/release", headers={**headers, "if-match": '"x"'})
    assert stale.status_code == 412
    body(await stage.client.post(f"{path}/release", json={"reason": "Đã xem"}, headers=headers))
    again = await stage.client.post(f"{path}/discard", json={"reason": "Muộn"}, headers=headers)
    assert again.status_code == 409
    assert again.json()["type"] == "urn:pii:problem:hold-decided"
    for state, number in {"waiting": 0, "released": 1, "discarded": 0}.items():
        listed = await stage.client.get(f"/v1/reminder-holds?state={state}", headers=headers)
        assert len(body(listed)["items"]) == number


async def test_cleared_alarms_are_shown_only_when_asked_for(stage: Stage) -> None:
    await stage.connection.execute(
        text(
            "UPDATE alarms SET cleared_at = now() WHERE organisation_id = "
            "(SELECT id FROM organisations WHERE code = 'so-ct')"
        )
    )
    headers = stage.cast.coordinator.headers
    for query, bodies in {"": ["so-gddt"], "?standing=false": ["so-ct", "so-gddt"]}.items():
        items = body(await stage.client.get(f"/v1/alarms{query}", headers=headers))["items"]
        assert sorted(item["organisation"] for item in items) == bodies


async def test_an_alarm_of_the_system_itself_is_of_no_body(stage: Stage) -> None:
    await stage.connection.execute(
        text(
            "INSERT INTO alarms (id, kind, subject, detail) "
            "VALUES (gen_random_uuid(), 'notifier_silent', '', 'thử')"
        )
    )
    headers = stage.cast.coordinator.headers
    listed = await stage.client.get("/v1/alarms?kind=notifier_silent", headers=headers)
    (alarm,) = body(listed)["items"]
    assert (alarm["organisation"], alarm["subject"], alarm["mailed_at"]) == (None, "", None)
    others = body(await stage.client.get("/v1/alarms?kind=no_contact", headers=headers))["items"]
    assert len(others) == 2
    assert all(alarm["subject"] for alarm in others)
