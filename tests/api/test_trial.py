"""A framework is tried on an old period's figures before anybody is bound by it."""

from typing import Any

from httpx import Response

from shared.models.plan import NODE_KINDS
from tests.api.conftest import Stage
from tests.factories import body

DRAFT = 2029


async def tried(stage: Stage, year: int = DRAFT, **question: Any) -> Response:
    asked = {"period": "ky-2024", **question}
    return await stage.client.post(
        f"/v1/frameworks/{year}/trial", json=asked, headers=stage.cast.viewer.headers
    )


async def changed(stage: Stage, code: str, **values: Any) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    path = f"/v1/frameworks/{DRAFT}/nodes/{code}"
    body(await stage.client.patch(path, json=values, headers=headers))


async def dropped(stage: Stage, code: str) -> None:
    path = f"/v1/frameworks/{DRAFT}/nodes/{code}"
    gone = await stage.client.delete(path, headers=stage.cast.coordinator.headers)
    assert gone.status_code == 204, gone.text


async def added(stage: Stage, code: str) -> None:
    made = await stage.client.post(
        f"/v1/frameworks/{DRAFT}/nodes",
        json={"code": code, "kind": "indicator", "parent": "2.1"},
        headers=stage.cast.coordinator.headers,
    )
    body(made, 201)


async def test_a_copy_of_the_framework_changes_nothing_and_says_what_it_is_about(
    stage: Stage,
) -> None:
    shown = body(await tried(stage))
    assert shown["run"]["id"] == stage.mine["run"]
    assert (shown["trial_framework"], shown["state"], shown["framework"]) == (DRAFT, "draft", 2024)
    assert (shown["made_up"], shown["comparable"]) == (True, False)
    assert shown["own"]["before"] == shown["own"]["after"]
    assert (shown["gaining"], shown["losing"], shown["mean_absolute_rank_change"]) == (0, 0, 0.0)
    assert all(node["before"] == node["after"] for node in shown["nodes"])
    assert "2.1.1" not in shown["without_source"]
    assert len(shown["without_source"]) == 54


async def test_another_direction_turns_the_ranks_round(stage: Stage) -> None:
    await changed(stage, "2.1.1", direction="lower")
    shown = body(await tried(stage))
    moved = [(unit["unit"], unit["rank_before"], unit["rank_after"]) for unit in shown["units"]]
    assert moved == [("hai-phong", 2, 1), ("ha-noi", 1, 2)]
    assert [unit["name"] for unit in shown["units"]] == ["Hải Phòng", "Hà Nội"]
    assert (shown["gaining"], shown["losing"], shown["mean_absolute_rank_change"]) == (1, 1, 1.0)
    assert shown["own"]["after"] == {"score": 0.0, "rank": 2, "ranked": 2}


async def test_a_leaf_with_a_new_code_takes_the_figures_of_the_old_one(stage: Stage) -> None:
    await dropped(stage, "2.1.1")
    await added(stage, "2.1.9")
    without = body(await tried(stage))
    assert without["unused"] == ["2.1.1"]
    assert "2.1.9" in without["without_source"]
    assert without["own"]["after"]["score"] is None
    given = body(await tried(stage, sources={"2.1.9": "2.1.1"}))
    assert given["unused"] == []
    assert given["own"]["after"] == given["own"]["before"]
    new = next(node for node in given["nodes"] if node["code"] == "2.1.9")
    assert (new["before"], new["after"]["score"]) == (None, 100.0)


async def test_what_does_not_exist_is_refused_with_its_place(stage: Stage) -> None:
    for sources in ({"9.9.9": "2.1.1"}, {"2.1.1": "9.9.9"}):
        refused = await tried(stage, sources=sources)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == f"/sources/{next(iter(sources))}"
    assert (await tried(stage, year=2050)).json()["type"] == "urn:pii:problem:framework-not-found"
    assert (await tried(stage, period="ky-2025")).json()["type"] == "urn:pii:problem:run-not-found"
    assert (await tried(stage, run=stage.mine["run"])).status_code == 422


async def test_a_draft_that_is_no_tree_yet_is_refused_and_not_a_fault(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    tree = body(await stage.client.get(f"/v1/frameworks/{DRAFT}", headers=headers))
    for node in sorted(tree["nodes"], key=lambda node: -NODE_KINDS.index(node["kind"])):
        await dropped(stage, node["code"])
    refused = await tried(stage)
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:pii:problem:not-computable"
