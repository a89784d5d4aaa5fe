"""A period is closed by somebody who knows what is left, and opened again with a reason."""

from typing import Any

from httpx import Response

from tests.api.conftest import Stage
from tests.factories import body, pointers

PERIOD = "/v1/periods/ky-2024"


async def act(stage: Stage, step: str, **values: Any) -> Response:
    headers = {**stage.cast.coordinator.headers, "accept-language": "en"}
    return await stage.client.post(f"{PERIOD}/{step}", json=values, headers=headers)


async def audited(stage: Stage) -> list[tuple[str, str | None]]:
    path = "/v1/audit?object_type=period&object_id=ky-2024&limit=2"
    found = body(await stage.client.get(path, headers=stage.cast.coordinator.headers))["items"]
    return [(entry["action"], entry["reason"]) for entry in found]


async def test_what_is_unfinished_is_counted_and_must_be_left_knowingly(stage: Stage) -> None:
    before = await stage.counts()
    refused = await act(stage, "close")
    assert refused.status_code == 409
    assert pointers(refused.json()) == ["/leave_unfinished"]
    said = refused.json()["detail"]
    for words in ("duties are unanswered", "drafts were never submitted", "wait for a decision"):
        assert words in said
    assert await stage.counts() == before
    closed = body(await act(stage, "close", leave_unfinished=True))
    assert (closed["state"], "reopen" in closed["allowed_actions"]) == ("closed", True)
    ((action, reason), _) = await audited(stage)
    assert action == "closed"
    assert reason is not None
    assert reason.startswith("leave_unfinished: open ")


async def test_a_closed_period_is_opened_again_with_a_reason_and_takes_figures(
    stage: Stage,
) -> None:
    assert (await act(stage, "reopen", reason="Bộ lùi hạn")).status_code == 409  # it is open
    body(await act(stage, "close", leave_unfinished=True))
    write = f"/v1/submissions/{stage.mine['draft']}"
    headers = {**stage.cast.officer.headers, "if-match": "*"}
    assert (await stage.client.patch(write, json={"value": 3}, headers=headers)).status_code == 409
    assert (await act(stage, "reopen")).status_code == 422
    opened = body(await act(stage, "reopen", reason="Bộ lùi hạn"))
    assert (opened["state"], opened["closed_at"]) == ("open", None)
    assert body(await stage.client.patch(write, json={"value": 3}, headers=headers))["value"] == 3
    assert (await audited(stage))[0] == ("reopened", "Bộ lùi hạn")
