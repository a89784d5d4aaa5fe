from tests.api.conftest import Stage
from tests.factories import body

DUTY = {
    "framework": 2024,
    "node": "2.1.1",
    "organisation": "so-nv",
    "role": "cooperating",
    "legal_basis": "QĐ 1",
    "valid_from": "2025-03-01",
}


async def test_who_answers_depends_on_the_day(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    made = body(await stage.client.post("/v1/responsibilities", json=DUTY, headers=headers), 201)
    end = f"/v1/responsibilities/{made['id']}/end"
    ended = body(await stage.client.post(end, json={"valid_to": "2025-06-30"}, headers=headers))
    assert ended["allowed_actions"] == []
    for day, found in {
        "2025-02-28": 0,
        "2025-03-01": 1,
        "2025-06-30": 1,
        "2025-07-01": 0,
    }.items():
        params = {"on": day, "organisation": "so-nv", "indicator": "2.1.1"}
        listed = await stage.client.get("/v1/responsibilities", params=params, headers=headers)
        assert len(body(listed)["items"]) == found, day
    again = await stage.client.post(end, json={"valid_to": "2025-07-31"}, headers=headers)
    assert again.status_code == 409


async def test_the_same_duty_is_not_held_twice_at_once(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    body(await stage.client.post("/v1/responsibilities", json=DUTY, headers=headers), 201)
    twice = await stage.client.post("/v1/responsibilities", json=DUTY, headers=headers)
    assert twice.status_code == 409
    other = DUTY | {"role": "requested"}
    body(await stage.client.post("/v1/responsibilities", json=other, headers=headers), 201)
