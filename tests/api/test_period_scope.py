"""A period that asks some bodies about some indicators only, and what is filled in where little is said."""

from typing import Any

from httpx import AsyncClient

from tests.cast import Cast
from tests.factories import body

CODE = "dot-xuat"
PATH = f"/v1/periods/{CODE}"


async def drafted(client: AsyncClient, cast: Cast, status: int = 201, **more: Any) -> Any:
    new = {
        "code": CODE,
        "name": "Báo cáo theo yêu cầu",
        "framework": 2024,
        "reference_year": 2024,
        "due_on": "2030-06-30",
        "kind": "on_demand",
        **more,
    }
    new = {name: value for name, value in new.items() if value is not None}
    made = await client.post("/v1/periods", json=new, headers=cast.coordinator.headers)
    return body(made, status)


async def duties(client: AsyncClient, cast: Cast) -> set[tuple[str, str]]:
    found = await client.get(
        f"/v1/assignments?period={CODE}&limit=200", headers=cast.coordinator.headers
    )
    return {
        (duty["indicator"]["code"], duty["organisation"]["code"]) for duty in body(found)["items"]
    }


async def test_a_period_asks_only_the_bodies_and_indicators_it_is_limited_to(
    client: AsyncClient, cast: Cast
) -> None:
    headers = cast.coordinator.headers
    scope = {"nodes": ["2.1", "3.2.1"], "organisations": ["so-gddt", "so-ct"]}
    draft = await drafted(client, cast, scope=scope)
    assert draft["scope"] == {"nodes": ["2.1", "3.2.1"], "organisations": ["so-ct", "so-gddt"]}
    preview = body(await client.get(f"{PATH}/opening", headers=headers))
    assert preview["scope"] == draft["scope"]
    would = {(duty["indicator"], duty["organisation"]) for duty in preview["to_create"]}
    body(await client.post(f"{PATH}/open", headers=headers))
    made = await duties(client, cast)
    assert made == would
    assert {node.rpartition(".")[0] for node, of in made if of == "so-gddt"} == {"2.1"}
    assert {node for node, of in made if of == "so-ct"} == {"3.2.1.dien-nang"}
    board = body(await client.get(f"/v1/board?period={CODE}", headers=headers))
    assert {line["organisation"] for line in board["bodies"]} == {"so-ct", "so-gddt"}


async def test_later_responsibilities_come_in_only_if_they_are_asked_for(
    client: AsyncClient, cast: Cast
) -> None:
    headers = cast.coordinator.headers
    await drafted(client, cast, scope={"nodes": ["2.1.1"]})
    body(await client.post(f"{PATH}/open", headers=headers))
    before = await duties(client, cast)
    for node in ("2.1.1", "2.1.2"):
        duty = {
            "framework": 2024,
            "node": node,
            "organisation": "so-nv",
            "role": "cooperating",
            "legal_basis": "QĐ",
            "valid_from": "2024-08-06",
        }
        body(await client.post("/v1/responsibilities", json=duty, headers=headers), 201)
    body(await client.post(f"{PATH}/open", headers=headers))
    assert await duties(client, cast) - before == {("2.1.1", "so-nv")}


async def test_the_scope_of_a_draft_is_changed_with_its_etag_and_the_log_says_from_what(
    client: AsyncClient, cast: Cast
) -> None:
    headers = cast.coordinator.headers
    draft = await drafted(client, cast)
    assert draft["scope"] == {"nodes": [], "organisations": []}
    read = await client.get(PATH, headers=headers)
    match = {**headers, "if-match": read.headers["etag"]}
    scope = {"organisations": ["so-gddt"]}
    assert (await client.patch(PATH, json={"scope": scope}, headers=headers)).status_code == 428
    changed = await client.patch(PATH, json={"scope": scope}, headers=match)
    assert body(changed)["scope"] == {"nodes": [], "organisations": ["so-gddt"]}
    assert (await client.patch(PATH, json={"scope": {}}, headers=match)).status_code == 412
    log = await client.get(f"/v1/audit?object_type=period&object_id={CODE}", headers=headers)
    newest = body(log)["items"][0]
    assert newest["changes"]["scope"] == [
        {"nodes": [], "organisations": []},
        {"nodes": [], "organisations": ["so-gddt"]},
    ]
    after = {**headers, "if-match": changed.headers["etag"]}
    same = await client.patch(PATH, json={"scope": scope}, headers=after)
    assert same.headers["etag"] == changed.headers["etag"]
    body(await client.post(f"{PATH}/open", headers=headers))
    fixed = await client.patch(PATH, json={"scope": {}}, headers={**headers, "if-match": "*"})
    assert body(fixed, 409)["errors"][0]["pointer"] == "/scope"


async def test_a_scope_of_what_is_not_there_or_stands_twice_is_refused(
    client: AsyncClient, cast: Cast
) -> None:
    scope = {"nodes": ["2.1.1", "9.9"], "organisations": ["so-gddt", "so-gi", "so-gddt"]}
    refused = await drafted(client, cast, 422, scope=scope)
    assert [fault["pointer"] for fault in refused["errors"]] == [
        "/scope/nodes/1",
        "/scope/organisations/1",
        "/scope/organisations/2",
    ]


async def test_the_days_of_a_progress_report_and_its_deadline_are_filled_in_and_said(
    client: AsyncClient, cast: Cast
) -> None:
    made = await drafted(
        client,
        cast,
        kind="progress",
        span="month",
        due_on=None,
        ministry_due_on="2026-11-25",
        working_days_before=3,
    )
    assert (made["due_on"], made["covers_from"], made["covers_to"]) == (
        "2026-11-20",
        "2026-10-15",
        "2026-11-14",
    )
    filled = {one["field"]: one for one in made["filled_in"]}
    assert {name: one["value"] for name, one in filled.items()} == {
        name: made[name] for name in ("due_on", "covers_from", "covers_to")
    }
    assert "3 ngày làm việc" in filled["due_on"]["vi"]
    headers = cast.coordinator.headers
    read = await client.get(PATH, headers=headers)
    assert "filled_in" not in body(read)
    match = {**headers, "if-match": read.headers["etag"]}
    quarter = body(await client.patch(PATH, json={"span": "quarter"}, headers=match))
    assert (quarter["covers_from"], quarter["covers_to"]) == ("2026-06-15", "2026-09-14")
    assert [one["field"] for one in quarter["filled_in"]] == ["covers_from", "covers_to"]


async def test_what_was_sent_is_not_filled_in_and_its_etag_is_the_periods(
    client: AsyncClient, cast: Cast
) -> None:
    new = {
        "code": CODE,
        "name": "Năm",
        "framework": 2024,
        "reference_year": 2024,
        "due_on": "2026-12-20",
        "ministry_due_on": "2026-12-31",
        "working_days_before": 3,
    }
    made = await client.post("/v1/periods", json=new, headers=cast.coordinator.headers)
    assert body(made, 201)["filled_in"] == []
    assert body(made, 201)["due_on"] == "2026-12-20"
    read = await client.get(PATH, headers=cast.coordinator.headers)
    assert read.headers["etag"] == made.headers["etag"]


async def test_a_progress_report_on_other_days_than_the_decrees_is_refused(
    client: AsyncClient, cast: Cast
) -> None:
    progress: dict[str, Any] = {"kind": "progress", "span": "half_year"}
    other: dict[str, Any] = {"covers_from": "2030-01-01", "covers_to": "2030-06-30"}
    refused = await drafted(client, cast, 422, **progress, **other)
    (fault,) = refused["errors"]
    assert fault["pointer"] == "/covers_from"
    assert "2029-12-15" in fault["message"]
    short: dict[str, Any] = {"covers_from": "2029-12-15", "covers_to": "2030-06-13"}
    refused = await drafted(client, cast, 422, **progress, **short)
    assert refused["errors"][0]["pointer"] == "/covers_to"
    await drafted(client, cast, **progress, covers_from="2029-12-15", covers_to="2030-06-14")
    match = {**cast.coordinator.headers, "if-match": "*"}
    changed = await client.patch(PATH, json={"covers_to": "2030-06-13"}, headers=match)
    assert body(changed, 422)["errors"][0]["pointer"] == "/covers_to"


async def test_without_a_deadline_and_nothing_to_plan_it_from_a_period_is_refused(
    client: AsyncClient, cast: Cast
) -> None:
    refused = await drafted(client, cast, 422, due_on=None, ministry_due_on="2030-06-30")
    assert refused["errors"][0]["pointer"] == "/due_on"
