from tests.api.conftest import Stage
from tests.factories import PERIOD, body

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
    assert ended["allowed_actions"] == ["edit"]
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


async def opened_with(stage: Stage, kind: str | None, node: str) -> str:
    """Make so-nv a joint lead of an indicator, open the period again, and say what it owes."""
    headers = stage.cast.coordinator.headers
    duty = DUTY | {"role": "joint_lead", "node": node, "kind": kind}
    body(await stage.client.post("/v1/responsibilities", json=duty, headers=headers), 201)
    body(await stage.client.post(f"/v1/periods/{PERIOD}/open", headers=headers))
    asked = {"period": PERIOD, "organisation": "so-nv", "indicator": node}
    found = await stage.client.get("/v1/assignments", params=asked, headers=headers)
    (made,) = body(found)["items"]
    kind_made: str = made["kind"]
    return kind_made


async def test_a_responsibility_may_state_which_kind_of_duty_it_is(stage: Stage) -> None:
    assert await opened_with(stage, None, "2.1.1") == "figure"
    assert await opened_with(stage, "report", "2.1.2") == "report"


async def test_only_leads_owe_a_figure(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    refused = await stage.client.post(
        "/v1/responsibilities", json=DUTY | {"kind": "figure"}, headers=headers
    )
    assert body(refused, 422)["errors"][0]["pointer"] == "/kind"
    made = body(await stage.client.post("/v1/responsibilities", json=DUTY, headers=headers), 201)
    change = {"kind": "figure", "reason": "Theo công văn"}
    path = f"/v1/responsibilities/{made['id']}"
    refused = await stage.client.patch(path, json=change, headers=headers)
    assert body(refused, 422)["errors"][0]["pointer"] == "/kind"


async def test_a_wrong_basis_is_corrected_with_a_reason_and_the_log_says_what_it_was(
    stage: Stage,
) -> None:
    headers = stage.cast.coordinator.headers
    made = await stage.client.post("/v1/responsibilities", json=DUTY, headers=headers)
    path = f"/v1/responsibilities/{body(made, 201)['id']}"
    change = {"legal_basis": "QĐ 2", "kind": "report"}
    match = {**headers, "if-match": made.headers["etag"]}
    unsaid = await stage.client.patch(path, json=change, headers=match)
    assert body(unsaid, 422)["errors"][0]["pointer"] == "/reason"
    said = change | {"reason": "Gõ nhầm số quyết định"}
    changed = body(await stage.client.patch(path, json=said, headers=match))
    assert (changed["legal_basis"], changed["kind"]) == ("QĐ 2", "report")
    assert (await stage.client.patch(path, json=said, headers=match)).status_code == 412
    log = await stage.client.get(
        f"/v1/audit?object_type=responsibility&object_id={changed['id']}", headers=headers
    )
    newest, first = body(log)["items"]
    assert newest["changes"] == {"legal_basis": ["QĐ 1", "QĐ 2"], "kind": [None, "report"]}
    assert newest["reason"] == "Gõ nhầm số quyết định"
    assert first["changes"]["valid_from"] == [None, "2025-03-01"]
    moved = await stage.client.patch(
        path, json={"valid_from": "2024-01-01", "reason": "Gõ nhầm"}, headers=headers
    )
    assert moved.status_code == 422
