"""Bad input gets a 4xx problem document that says what is wrong and where; nothing is changed by it."""

from typing import Any

import pytest

from tests.api.conftest import Stage
from tests.api.wrong import LOCALITY, WRONG, check_problem, send
from tests.cast import Person
from tests.factories import PDF, body, closed_period, pointers


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_input_is_refused_with_its_place_and_changes_nothing(
    stage: Stage, name: str
) -> None:
    before = await stage.counts()
    answer = await send(stage, WRONG[name])
    check_problem(answer, WRONG[name].status, WRONG[name].where)
    assert await stage.counts() == before


@pytest.mark.parametrize(
    ("bound", "allowed", "refused"), [("upper", 10, 10.000001), ("lower", 0, -0.000001)]
)
async def test_a_bound_itself_is_allowed_and_what_lies_beyond_is_not(
    stage: Stage, bound: str, allowed: float, refused: float
) -> None:
    path = f"/v1/submissions/{stage.mine['draft']}"
    headers = {**stage.cast.officer.headers, "if-match": "*"}
    taken = await stage.client.patch(path, json={"value": allowed}, headers=headers)
    assert body(taken)["value"] == allowed
    answer = await stage.client.patch(path, json={"value": refused}, headers=headers)
    check_problem(answer, 422, "/value")
    assert ("above" if bound == "upper" else "below") in answer.json()["detail"]


async def test_figures_are_kept_to_their_fifteenth_digit(stage: Stage) -> None:
    path = f"/v1/submissions/{stage.mine['draft']}"
    headers = {**stage.cast.officer.headers, "if-match": "*", "content-type": "application/json"}
    for text in ("1.23456789012345", "0.000000000000001", "-0.0", "5e-324"):
        answer = await stage.client.patch(path, content=f'{{"value": {text}}}', headers=headers)
        assert body(answer)["value"] == float(text)


async def test_a_closed_period_takes_no_figure_and_no_decision(stage: Stage) -> None:
    client, officer, coordinator = stage.client, stage.cast.officer, stage.cast.coordinator
    await closed_period(client, stage.cast, code="ky-2024")
    before = await stage.counts()
    mine = stage.mine
    steps: list[tuple[Person, str, str, dict[str, Any]]] = [
        (
            officer,
            "POST",
            f"/v1/assignments/{mine['assignment']}/submissions",
            {"json": {"value": 1}},
        ),
        (officer, "PATCH", f"/v1/submissions/{mine['draft']}", {"json": {"value": 1}}),
        (officer, "POST", f"/v1/submissions/{mine['draft']}/submit", {}),
        (officer, "POST", f"/v1/submissions/{mine['draft']}/withdraw", {}),
        (
            officer,
            "POST",
            f"/v1/submissions/{mine['draft']}/evidence",
            {"files": {"file": ("a.pdf", PDF)}},
        ),
        (officer, "DELETE", f"/v1/evidence/{mine['evidence_of_draft']}", {}),
        (coordinator, "POST", f"/v1/submissions/{mine['waiting']}/accept", {}),
        (
            coordinator,
            "POST",
            f"/v1/submissions/{mine['waiting']}/return",
            {"json": {"reason": "sai"}},
        ),
        (
            coordinator,
            "PATCH",
            f"/v1/assignments/{mine['assignment']}",
            {"json": {"due_on": "2031-01-01", "reason": "Bộ lùi hạn"}},
        ),
        (coordinator, "PATCH", "/v1/periods/ky-2024", {"json": {"name": "Khác"}}),
        (coordinator, "POST", "/v1/periods/ky-2024/open", {}),
        (coordinator, "POST", "/v1/periods/ky-2024/close", {}),
        (
            coordinator,
            "PUT",
            "/v1/panels/ky-2024",
            {"json": {"source": "x", "localities": [LOCALITY]}},
        ),
    ]
    for who, method, path, content in steps:
        headers = {**who.headers, "if-match": "*"} if method == "PATCH" else who.headers
        answer = await client.request(method, path, headers=headers, **content)
        assert answer.status_code == 409, (method, path, answer.text)
    assert await stage.counts() == before


async def test_a_foreign_duty_is_not_betrayed_by_its_closed_period(stage: Stage) -> None:
    client, officer = stage.client, stage.cast.officer
    await closed_period(client, stage.cast, code="ky-2024")
    answer = await client.post(
        f"/v1/assignments/{stage.foreign['assignment']}/submissions",
        json={"value": 1},
        headers=officer.headers,
    )
    check_problem(answer, 404, "")


async def test_a_draft_period_has_no_duties_yet(stage: Stage) -> None:
    listed = await stage.client.get(
        "/v1/assignments?period=ky-nhap", headers=stage.cast.coordinator.headers
    )
    assert body(listed)["items"] == []


async def test_a_stale_etag_overwrites_nothing(stage: Stage) -> None:
    client, officer = stage.client, stage.cast.officer
    path = f"/v1/submissions/{stage.mine['draft']}"
    read = await client.get(path, headers=officer.headers)
    mine = {**officer.headers, "if-match": read.headers["etag"]}
    body(await client.patch(path, json={"note": "đầu"}, headers=mine))
    second = await client.patch(path, json={"note": "sau"}, headers=mine)
    check_problem(second, 412, "")
    assert body(await client.get(path, headers=officer.headers))["note"] == "đầu"


async def test_everything_that_is_wrong_is_told_at_once(stage: Stage) -> None:
    answer = await stage.client.post(
        "/v1/periods", json={"code": "a b", "due_on": "x"}, headers=stage.cast.coordinator.headers
    )
    assert set(pointers(answer.json())) == {
        "/code",
        "/name",
        "/framework",
        "/reference_year",
        "/due_on",
    }
