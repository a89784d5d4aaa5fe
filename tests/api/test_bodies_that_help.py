"""Bodies that co-operate or are asked to help see what is submitted and comment on it; they decide and write nothing."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.conftest import Stage
from tests.cast import Cast
from tests.factories import assignment_of, body, opened_period

SEEN = {"evidence_seen": True}

HELP = {
    "framework": 2024,
    "node": "2.1.2",
    "organisation": "so-ct",
    "legal_basis": "QĐ",
    "valid_from": "2024-08-06",
}


@pytest.mark.parametrize("role", ["cooperating", "requested"])
async def test_bodies_that_help_see_and_comment_and_do_nothing_else(
    stage: Stage, role: str
) -> None:
    """The period was opened before: the body has no duty in it."""
    client, cast = stage.client, stage.cast
    helper = cast.foreign_officer.headers
    waiting, draft = (f"/v1/submissions/{stage.mine[thing]}" for thing in ("waiting", "draft"))
    duty = body(await client.get(waiting, headers=cast.officer.headers))["assignment"]
    for path in (waiting, f"{waiting}/comments", f"/v1/assignments/{duty}"):
        assert (await client.get(path, headers=helper)).status_code == 404
    help_ = {**HELP, "role": role}
    added = await client.post("/v1/responsibilities", json=help_, headers=cast.coordinator.headers)
    body(added, 201)
    seen = body(await client.get(waiting, headers=helper))
    assert (seen["state"], seen["allowed_actions"]) == ("submitted", [])
    said = await client.post(f"{waiting}/comments", json={"text": "Theo sổ sách"}, headers=helper)
    assert body(said, 201)["organisation"] == "so-ct"
    thread = body(await client.get(f"{waiting}/comments", headers=cast.officer.headers))
    assert [one["text"] for one in thread["items"]] == ["Theo sổ sách"]
    assert body(await client.get(f"/v1/assignments/{duty}", headers=helper))["id"] == duty
    note = {"note": "Số liệu của ngành công thương"}
    body(await client.post(f"/v1/assignments/{duty}/contributions", json=note, headers=helper), 201)
    # A draft stays its body's own.
    for path in (draft, f"{draft}/comments"):
        assert (await client.get(path, headers=helper)).status_code == 404
    before = await stage.counts()
    tried: list[tuple[str, str, Any]] = [
        ("PATCH", waiting, {"value": 1}),
        *(
            ("POST", f"{waiting}/{action}", content)
            for action, content in (
                ("submit", None),
                ("withdraw", None),
                ("accept", SEEN),
                ("return", {"reason": "Sai nguồn"}),
                ("reject", {"reason": "Sai nguồn"}),
                ("reopen", {"reason": "Sai nguồn"}),
            )
        ),
        ("POST", f"/v1/assignments/{duty}/submissions", {"value": 1}),
        (
            "POST",
            f"/v1/assignments/{duty}/extensions",
            {"reason": "Chờ", "wished_on": "2031-01-01"},
        ),
    ]
    for method, path, content in tried:
        headers = {**helper, "if-match": "*"}
        answer = await client.request(method, path, json=content, headers=headers)
        assert answer.status_code in {403, 404}, (method, path, answer.text)
    assert await stage.counts() == before


async def test_who_no_longer_helps_no_longer_sees(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    coordinator = cast.coordinator.headers
    ended = {**HELP, "role": "cooperating"}
    added = await client.post("/v1/responsibilities", json=ended, headers=coordinator)
    path = f"/v1/responsibilities/{body(added, 201)['id']}/end"
    body(await client.post(path, json={"valid_to": "2024-12-31"}, headers=coordinator))
    waiting = f"/v1/submissions/{stage.mine['waiting']}"
    for path in (waiting, f"{waiting}/comments"):
        answer = await client.get(path, headers=cast.foreign_officer.headers)
        assert answer.status_code == 404


async def test_leads_of_one_indicators_components_see_each_other(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    headers = cast.foreign_officer.headers
    roads = await assignment_of(client, cast, "3.2.1.duong-bo", organisation="so-gtvt")
    assert body(await client.get(f"/v1/assignments/{roads['id']}", headers=headers))["id"]
    other = await assignment_of(client, cast, "3.1.1", organisation="so-tttt")
    hidden = await client.get(f"/v1/assignments/{other['id']}", headers=headers)
    assert hidden.status_code == 404
