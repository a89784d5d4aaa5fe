from tests.api.conftest import Stage
from tests.factories import body, done


async def test_a_change_is_told_with_who_from_what_to_what_and_latest_first(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    path = "/v1/organisations/so-gddt"
    for name in ("One", "Two"):
        body(await stage.client.patch(path, json={"name_en": name}, headers=headers))
    listed = await stage.client.get(
        "/v1/audit?object_type=organisation&object_id=so-gddt", headers=headers
    )
    second, first = body(listed)["items"]
    assert second["changes"] == {"name_en": ["One", "Two"]}
    assert first["changes"]["name_en"][1] == "One"
    assert second["actor_id"] == str(stage.cast.coordinator.id)
    assert second["actor_name"] == stage.cast.coordinator.name


async def test_what_changes_nothing_leaves_no_entry(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    before = await stage.counts()
    name = body(await stage.client.get("/v1/periods/ky-2024", headers=headers))["name"]
    body(await stage.client.patch("/v1/periods/ky-2024", json={"name": name}, headers=headers))
    assert await stage.counts() == before


async def test_the_log_is_found_by_actor(stage: Stage) -> None:
    await done(
        stage.client, stage.cast.second_coordinator, stage.mine["waiting"], "return", "thiếu dấu"
    )
    listed = await stage.client.get(
        f"/v1/audit?actor={stage.cast.second_coordinator.id}", headers=stage.cast.leader.headers
    )
    entries = body(listed)["items"]
    assert (entries[0]["action"], entries[0]["reason"]) == ("return", "thiếu dấu")
    assert {entry["actor_name"] for entry in entries} == {stage.cast.second_coordinator.name}
