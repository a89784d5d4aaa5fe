"""Our estimate beside the published one: what differs, and why as far as it can be told."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from services.api.panels.causes import (
    ROUNDING,
    Child,
    Ours,
    Theirs,
    cause,
    mean_at,
    same_figure,
    weighted_mean,
)
from shared.models import OfficialResult
from tests.api.conftest import Stage
from tests.api.test_official import rows, send
from tests.api.wrong import check_problem
from tests.factories import body

PATH = "/v1/official-results/reconciliation"
LEAF: list[Child] = []
EQUAL: list[Child] = [(1, 40.0), (1, 60.0)]


@pytest.mark.parametrize(
    ("ours", "theirs", "children", "expected"),
    [
        (Ours(50, 5), None, LEAF, "not_published"),
        (Ours(50, None), Theirs(None), EQUAL, "not_published"),
        (Ours(None, None), None, LEAF, "not_published"),
        (Ours(None, None), Theirs(50), LEAF, "no_estimate"),
        (Ours(None, None), Theirs(50), EQUAL, "no_estimate"),
        (Ours(None, None), Theirs(None, 5), LEAF, "no_estimate"),
        (Ours(50.005, 5), Theirs(50), LEAF, "agrees"),
        (Ours(49.995, None), Theirs(50), EQUAL, "agrees"),
        (Ours(50.006, 5), Theirs(50), LEAF, "value_not_published"),
        (Ours(60, 5), Theirs(50, 6), LEAF, "own_figure"),
        (Ours(60, None), Theirs(50, 6), LEAF, "own_figure"),
        (Ours(60, 5), Theirs(None, 6), LEAF, "own_figure"),
        (Ours(60, 5), Theirs(None, 5), LEAF, "not_published"),
        (Ours(60, 5.004), Theirs(50, 5), LEAF, "others_or_method"),
        (Ours(60, 5.006), Theirs(50, 5), LEAF, "own_figure"),
        (Ours(55, None), Theirs(50), EQUAL, "below"),
        (Ours(55, None), Theirs(50.01), EQUAL, "below"),
        (Ours(55, None), Theirs(50.02), EQUAL, "weights_or_method"),
        (Ours(55, None), Theirs(45), [(3, 40.0), (1, 60.0)], "below"),
        (Ours(55, None), Theirs(50), [(3, 40.0), (1, 60.0)], "weights_or_method"),
        (Ours(55, None), Theirs(40), [(1, 40.0), (0, 60.0)], "below"),
        (Ours(55, None), Theirs(40), [(1, 40.0), (0, None)], "below"),
        (Ours(55, None), Theirs(50), [(1, 40.0), (1, None)], "children_not_published"),
        (Ours(55, None), Theirs(50), [(1, None)], "children_not_published"),
        (Ours(55, None), Theirs(50), [(0, 40.0)], "children_not_published"),
    ],
)
def test_the_cause_is_named_as_far_as_it_can_be_told(
    ours: Ours, theirs: Theirs | None, children: list[Child], expected: str
) -> None:
    assert cause(ours, theirs, children, "arithmetic") == expected


def test_another_mean_explains_another_parent() -> None:
    geometric = (40 * 60) ** 0.5
    assert cause(Ours(55, None), Theirs(geometric), EQUAL, "geometric") == "below"
    assert cause(Ours(55, None), Theirs(geometric), EQUAL, "arithmetic") == "weights_or_method"
    assert cause(Ours(55, None), Theirs(48), EQUAL, "harmonic") == "below"
    assert weighted_mean("geometric", [1, 1], [0.0, 60.0]) == 0
    # The only published family of means that is known: Hải Phòng 2023.
    assert cause(Ours(50, None), Theirs(52.32), [(1, 56.45), (1, 48.20)], "arithmetic") == "below"


def test_the_mean_is_the_runs_own_at_that_depth() -> None:
    method = {"aggregation": {"kind": "arithmetic", "by_level": {"1": "geometric"}}}
    assert [mean_at(method, depth) for depth in (0, 1)] == ["arithmetic", "geometric"]
    assert mean_at({"aggregation": "arithmetic"}, 3) == mean_at({}, 0) == "arithmetic"


def test_a_published_figure_is_the_same_as_far_as_it_was_published() -> None:
    assert same_figure(0.00312, 0.0031)
    assert not same_figure(0.0049, 0.0031)
    assert same_figure(1234567.891, 1234567.89)
    assert same_figure(5, 5.0)
    assert not same_figure(2e-9, 1e-1)


async def ask(stage: Stage, **query: Any) -> Any:
    return await stage.client.get(PATH, params=query, headers=stage.cast.viewer.headers)


async def publish(stage: Stage, *lines: str, year: int = 2024) -> None:
    body(await send(stage, rows(*lines), year=year))


async def test_every_node_of_the_run_stands_beside_what_was_published(stage: Stage) -> None:
    # The scene's one scored leaf is 2.1.1: 7 against Hải Phòng's 6, and so 100 for every node above it.
    await publish(
        stage,
        "Hà Nội,2.1.1,80,2,63,7.4,",
        "Hà Nội,2.1.2,30,9,63,,",
        "Hà Nội,2.1.3,20,9,63,,",
        "Hà Nội,nhóm 2.1,43.33,4,63,,",
        "Hà Nội,nhóm 2.2,50,4,63,,",
        "Hà Nội,pillar 2,60,3,63,,",
        "Hà Nội,input,100,1,63,,",
        "Hà Nội,output,70,1,63,,",
    )
    shown = body(await ask(stage, run=stage.mine["run"]))
    assert shown == body(await ask(stage, period="ky-2024"))
    assert (shown["run"]["period"], shown["run"]["framework"], shown["year"]) == (
        "ky-2024",
        2024,
        2024,
    )
    assert (shown["locality"], shown["made_up"], shown["tolerance"]) == ("ha-noi", True, ROUNDING)
    assert shown["assumed"]
    nodes = {node["code"]: node for node in shown["nodes"]}
    causes = {code: node["cause"] for code, node in nodes.items()}
    assert causes["2.1.1"] == "own_figure"
    assert causes["2.1.2"] == "no_estimate"
    assert causes["2.1"] == "below"
    assert causes["2.2"] == "no_estimate"
    assert causes["2"] == "weights_or_method"
    assert causes["input"] == "agrees"
    assert causes["PII"] == "weights_or_method"
    assert causes["output"] == "no_estimate"
    assert causes["1"] == causes["7.1.1"] == "not_published"
    leaf = nodes["2.1.1"]
    assert leaf["ours"] == {"score": 100.0, "rank": 1, "ranked": 2, "value": 7.0, "reason": None}
    assert leaf["ministry"]["value"] == 7.4
    assert (leaf["difference"], leaf["rank_difference"]) == (20.0, -1)
    assert nodes["2.1.2"]["ours"]["reason"] == "not_supplied"
    assert nodes["1"]["ministry"] is None
    assert shown["causes"] == {
        cause: list(causes.values()).count(cause) for cause in causes.values()
    }
    assert shown["coverage"]["nodes"] == len(nodes)
    assert shown["coverage"]["published"] == 9
    compared = [node["difference"] for node in shown["nodes"] if node["difference"] is not None]
    assert shown["bias"]["compared"] == len(compared) == 5
    assert shown["bias"]["mean_difference"] == pytest.approx(sum(compared) / 5)
    assert shown["bias_by_kind"]["indicator"]["mean_difference"] == 20.0
    assert shown["bias_by_kind"]["component"] == {
        "compared": 0,
        "mean_difference": None,
        "mean_absolute_difference": None,
    }


async def test_what_was_published_of_nodes_that_the_framework_lacks_is_named(stage: Stage) -> None:
    await stage.connection.execute(
        insert(OfficialResult).values(
            **dict.fromkeys(("note", "source", "search"), ""),
            year=2023,
            locality="Hà Nội",
            locality_code="ha-noi",
            level="pillar 9",
            node_code="9",
            units_ranked=63,
        )
    )
    shown = body(await ask(stage, period="ky-2024", year=2023))
    assert shown["not_in_framework"] == ["9"]
    assert (shown["year"], shown["coverage"]["published"]) == (2023, 2)
    nodes = {node["code"]: node for node in shown["nodes"]}
    assert nodes["input"]["ministry"]["rank"] == 1
    assert nodes["input"]["cause"] == "not_published"
    assert nodes["PII"]["cause"] == "children_not_published"


async def test_what_there_is_not_is_not_found(stage: Stage) -> None:
    check_problem(await ask(stage, run=str(uuid4())), 404, "")
    check_problem(await ask(stage, period="chua-co"), 404, "")
    none = await ask(stage, period="ky-2025")
    check_problem(none, 404, "")
    assert none.json()["type"] == "urn:pii:problem:no-run"
    unpublished = await ask(stage, period="ky-2024", year=2021)
    check_problem(unpublished, 404, "")
    assert unpublished.json()["type"] == "urn:pii:problem:not-published"
    check_problem(await ask(stage, period="ky-2024", run=stage.mine["run"]), 422, "")
    check_problem(await ask(stage, period="ky-2024", locality="hue"), 422, "locality")


async def test_the_newest_open_period_is_meant_where_none_is_named(stage: Stage) -> None:
    assert (await ask(stage)).json()["type"] == "urn:pii:problem:no-run"
    headers = stage.cast.viewer.headers
    first = await stage.client.get(PATH, params={"period": "ky-2024"}, headers=headers)
    known = {**headers, "if-none-match": first.headers["etag"]}
    assert (
        await stage.client.get(PATH, params={"period": "ky-2024"}, headers=known)
    ).status_code == 304
