"""A published framework is frozen: what is scored changes only as a new version, and all versions stay."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from httpx import Response
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from deploy.embedded import Servers
from deploy.migrate import alembic_config
from deploy.plans.reader import PlanData
from deploy.seed import load_plan
from services.api.frameworks import commands, schemas
from services.api.frameworks.difference import method_difference, node_difference
from services.api.frameworks.versions import content_hash
from shared.composite import Aggregation, Method, Normalisation
from shared.db import PooledDatabase
from shared.models import FrameworkVersion
from tests.api.conftest import Stage
from tests.cast import make_cast
from tests.conftest import copied_database, run_sql, serving, settings_for
from tests.factories import body, pointers

YEAR, NODE = "/v1/frameworks/2024", "/v1/frameworks/2024/nodes/2.1.1"
Z_SCORE = Method(normalisation=Normalisation("z_score")).to_dict()
WINSORISE = {"kind": "winsorise", "max_points": 3}

# What is scored, with a change of it. A leaf's goalposts are two members that change together.
SCORED_CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "weight": (NODE, {"weight": 0.5}),
    "direction": (NODE, {"direction": "lower"}),
    "goalpost_min": (NODE, {"goalpost_min": 1, "goalpost_max": 9}),
    "goalpost_max": (NODE, {"goalpost_min": 0, "goalpost_max": 8}),
    "target": (NODE, {"target": 7.5}),
    "treatment": (NODE, {"treatment": WINSORISE}),
    "combination": (NODE, {"combination": "lead"}),
    "supply": (NODE, {"supply": "local"}),
    "method": (YEAR, {"method": Z_SCORE}),
}


# What is asked for and how it is proved, with a change of it.
DEFINED_CHANGES: dict[str, Any] = {
    "name_vi": "Điểm thi",
    "name_en": "Exam marks",
    "unit": "điểm trên 10",
    "lower_bound": 1,
    "upper_bound": 9.5,
    "evidence_required": False,
    "accepted_evidence": ["signed", "copy"],
    "source": "Bộ GD&ĐT",
    "guidance_vi": "Lấy điểm trung bình năm môn của kỳ thi.",
    "guidance_en": "Take the mean of five subjects.",
}


async def patched(stage: Stage, path: str, change: dict[str, Any]) -> Response:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    return await stage.client.patch(path, json={"reason": "Theo bộ", **change}, headers=headers)


async def got(stage: Stage, path: str) -> Any:
    return body(await stage.client.get(path, headers=stage.cast.viewer.headers))


async def announced(stage: Stage) -> int:
    """Count how often the index was asked to be recalculated since the framework changed."""
    told = "SELECT count(*) FROM outbox WHERE event = 'FrameworkChanged'"
    return int((await stage.connection.execute(text(told))).scalar_one())


def test_every_member_that_makes_a_version_has_a_change_that_is_tested() -> None:
    assert SCORED_CHANGES.keys() == commands.SCORED | {"method"}
    # What a node may say is either scored, or known not to change a score.
    assert not commands.SCORED & commands.DEFINED
    patch = schemas.NodePatch.model_fields.keys() - {"reason"}
    assert patch == commands.SCORED | commands.DEFINED | {"note", "parent"}
    assert DEFINED_CHANGES.keys() == commands.DEFINED


@pytest.mark.parametrize("member", SCORED_CHANGES)
async def test_a_change_of_what_is_scored_is_a_new_version(stage: Stage, member: str) -> None:
    path, change = SCORED_CHANGES[member]
    before, told = await got(stage, f"{YEAR}/versions/1"), await announced(stage)
    body(await patched(stage, path, {**change, "reason": "Công văn của bộ"}))
    tree = await got(stage, YEAR)
    assert tree["revision"] == 2
    new, old = (await got(stage, f"{YEAR}/versions"))["items"]
    assert (new["revision"], old["revision"]) == (2, 1)
    assert new["reason"] == "Công văn của bộ"
    assert new["created_by_name"] == stage.cast.coordinator.name
    assert new["hash"] != old["hash"]
    assert await got(stage, f"{YEAR}/versions/1") == before
    whole = await got(stage, f"{YEAR}/versions/2")
    assert whole["method"] == tree["method"]["engine"]
    for said, node in zip(whole["nodes"], tree["nodes"], strict=True):
        assert node.items() >= said.items()
    assert await announced(stage) == told + 2  # two periods are open on it
    audit = await stage.client.get("/v1/audit?limit=1", headers=stage.cast.coordinator.headers)
    assert body(audit)["items"][0]["reason"] == "Công văn của bộ"


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (NODE, {"note": "mới"}),
        (NODE, {"weight": 1, "direction": "higher", "target": None, "parent": "2.1"}),
        (YEAR, {"name_en": "Renamed", "basis": "Kế hoạch mới", "expected_local": 14}),
        (YEAR, {"assumed": ["Tạm tính"], "verified": []}),
        (YEAR, {"method": {"normalisation": {"kind": "mixed"}}}),
    ],
)
async def test_a_change_of_anything_else_makes_no_version(
    stage: Stage, path: str, change: dict[str, Any]
) -> None:
    told = await announced(stage)
    body(await patched(stage, path, change))
    assert (await got(stage, YEAR))["revision"] == 1
    assert len((await got(stage, f"{YEAR}/versions"))["items"]) == 1
    assert await announced(stage) == told


@pytest.mark.parametrize("member", DEFINED_CHANGES)
async def test_a_change_of_what_is_asked_for_is_a_new_version_with_its_reason(
    stage: Stage, member: str
) -> None:
    before, told = await got(stage, f"{YEAR}/versions/1"), await announced(stage)
    change = {member: DEFINED_CHANGES[member]}
    for reason in ({}, {"reason": None}):
        headers = {**stage.cast.coordinator.headers, "if-match": "*"}
        bare = await stage.client.patch(NODE, json=change | reason, headers=headers)
        assert (bare.status_code, pointers(bare.json())) == (422, ["/reason"])
    node = body(await patched(stage, NODE, {**change, "reason": "Công văn của bộ"}))
    assert node[member] == DEFINED_CHANGES[member]
    new, old = (await got(stage, f"{YEAR}/versions"))["items"]
    assert (new["revision"], new["reason"]) == (2, "Công văn của bộ")
    assert new["hash"] != old["hash"]
    assert await got(stage, f"{YEAR}/versions/1") == before
    said = {node["code"]: node for node in (await got(stage, f"{YEAR}/versions/2"))["nodes"]}
    assert said["2.1.1"][member] == DEFINED_CHANGES[member]
    assert await announced(stage) == told + 2  # the runs name the version they saw
    audit = await stage.client.get("/v1/audit?limit=1", headers=stage.cast.coordinator.headers)
    entry = body(audit)["items"][0]
    assert entry["changes"][member][1] == DEFINED_CHANGES[member]


async def test_the_method_of_a_published_framework_changes_with_a_reason_only(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    bare = await stage.client.patch(YEAR, json={"method": Z_SCORE}, headers=headers)
    assert (bare.status_code, pointers(bare.json())) == (422, ["/reason"])
    assert (await got(stage, YEAR))["revision"] == 1


async def test_an_indicator_with_components_has_no_figures_to_combine(stage: Stage) -> None:
    path = f"{YEAR}/nodes/3.2.1"
    for combination in ("lead", "mean_of_components"):
        answer = await patched(stage, path, {"combination": combination})
        assert (answer.status_code, pointers(answer.json())) == (422, ["/combination"])
        assert answer.json()["type"] == "urn:pii:problem:idle-combination"
    body(await patched(stage, path, {"combination": "all_agree"}))
    component = body(await patched(stage, f"{path}.duong-bo", {"combination": "lead"}))
    assert component["combination"] == "lead"


async def test_levels_of_evidence_are_named_once_and_the_strongest_first(stage: Stage) -> None:
    node = body(await patched(stage, NODE, {"accepted_evidence": ["copy", "signed", "copy"]}))
    assert node["accepted_evidence"] == ["signed", "copy"]
    for wrong in (["stamp"], ["copy"] * 5, "copy"):
        answer = await patched(stage, NODE, {"accepted_evidence": wrong})
        assert answer.status_code == 422
        assert pointers(answer.json())[0].startswith("/accepted_evidence")
    group = await patched(stage, f"{YEAR}/nodes/2.1", {"guidance_vi": "Cách tính"})
    assert pointers(group.json()) == ["/guidance_vi"]
    long = await patched(stage, NODE, {"guidance_en": "x" * 4001})
    assert pointers(long.json()) == ["/guidance_en"]


async def test_the_notes_of_the_method_are_kept_beside_it(stage: Stage) -> None:
    before = (await got(stage, YEAR))["method"]
    tree = body(await patched(stage, YEAR, {"method": Z_SCORE, "assumed": ["Tạm tính"]}))
    assert tree["method"] == {**before, "engine": Z_SCORE, "assumed": ["Tạm tính"]}


async def test_a_leafs_treatment_is_written_down_whole_and_taken_back(stage: Stage) -> None:
    node = body(await patched(stage, NODE, {"treatment": WINSORISE}))
    assert node["treatment"] == {
        **WINSORISE,
        "skewness": 2.0,
        "kurtosis": 3.5,
        "otherwise": "none",
    }
    assert body(await patched(stage, NODE, {"treatment": None}))["treatment"] is None
    assert (await got(stage, YEAR))["revision"] == 3


async def test_the_hash_can_be_recomputed_from_what_is_shown(stage: Stage) -> None:
    body(await patched(stage, NODE, {"goalpost_min": -0.0, "goalpost_max": 1e300}))
    body(await patched(stage, NODE, {"weight": 0.1}))
    for revision in (1, 2, 3):
        whole = await got(stage, f"{YEAR}/versions/{revision}")
        assert content_hash(whole["nodes"], whole["method"]) == whole["hash"]


async def test_versions_come_in_pages(stage: Stage) -> None:
    for weight in (2, 3, 4):
        body(await patched(stage, NODE, {"weight": weight}))
    first = await got(stage, f"{YEAR}/versions?limit=3")
    assert [item["revision"] for item in first["items"]] == [4, 3, 2]
    rest = await got(stage, f"{YEAR}/versions?limit=3&cursor={first['next_cursor']}")
    assert ([item["revision"] for item in rest["items"]], rest["next_cursor"]) == ([1], None)


@pytest.mark.parametrize(
    "path",
    [
        f"{YEAR}/versions/9",
        "/v1/frameworks/2099/versions",
        "/v1/frameworks/2099/versions/1",
        "/v1/frameworks/2099/difference?from=2024",
        f"{YEAR}/difference?from=2099",
        f"{YEAR}/difference?from=2024&from_revision=9",
    ],
)
async def test_what_is_not_there_is_not_found(stage: Stage, path: str) -> None:
    answer = await stage.client.get(path, headers=stage.cast.viewer.headers)
    assert answer.status_code == 404


@pytest.mark.parametrize("statement", ["UPDATE {} SET hash = ''", "DELETE FROM {}", "TRUNCATE {}"])
async def test_no_version_is_ever_changed(stage: Stage, statement: str) -> None:
    with pytest.raises(DBAPIError, match="is history"):
        async with stage.connection.begin_nested():
            await stage.connection.execute(text(statement.format("framework_versions")))


@pytest.mark.parametrize(
    ("path", "change", "where"),
    [
        (YEAR, {"method": {"aggregation": {"kind": "geometric"}}}, "/method/normalisation/range"),
        (
            YEAR,
            {"method": {"aggregation": {"by_level": {"1": "harmonic"}}}},
            "/method/normalisation/range",
        ),
        (
            YEAR,
            {
                "method": {
                    "aggregation": {"kind": "geometric"},
                    "normalisation": {"kind": "z_score"},
                }
            },
            "/method/normalisation/kind",
        ),
        (
            YEAR,
            {"method": {"imputation": {"kind": "group_mean"}}},
            "/method/imputation/kind",
        ),
        (YEAR, {"method": {"normalisation": {"kind": "log"}}}, "/method/normalisation"),
        (YEAR, {"method": {"weights": "equal"}}, "/method/weights"),
        (
            YEAR,
            {"method": {"normalisation": {"kind": "mixed", "range": [-1e308, 1.7e308]}}},
            "/method/normalisation/range",
        ),
        (YEAR, {"expected_local": -1}, "/expected_local"),
        (YEAR, {"year": 2025}, "/year"),
        (NODE, {"treatment": {"kind": "trim"}}, "/treatment"),
        (NODE, {"treatment": {"kind": "winsorise", "max_points": -1}}, "/treatment"),
        (NODE, {"target": "7"}, "/target"),
        (f"{YEAR}/nodes/2.1", {"target": 7}, "/target"),
        (f"{YEAR}/nodes/2.1", {"treatment": WINSORISE}, "/treatment"),
    ],
)
async def test_a_change_that_cannot_be_computed_is_refused_with_its_place(
    stage: Stage, path: str, change: dict[str, Any], where: str
) -> None:
    answer = await patched(stage, path, change)
    assert answer.status_code == 422, answer.text
    assert any(found.startswith(where) for found in pointers(answer.json())), answer.text
    assert (await got(stage, YEAR))["revision"] == 1


@pytest.mark.parametrize("spread", [[1, 100], [0.01, 1]])
async def test_a_geometric_mean_is_taken_where_all_scores_are_positive(
    stage: Stage, spread: list[float]
) -> None:
    method = {
        "normalisation": {"kind": "mixed", "range": spread},
        "aggregation": {"kind": "geometric"},
    }
    tree = body(await patched(stage, YEAR, {"method": method}))
    assert tree["method"]["engine"]["aggregation"]["kind"] == "geometric"
    ranked = {"normalisation": {"kind": "rank"}, "aggregation": {"kind": "harmonic"}}
    body(await patched(stage, YEAR, {"method": ranked}))


async def test_siblings_that_all_weigh_nothing_are_refused(stage: Stage) -> None:
    for code in ("2.1.1", "2.1.2"):
        body(await patched(stage, f"{YEAR}/nodes/{code}", {"weight": 0}))
    answer = await patched(stage, f"{YEAR}/nodes/2.1.3", {"weight": 0})
    assert answer.status_code == 422
    assert "2.1" in answer.json()["detail"]
    assert (await got(stage, YEAR))["revision"] == 3


async def test_a_change_needs_the_etag_that_was_read(stage: Stage) -> None:
    headers, change = stage.cast.coordinator.headers, {"name_en": "Other"}
    assert (await stage.client.patch(YEAR, json=change, headers=headers)).status_code == 428
    old = (await stage.client.get(YEAR, headers=headers)).headers["etag"]
    match = {**headers, "if-match": old}
    body(await stage.client.patch(YEAR, json=change, headers=match))
    assert (await stage.client.patch(YEAR, json=change, headers=match)).status_code == 412


async def test_an_unknown_year_is_not_changed(stage: Stage) -> None:
    assert (await patched(stage, "/v1/frameworks/2099", {"name_en": "x"})).status_code == 404


async def test_a_framework_says_how_it_differs_from_its_own_first_version(stage: Stage) -> None:
    body(await patched(stage, NODE, {"weight": 0.5, "direction": "lower"}))
    body(await patched(stage, YEAR, {"method": Z_SCORE}))
    told = await got(stage, f"{YEAR}/difference?from=2024&from_revision=1")
    assert told == {
        "from": {"year": 2024, "revision": 1},
        "to": {"year": 2024, "revision": 3},
        "added": [],
        "dropped": [],
        "renamed": [],
        "redefined": [{"code": "2.1.1", "changes": {"direction": ["higher", "lower"]}}],
        "reweighted": [{"code": "2.1.1", "changes": {"weight": [1.0, 0.5]}}],
        "moved": [],
        "rules": [],
        "method": {
            "/normalisation/kind": ["mixed", "z_score"],
            "/normalisation/range": [[0.0, 100.0], None],
        },
        "assigned": [],
        "released": [],
    }
    none = await got(stage, f"{YEAR}/difference?from=2024")
    assert not any(none[name] for name in none.keys() - {"from", "to"})


async def test_of_changes_at_the_same_moment_none_is_lost(servers: Servers, template: str) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url, pool=2)
        async with database.transaction() as session:
            cast = await make_cast(session)
        await database.close()
        headers = {**cast.coordinator.headers, "if-match": "*"}
        async with serving(settings) as client:
            changes = (
                client.patch(
                    f"{YEAR}/nodes/2.1.{number}",
                    json={"weight": 2, "reason": "Công văn của bộ"},
                    headers=headers,
                )
                for number in (1, 2, 3)
            )
            for answer in await asyncio.gather(*changes):
                body(answer)
            versions = body(await client.get(f"{YEAR}/versions", headers=headers))["items"]
            assert [version["revision"] for version in versions] == [4, 3, 2, 1]
            last = body(await client.get(f"{YEAR}/versions/4", headers=headers))
            assert [node["weight"] for node in last["nodes"]].count(2) == 3
            copies = (
                client.post("/v1/frameworks", json={"year": 2025, "copy_of": 2024}, headers=headers)
                for _ in range(3)
            )
            made = [answer.status_code for answer in await asyncio.gather(*copies)]
            assert sorted(made) == [201, 409, 409]


def said(code: str, **values: Any) -> dict[str, Any]:
    return {
        "code": code,
        "parent": "2.1",
        "kind": "indicator",
        "name_vi": code,
        "name_en": "",
        "weight": 1.0,
        "direction": "higher",
        "unit": "%",
        **dict.fromkeys(("lower_bound", "upper_bound", "goalpost_min", "goalpost_max", "target")),
        "treatment": None,
        "combination": "all_agree",
        "supply": "unknown",
        "evidence_required": True,
        "accepted_evidence": [],
        "source": "",
        "guidance_vi": "",
        "guidance_en": "",
        "note": "",
        **values,
    }


@pytest.mark.parametrize(
    ("change", "listed"),
    [
        ({"name_en": "A"}, "renamed"),
        ({"name_vi": "B"}, "renamed"),
        ({"direction": "lower"}, "redefined"),
        ({"unit": "điểm"}, "redefined"),
        ({"upper_bound": 100.0}, "redefined"),
        ({"goalpost_min": 0.0, "goalpost_max": 1.0}, "redefined"),
        ({"target": 5.0}, "redefined"),
        ({"treatment": {"kind": "none"}}, "redefined"),
        ({"combination": "lead"}, "redefined"),
        ({"supply": "local"}, "redefined"),
        ({"evidence_required": False}, "redefined"),
        ({"weight": 2.0}, "reweighted"),
        ({"parent": "2.2"}, "moved"),
        ({"source": "elsewhere"}, "redefined"),
        ({"guidance_vi": "Lấy số ngày 31/12"}, "redefined"),
        ({"guidance_en": "As of 31 December"}, "redefined"),
        ({"accepted_evidence": ["signed"]}, "redefined"),
        ({"note": "mới"}, None),
        ({}, None),
    ],
)
def test_a_difference_stands_in_its_list(change: dict[str, Any], listed: str | None) -> None:
    old = said("2.1.1")
    told = node_difference([old], [said("2.1.1", **change)])
    changes = {name: [old[name], value] for name, value in change.items()}
    wanted = [{"code": "2.1.1", "changes": changes}]
    assert {name: found for name, found in told.items() if found} == (
        {listed: wanted} if listed else {}
    )


def test_what_is_only_in_one_of_two_frameworks_is_added_or_dropped() -> None:
    told = node_difference([said("1"), said("2")], [said("2"), said("3")])
    assert [node["code"] for node in told["added"]] == ["3"]
    assert [node["code"] for node in told["dropped"]] == ["1"]
    assert told["renamed"] == told["redefined"] == []


def test_settings_that_differ_are_named_by_their_pointer() -> None:
    levels = Method(aggregation=Aggregation("arithmetic", {0: "harmonic"})).to_dict()
    assert method_difference(Method().to_dict(), levels) == {
        "/aggregation/by_level/0": [None, "harmonic"]
    }
    assert method_difference(levels, levels) == {}


async def test_the_plan_is_loaded_as_a_first_version_and_what_is_added_as_the_next(
    session: AsyncSession, plan: PlanData
) -> None:
    async def kept() -> list[tuple[int, int, str, str]]:
        versions = await session.scalars(
            select(FrameworkVersion).order_by(FrameworkVersion.revision)
        )
        return [
            (version.revision, len(version.nodes), version.created_by_name, version.reason)
            for version in versions
        ]

    by, basis, number = "pii seed", plan.framework.basis, len(plan.nodes)
    assert await kept() == [(1, number, by, basis)]
    assert not any((await load_plan(session, plan)).values())
    assert len(await kept()) == 1
    more = replace(plan.nodes[-1], code="9.9.9", parent="2.1", kind="indicator")
    new = await load_plan(session, replace(plan, nodes=(*plan.nodes, more)))
    assert new["nodes"] == 1
    assert await kept() == [(1, number, by, basis), (2, number + 1, by, basis)]


FLAT = {
    "normalisation": "min_max",
    "range": [0, 100],
    "aggregation": "arithmetic",
    "minimum_coverage": 0,
    "minimum_units": 3,
}
OLD_FRAMEWORK = """
    INSERT INTO frameworks (id, year, name_vi, name_en, basis, locality_code, expected_local,
        expected_central, weights_assumed, method, revision)
    VALUES (:id, 2024, 'PII', '', '', 'ha-noi', 0, 0, true, CAST(:method AS jsonb), 7)
"""
OLD_NODES = """
    INSERT INTO nodes (id, framework_id, parent_id, code, sort_key, kind, name_vi, name_en, weight,
        direction, unit, unit_assumed, lower_bound, upper_bound, supply_assumed, evidence_required,
        source, note, search)
    VALUES (:root, :id, NULL, 'PII', '0', 'index', 'Chỉ số', '', 1, 'higher', '', false, NULL, NULL,
            false, false, '', '', ''),
        (:leaf, :id, :root, '1', '1', 'indicator', 'Tỷ lệ', '', 0.5, 'lower', '%', false, 0, 100,
            false, true, '', '', '')
"""


async def test_frameworks_of_the_first_release_are_published_with_their_method_and_a_version(
    servers: Servers,
) -> None:
    name = f"t_{uuid4().hex[:12]}"
    await run_sql(servers, f"CREATE DATABASE {name}")
    url = settings_for(servers, servers.postgres.database_url(name)).database_url
    config, engine = alembic_config(url), create_async_engine(url)
    ids = {"id": uuid4(), "root": uuid4(), "leaf": uuid4()}
    method = json.dumps({"engine": FLAT, "assumed": ["x"], "verified": []})
    try:
        await asyncio.to_thread(command.upgrade, config, "a41f0c9d52e7")
        async with engine.begin() as connection:
            await connection.execute(text(OLD_FRAMEWORK), {"id": ids["id"], "method": method})
            await connection.execute(text(OLD_NODES), ids)
        await asyncio.to_thread(command.upgrade, config, "head")
        async with engine.connect() as connection:
            found = await connection.execute(
                text("SELECT state, published_at, updated_at, method FROM frameworks")
            )
            state, published_at, updated_at, told = found.one()
            kept = (await connection.execute(text("SELECT * FROM framework_versions"))).one()
        assert (state, published_at) == ("published", updated_at)
        engine_block = Method(normalisation=Normalisation("mixed", minimum_units=3)).to_dict()
        assert told == {"engine": engine_block, "assumed": ["x"], "verified": []}
        assert (kept.revision, kept.created_by, kept.created_by_name) == (7, None, "system")
        assert [(node["code"], node["parent"]) for node in kept.nodes] == [
            ("PII", None),
            ("1", "PII"),
        ]
        # What could not be said then, such as how several leads make one figure, is not said there.
        said = schemas.NodeSaid.model_fields
        assert kept.nodes[1].keys() == {name for name in said if said[name].is_required()}
        assert kept.method == engine_block
        assert kept.hash == content_hash(kept.nodes, kept.method)
        await asyncio.to_thread(command.downgrade, config, "a41f0c9d52e7")
        async with engine.connect() as connection:
            back = await connection.execute(text("SELECT method FROM frameworks"))
            assert back.scalar_one()["engine"] == FLAT
    finally:
        await engine.dispose()
        await run_sql(servers, f"DROP DATABASE {name} WITH (FORCE)")
