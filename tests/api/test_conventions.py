"""What holds on every route: problem documents, pages, ETags, languages, trace ids, headers."""

import asyncio
import base64
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from deploy.embedded import Servers
from shared.db import PooledDatabase
from tests.api.conftest import Stage
from tests.cast import Cast, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import body, opened_period

PROBLEM = {"type", "title", "status", "detail", "errors", "trace_id"}
DUTIES = "/v1/assignments"


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status"),
    [
        ("GET", "/v1/me", {"authorization": ""}, None, 401),
        ("GET", "/v1/me", {"authorization": "Bearer"}, None, 401),
        ("GET", "/v1/me", {"authorization": "Basic YTpi"}, None, 401),
        ("GET", "/v1/me", {"authorization": "Bearer piik_unknown"}, None, 401),
        ("GET", "/v1/users", {}, None, 403),
        ("GET", "/v1/nothing", {}, None, 404),
        ("GET", "/v1/periods/", {}, None, 404),
        ("DELETE", "/v1/periods", {}, None, 405),
        ("PUT", "/v1/submissions/x", {}, None, 405),
        ("POST", "/v1/periods", {"content-type": "application/json"}, b"{", 400),
        ("POST", "/v1/periods", {"content-type": "text/plain"}, b"{}", 415),
        ("POST", "/v1/periods", {"content-type": "application/xml"}, b"<a/>", 415),
        ("POST", "/v1/periods", {"content-type": "application/json"}, b" " * 1_048_577, 413),
        ("POST", "/v1/periods", {"content-type": "application/json"}, b"{}", 422),
        ("PATCH", "/v1/periods/ky-2024", {"content-type": "application/json"}, b"{}", 428),
    ],
)
async def test_every_refusal_is_a_problem_document(
    stage: Stage,
    method: str,
    path: str,
    headers: dict[str, str],
    content: bytes | None,
    status: int,
) -> None:
    sent = stage.cast.coordinator.headers | headers
    answer = await stage.client.request(method, path, headers=sent, content=content)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() == PROBLEM
    assert problem["status"] == status
    assert problem["trace_id"] == answer.headers["x-trace-id"]
    assert answer.headers["content-language"] == "en"


async def test_a_refused_method_names_every_method_that_is_allowed(stage: Stage) -> None:
    answer = await stage.client.request(
        "DELETE", "/v1/periods", headers=stage.cast.coordinator.headers
    )
    assert {word.strip() for word in answer.headers["allow"].split(",")} >= {"GET", "POST"}


@pytest.mark.parametrize(
    ("accepted", "language", "title"),
    [
        ("vi", "vi", "Không tìm thấy"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi", "Không tìm thấy"),
        ("en", "en", "Not Found"),
        ("en-GB", "en", "Not Found"),
        ("fr, en;q=0.5", "en", "Not Found"),
        ("fr", "vi", "Không tìm thấy"),
        ("", "vi", "Không tìm thấy"),
    ],
)
async def test_a_problem_is_told_in_the_language_that_is_asked_for(
    stage: Stage, accepted: str, language: str, title: str
) -> None:
    headers = stage.cast.coordinator.headers | {"accept-language": accepted}
    for path in ("/v1/periods/chua-co", "/v1/nothing"):
        answer = await stage.client.get(path, headers=headers)
        assert answer.headers["content-language"] == language
        assert answer.json()["title"] == title


async def test_a_wrong_member_is_told_in_vietnamese(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers | {"accept-language": "vi"}
    answer = await stage.client.post("/v1/periods", json={"code": "a b"}, headers=headers)
    told = {entry["pointer"]: entry["message"] for entry in answer.json()["errors"]}
    assert told["/code"].startswith("không đúng dạng, cần là mã:")
    assert told["/name"] == "thiếu trường bắt buộc"


async def walk(stage: Stage, path: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Follow the cursors to the end."""
    items: list[dict[str, Any]] = []
    headers = stage.cast.coordinator.headers
    if path in {"/v1/users", "/v1/api-keys"}:
        headers = stage.cast.admin.headers
    while True:
        page = body(await stage.client.get(path, params=params, headers=headers))
        assert len(page["items"]) <= params["limit"]
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        params = params | {"cursor": page["next_cursor"]}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users",
        "/v1/api-keys",
        "/v1/frameworks",
        "/v1/indicators",
        "/v1/organisations",
        "/v1/organisations/so-gddt/contacts",
        "/v1/responsibilities",
        "/v1/handovers",
        "/v1/periods",
        "/v1/periods/ky-2025/packs",
        "/v1/assignments",
        "/v1/submissions",
        "/v1/panels/ky-2024",
        "/v1/official-results",
        "/v1/index/runs",
        "/v1/index/runs/{run}/nodes",
        "/v1/reminders",
        "/v1/reminder-policies",
        "/v1/reminder-templates",
        "/v1/reminder-templates/{template}/versions",
        "/v1/reminder-holds",
        "/v1/mails",
        "/v1/suppressed-addresses",
        "/v1/alarms",
        "/v1/webhooks",
        "/v1/webhooks/{webhook}/deliveries",
        "/v1/audit",
    ],
)
async def test_small_pages_hold_what_one_large_page_holds_each_once_and_in_order(
    stage: Stage, path: str
) -> None:
    path = path.format_map(stage.mine)
    whole = await walk(stage, path, {"limit": 200})
    assert whole
    assert await walk(stage, path, {"limit": 7}) == whole
    if len(whole) < 30:
        assert await walk(stage, path, {"limit": 1}) == whole


async def test_codes_come_in_natural_order(stage: Stage) -> None:
    for path in ("/v1/indicators", "/v1/assignments"):
        items = await walk(stage, path, {"limit": 50})
        codes = [
            item["indicator"]["code"] if "indicator" in item else item["code"] for item in items
        ]
        numbers = [tuple(int(part) for part in code.split(".")[:3]) for code in codes]
        assert numbers == sorted(numbers), path
        assert len(set(codes)) >= 52


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("/v1/assignments?limit=1", "/v1/assignments?organisation=so-gddt"),
        ("/v1/assignments?limit=1&period=ky-2024", "/v1/assignments?period=ky-2025"),
        ("/v1/assignments?limit=1", "/v1/submissions"),
        ("/v1/indicators?limit=1&pillar=2", "/v1/indicators?pillar=3"),
        ("/v1/indicators?limit=1", "/v1/organisations"),
    ],
)
async def test_a_cursor_belongs_to_its_list_and_filter(
    stage: Stage, first: str, second: str
) -> None:
    headers = stage.cast.coordinator.headers
    cursor = body(await stage.client.get(first, headers=headers))["next_cursor"]
    assert cursor
    again = {
        **dict(part.split("=") for part in first.partition("?")[2].split("&")),
        "cursor": cursor,
    }
    body(await stage.client.get(first.partition("?")[0], params=again, headers=headers))
    foreign = dict(part.split("=") for part in second.partition("?")[2].split("&") if part)
    answer = await stage.client.get(
        second.partition("?")[0], params={**foreign, "cursor": cursor}, headers=headers
    )
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pii:problem:cursor"


@pytest.mark.parametrize(
    "key", ['["{b}"]', '["{b}",1e400,"x"]', '["{b}",[],{}]', '["{b}","a","b"]', "{}", "[]"]
)
async def test_a_forged_cursor_is_refused(stage: Stage, key: str) -> None:
    headers = stage.cast.coordinator.headers
    for path in (
        "/v1/assignments",
        "/v1/submissions",
        "/v1/audit",
        "/v1/official-results",
        "/v1/users",
    ):
        who = stage.cast.admin.headers if path == "/v1/users" else headers
        own = body(await stage.client.get(path, params={"limit": 1}, headers=who))["next_cursor"]
        binding = base64.urlsafe_b64decode(own + "==").decode().split('"')[1]
        forged = base64.urlsafe_b64encode(key.replace("{b}", binding).encode()).decode().rstrip("=")
        answer = await stage.client.get(path, params={"cursor": forged}, headers=who)
        assert answer.status_code == 422, (path, answer.text)


async def test_every_single_thing_carries_an_etag_and_is_not_sent_twice(stage: Stage) -> None:
    things = stage.mine
    for path in (
        "/v1/me",
        "/v1/frameworks/2024",
        "/v1/frameworks/2024/nodes/2.1.1",
        "/v1/indicators/2.1.1",
        "/v1/organisations/so-gddt",
        f"/v1/contacts/{things['contact']}",
        f"/v1/responsibilities/{things['responsibility']}",
        "/v1/periods/ky-2024",
        f"/v1/assignments/{things['assignment']}",
        f"/v1/submissions/{things['taken']}",
        f"/v1/evidence/{things['evidence_of_taken']}",
        f"/v1/evidence/{things['evidence_of_taken']}/content",
        "/v1/panels/ky-2024",
        "/v1/index",
        "/v1/index/profile",
        "/v1/index/profile?format=csv",
        "/v1/index/profile?format=svg",
        f"/v1/index/runs/{things['run']}",
        f"/v1/reminder-policies/{things['policy']}",
        f"/v1/reminder-templates/{things['template']}",
        f"/v1/packs/{things['pack']}",
        f"/v1/packs/{things['pack']}/content",
        f"/v1/packs/{things['pack']}/letter",
        "/v1/reminder-settings",
        f"/v1/reminder-holds/{things['hold']}",
        f"/v1/mails/{things['mail']}",
        f"/v1/assignments/{things['assignment']}/reminders",
    ):
        headers = stage.cast.coordinator.headers
        first = await stage.client.get(path, headers=headers)
        etag = first.headers["etag"]
        for condition in (etag, f'"other", {etag}', f"W/{etag}", "*"):
            again = await stage.client.get(path, headers={**headers, "if-none-match": condition})
            assert again.status_code == 304, (path, condition)
            assert again.content == b""
            assert again.headers["etag"] == etag
        other = await stage.client.get(path, headers={**headers, "if-none-match": '"other"'})
        assert other.status_code == 200


async def test_an_etag_differs_where_rights_differ(stage: Stage) -> None:
    path = f"/v1/assignments/{stage.mine['assignment']}"
    etags = {
        (await stage.client.get(path, headers=who.headers)).headers["etag"]
        for who in (stage.cast.coordinator, stage.cast.officer, stage.cast.leader)
    }
    assert len(etags) == 3


PATCHES: dict[str, dict[str, Any]] = {
    "/v1/users/{user}": {"name": "Khác"},
    "/v1/frameworks/2024/nodes/2.1.1": {"note": "Khác"},
    "/v1/organisations/so-gddt": {"name_en": "Other"},
    "/v1/contacts/{contact}": {"name": "Khác"},
    "/v1/periods/ky-2024": {"name": "Khác"},
    "/v1/assignments/{assignment}": {"due_on": "2031-01-01", "reason": "Bộ lùi hạn"},
    "/v1/submissions/{draft}": {"value": 4},
    "/v1/reminder-policies/{policy}": {"active": False},
    "/v1/reminder-templates/{template}": {"name": "Khác"},
}


@pytest.mark.parametrize("path", PATCHES)
async def test_a_change_needs_the_etag_that_was_read_and_gives_the_next(
    stage: Stage, path: str
) -> None:
    change = PATCHES[path]
    who = stage.cast.coordinator
    if "user" in path:
        who = stage.cast.admin
    if "draft" in path:
        who = stage.cast.officer
    path = path.format_map(stage.mine)
    read = await stage.client.get(path, headers=who.headers)
    old = read.headers["etag"]
    without = await stage.client.patch(path, json=change, headers=who.headers)
    assert without.status_code == 428
    stale = await stage.client.patch(path, json=change, headers={**who.headers, "if-match": '"x"'})
    assert stale.status_code == 412
    assert (await stage.client.get(path, headers=who.headers)).headers["etag"] == old
    done = await stage.client.patch(path, json=change, headers={**who.headers, "if-match": old})
    assert (
        body(done).items()
        >= {name: value for name, value in change.items() if name != "reason"}.items()
    )
    assert done.headers["etag"] != old
    again = await stage.client.get(path, headers=who.headers)
    assert again.headers["etag"] == done.headers["etag"]
    late = await stage.client.patch(path, json=change, headers={**who.headers, "if-match": old})
    assert late.status_code == 412


async def test_a_step_of_the_workflow_may_ask_that_nothing_has_changed(stage: Stage) -> None:
    path = f"/v1/submissions/{stage.mine['waiting']}"
    headers = stage.cast.coordinator.headers
    stale = await stage.client.post(f"{path}/accept", headers={**headers, "if-match": '"x"'})
    assert stale.status_code == 412
    etag = (await stage.client.get(path, headers=headers)).headers["etag"]
    body(
        await stage.client.post(
            f"{path}/accept",
            json={"evidence_seen": True},
            headers={**headers, "if-match": etag},
        )
    )


async def test_evidence_is_removed_only_as_it_was_read(stage: Stage) -> None:
    path = f"/v1/evidence/{stage.mine['evidence_of_draft']}"
    headers = stage.cast.officer.headers
    stale = await stage.client.delete(path, headers={**headers, "if-match": '"x"'})
    assert stale.status_code == 412
    etag = (await stage.client.get(path, headers=headers)).headers["etag"]
    removed = await stage.client.delete(path, headers={**headers, "if-match": etag})
    assert removed.status_code == 204


async def test_a_304_from_memory_ends_with_the_next_change(servers: Servers, template: str) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url, pool=2)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as one, serving(settings) as other:
            await asyncio.sleep(0.2)  # both listen to PostgreSQL now
            headers = cast.coordinator.headers
            first = await one.get("/v1/periods", headers=headers)
            known = {**headers, "if-none-match": first.headers["etag"]}
            assert (await one.get("/v1/periods", headers=known)).status_code == 304
            remembered = (await one.get("/metrics")).text
            assert 'route="(remembered)",status="304"' in remembered
            # Another process changes it: PostgreSQL rings here as well.
            await opened_period(other, cast)
            async with asyncio.timeout(3):
                while (await one.get("/v1/periods", headers=known)).status_code == 304:  # noqa: ASYNC110 another process rings
                    await asyncio.sleep(0.01)
        await database.close()


async def test_ones_own_change_is_seen_at_once(client: AsyncClient, cast: Cast) -> None:
    headers = cast.coordinator.headers
    await opened_period(client, cast)
    read = await client.get("/v1/periods/ky-2024", headers=headers)
    changed = await client.patch(
        "/v1/periods/ky-2024",
        json={"name": "Khác"},
        headers={**headers, "if-match": read.headers["etag"]},
    )
    body(changed)
    known = {**headers, "if-none-match": read.headers["etag"]}
    assert body(await client.get("/v1/periods/ky-2024", headers=known))["name"] == "Khác"


async def test_the_trace_id_of_the_request_comes_back_and_stands_in_the_audit_log(
    stage: Stage,
) -> None:
    trace = uuid4().hex
    headers = stage.cast.coordinator.headers | {"traceparent": f"00-{trace}-{'1' * 16}-01"}
    left = {"leave_unfinished": True}
    closed = await stage.client.post("/v1/periods/ky-2024/close", json=left, headers=headers)
    assert closed.headers["x-trace-id"] == trace
    audit = await stage.client.get(
        "/v1/audit", params={"trace_id": trace}, headers=stage.cast.coordinator.headers
    )
    assert [entry["action"] for entry in body(audit)["items"]] == ["closed"]


@pytest.mark.parametrize(
    "traceparent", ["", "00-abc-1-01", "x" * 5000, f"00-{'0' * 32}-{'1' * 16}-01"]
)
async def test_a_trace_id_that_is_none_is_replaced(stage: Stage, traceparent: str) -> None:
    headers = stage.cast.coordinator.headers | {"traceparent": traceparent}
    trace = (await stage.client.get("/v1/me", headers=headers)).headers["x-trace-id"]
    assert len(trace) == 32
    assert trace != "0" * 32
    assert trace not in traceparent


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", "/livez", "/docs"])
async def test_every_answer_carries_the_headers_that_keep_browsers_safe(
    stage: Stage, path: str
) -> None:
    answer = await stage.client.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_docs_load_nothing_from_elsewhere(stage: Stage) -> None:
    page = (await stage.client.get("/docs")).text
    assert "swagger-ui" in page
    assert "https://" not in page
    assert "//cdn" not in page
