"""What people ask the index: why, what if, how far, how sure. The run they ask is never changed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.scoring.commands import recalculate
from tests.api.conftest import Stage
from tests.factories import body

# Figures of three leaves of one group; everybody else has none. Hà Nội leads in 2.1.1 alone.
FIGURES = {
    "ha-noi": {"2.1.1": 9.0, "2.1.2": 40.0, "2.1.3": 5.0},
    "hai-phong": {"2.1.1": 6.0, "2.1.2": 50.0, "2.1.3": 4.0},
    "da-nang": {"2.1.1": 4.0, "2.1.2": 30.0, "2.1.3": 9.0},
}
PERIOD = "ky-2024"


async def load(stage: Stage, figures: dict[str, dict[str, float]]) -> str:
    """Load a panel and make its run; return the run's id."""
    coordinator = stage.cast.coordinator.headers
    localities = [{"code": code, "name": code, "values": row} for code, row in figures.items()]
    new = {"source": "thử", "made_up": True, "localities": localities}
    body(await stage.client.put(f"/v1/panels/{PERIOD}", json=new, headers=coordinator))
    period = body(await stage.client.get(f"/v1/periods/{PERIOD}", headers=coordinator))
    async with AsyncSession(
        stage.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
    ) as session:
        run = await recalculate(session, UUID(period["id"]), now=datetime.now(UTC), trigger="event")
        assert run is not None
        await session.commit()
    return str(run.id)


@pytest.fixture
async def run(stage: Stage) -> str:
    return await load(stage, FIGURES)


async def asked(stage: Stage, path: str, **query: Any) -> Response:
    return await stage.client.get(
        f"/v1/index/{path}", params={"period": PERIOD, **query}, headers=stage.cast.viewer.headers
    )


async def what_if(stage: Stage, *changes: dict[str, Any], **question: Any) -> Response:
    sent = {"period": PERIOD, "changes": list(changes), **question}
    return await stage.client.post(
        "/v1/index/what-if", json=sent, headers=stage.cast.viewer.headers
    )


async def test_every_answer_says_that_it_is_an_estimate_and_made_up(stage: Stage, run: str) -> None:
    answers = [
        body(await what_if(stage, {"code": "2.1.1", "value": 5})),
        body(await asked(stage, "leverage")),
        body(await asked(stage, "defence")),
        body(await asked(stage, "goal-seek", target_rank=1)),
        body(await asked(stage, "uncertainty", draws=100)),
        body(await diff(stage, run)),
    ]
    for answer in answers:
        assert (answer["result"], answer["made_up"], answer["run"]["id"]) == ("estimate", True, run)
        assert answer["names"]["2.1.1"]["name_vi"]
        assert answer["localities"]["hai-phong"]


async def diff(stage: Stage, run: str, **query: Any) -> Response:
    return await stage.client.get(
        f"/v1/index/runs/{run}/difference", params=query, headers=stage.cast.viewer.headers
    )


@pytest.mark.usefixtures("run")
async def test_a_what_if_is_what_a_run_on_the_changed_figures_gives(stage: Stage) -> None:
    changes: list[dict[str, Any]] = [
        {"code": "2.1.2", "value": 55.0},
        {"unit": "hai-phong", "code": "2.1.3", "value": None},
    ]
    shown = body(await what_if(stage, *changes, units=["ha-noi", "hai-phong"]))
    own, other = shown["units"]
    assert (own["unit"], other["unit"]) == ("ha-noi", "hai-phong")
    changed = {code: dict(row) for code, row in FIGURES.items()}
    changed["ha-noi"]["2.1.2"] = 55.0
    del changed["hai-phong"]["2.1.3"]
    real = await load(stage, changed)
    nodes = body(
        await stage.client.get(
            f"/v1/index/runs/{real}/nodes?limit=200", headers=stage.cast.viewer.headers
        )
    )["items"]
    after = {node["code"]: (node["score_after"], node["rank_after"]) for node in own["nodes"]}
    assert {node["code"]: (node["score"], node["rank"]) for node in nodes} == after


@pytest.mark.usefixtures("run")
async def test_nothing_that_is_asked_is_kept(stage: Stage) -> None:
    before = await stage.counts()
    await what_if(stage, {"code": "2.1.1", "value": 5})
    for path in ("leverage", "defence", "uncertainty"):
        await asked(stage, path)
    await asked(stage, "goal-seek", target_rank=1)
    assert await stage.counts() == before


@pytest.mark.usefixtures("run")
async def test_leverage_knows_the_ceiling_and_the_steps_below_it(stage: Stage) -> None:
    shown = body(await asked(stage, "leverage"))
    steps = {(step["leaf"], step["kind"]): step for step in shown["steps"]}
    assert len(shown["steps"]) == 4 * 55
    assert steps["2.1.1", "best"]["reason"] == "at_ceiling"
    best = steps["2.1.2", "best"]
    # 40 of 30..50 is 50 points; the best has 100, and the group's mean of three gains a third.
    assert (best["figure_before"], best["figure"]) == (40.0, 50.0)
    assert best["gain"] == pytest.approx(50 / 3)
    assert steps["2.1.2", "last_best"]["reason"] == "not_given"
    assert steps["1.1.1", "best"]["reason"] == "no_value"


@pytest.mark.usefixtures("run")
async def test_defence_names_rivals_and_the_smallest_change_that_costs_the_rank(
    stage: Stage,
) -> None:
    shown = body(await asked(stage, "defence", limit=5))
    assert shown["place"]["rank"] == 1
    assert 0 < len(shown["attacks"]) <= 5
    for threat in shown["threats"]:
        change = {"unit": threat["rival"], "code": threat["leaf"], "value": threat["figure"]}
        after = body(await what_if(stage, change, units=["ha-noi"]))["units"][0]["after"]
        assert after["rank"] == threat["rank_after"] > 1


@pytest.mark.usefixtures("run")
async def test_a_goal_is_reached_by_the_least_figure_or_by_the_shortest_list(stage: Stage) -> None:
    start = body(await asked(stage, "leverage"))["place"]["score"]
    least = body(await asked(stage, "goal-seek", target_score=start + 5, code="2.1.2"))["least"]
    assert least["reached"]
    change = {"code": "2.1.2", "value": least["at"]["figure"]}
    after = body(await what_if(stage, change))["units"][0]["after"]
    assert after["score"] == pytest.approx(start + 5, abs=1e-6)
    listed = body(
        await asked(stage, "goal-seek", target_score=start + 20, order="2.1.1,2.1.2,2.1.3")
    )["shortest"]
    assert [entry["leaf"] for entry in listed["skipped"]] == ["2.1.1"]
    assert [entry["leaf"] for entry in listed["steps"]] == ["2.1.2", "2.1.3"]
    never = body(await asked(stage, "goal-seek", target_score=1000))["shortest"]
    assert never["reached"] is False


async def test_a_difference_of_runs_is_split_by_cause(stage: Stage, run: str) -> None:
    changed = {code: dict(row) for code, row in FIGURES.items()}
    changed["ha-noi"]["2.1.2"] = 45.0
    changed["da-nang"]["2.1.3"] = 7.0
    later = await load(stage, changed)
    shown = body(await diff(stage, later))
    assert shown["since"]["id"] == run
    root = shown["root"]
    assert root["own"] + root["others"] + root["method"] == pytest.approx(root["change"], abs=1e-9)
    assert root["method"] == 0
    assert root["own"] > 0
    assert [change["code"] for change in shown["own_figures"]] == ["2.1.2"]
    assert (shown["others_changed"], shown["method_changed"]) == (1, False)
    named = body(await diff(stage, later, since=stage.mine["run"]))
    assert named["since"]["id"] == stage.mine["run"]
    first = await diff(stage, stage.mine["run"])
    assert first.json()["type"] == "urn:pii:problem:run-not-found"


async def test_years_are_not_compared_across_a_break(stage: Stage) -> None:
    shown = body(await stage.client.get("/v1/index/trend", headers=stage.cast.viewer.headers))
    official = [year for year in shown["years"] if year["result"] == "official"]
    assert [(year["year"], year["score"], year["rank"]) for year in official][:2] == [
        (2023, 62.86, 1),
        (2024, 60.76, 1),
    ]
    assert all(year["broken_by"] for year in shown["years"][1:])
    assert all(step["score_change"] is None for step in shown["steps"])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("goal-seek", {}),
        ("goal-seek", {"target_rank": 1, "target_score": 50}),
        ("goal-seek", {"target_rank": 1, "code": "9.9.9"}),
        ("goal-seek", {"target_rank": 1, "order": "2.1.1,,2.1.2"}),
        ("goal-seek", {"target_rank": 0}),
        ("defence", {"limit": 0}),
        ("defence", {"to": "nobody"}),
        ("uncertainty", {"draws": 1_000_000}),
        ("leverage", {"as_of": "yesterday"}),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    stage: Stage, path: str, query: dict[str, Any]
) -> None:
    refused = await asked(stage, path, **query)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"code": "9.9.9", "value": 1}, "/changes/0/code"),
        ({"unit": "nowhere", "code": "2.1.1", "value": 1}, "/changes/0/unit"),
        ({"code": "2.1.2", "value": 1000}, "/changes/0/value"),
        ({"code": "2.1.2"}, "/changes/0/value"),
        ({"code": "2.1.2", "value": "5"}, "/changes/0/value"),
        ({"code": "2.1.2", "value": 1e305}, "/changes/0/value"),
    ],
)
@pytest.mark.usefixtures("run")
async def test_a_wrong_change_is_refused_with_its_place(
    stage: Stage, change: dict[str, Any], pointer: str
) -> None:
    refused = await what_if(stage, change)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer


@pytest.mark.usefixtures("run")
async def test_what_the_engine_refuses_is_told_as_it_says(stage: Stage) -> None:
    twice = await asked(stage, "goal-seek", target_rank=1, order="2.1.1,2.1.1")
    unbounded = await what_if(stage, {"code": "7.1.3", "value": 1e305})
    for refused, word in ((twice, "twice"), (unbounded, "1e+305")):
        assert refused.status_code == 422, refused.text
        assert refused.json()["type"] == "urn:pii:problem:not-computable"
        assert word in refused.json()["detail"]


async def test_a_long_question_is_a_job_and_the_same_question_the_same_job(stage: Stage) -> None:
    asks = {"period": PERIOD, "draws": 5000, "seed": 7, "sobol": True}
    headers = stage.cast.viewer.headers
    first = await stage.client.post("/v1/index/uncertainty", json=asks, headers=headers)
    job = body(first, 202)
    assert first.headers["location"] == f"/v1/analyses/{job['id']}"
    assert (job["state"], job["progress"]) == ("queued", {"done": 0, "total": 5000})
    assert (job["plan"]["seed"], job["plan"]["sobol_samples"], job["result"]) == (7, 256, None)
    again = await stage.client.post("/v1/index/uncertainty", json=asks, headers=headers)
    assert body(again, 202)["id"] == job["id"]
    seen, cursor = set(), ""
    while cursor is not None:
        page = body(
            await stage.client.get(
                f"/v1/analyses?state=queued&limit=1{cursor and f'&cursor={cursor}'}",
                headers=headers,
            )
        )
        seen |= {shown["id"] for shown in page["items"]}
        cursor = page["next_cursor"]
    assert seen == {job["id"], stage.mine["analysis"]}
    unknown = await stage.client.get(
        "/v1/analyses/00000000-0000-4000-8000-000000000000", headers=headers
    )
    assert unknown.json()["type"] == "urn:pii:problem:analysis-not-found"
