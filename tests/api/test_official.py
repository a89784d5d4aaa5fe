"""What the ministry published comes in as a file, and a later file corrects it."""

import asyncio
import io
import json
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.embedded import Servers
from deploy.migrate import alembic_config
from deploy.plans.reader import PlanData
from services.api.panels.names import level_of, locality_key, node_of
from shared.models import AuditEntry, OfficialResult
from tests.api.conftest import Stage
from tests.api.wrong import check_problem
from tests.conftest import run_sql, settings_for
from tests.factories import body

PATH = "/v1/official-results/import"
HEAD = "locality,node,score,rank,units_ranked,value,note"
SOURCE = "https://example.org/pii-2024"


async def send(
    stage: Stage,
    content: bytes | str,
    filename: str = "ket-qua.csv",
    *,
    year: int = 2024,
    source: str = SOURCE,
    dry_run: bool = False,
    headers: dict[str, str] | None = None,
) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return await stage.client.post(
        PATH,
        params={"year": year, "dry_run": dry_run},
        files={"file": (filename, data)},
        data={"source": source} if source else {},
        headers=stage.cast.coordinator.headers | (headers or {}),
    )


def rows(*lines: str) -> str:
    return "\n".join((HEAD, *lines)) + "\n"


async def listed(stage: Stage, **query: Any) -> list[dict[str, Any]]:
    answer = await stage.client.get(
        "/v1/official-results",
        params={"limit": 200, **query},
        headers=stage.cast.viewer.headers,
    )
    items: list[dict[str, Any]] = body(answer)["items"]
    return items


async def test_the_plans_results_know_their_nodes_and_the_city(stage: Stage) -> None:
    city = await listed(stage, locality="ha-noi", year=2023)
    assert {row["node_code"]: row["level"] for row in city} == {
        "PII": "overall",
        "input": "input",
        "output": "output",
        "2": "pillar 2",
        "4": "pillar 4",
        "6": "pillar 6",
    }
    pillar = await listed(stage, node="4")
    assert {row["locality"] for row in pillar} == {"Hà Nội", "Lâm Đồng"}
    regions = await listed(stage, level="overall_region_mean")
    assert {(row["node_code"], row["locality_code"]) for row in regions} == {(None, None)}
    assert {row["imported_at"] for row in city} == {None}


async def test_new_rows_are_added_and_stored_ones_corrected_with_a_record(stage: Stage) -> None:
    content = rows(
        "TP. Hà Nội,PII,60.77,1,63,,sửa theo công bố",
        "ha-noi,trụ cột 1,70.5,2,63,,",
        "Hà Nội,2.1.1,88.25,3,63,7.12,",
        "Hải Phòng,overall,,3,63,,",
        "Cà Mau,input,41.5,,63,,",
    )
    told = body(await send(stage, content, dry_run=True))
    imported = body(await send(stage, content))
    assert imported == told | {"dry_run": False}
    assert (told["rows"], told["new"], told["changed"], told["unchanged"]) == (5, 3, 2, 0)
    assert told["framework"] == 2024
    assert told["samples"][:2] == [
        {"locality": "Hà Nội", "node": "PII", "member": "score", "from": 60.76, "to": 60.77},
        {
            "locality": "Hà Nội",
            "node": "PII",
            "member": "note",
            "from": "",
            "to": "sửa theo công bố",
        },
    ]
    (overall,) = await listed(stage, year=2024, locality="ha-noi", node="PII")
    assert (overall["locality"], overall["score"], overall["rank"]) == ("Hà Nội", 60.77, 1)
    assert overall["imported_by"] == stage.cast.coordinator.name
    assert overall["imported_at"]
    (leaf,) = await listed(stage, year=2024, node="2.1.1")
    assert (leaf["level"], leaf["value"], leaf["source"]) == ("indicator 2.1.1", 7.12, SOURCE)
    assert [row["locality_code"] for row in await listed(stage, q="ca mau")] == [None]
    entries = select(AuditEntry.changes).where(
        AuditEntry.action == "corrected", AuditEntry.object_id == overall["id"]
    )
    (changes,) = (await stage.connection.scalars(entries)).all()
    assert changes["score"] == [60.76, 60.77]
    assert changes["source"][1] == SOURCE
    again = body(await send(stage, content))
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 5)


async def test_a_dry_run_stores_nothing(stage: Stage) -> None:
    count = select(func.count()).select_from(OfficialResult)
    newest = select(func.max(AuditEntry.id))
    before = await stage.connection.scalar(count), await stage.connection.scalar(newest)
    told = body(
        await send(stage, rows("Hà Nội,PII,60.77,1,63,,", "Huế,PII,40,9,63,,"), dry_run=True)
    )
    assert (told["valid"], told["new"], told["changed"]) == (True, 1, 1)
    assert before == (await stage.connection.scalar(count), await stage.connection.scalar(newest))


async def test_a_column_left_out_leaves_what_is_stored_and_an_empty_cell_clears_it(
    stage: Stage,
) -> None:
    kept = "locality,node,rank,units_ranked\nHà Nội,pillar 4,2,63\n"
    body(await send(stage, kept, year=2023))
    (row,) = await listed(stage, year=2023, locality="ha-noi", node="4")
    assert (row["score"], row["rank"]) == (77.81, 2)
    assert row["note"].startswith("score from")
    body(await send(stage, rows("Hà Nội,pillar 4,,2,63,,"), year=2023))
    (row,) = await listed(stage, year=2023, locality="ha-noi", node="4")
    assert (row["score"], row["rank"], row["note"]) == (None, 2, "")


async def test_every_kind_of_file_is_taken(stage: Stage) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(
        ["Locality_code", "Locality", "Level", "Score", "Rank", "Units_ranked", "Source", "Year"]
    )
    book.active.append(["ha-noi", None, "PII", 60.5, 1, 63, "báo", 2024])
    packed = io.BytesIO()
    book.save(packed)
    result = {"locality": "Hà Nội", "node": "PII", "score": 60.5, "rank": 1, "units_ranked": 63}
    semicolons = "locality;node;score;rank;units_ranked\nHà Nội;PII;60,5;1;63\n"
    for filename, content in (
        ("a.xlsx", packed.getvalue()),
        ("a.json", json.dumps({"results": [result]})),
        ("a.csv", semicolons),
    ):
        async with stage.undone():
            assert body(await send(stage, content, filename))["changed"] == 1
            (row,) = await listed(stage, year=2024, locality="ha-noi", node="PII")
            assert row["score"] == 60.5, filename


async def test_an_import_sent_twice_under_one_key_is_one_import(stage: Stage) -> None:
    key = {"idempotency-key": "ket-qua-1"}
    first = await send(stage, rows("Huế,PII,40,9,63,,"), headers=key)
    again = await send(stage, rows("Huế,PII,40,9,63,,"), headers=key)
    assert body(first) == body(again)
    assert body(again)["new"] == 1
    assert again.headers["idempotency-replayed"] == "true"


BAD: dict[str, tuple[str, str, list[str], str]] = {
    "a score above 100": ("a.csv", rows("Huế,PII,100.5,1,63,,"), ["/2/score"], "0 to 100"),
    "a rank beyond those ranked": ("a.csv", rows("Huế,PII,1,64,63,,"), ["/2/rank"], "units_ranked"),
    "half a rank": ("a.csv", rows("Huế,PII,1,1.5,63,,"), ["/2/rank"], "whole number"),
    "nobody knows of how many": ("a.csv", rows("Huế,PII,1,1,,,"), ["/2/units_ranked"], "how many"),
    "nothing is said": ("a.csv", rows("Huế,PII,,,63,,"), ["/2/score"], "no score"),
    "an unknown node": (
        "a.csv",
        rows("Huế,pillar 9,1,1,63,,"),
        ["/2/node"],
        "'pillar 9' is no node",
    ),
    "no node": ("a.csv", rows("Huế,,1,1,63,,"), ["/2/node"], "is no node"),
    "a figure of a pillar": (
        "a.csv",
        rows("Huế,pillar 4,1,1,63,5,"),
        ["/2/value"],
        "only indicators",
    ),
    "a row twice": (
        "a.csv",
        rows("Hà Nội,PII,1,1,63,,", "ha-noi,overall,1,1,63,,"),
        ["/3/node"],
        "above",
    ),
    "no locality": ("a.csv", rows(",PII,1,1,63,,"), ["/2"], "give its name"),
    "an unknown code alone": (
        "a.csv",
        "locality_code,node,score,units_ranked\nhue,PII,1,63\n",
        ["/2/locality_code"],
        "give its name",
    ),
    "an unknown column": (
        "a.csv",
        "locality,node,points,units_ranked\nHuế,PII,1,63\n",
        ["/1/points", "/2"],
        "no such column",
    ),
    "another year": (
        "a.csv",
        "year,locality,node,score,units_ranked\n2023,Huế,PII,1,63\n",
        ["/2/year"],
        "another year",
    ),
    "no heading": ("a.csv", "a,b\nHuế,PII\n", ["/1/a", "/1/b", "/1"], "no such column"),
    "no rows": ("a.csv", f"{HEAD}\n", ["/1"], "no row"),
    "several at once": (
        "a.csv",
        rows("Huế,PII,x,0,63,,", "Hu\x07,PII,1,1,63,,"),
        ["/2/score", "/3/locality"],
        "is no number",
    ),
    "JSON of another shape": (
        "a.json",
        '{"results": [{"node": "PII"}]}',
        ["/results/0/units_ranked"],
        "required",
    ),
    "JSON without a locality": (
        "a.json",
        '{"results": [{"node": "PII", "units_ranked": 63, "score": 1}]}',
        ["/results/0"],
        "locality",
    ),
    "JSON with a wrong score": (
        "a.json",
        '{"results": [{"locality": "Huế", "node": "PII", "units_ranked": 63, "score": -1}]}',
        ["/results/0/score"],
        "0 to 100",
    ),
    "broken JSON": ("a.json", "{", [""], "not valid JSON"),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_wrong_file_is_refused_whole_and_every_place_is_named(
    stage: Stage, what: str
) -> None:
    filename, content, places, word = BAD[what]
    count = select(func.count()).select_from(OfficialResult)
    before = await stage.connection.scalar(count)
    told = body(await send(stage, content, filename, dry_run=True))
    answer = await send(stage, content, filename)
    check_problem(answer, 422, "")
    assert answer.json()["errors"] == told["errors"]
    assert [entry["pointer"] for entry in told["errors"]] == places
    assert word in told["errors"][0]["message"]
    assert await stage.connection.scalar(count) == before


async def test_the_request_is_checked(stage: Stage) -> None:
    good = rows("Huế,PII,1,1,63,,")
    check_problem(await send(stage, good, source=""), 422, "/2")
    check_problem(await send(stage, good, year=1999), 422, "year")
    check_problem(await send(stage, good, "a.xlsx"), 415, "/file")
    for query in ("", "?year=x", "?year=2024&dry=true"):
        answer = await stage.client.post(
            f"{PATH}{query}",
            files={"file": ("a.csv", good)},
            headers=stage.cast.coordinator.headers,
        )
        check_problem(answer, 422, "")


async def test_results_that_were_there_before_learn_their_nodes(servers: Servers) -> None:
    name = f"t_{uuid4().hex[:12]}"
    await run_sql(servers, f"CREATE DATABASE {name}")
    try:
        url = settings_for(servers, servers.postgres.database_url(name)).database_url
        config = alembic_config(url)
        await asyncio.to_thread(command.upgrade, config, "c3f1a0b2d4e5")
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            for statement in OLD_ROWS:
                await connection.execute(text(statement))
        await asyncio.to_thread(command.upgrade, config, "d4e2b1c3f5a6")
        async with engine.connect() as connection:
            found = text("SELECT level, locality, node_code, locality_code FROM official_results")
            assert {tuple(row) for row in await connection.execute(found)} == {
                ("overall", "Hà Nội", "PII", "ha-noi"),
                ("input", "Hà Nội", "input", "ha-noi"),
                ("pillar 2", "Huế", "2", None),
                ("overall_region_mean", "REGION Tây Nguyên", None, None),
            }
        await engine.dispose()
    finally:
        await run_sql(servers, f"DROP DATABASE {name} WITH (FORCE)")


OLD_ROWS = (
    "INSERT INTO localities (id, code, name) VALUES (gen_random_uuid(), 'ha-noi', 'Hà Nội')",
    """
    INSERT INTO frameworks (id, year, name_vi, name_en, basis, locality_code, expected_local,
        expected_central, weights_assumed, method)
    VALUES (gen_random_uuid(), 2024, '', '', '', 'ha-noi', 0, 0, true, '{}')
    """,
    """
    INSERT INTO nodes (id, framework_id, code, sort_key, kind, name_vi, name_en, weight, direction, unit,
        unit_assumed, supply_assumed, evidence_required, source, note, search)
    SELECT gen_random_uuid(), frameworks.id, node.code, node.code, node.kind, '', '', 1, 'higher', '',
        false, false, false, '', '', ''
    FROM frameworks, (VALUES ('PII', 'index'), ('input', 'subindex'), ('2', 'pillar')) AS node (code, kind)
    """,
    """
    INSERT INTO official_results (id, year, locality, level, units_ranked, note, source, search)
    SELECT gen_random_uuid(), 2024, locality, level, 63, '', '', ''
    FROM (VALUES ('Hà Nội', 'overall'), ('Hà Nội', 'input'), ('Huế', 'pillar 2'),
        ('REGION Tây Nguyên', 'overall_region_mean')) AS result (locality, level)
    """,
)


async def test_a_year_before_every_framework_takes_the_first_ones_nodes(stage: Stage) -> None:
    told = body(await send(stage, rows("Hà Nội,PII,50,1,63,,"), year=2019))
    assert (told["framework"], told["new"]) == (2024, 1)


def mostly(*right: str) -> Any:
    return some.sampled_from([*right * 4, "", "x", "101", "-1", "1.5"])


CELLS = {
    "locality": mostly("Hà Nội", "ha-noi", "Huế", "Cần Thơ"),
    "node": mostly("PII", "overall", "pillar 4", "2.1.1"),
    "score": mostly("60.5", "60.76"),
    "rank": mostly("1", "63"),
    "units_ranked": mostly("63"),
    "note": mostly("ghi chú"),
}


@some.composite
def files(draw: Any) -> str:
    columns = draw(some.permutations(list(CELLS)))
    lines = some.lists(some.tuples(*(CELLS[column] for column in columns)), min_size=1, max_size=3)
    return "\n".join(",".join(f'"{cell}"' for cell in line) for line in [columns, *draw(lines)])


@pytest.mark.timeout(120)
async def test_a_dry_run_finds_what_the_import_finds_in_any_file(stage: Stage) -> None:
    sent: list[str] = []

    @settings(
        max_examples=120,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(files())
    def collect(content: str) -> None:
        sent.append(content)

    await asyncio.to_thread(collect)
    outcomes: set[int] = set()
    for content in sent:
        told = body(await send(stage, content, dry_run=True))
        async with stage.undone():
            answer = await send(stage, content)
            outcomes.add(answer.status_code)
            if told["valid"]:
                assert body(answer) == told | {"dry_run": False}
            else:
                check_problem(answer, 422, "")
                assert answer.json()["errors"] == told["errors"]
    assert outcomes == {200, 422}


@pytest.mark.parametrize(
    ("words", "node"),
    [
        ("PII", "PII"),
        ("Overall", "PII"),
        ("input", "input"),
        ("OUTPUT", "output"),
        ("pillar 4", "4"),
        ("Trụ cột 4", "4"),
        ("nhóm 1.1", "1.1"),
        ("Chỉ số 2.1.1", "2.1.1"),
        ("3.2.1.dien-nang", "3.2.1.dien-nang"),
        ("overall_region_mean", None),
        ("pillar 1.1", None),
        ("", None),
    ],
)
def test_a_level_is_found_by_its_words(plan: PlanData, words: str, node: str | None) -> None:
    assert node_of(words, {node.code: node.kind for node in plan.nodes}) == node


def test_every_node_is_found_by_its_own_level(plan: PlanData) -> None:
    kinds = {node.code: node.kind for node in plan.nodes}
    assert [node_of(level_of(kind, code), kinds) for code, kind in kinds.items()] == list(kinds)


def test_a_locality_is_known_with_and_without_its_rank() -> None:
    assert (
        len(
            {
                locality_key(name)
                for name in ("Hà Nội", "TP. Hà Nội", "Thành phố  Hà Nội", "tp Hà Nội", "HÀ NỘI")
            }
        )
        == 1
    )
    assert locality_key("Tỉnh Hà Nam") == locality_key("Hà Nam") != locality_key("Tp")
