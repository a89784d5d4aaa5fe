"""Policies are data: made, changed, removed; steps as a whole; the notifier hears of each change."""

from typing import Any

from httpx import Response
from sqlalchemy import text

from tests.api.conftest import Stage
from tests.factories import body, pointers

POLICIES = "/v1/reminder-policies"
STEPS = [
    {"offset_days": 3, "audience": "head", "separate": True},
    {"offset_days": -5, "audience": "officer"},
    {
        "offset_days": -5,
        "days": "calendar",
        "audience": "officer",
        "repeat_every": 7,
        "repeat_count": 2,
    },
]
NEW = {"name": "Riêng cho Sở GDĐT", "organisation": "so-gddt", "steps": STEPS}


async def made(stage: Stage, **values: Any) -> dict[str, Any]:
    answer = await stage.client.post(
        POLICIES, json=NEW | values, headers=stage.cast.coordinator.headers
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{POLICIES}/{answer.json()['id']}"
    return dict(answer.json())


async def changed(stage: Stage, policy: str, **values: Any) -> Response:
    return await stage.client.patch(
        f"{POLICIES}/{policy}",
        json=values,
        headers={**stage.cast.coordinator.headers, "if-match": "*"},
    )


async def events(stage: Stage) -> int:
    found = await stage.connection.scalar(
        text("SELECT count(*) FROM outbox WHERE event = 'PolicyChanged'")
    )
    return int(found or 0)


async def audited(stage: Stage, policy: str) -> list[dict[str, Any]]:
    found = await stage.client.get(
        f"/v1/audit?object_type=reminder_policy&object_id={policy}",
        headers=stage.cast.coordinator.headers,
    )
    return list(body(found)["items"])


async def test_what_is_shipped_is_the_agreed_default(stage: Stage) -> None:
    found = body(await stage.client.get(POLICIES, headers=stage.cast.viewer.headers))["items"]
    shipped = {
        policy["kind"]: {
            (step["offset_days"], step["audience"], step["repeat_every"], step["repeat_count"])
            for step in policy["steps"]
        }
        for policy in found
    }
    both = ("officer", "deputy")
    assert shipped[None] == {
        *((day, who, None, None) for day in (-10, -5, -1, 0, 1, 3) for who in both),
        (3, "head", None, None),
        *((5, who, 5, None) for who in (*both, "coordinator")),
        (15, "leadership", None, None),
    }
    assert shipped["explanation"] == {
        *((day, who, None, None) for day in (-1, 0, 1) for who in both),
        (2, "head", None, None),
        (3, "coordinator", None, None),
    }
    assert {step["days"] for policy in found for step in policy["steps"]} == {"working"}
    assert all(policy["allowed_actions"] == [] for policy in found)


async def test_a_policy_is_made_with_its_steps_by_day_and_says_how_specific_it_is(
    stage: Stage,
) -> None:
    before = await events(stage)
    policy = await made(stage, indicator="3.2.1.dien-nang", period="ky-2024", kind="figure")
    assert policy["specificity"] == 15
    assert [(step["offset_days"], step["days"]) for step in policy["steps"]] == [
        (-5, "calendar"),
        (-5, "working"),
        (3, "working"),
    ]
    assert policy["steps"][0]["repeat_every"] == 7
    assert policy["steps"][2]["separate"] is True
    assert policy["allowed_actions"] == ["edit", "delete"]
    assert await events(stage) == before + 1
    (entry,) = await audited(stage, policy["id"])
    assert (entry["action"], len(entry["changes"]["steps"][1])) == ("created", 3)


async def test_policies_are_found_by_each_part_of_their_scope(stage: Stage) -> None:
    await made(stage, indicator="2.1.1", period="ky-2024", kind="report", active=False)
    for query, found in {
        "": 3,
        "?organisation=so-gddt": 1,
        "?indicator=2.1.1": 1,
        "?period=ky-2024": 1,
        "?kind=report": 1,
        "?kind=explanation": 1,
        "?active=true": 2,
        "?active=false": 1,
        "?organisation=so-ct": 0,
    }.items():
        listed = await stage.client.get(
            f"{POLICIES}{query}", headers=stage.cast.coordinator.headers
        )
        assert len(body(listed)["items"]) == found, query


async def test_steps_are_replaced_as_a_whole_and_none_are_silence(stage: Stage) -> None:
    policy = await made(stage)
    one = [{"offset_days": 1, "audience": "coordinator"}]
    assert len(body(await changed(stage, policy["id"], steps=one))["steps"]) == 1
    assert len(body(await changed(stage, policy["id"], name="Khác"))["steps"]) == 1
    assert body(await changed(stage, policy["id"], steps=[]))["steps"] == []
    told = [entry["changes"].keys() for entry in await audited(stage, policy["id"])]
    assert [set(names) for names in told[:3]] == [{"steps"}, {"name"}, {"steps"}]


async def test_the_same_steps_in_another_order_are_no_change(stage: Stage) -> None:
    policy = await made(stage)
    before = await stage.counts()
    same = body(await changed(stage, policy["id"], steps=STEPS[::-1], name=policy["name"]))
    assert same == policy
    assert await stage.counts() == before


async def test_the_scope_is_changed_and_null_in_it_is_all(stage: Stage) -> None:
    policy = await made(stage)
    found = body(await changed(stage, policy["id"], organisation=None, indicator="2.1.1"))
    assert (found["organisation"], found["indicator"], found["specificity"]) == (None, "2.1.1", 8)
    (entry, _) = await audited(stage, policy["id"])
    assert set(entry["changes"]) == {"organisation_id", "indicator"}


async def test_a_scope_has_one_policy_in_force_or_not(stage: Stage) -> None:
    policy = await made(stage, active=False)
    headers = stage.cast.coordinator.headers
    again = await stage.client.post(POLICIES, json=NEW, headers=headers)
    assert again.status_code == 409
    assert again.json()["type"] == "urn:pii:problem:scope-taken"
    other = await made(stage, organisation="so-ct")
    moved = await changed(stage, other["id"], organisation="so-gddt")
    assert moved.status_code == 409
    body(await changed(stage, policy["id"], organisation="so-gddt", active=True))


async def test_all_that_is_unknown_is_named_at_once(stage: Stage) -> None:
    values = {"organisation": "so-gi", "period": "chua-co", "indicator": "9.9.9"}
    answer = await stage.client.post(
        POLICIES, json=NEW | values, headers=stage.cast.coordinator.headers
    )
    assert answer.status_code == 422
    assert set(pointers(answer.json())) == {"/organisation", "/period", "/indicator"}


async def test_a_policy_that_is_removed_leaves_its_duties_to_the_next(stage: Stage) -> None:
    policy = await made(stage)
    headers = stage.cast.officer.headers
    path = f"/v1/assignments/{stage.mine['assignment']}/reminder-policy"
    assert body(await stage.client.get(path, headers=headers))["policy"]["id"] == policy["id"]
    coordinator = stage.cast.coordinator.headers
    one = f"{POLICIES}/{policy['id']}"
    stale = await stage.client.delete(one, headers={**coordinator, "if-match": '"x"'})
    assert stale.status_code == 412
    before = await events(stage)
    assert (await stage.client.delete(one, headers=coordinator)).status_code == 204
    assert await events(stage) == before + 1
    found = body(await stage.client.get(path, headers=headers))["policy"]
    assert found["id"] == stage.mine["policy"]
    body(await changed(stage, found["id"], active=False))
    assert body(await stage.client.get(path, headers=headers))["policy"] is None
    assert (await audited(stage, policy["id"]))[0]["action"] == "deleted"
