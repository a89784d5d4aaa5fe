"""What is sent to the ministry is frozen: what is accepted, its evidence as it came, and what is lacking."""

import asyncio
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import select, text, update

from deploy.packs import NotAPackError, examine
from services.api.app import create_asgi
from services.api.evidence.files import BLOCK
from services.api.packs.contents import GAPS, LETTER, MANIFEST, SUMS
from services.api.packs.wording import MADE_UP
from shared.models import Evidence, Period
from tests.api.conftest import Real, Stage
from tests.conftest import settings_for
from tests.factories import (
    PDF,
    PERIOD,
    act,
    assignment_of,
    attached,
    body,
    done,
    drafted,
    officers_duty,
    submitted,
)

SECOND = "ky-2025"
LARGE = PDF + bytes(range(256)) * 10_000  # two and a half MiB
PACKS = f"/v1/periods/{PERIOD}/packs"


async def made(stage: Stage | Real, path: str = PACKS, **content: Any) -> dict[str, Any]:
    headers = stage.cast.coordinator.headers
    pack: dict[str, Any] = body(await stage.client.post(path, json=content, headers=headers), 201)
    return pack


async def got(stage: Stage | Real, path: str) -> httpx.Response:
    return await stage.client.get(path, headers=stage.cast.coordinator.headers)


async def unpacked(stage: Stage | Real, pack: dict[str, Any]) -> dict[str, bytes]:
    answer = await got(stage, f"/v1/packs/{pack['id']}/content")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def figure(real: Real, indicator: str, *, content: bytes, **said: Any) -> dict[str, Any]:
    """Have a figure of the officer's body accepted with one document."""
    client, cast = real.client, real.cast
    duty = await assignment_of(client, cast, indicator)
    draft = await drafted(client, cast.officer, duty["id"], value=5)
    sent = await attached(client, cast.officer, draft["id"], content=content, **said)
    await done(client, cast.officer, draft["id"], "submit")
    await done(client, cast.coordinator, draft["id"], "accept")
    return sent


async def test_a_pack_holds_the_accepted_figures_and_their_evidence(stage: Stage) -> None:
    pack = await made(stage, f"/v1/periods/{SECOND}/packs", note="Kèm công văn")
    assert [(row["indicator"], row["value"]) for row in pack["rows"]] == [
        ("2.1.1", 5.0),
        ("5.2.3", 5.0),
    ]
    assert (pack["number"], pack["note"], pack["figures"], pack["stale"]) == (
        2,
        "Kèm công văn",
        2,
        False,
    )
    members = await unpacked(stage, pack)
    assert members["minh-chung/2.1.1/01_bao-cao.pdf"] == PDF
    assert members["minh-chung/5.2.3/01_bao-cao.pdf"] == PDF
    manifest = json.loads(members[MANIFEST])
    assert manifest == pack["manifest"]
    assert hashlib.sha256(members[MANIFEST]).hexdigest() == pack["manifest_sha256"]
    told = {one["path"]: (one["bytes"], one["sha256"]) for one in manifest["members"]}
    assert told == {
        path: (len(content), hashlib.sha256(content).hexdigest())
        for path, content in members.items()
        if path not in {MANIFEST, SUMS}
    }
    assert pack["size"] == sum(map(len, members.values()))
    letter = await got(stage, f"/v1/packs/{pack['id']}/letter")
    assert letter.content == members[LETTER]
    assert letter.headers["content-disposition"] == ('attachment; filename="goi-ky-2025-so-2.docx"')


async def test_the_archive_is_the_same_bytes_every_time(stage: Stage) -> None:
    path = f"/v1/packs/{stage.mine['pack']}/content"
    first, second = await got(stage, path), await got(stage, path)
    assert first.content == second.content
    assert first.headers["content-type"] == "application/zip"
    assert first.headers["content-disposition"] == 'attachment; filename="goi-ky-2025-so-1.zip"'
    assert first.headers["etag"] == second.headers["etag"]


@pytest.mark.parametrize("action", ["return", "reject"])
async def test_nothing_enters_that_is_not_accepted(stage: Stage, action: str) -> None:
    pack = await made(stage)
    assert pack["rows"] == []
    waiting = stage.mine["waiting"]
    await done(stage.client, stage.cast.coordinator, waiting, action, "thiếu trang 2")
    pack = await made(stage)
    assert (pack["number"], pack["rows"]) == (2, [])
    # Every duty is a gap then, but not what is to be reported in words.
    duties = text(
        "SELECT count(*) FROM assignments JOIN periods ON periods.id = period_id "
        "WHERE code = :code AND assignments.kind = 'figure'"
    )
    owed = (await stage.connection.execute(duties, {"code": PERIOD})).scalar_one()
    assert [gap["kind"] for gap in pack["lacking"]] == ["no_figure"] * owed


async def test_what_is_superseded_stays_in_the_old_pack_and_out_of_the_new(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    old = await unpacked(stage, {"id": stage.mine["pack"]})
    duty = await assignment_of(client, cast, period=SECOND)
    await done(client, cast.second_coordinator, stage.mine["taken"], "reopen", "sai số liệu")
    shown = body(await got(stage, f"/v1/packs/{stage.mine['pack']}"))
    assert shown["stale"]
    assert [(one["what"], one["indicator"]) for one in shown["changes"]] == [("withdrawn", "2.1.1")]
    assert [
        row["indicator"] for row in (await made(stage, f"/v1/periods/{SECOND}/packs"))["rows"]
    ] == ["5.2.3"]
    again = await submitted(client, cast.officer, duty["id"], value=6)
    body(await act(client, cast.second_coordinator, again["id"], "accept"))
    shown = body(await got(stage, f"/v1/packs/{stage.mine['pack']}"))
    (change,) = shown["changes"]
    assert (change["what"], change["before"]["value"], change["after"]["value"]) == (
        "replaced",
        5.0,
        6.0,
    )
    assert await unpacked(stage, {"id": stage.mine["pack"]}) == old


async def test_packs_are_listed_newest_first_and_counted_by_period(stage: Stage) -> None:
    for number in (2, 3):
        assert (await made(stage, f"/v1/periods/{SECOND}/packs"))["number"] == number
    listed = body(await got(stage, f"/v1/periods/{SECOND}/packs?limit=2"))
    assert [pack["number"] for pack in listed["items"]] == [3, 2]
    assert "rows" not in listed["items"][0]
    assert body(await got(stage, PACKS))["items"] == []


async def test_making_a_pack_stands_in_the_audit_log_with_its_hash(stage: Stage) -> None:
    pack = await made(stage)
    found = await got(stage, f"/v1/audit?object_type=pack&object_id={pack['id']}")
    (entry,) = body(found)["items"]
    assert entry["action"] == "made"
    assert entry["changes"]["manifest_sha256"] == [None, pack["manifest_sha256"]]


async def test_a_key_of_one_body_makes_and_reads_no_pack(stage: Stage) -> None:
    asked = {
        "name": "hệ thống của sở",
        "scopes": ["packs:read", "packs:write"],
        "organisation": "so-gddt",
        "expires_on": "2030-01-01",
    }
    made_key = await stage.client.post("/v1/api-keys", json=asked, headers=stage.cast.admin.headers)
    headers = {"authorization": f"Bearer {body(made_key, 201)['key']}"}
    for path in (f"/v1/packs/{stage.mine['pack']}", f"/v1/packs/{stage.mine['pack']}/content"):
        assert (await stage.client.get(path, headers=headers)).status_code == 403
    assert (await stage.client.post(PACKS, json={}, headers=headers)).status_code == 403


async def test_a_made_up_period_makes_made_up_packs(stage: Stage) -> None:
    await stage.connection.execute(update(Period).where(Period.code == SECOND).values(made_up=True))
    pack = await made(stage, f"/v1/periods/{SECOND}/packs")
    assert pack["made_up"]
    answer = await got(stage, f"/v1/packs/{pack['id']}/content")
    assert "goi-ky-2025-so-2-gia-dinh.zip" in answer.headers["content-disposition"]
    members = await unpacked(stage, pack)
    assert MADE_UP in members[GAPS].decode()
    assert MADE_UP in members[SUMS].decode()
    # What was frozen before keeps its name.
    old = await got(stage, f"/v1/packs/{stage.mine['pack']}/content")
    assert "gia-dinh" not in old.headers["content-disposition"]


@pytest.mark.parametrize("scan", ["waiting", "infected"])
async def test_what_is_not_known_to_be_clean_stays_out(stage: Stage, scan: str) -> None:
    path = "minh-chung/2.1.1/01_bao-cao.pdf"
    assert path in await unpacked(stage, {"id": stage.mine["pack"]})
    await stage.connection.execute(
        update(Evidence).where(Evidence.id == stage.mine["evidence_of_taken"]).values(scan=scan)
    )
    pack = await made(stage, f"/v1/periods/{SECOND}/packs")
    assert path not in await unpacked(stage, pack)
    kind = "quarantined" if scan == "waiting" else "infected"
    assert [gap["evidence"] for gap in pack["lacking"] if gap["kind"] == kind] == ["2.1.1-01"]
    old = body(await got(stage, f"/v1/packs/{stage.mine['pack']}"))
    assert [change["what"] for change in old["changes"]] == ["evidence_changed"]


async def stored(real: Real, evidence: str) -> Path:
    async with real.database.transaction() as session:
        key = await session.scalar(select(Evidence.storage_key).where(Evidence.id == evidence))
    return real.folder / str(key)


async def flip(path: Path, place: int) -> None:
    content = bytearray(await asyncio.to_thread(path.read_bytes))
    content[place] ^= 1
    await asyncio.to_thread(path.write_bytes, bytes(content))


async def test_a_flipped_byte_refuses_the_pack_and_names_the_file(real: Real) -> None:
    await officers_duty(real.client, real.cast)
    sent = await figure(real, "2.1.1", content=LARGE, filename="Số liệu.pdf")
    path = await stored(real, sent["id"])
    await flip(path, BLOCK + 17)
    headers = real.cast.coordinator.headers
    refused = await real.client.post(PACKS, json={}, headers=headers)
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:pii:problem:damaged-evidence"
    assert f"2.1.1-01 Số liệu.pdf ({sent['id']})" in refused.json()["detail"]
    assert body(await real.client.get(PACKS, headers=headers))["items"] == []
    await flip(path, BLOCK + 17)
    pack = await made(real)
    assert pack["number"] == 1
    assert (await unpacked(real, pack))["minh-chung/2.1.1/01_so-lieu.pdf"] == LARGE


async def test_a_file_that_is_gone_is_a_gap(real: Real) -> None:
    await officers_duty(real.client, real.cast)
    sent = await figure(real, "2.1.1", content=LARGE, level="signed")
    await asyncio.to_thread((await stored(real, sent["id"])).unlink)
    pack = await made(real)
    assert "missing" in {gap["kind"] for gap in pack["lacking"]}
    assert pack["evidence"][0]["path"] is None
    assert not [path for path in await unpacked(real, pack) if path.startswith("minh-chung")]
    assert not pack["stale"]


async def test_a_pack_made_twice_at_once_has_two_numbers(real: Real) -> None:
    await officers_duty(real.client, real.cast)
    await figure(real, "2.1.1", content=PDF)
    packs = await asyncio.gather(*(made(real) for _ in range(3)))
    assert sorted(pack["number"] for pack in packs) == [1, 2, 3]


@pytest.mark.parametrize("fault", ["flipped", "gone", "rewritten with its hashes"])
async def test_what_is_found_damaged_on_the_way_breaks_the_transfer_off(
    real: Real, fault: str
) -> None:
    """Served as it is in use: who downloads must see that it broke, not a file that ends early."""
    await officers_duty(real.client, real.cast)
    sent = await figure(real, "2.1.1", content=LARGE)
    pack = await made(real)
    path = await stored(real, sent["id"])
    whole = await got(real, f"/v1/packs/{pack['id']}/content")
    if fault == "gone":
        await asyncio.to_thread(path.unlink)
    else:
        await flip(path, BLOCK + 17)
    if fault == "rewritten with its hashes":
        content = await asyncio.to_thread(path.read_bytes)
        parts = [content[start : start + BLOCK] for start in range(0, len(content), BLOCK)]
        blocks = b"".join(hashlib.sha256(part).digest() for part in parts)
        digest = hashlib.sha256(content).hexdigest()
        async with real.database.transaction() as session:
            await session.execute(update(Evidence).values(blocks=blocks, sha256=digest))
    url = real.database.engine.url.render_as_string(hide_password=False)
    settings = settings_for_real(real, url)
    server = uvicorn.Server(
        uvicorn.Config(create_asgi(settings), port=0, log_config=None, lifespan="on")
    )
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 it has no event for it
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    received = bytearray()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await into(received, client, pack, real.cast.coordinator.headers)
    server.should_exit = True
    await running
    assert len(received) < len(whole.content)
    # Not by chance either: what is stored in it may be an archive with a directory of its own.
    rest = real.folder / "rest.zip"
    await asyncio.to_thread(rest.write_bytes, received)
    with pytest.raises(NotAPackError):
        await asyncio.to_thread(examine, rest)


def settings_for_real(real: Real, url: str) -> Any:
    class Known:
        redis = type("Redis", (), {"url": "redis://127.0.0.1:1"})

    return settings_for(Known(), url, evidence_url=f"file:{real.folder}")  # type: ignore[arg-type]


async def into(
    received: bytearray, client: httpx.AsyncClient, pack: dict[str, Any], headers: dict[str, str]
) -> None:
    async with client.stream("GET", f"/v1/packs/{pack['id']}/content", headers=headers) as answer:
        assert answer.status_code == 200
        async for piece in answer.aiter_bytes():
            received += piece
