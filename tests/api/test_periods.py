from httpx import AsyncClient

from tests.cast import Cast
from tests.factories import PERIOD, body, drafted_period, opened_period


async def test_opening_makes_a_duty_of_every_standing_responsibility(
    client: AsyncClient, cast: Cast
) -> None:
    draft = await drafted_period(client, cast)
    assert (draft["state"], draft["assignments"]) == ("draft", 0)
    opened = body(await client.post(f"/v1/periods/{PERIOD}/open", headers=cast.coordinator.headers))
    standing = await client.get("/v1/responsibilities?limit=200", headers=cast.viewer.headers)
    assert opened["state"] == "open"
    assert opened["assignments"] == len(body(standing)["items"]) >= 57
    assert opened["allowed_actions"] == ["edit", "open", "close", "load_panel"]


async def test_opening_again_adds_only_what_is_new(client: AsyncClient, cast: Cast) -> None:
    before = await opened_period(client, cast)
    path, headers = f"/v1/periods/{PERIOD}/open", cast.coordinator.headers
    same = body(await client.post(path, headers=headers))
    assert same == before
    duty = {
        "framework": 2024,
        "node": "2.1.1",
        "organisation": "so-nv",
        "role": "cooperating",
        "legal_basis": "QĐ",
        "valid_from": "2024-08-06",
    }
    body(await client.post("/v1/responsibilities", json=duty, headers=headers), 201)
    ended = duty | {"organisation": "so-tp", "valid_from": "2199-01-01"}
    body(await client.post("/v1/responsibilities", json=ended, headers=headers), 201)
    assert (
        body(await client.post(path, headers=headers))["assignments"] == before["assignments"] + 1
    )


async def test_a_drafts_deadline_may_move_and_its_duties_get_it(
    client: AsyncClient, cast: Cast
) -> None:
    await drafted_period(client, cast)
    headers = {**cast.coordinator.headers, "if-match": "*"}
    moved = {"due_on": "2031-05-05"}
    body(await client.patch(f"/v1/periods/{PERIOD}", json=moved, headers=headers))
    body(await client.post(f"/v1/periods/{PERIOD}/open", headers=cast.coordinator.headers))
    duties = body(await client.get("/v1/assignments", headers=cast.coordinator.headers))["items"]
    assert {duty["due_on"] for duty in duties} == {"2031-05-05"}
