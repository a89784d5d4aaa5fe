from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.conftest import Stage
from tests.factories import body


async def test_the_newest_index_is_that_of_the_period_opened_last(stage: Stage) -> None:
    headers = stage.cast.viewer.headers
    newest = body(await stage.client.get("/v1/index", headers=headers))
    assert newest["period"]["code"] == "ky-2025"
    assert (newest["run"], newest["score"], newest["stale"]) == (None, None, True)
    first = body(await stage.client.get("/v1/index?period=ky-2024", headers=headers))
    assert first["run"]["id"] == stage.mine["run"]
    assert (first["result"], first["made_up"], first["stale"]) == ("estimate", True, False)
    assert first["assumed"]
    assert len(first["pillars"]) == 7
    assert len(first["subindices"]) == 2


async def test_a_period_that_is_open_and_real_is_meant_before_those_that_are_not(
    stage: Stage,
) -> None:
    headers = stage.cast.viewer.headers

    async def meant() -> str:
        return str(body(await stage.client.get("/v1/index", headers=headers))["period"]["code"])

    made_up = text("UPDATE periods SET made_up = true WHERE code = 'ky-2025'")
    closed = text("UPDATE periods SET state = 'closed', closed_at = now() WHERE code = 'ky-2025'")
    for less in (made_up, closed):
        async with stage.undone():
            assert await meant() == "ky-2025"
            await stage.connection.execute(less)
            assert await meant() == "ky-2024"


async def test_contributions_add_up_to_the_score(stage: Stage) -> None:
    headers = stage.cast.viewer.headers
    path = f"/v1/index/runs/{stage.mine['run']}"
    run = body(await stage.client.get(path, headers=headers))
    nodes = body(await stage.client.get(f"{path}/nodes?limit=200", headers=headers))["items"]
    parents = {node["parent_code"] for node in nodes}
    leaves = [node for node in nodes if node["code"] not in parents]
    assert len(leaves) == 55
    contributions = [node["contribution"] for node in leaves if node["contribution"] is not None]
    assert abs(sum(contributions) - run["score"]) < 1e-9
    assert all(node["reason"] for node in leaves if node["score"] is None)
    assert run["inputs"]["own_figures"]["2.1.1"]["source"] == "panel"


async def test_an_unknown_run_or_node_is_not_found(stage: Stage) -> None:
    headers = stage.cast.viewer.headers
    unknown = "00000000-0000-4000-8000-000000000000"
    for path in (unknown, f"{unknown}/nodes", f"{stage.mine['run']}/nodes/9.9.9"):
        answer = await stage.client.get(f"/v1/index/runs/{path}", headers=headers)
        assert answer.json()["type"] == "urn:pii:problem:run-not-found", path


async def explained(stage: Stage, code: str) -> dict[str, Any]:
    path = f"/v1/index/runs/{stage.mine['run']}/nodes/{code}"
    shown: dict[str, Any] = body(await stage.client.get(path, headers=stage.cast.viewer.headers))
    return shown


async def test_a_leaf_is_explained_from_its_figure_to_its_points(stage: Stage) -> None:
    # The panel has Hà Nội 7 and Hải Phòng 6: 100 (7 - 6)/(7 - 6) = 100.
    shown = await explained(stage, "2.1.1")
    leaf = shown["leaf"]
    stages = ("raw", "imputed", "treated", "normalised")
    assert [leaf[name] for name in stages] == [7.0, 7.0, 7.0, 100.0]
    assert (leaf["mode"], leaf["clamped"], leaf["direction"]) == ("panel", False, "higher")
    assert leaf["worst"] == {"figure": 6.0, "units": ["hai-phong"], "count": 1}
    assert leaf["best"] == {"figure": 7.0, "units": ["ha-noi"], "count": 1}
    assert leaf["treatment"] == {"kind": "none", "points": 0, "units": [], "passes": True}
    assert (shown["next_above"], shown["next_below"]["unit"]) == (None, "hai-phong")
    assert shown["next_below"]["gap"] == 100.0
    assert (shown["children"], shown["aggregation"]) == ([], None)


async def test_the_children_of_a_node_add_up_to_it_all_the_way_to_the_leaves(stage: Stage) -> None:
    code, contribution, leaves = "PII", None, 0
    while True:
        shown = await explained(stage, code)
        contribution = contribution or shown["contribution"]
        assert shown["contribution"] == pytest.approx(contribution, abs=1e-9)
        scored = [child for child in shown["children"] if child["contribution"]]
        if not scored:
            break
        assert sum(child["contribution"] for child in scored) == pytest.approx(contribution)
        assert shown["aggregation"] == "arithmetic"
        (child,) = scored
        code, leaves = child["code"], leaves + 1
    assert (code, leaves) == ("2.1.1", 4)
    assert shown["contribution_share"] == 1.0


async def test_the_index_is_shown_as_it_was_known_at_a_time(stage: Stage) -> None:
    headers = stage.cast.viewer.headers
    run = body(await stage.client.get(f"/v1/index/runs/{stage.mine['run']}", headers=headers))
    made = datetime.fromisoformat(run["created_at"])
    for moment, found in ((made, run["id"]), (made - timedelta(microseconds=1), None)):
        query = {"period": "ky-2024", "as_of": moment.isoformat()}
        shown = body(await stage.client.get("/v1/index", params=query, headers=headers))
        assert (shown["run"] or {}).get("id") == found
    before = {"as_of": "2001-01-01T00:00:00+07:00"}
    early = await stage.client.get("/v1/index", params=before, headers=headers)
    assert early.json()["type"] == "urn:pii:problem:no-period"
    naive = await stage.client.get(
        "/v1/index", params={"as_of": "2026-01-01T00:00:00"}, headers=headers
    )
    assert naive.status_code == 422
