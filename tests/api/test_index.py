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
