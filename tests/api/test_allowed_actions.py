"""What a period and an account say may be done is what is done when it is asked for, for everybody of the cast."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.api.conftest import Stage
from tests.api.scene import PANEL, SECOND
from tests.factories import body, closed_period

REASON = {"reason": "Theo yêu cầu"}
# A framework that is a draft still, and one that is retired.
PERIODS = ("ky-2024", SECOND, "ky-nhap", "ky-dong", "ky-cho", "ky-bo", "ky-bo-mo")
OF_PERIOD: dict[str, tuple[str, str, Any]] = {
    "edit": ("PATCH", "", {"late_allowed": True}),
    "open": ("POST", "/open", None),
    "close": ("POST", "/close", {"leave_unfinished": True}),
    "reopen": ("POST", "/reopen", REASON),
}


async def furnish(stage: Stage) -> None:
    """Add a closed period, one on a draft, and one drafted and one open on a framework that is retired."""
    client, headers = stage.client, stage.cast.coordinator.headers
    made = {"name": "Kỳ", "reference_year": 2024, "due_on": "2030-01-01"}
    draft = {"year": 2028, "copy_of": 2024}
    body(await client.post("/v1/frameworks", json=draft, headers=headers), 201)
    match = {**headers, "if-match": "*"}
    body(await client.post("/v1/frameworks/2028/publish", headers=match))
    for code, year in (("ky-dong", 2024), ("ky-cho", 2029), ("ky-bo", 2028), ("ky-bo-mo", 2028)):
        new = {**made, "code": code, "framework": year}
        body(await client.post("/v1/periods", json=new, headers=headers), 201)
    for code in ("ky-dong", "ky-bo-mo"):
        body(await client.post(f"/v1/periods/{code}/open", headers=headers))
    await closed_period(client, stage.cast, code="ky-dong")
    body(await client.post("/v1/frameworks/2028/retire", json=REASON, headers=headers))


async def possible(stage: Stage, requests: dict[str, tuple[str, str, Any]], who: Any) -> set[str]:
    can = set()
    for action, (method, path, content) in requests.items():
        headers = {**who.headers, "if-match": "*"}
        async with stage.undone():
            answer = await stage.client.request(method, path, json=content, headers=headers)
        assert answer.status_code in {200, 201, 403, 404, 409}, (action, answer.text)
        if answer.is_success:
            can.add(action)
    return can


async def test_what_a_period_allows_is_what_is_done(stage: Stage) -> None:
    await furnish(stage)
    offered: dict[str, list[str]] = {}
    for code in PERIODS:
        path = f"/v1/periods/{code}"
        requests = {
            action: (method, path + ending, content)
            for action, (method, ending, content) in OF_PERIOD.items()
        }
        requests["load_panel"] = ("PUT", f"/v1/panels/{code}", PANEL)
        of_deadlines: dict[str, tuple[str, str, Any]] = {
            "edit": ("PUT", f"{path}/deadlines", {"deadlines": []}),
            "apply": ("POST", f"{path}/deadlines/apply", None),
        }
        for person, who in stage.cast.everybody().items():
            for place, asked in ((path, requests), (f"{path}/deadlines", of_deadlines)):
                shown = await stage.client.get(place, headers=who.headers)
                told = body(shown)["allowed_actions"]
                assert set(told) == await possible(stage, asked, who), (place, person)
            if person == "coordinator":
                offered[code] = body(await stage.client.get(path, headers=who.headers))[
                    "allowed_actions"
                ]
    running = ["edit", "open", "close", "load_panel"]
    assert offered == {
        "ky-2024": running,
        SECOND: running,
        "ky-bo-mo": running,
        "ky-nhap": ["edit", "open", "load_panel"],
        "ky-cho": ["edit", "load_panel"],
        "ky-bo": ["edit", "load_panel"],
        "ky-dong": ["edit", "reopen"],
    }
    listed = await stage.client.get("/v1/periods?limit=200", headers=stage.cast.coordinator.headers)
    assert {item["code"]: item["allowed_actions"] for item in body(listed)["items"]} == offered


async def allowed_to(stage: Stage, user: str, who: Any) -> tuple[set[str], set[str]]:
    """Give what an account says may be done, and what can be."""
    path = f"/v1/users/{user}"
    shown = await stage.client.get(path, headers=who.headers)
    seen = body(await stage.client.get(path, headers=stage.cast.admin.headers))
    requests: dict[str, tuple[str, str, Any]] = {
        "edit": ("PATCH", path, {"name": "Khác"}),
        "add_membership": (
            "POST",
            f"{path}/memberships",
            {"organisation": "so-nv", "role": "viewer"},
        ),
        "erase": ("POST", f"{path}/erase", REASON),
    }
    can = await possible(stage, requests, who)
    for membership in seen["memberships"]:
        end = f"{path}/memberships/{membership['id']}/end"
        can |= await possible(stage, {"end_membership": ("POST", end, None)}, who)
    return (set(shown.json()["allowed_actions"]) if shown.is_success else set()), can


EVERYTHING = {"edit", "add_membership", "end_membership", "erase"}


async def test_what_an_account_allows_is_what_is_done(stage: Stage) -> None:
    cast = stage.cast
    for owner in (cast.admin, cast.officer, cast.coordinator):
        for person, who in cast.everybody().items():
            told, can = await allowed_to(stage, str(owner.id), who)
            assert told == can, (owner.login, person)
            if who is cast.admin:
                mine = {"edit", "add_membership"}
                assert told == (mine if owner is cast.admin else EVERYTHING)


@pytest.mark.parametrize("others", [False, True])
async def test_the_last_administrator_is_not_offered_for_erasure_to_his_deputy(
    stage: Stage, *, others: bool
) -> None:
    """A deputy has the administrator's rights and is none himself."""
    cast, client = stage.cast, stage.client
    admin = cast.admin.headers
    role = {"organisation": "so-khcn", "role": "admin"}
    if others:
        path = f"/v1/users/{stage.mine['user']}/memberships"
        body(await client.post(path, json=role, headers=admin), 201)
    await stage.connection.execute(
        text(
            "INSERT INTO deputies (id, membership_id, deputy_id, valid_from, valid_to, reason) "
            "SELECT gen_random_uuid(), id, :deputy, '2020-01-01', '2199-12-31', '' "
            "FROM memberships WHERE user_id = :lender"
        ),
        {"deputy": cast.coordinator.id, "lender": cast.admin.id},
    )
    told, can = await allowed_to(stage, str(cast.admin.id), cast.coordinator)
    assert told == can
    assert ("erase" in told) is others


async def test_an_account_that_has_ended_has_no_role_to_end(stage: Stage) -> None:
    client, admin = stage.client, stage.cast.admin
    path = f"/v1/users/{stage.mine['user']}"
    body(await client.post(f"{path}/erase", json=REASON, headers=admin.headers))
    told, can = await allowed_to(stage, stage.mine["user"], admin)
    assert told == can == EVERYTHING - {"end_membership"}
    listed = body(await client.get("/v1/users?limit=200", headers=admin.headers))["items"]
    (item,) = (item for item in listed if item["id"] == stage.mine["user"])
    assert set(item["allowed_actions"]) == told
