from sqlalchemy import text

from tests.api.conftest import Stage
from tests.factories import body


async def test_the_ledger_is_found_by_each_filter(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    items = body(await stage.client.get("/v1/reminders", headers=headers))["items"]
    one = next(item for item in items if item["organisation"] == "so-gddt")
    for query, found in {
        "organisation=so-gddt": 1,
        "period=ky-2024": 2,
        "period=ky-2025": 0,
        "state=planned": 2,
        "state=sent": 0,
        f"assignment={one['assignment']}": 1,
    }.items():
        listed = await stage.client.get(f"/v1/reminders?{query}", headers=headers)
        assert len(body(listed)["items"]) == found, query


async def test_a_step_is_added_and_switched_off(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    step = {"offset_days": 14, "repeat_every_days": 7, "repeat_count": 2, "audience": "head"}
    made = body(await stage.client.post("/v1/reminder-policies", json=step, headers=headers), 201)
    assert made.items() >= (step | {"active": True}).items()
    off = await stage.client.patch(
        f"/v1/reminder-policies/{made['id']}", json={"active": False}, headers=headers
    )
    assert body(off)["active"] is False


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
