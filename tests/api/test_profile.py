"""Where the city stands: one run in one call, as data, as a table and as a picture."""

import asyncio
import csv
import io
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.embedded import Servers
from services.scoring.commands import recalculate
from shared.db import PooledDatabase
from tests.api.conftest import Stage
from tests.cast import make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import body

PATH = "/v1/index/profile"
JSON, CSV, SVG = "application/json", "text/csv; charset=utf-8", "image/svg+xml"
CITIES = ["ha-noi", *(f"tinh-{n}" for n in range(2, 13))]


async def ask(stage: Stage, query: str = "", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await stage.client.get(PATH + query, headers=stage.cast.viewer.headers | named)


async def leaves(stage: Stage) -> dict[str, tuple[float, float]]:
    """Give the bounds of every figure that a panel may hold."""
    tree = body(
        await stage.client.get("/v1/frameworks/2024", headers=stage.cast.coordinator.headers)
    )
    parents = {node["parent"] for node in tree["nodes"]}
    return {
        node["code"]: (node["lower_bound"] or 0.0, node["upper_bound"] or 1000.0)
        for node in tree["nodes"]
        if node["code"] not in parents
    }


async def opened(stage: Stage, code: str, year: int, **values: Any) -> str:
    headers = stage.cast.coordinator.headers
    told = {"code": code, "name": code, "framework": 2024, "due_on": "2030-06-30"}
    told |= {"reference_year": year, **values}
    body(await stage.client.post("/v1/periods", json=told, headers=headers), 201)
    body(await stage.client.post(f"/v1/periods/{code}/open", headers=headers))
    return code


async def calculated(
    stage: Stage, code: str, *, cities: int = 12, seed: int = 1, made_up: bool = False
) -> str:
    """Load a panel in which only 1.1.1 is missing everywhere, and run the index over it."""
    random, bounds = Random(seed), await leaves(stage)
    del bounds["1.1.1"]
    localities = [
        {
            "code": city,
            "name": "Hà Nội" if city == "ha-noi" else city,
            "values": {leaf: random.uniform(low, high) for leaf, (low, high) in bounds.items()},
        }
        for city in CITIES[:cities]
    ]
    headers = stage.cast.coordinator.headers
    panel = {"source": "thử", "made_up": made_up, "localities": localities}
    body(await stage.client.put(f"/v1/panels/{code}", json=panel, headers=headers))
    period = body(await stage.client.get(f"/v1/periods/{code}", headers=headers))
    async with AsyncSession(
        stage.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
    ) as session:
        run = await recalculate(session, UUID(period["id"]), now=datetime.now(UTC), trigger="event")
        await session.commit()
    assert run is not None
    return str(run.id)


@pytest.fixture
async def whole(stage: Stage) -> Stage:
    """Open a newest period, of 2026, and run the index over twelve localities in it."""
    await opened(stage, "ky-2026", 2026)
    await calculated(stage, "ky-2026")
    return stage


async def test_the_profile_says_what_the_index_and_its_nodes_say(whole: Stage) -> None:
    headers = whole.cast.viewer.headers
    shown = body(await ask(whole))
    index = body(await whole.client.get("/v1/index", headers=headers))
    for name in ("score", "rank", "units", "run", "period", "made_up", "stale", "assumed"):
        assert shown[name] == index[name], name
    assert shown["assumed"]
    assert shown["coverage"] == index["coverage"]["share"] == 54 / 55
    assert (shown["locality"]["name"], shown["scale"]) == ("Hà Nội", [0.0, 100.0])
    path = f"/v1/index/runs/{shown['run']['id']}/nodes?limit=200"
    nodes = {
        node["code"]: node for node in body(await whole.client.get(path, headers=headers))["items"]
    }
    assert [entry["code"] for entry in shown["pillars"]] == list("1234567")
    assert [entry["code"] for entry in shown["subindices"]] == ["input", "output"]
    for entry in [*shown["subindices"], *shown["pillars"], *shown["indicators"]]:
        for name in ("score", "rank", "ranked", "coverage", "contribution", "weight"):
            assert entry[name] == nodes[entry["code"]][name], (entry["code"], name)


async def test_each_indicator_stands_once_in_natural_order(whole: Stage) -> None:
    shown = body(await ask(whole))
    found = [entry["code"] for entry in shown["indicators"]]
    assert len(found) == len(set(found)) == shown["groups"]["indicators"] == 52
    numbers = [tuple(map(int, code.split("."))) for code in found]
    assert numbers == sorted(numbers)
    shares = [entry["share_of_index"] for entry in shown["indicators"]]
    assert abs(sum(shares) - 1) < 1e-9
    total = sum(entry["contribution"] for entry in shown["indicators"] if entry["contribution"])
    assert abs(total - shown["score"]) < 1e-9


async def test_strengths_weaknesses_and_groups_follow_the_ranks(whole: Stage) -> None:
    shown = body(await ask(whole))
    assert len(shown["strengths"]) == len(shown["weaknesses"]) == 5
    assert min(e["percentile"] for e in shown["strengths"]) >= max(
        entry["percentile"] for entry in shown["weaknesses"]
    )
    groups = shown["groups"]
    ranks = {entry["code"]: (entry["rank"], entry["ranked"]) for entry in shown["indicators"]}
    assert groups["rank_1"]["codes"] == [code for code, (rank, _) in ranks.items() if rank == 1]
    assert groups["last_third"]["codes"] == [
        code for code, (rank, n) in ranks.items() if rank and rank > n - n / 3
    ]
    missing = groups["not_available"]
    assert missing["count"] == 1
    assert missing["indicators"][0]["code"] == "1.1.1"
    assert missing["indicators"][0]["reasons"][0]["code"] == "1.1.1"
    assert groups["ranked"] + groups["not_compared"]["count"] + missing["count"] == 52


async def test_by_default_it_is_the_newest_run_of_the_period_opened_last(stage: Stage) -> None:
    empty = body(await ask(stage))
    assert (empty["period"]["code"], empty["run"], empty["score"]) == ("ky-2025", None, None)
    assert (empty["stale"], empty["indicators"], empty["last_year"]) == (True, [], None)
    named = body(await ask(stage, "?period=ky-2024"))
    assert named["run"]["id"] == stage.mine["run"]
    later = await calculated(stage, "ky-2024", made_up=True)
    assert body(await ask(stage, "?period=ky-2024"))["run"]["id"] == later
    old = body(await ask(stage, f"?run={stage.mine['run']}"))
    assert (old["run"]["id"], old["run"]["number"]) == (stage.mine["run"], 1)
    assert old["stale"]
    assert body(await ask(stage, f"?run={later}&period=ky-2024"))["run"]["number"] == 2
    other = await ask(stage, f"?run={later}&period=ky-2025")
    assert other.json()["type"] == "urn:pii:problem:run-not-found"


async def test_without_a_last_year_there_is_none(whole: Stage) -> None:
    await opened(whole, "ky-2028", 2028)
    await calculated(whole, "ky-2028")
    assert body(await ask(whole, "?period=ky-2028"))["last_year"] is None


async def test_the_year_before_is_the_newest_run_of_its_period_opened_last(whole: Stage) -> None:
    assert body(await ask(whole))["last_year"] is None
    await opened(whole, "ky-2025-a", 2025)
    await opened(whole, "ky-2025-b", 2025)
    await opened(whole, "ky-2025-c", 2025)  # nothing is calculated in it
    for code, seed in (("ky-2025-b", 2), ("ky-2025-b", 3), ("ky-2025-a", 4)):
        await calculated(whole, code, seed=seed)
    shown = body(await ask(whole, "?period=ky-2026"))
    then = shown["last_year"]
    assert (then["period"]["code"], then["run"]["number"]) == ("ky-2025-b", 2)
    assert (then["comparable"], then["reason_vi"], then["reason_en"]) == (True, None, None)
    earlier = body(await ask(whole, "?period=ky-2025-b"))
    was = {entry["code"]: entry for entry in [*earlier["pillars"], *earlier["indicators"]]}
    now = {entry["code"]: entry for entry in [*shown["pillars"], *shown["indicators"]]}
    changes = [*then["pillars"], *then["indicators"]]
    assert len(changes) == 59
    for change in changes:
        code = change["code"]
        assert (change["rank_then"], change["ranked_then"]) == (
            was[code]["rank"],
            was[code]["ranked"],
        )
        assert (change["rank_now"], change["ranked_now"]) == (
            now[code]["rank"],
            now[code]["ranked"],
        )
        if now[code]["score"] is not None:
            assert change["score_change"] == now[code]["score"] - was[code]["score"]
            difference = now[code]["percentile"] - was[code]["percentile"]
            assert change["percentile_change"] == difference
    assert (then["index"]["rank_then"], then["index"]["ranked_then"]) == (earlier["rank"], 12)


async def test_scores_of_years_with_another_number_of_localities_are_not_compared(
    whole: Stage,
) -> None:
    await opened(whole, "ky-2025-a", 2025)
    await calculated(whole, "ky-2025-a", cities=7)
    then = body(await ask(whole, "?period=ky-2026"))["last_year"]
    assert not then["comparable"]
    assert then["reason_en"].endswith("(7 then, 12 now).")
    assert "7, nay 12" in then["reason_vi"]
    changes = [then["index"], *then["pillars"], *then["indicators"]]
    assert {change["score_change"] for change in changes} == {None}
    assert any(change["percentile_change"] for change in changes)


@pytest.mark.parametrize(
    ("query", "accept", "media"),
    [
        ("", "*/*", JSON),
        ("", "", JSON),
        ("", "application/json", JSON),
        ("", "text/csv", CSV),
        ("", "TEXT/CSV", CSV),
        ("", "text/*", CSV),
        ("", "image/*", SVG),
        ("", "image/svg+xml, */*;q=0.8", SVG),
        ("", "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8", SVG),
        ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("", "application/json;q=0.1, text/csv;q=0.2", CSV),
        ("", "application/json;q=0, */*", CSV),
        ("", "text/csv;q=x", CSV),
        ("?format=csv", "image/svg+xml", CSV),
        ("?format=svg", "text/html", SVG),
        ("?format=json", "text/csv", JSON),
    ],
)
async def test_the_format_goes_before_what_is_accepted(
    whole: Stage, query: str, accept: str, media: str
) -> None:
    answer = await ask(whole, query, accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert answer.headers.get("vary") == (None if query else "accept")


@pytest.mark.parametrize("accept", ["application/pdf", "text/html", "*/*;q=0", "x", "image/png"])
async def test_what_it_does_not_come_in_is_refused(whole: Stage, accept: str) -> None:
    answer = await ask(whole, "", accept=accept)
    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:pii:problem:not-acceptable"
    assert "image/svg+xml" in answer.json()["detail"]


async def test_the_table_has_what_the_data_have(whole: Stage) -> None:
    shown = body(await ask(whole))
    answer = await ask(whole, "?format=csv")
    assert (
        answer.headers["content-disposition"] == 'attachment; filename="profile-ky-2026-run-1.csv"'
    )
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert len(lines) == 59
    told = {entry["code"]: entry for entry in [*shown["pillars"], *shown["indicators"]]}
    for line in lines:
        entry = told[line["code"]]
        assert (line["name_vi"], line["made_up"]) == (entry["name_vi"], "false")
        for name in ("score", "rank", "percentile", "contribution"):
            assert (float(line[name]) if line[name] else None) == entry[name]


async def test_made_up_figures_are_called_so_everywhere(stage: Stage) -> None:
    shown, written, drawn = [
        await ask(stage, f"?period=ky-2024&format={form}") for form in ("json", "csv", "svg")
    ]
    assert body(shown)["made_up"]
    assert written.headers["content-disposition"].endswith('run-1-made-up.csv"')
    assert b",true," in written.content
    assert "SỐ LIỆU MINH HỌA / MADE-UP DATA" in drawn.text
    assert drawn.headers["content-disposition"].startswith("inline;")


async def test_the_picture_is_safe_to_open_whatever_things_are_called(stage: Stage) -> None:
    name = "<script>alert(1)</script>\"'&"
    await opened(stage, "ky-2027", 2027, name=name)
    headers = stage.cast.coordinator.headers
    node = "/v1/frameworks/2024/nodes/2.1.1"
    changed = await stage.client.patch(
        node,
        json={"name_en": name, "reason": "Công văn của bộ"},
        headers={**headers, "if-match": "*"},
    )
    body(changed)
    await calculated(stage, "ky-2027")
    for language in ("vi", "en"):
        answer = await ask(stage, f"?format=svg&lang={language}")
        assert answer.headers["content-security-policy"] == (
            "default-src 'none'; style-src 'unsafe-inline'"
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-language"] == language
        assert "script" not in {element.tag for element in ET.fromstring(answer.content).iter()}  # noqa: S314 our own
        assert "<script" not in answer.text
        assert "MADE-UP" not in answer.text
    tall, wide = [await ask(stage, f"?format=svg&layout={name}") for name in ("tall", "wide")]
    assert 'viewBox="0 0 600 ' in tall.text
    assert 'viewBox="0 0 1200 ' in wide.text


async def test_each_form_has_an_etag_of_its_own(whole: Stage) -> None:
    forms = [JSON, "text/csv", SVG]
    etags = [(await ask(whole, accept=form)).headers["etag"] for form in forms]
    assert len(set(etags)) == 3
    for own, form in enumerate(forms):
        for position, etag in enumerate(etags):
            answer = await ask(whole, accept=form, if_none_match=etag)
            assert answer.status_code == (304 if position == own else 200)
            assert answer.headers["vary"] == "accept"


async def test_memory_never_answers_one_form_for_another(servers: Servers, template: str) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url, pool=2)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            await asyncio.sleep(0.2)  # it listens to PostgreSQL now
            period = {"code": "ky", "name": "Kỳ", "framework": 2024, "reference_year": 2024}
            headers = cast.coordinator.headers
            made = await client.post(
                "/v1/periods", json={**period, "due_on": "2030-01-01"}, headers=headers
            )
            body(made, 201)
            body(await client.post("/v1/periods/ky/open", headers=headers))
            first = await client.get(PATH, headers=headers)
            known = {**headers, "if-none-match": first.headers["etag"]}
            assert (await client.get(PATH, headers=known)).status_code == 304
            for form in ("text/csv", SVG):
                other = await client.get(PATH, headers={**known, "accept": form})
                assert other.status_code == 200
                assert other.headers["content-type"].startswith(form)
            # What is asked for in the address does not vary, and so is remembered.
            named = f"{PATH}?format=svg"
            drawn = await client.get(named, headers=headers)
            again = {**headers, "if-none-match": drawn.headers["etag"]}
            assert (await client.get(named, headers=again)).status_code == 304
            assert 'route="(remembered)",status="304"} 1.0' in (await client.get("/metrics")).text
        await database.close()


async def test_the_document_names_the_three_forms_and_the_refusals(stage: Stage) -> None:
    paths = (await stage.client.get("/openapi.json")).json()["paths"]
    responses = paths[PATH]["get"]["responses"]
    assert responses["200"]["content"].keys() == {JSON, "text/csv", SVG}
    assert responses.keys() >= {"200", "304", "401", "403", "404", "406", "422"}
    assert responses["406"]["$ref"].endswith("/Problem406")
