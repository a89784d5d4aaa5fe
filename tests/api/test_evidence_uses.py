"""A document proves several figures, states one, is checked whenever it is read, and may be a link."""

import asyncio
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update

from deploy.evidence import verify
from services.api.evidence.files import BLOCK, ZIP, detect
from services.api.evidence.store import Store
from shared.models import Evidence
from tests.api.conftest import Real, Stage
from tests.api.wrong import check_problem
from tests.factories import (
    DOCX,
    JPEG,
    PDF,
    PNG,
    XLSX,
    act,
    archive,
    assignment_of,
    attached,
    body,
    done,
    drafted,
    officers_duty,
    opened_period,
    pointers,
)

LARGE = PDF + bytes(range(256)) * 10_000  # two and a half MiB


async def used(stage: Stage, submission: str, **content: Any) -> httpx.Response:
    return await stage.client.post(
        f"/v1/submissions/{submission}/evidence", json=content, headers=stage.cast.officer.headers
    )


async def draft_of(stage: Stage) -> dict[str, Any]:
    path = f"/v1/submissions/{stage.mine['draft']}"
    found: dict[str, Any] = body(await stage.client.get(path, headers=stage.cast.officer.headers))
    return found


async def test_a_document_says_what_it_is_and_what_it_states(stage: Stage) -> None:
    said: dict[str, Any] = {
        "level": "signed",
        "document_number": "12/BC-SGDDT",
        "document_date": "2024-12-01",
        "issuer": "Sở GD&ĐT",
        "pages": "14",
        "covers_from": "2023-12-15",
        "covers_to": "2024-12-14",
        "valid_until": "2029-12-31",
        "stated": "5",
        "place": "tr. 3, bảng 2",
    }
    sent = await attached(stage.client, stage.cast.officer, stage.mine["draft"], **said)
    assert (sent["level"], sent["pages"], sent["scan"]) == ("signed", 14, "not_scanned")
    assert sent["uses"] == [
        {"submission": stage.mine["draft"], "stated": 5, "place": "tr. 3, bảng 2"}
    ]
    pieces = {piece["id"]: piece for piece in (await draft_of(stage))["evidence"]}
    shown = pieces[sent["id"]]
    assert (shown["stated"], shown["place"], shown["level"]) == (5, "tr. 3, bảng 2", "signed")
    for name in ("covers_from", "covers_to", "valid_until"):
        assert shown[name] == sent[name] == said[name]


async def test_one_file_serves_several_figures(stage: Stage) -> None:
    taken = stage.mine["evidence_of_taken"]
    answer = await used(stage, stage.mine["draft"], evidence=taken, stated=5.0, place="tr. 9")
    shown = body(answer, 201)
    uses = {use["submission"] for use in shown["uses"]}
    assert uses == {stage.mine["taken"], stage.mine["draft"]}
    assert shown["allowed_actions"] == ["download"]
    assert taken in [piece["id"] for piece in (await draft_of(stage))["evidence"]]
    again = await used(stage, stage.mine["draft"], evidence=taken)
    assert again.json()["type"] == "urn:pii:problem:used-already"
    headers = stage.cast.officer.headers
    whole = await stage.client.delete(f"/v1/evidence/{taken}", headers=headers)
    assert whole.status_code == 409
    path = f"/v1/submissions/{stage.mine['draft']}/evidence/{taken}"
    assert (await stage.client.delete(path, headers=headers)).status_code == 204
    assert (await stage.client.delete(path, headers=headers)).status_code == 404
    left = body(await stage.client.get(f"/v1/evidence/{taken}", headers=headers))
    assert [use["submission"] for use in left["uses"]] == [stage.mine["taken"]]
    # Who may see only the accepted figure is not told of the others.
    seen = await stage.client.get(f"/v1/evidence/{taken}", headers=stage.cast.viewer.headers)
    assert len(body(seen)["uses"]) == 1


async def test_another_bodys_document_proves_nothing_of_mine(stage: Stage) -> None:
    answer = await used(stage, stage.mine["draft"], evidence=stage.foreign["evidence_of_taken"])
    check_problem(answer, 422, "/evidence")


async def test_a_link_is_kept_and_has_no_file(stage: Stage) -> None:
    address = "http://127.0.0.1:1/nien-giam.pdf?trang=3"
    link = body(await used(stage, stage.mine["draft"], url=address, issuer="TCTK"), 201)
    assert (link["level"], link["url"], link["filename"]) == ("link", address, "")
    assert link["allowed_actions"] == ["remove"]
    content = await stage.client.get(
        f"/v1/evidence/{link['id']}/content", headers=stage.cast.officer.headers
    )
    assert content.json()["type"] == "urn:pii:problem:no-file"


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ({}, "/file"),
        ({"evidence": "x"}, "/evidence"),
        ({"evidence": "00000000-0000-4000-8000-000000000000"}, "/evidence"),
        ({"url": "file:///etc/passwd"}, "/url"),
        ({"url": "javascript:alert(1)"}, "/url"),
        ({"url": "https://a b"}, "/url"),
        ({"url": "https://example.org", "level": "signed"}, "/level"),
        ({"url": "https://example.org", "pages": 0}, "/pages"),
        ({"url": "https://example.org", "valid_until": "31/12/2029"}, "/valid_until"),
        (
            {"url": "https://a.vn", "covers_from": "2024-12-31", "covers_to": "2024-01-01"},
            "/covers_to",
        ),
        ({"evidence": "{evidence_of_taken}", "covers_to": "2024-01-01"}, "/covers_to"),
        ({"url": "https://example.org", "stated": "NaN"}, "/stated"),
        ({"url": "https://example.org", "stated": [1]}, "/stated"),
        ({"url": "https://example.org", "size": 1}, "/size"),
        ({"evidence": "{evidence_of_taken}", "issuer": "Sở"}, "/issuer"),
        ({"evidence": "{evidence_of_taken}", "url": "https://example.org"}, "/url"),
        ([1], ""),
    ],
)
async def test_what_is_attached_wrongly_is_refused(stage: Stage, content: Any, where: str) -> None:
    if isinstance(content, dict) and str(content.get("evidence", "")).startswith("{"):
        content = {**content, "evidence": stage.mine["evidence_of_taken"]}
    before = await stage.counts()
    answer = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/evidence",
        json=content,
        headers=stage.cast.officer.headers,
    )
    check_problem(answer, 422, where)
    assert await stage.counts() == before


async def test_a_figure_that_its_evidence_states_otherwise_is_explained_or_refused(
    stage: Stage,
) -> None:
    client, cast, draft = stage.client, stage.cast, stage.mine["draft"]
    assert (await draft_of(stage))["findings"] == []
    other = await attached(client, cast.officer, draft, content=PDF + b"2", stated="5.6")
    found = (await draft_of(stage))["findings"]
    assert [(one["code"], one["figures"]["stated_1"]) for one in found] == [
        ("evidence_differs", 5.6)
    ]
    refused = await act(client, cast.officer, draft, "submit")
    assert pointers(refused.json()) == ["/explanations/evidence_differs"]
    path = f"/v1/submissions/{draft}"
    match = {**cast.officer.headers, "if-match": "*"}
    why = {"explanations": {"evidence_differs": "Báo cáo làm tròn"}}
    body(await client.patch(path, json=why, headers=match))
    rule = await client.put(
        "/v1/indicators/2.1.1/rules",
        json={"evidence_must_match": True},
        headers={**cast.coordinator.headers, "if-match": "*"},
    )
    body(rule)
    refused = await act(client, cast.officer, draft, "submit")
    assert pointers(refused.json()) == ["/value"]
    removed = await client.delete(f"{path}/evidence/{other['id']}", headers=cast.officer.headers)
    assert removed.status_code == 204
    assert (await draft_of(stage))["findings"] == []
    assert (await done(client, cast.officer, draft, "submit"))["state"] == "submitted"


async def test_a_figure_that_no_document_states_is_explained(stage: Stage) -> None:
    client, cast, draft = stage.client, stage.cast, stage.mine["draft"]
    path = f"/v1/submissions/{draft}"
    headers = cast.officer.headers
    statement = f"{path}/evidence/{stage.mine['evidence_of_draft']}/statement"
    for said, lacks in (({}, "stated"), ({"stated": 5.0}, "place")):
        body(await client.post(statement, json=said, headers=headers))
        assert [one["code"] for one in (await draft_of(stage))["findings"]] == [
            "evidence_states_nothing"
        ]
        refused = await act(client, cast.officer, draft, "submit")
        check_problem(refused, 422, f"/evidence/0/{lacks}")
    # A second document, which says it all, is enough; so is an explanation, or a rule that asks for neither.
    other = await attached(client, cast.officer, draft, content=PDF + b"2", filename="phu-luc.pdf")
    assert (await draft_of(stage))["findings"] == []
    body(await client.delete(f"{path}/evidence/{other['id']}", headers=headers), 204)
    why = {"explanations": {"evidence_states_nothing": "Bản scan không có số trang"}}
    async with stage.undone():
        body(await client.patch(path, json=why, headers={**headers, "if-match": "*"}))
        assert (await done(client, cast.officer, draft, "submit"))["state"] == "submitted"
    rule = {"evidence_must_state": False}
    match = {**cast.coordinator.headers, "if-match": "*"}
    body(await client.put("/v1/indicators/2.1.1/rules", json=rule, headers=match))
    assert (await done(client, cast.officer, draft, "submit"))["findings"] == []


async def test_what_a_document_states_is_corrected_in_a_draft_only(stage: Stage) -> None:
    client, headers = stage.client, stage.cast.officer.headers
    said = {"stated": 5.5, "place": "tr. 2"}
    piece = stage.mine["evidence_of_draft"]
    path = f"/v1/submissions/{stage.mine['draft']}/evidence/{piece}/statement"
    shown = body(await client.post(path, json=said, headers=headers))
    assert shown["uses"] == [{"submission": stage.mine["draft"], **said}]
    assert [one["code"] for one in (await draft_of(stage))["findings"]] == ["evidence_differs"]
    listed = await client.get(
        "/v1/audit",
        params={"object_type": "evidence", "object_id": piece, "action": "stated"},
        headers=stage.cast.coordinator.headers,
    )
    (entry,) = body(listed)["items"]
    assert entry["changes"]["stated"] == [5, 5.5]
    assert entry["changes"]["place"] == ["tr. 1", "tr. 2"]
    taken = stage.mine["evidence_of_taken"]
    path = f"/v1/submissions/{stage.mine['taken']}/evidence/{taken}/statement"
    check_problem(await client.post(path, json=said, headers=headers), 409, "")
    path = f"/v1/submissions/{stage.mine['draft']}/evidence/{taken}/statement"
    check_problem(await client.post(path, json=said, headers=headers), 404, "")
    path = path.replace(taken, piece)
    check_problem(await client.post(path, json={"stated": "5"}, headers=headers), 422, "/stated")


@pytest.mark.parametrize(
    ("asked", "unless", "status", "part"),
    [
        ("bytes=0-9", None, 206, slice(0, 10)),
        (f"bytes={BLOCK - 5}-{BLOCK + 4}", None, 206, slice(BLOCK - 5, BLOCK + 5)),
        ("bytes=10-", None, 206, slice(10, None)),
        ("bytes=-7", None, 206, slice(-7, None)),
        ("bytes=0-99999999", None, 206, slice(0, None)),
        ("bytes=-99999999", None, 206, slice(0, None)),
        ("bytes=0-1", "etag", 206, slice(0, 2)),
        ("bytes=0-1", '"other"', 200, slice(None)),
        ("bytes=0-1", "Wed, 21 Oct 2015 07:28:00 GMT", 200, slice(None)),
        ("bytes=0-1,4-5", None, 200, slice(None)),
        ("bytes=5-1", None, 200, slice(None)),
        ("bytes=-", None, 200, slice(None)),
        ("lines=1-2", None, 200, slice(None)),
        ("bytes=99999999-", None, 416, None),
        ("bytes=-0", None, 416, None),
        ("bytes=" + "9" * 5000 + "-", None, 200, slice(None)),
    ],
)
async def test_a_range_of_the_bytes_is_given(
    stage: Stage, asked: str, unless: str | None, status: int, part: slice | None
) -> None:
    sent = await attached(stage.client, stage.cast.officer, stage.mine["draft"], content=LARGE)
    etag = f'"{sent["sha256"]}"'
    headers = {**stage.cast.officer.headers, "range": asked}
    if unless:
        headers["if-range"] = etag if unless == "etag" else unless
    answer = await stage.client.get(f"/v1/evidence/{sent['id']}/content", headers=headers)
    assert answer.status_code == status
    if part is None:
        assert answer.headers["content-range"] == f"bytes */{len(LARGE)}"
        assert answer.headers["content-type"] == "application/problem+json"
        return
    assert answer.content == LARGE[part]
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-length"] == str(len(LARGE[part]))
    if status == 206:
        start, stop, _ = part.indices(len(LARGE))
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(LARGE)}"


@pytest.mark.parametrize(
    ("files", "good"),
    [
        ({"a.pdf": PDF, "phu-luc/b.xlsx": XLSX, "c.docx": DOCX, "d.png": PNG, "e.jpg": JPEG}, True),
        ({"a.pdf": PNG}, False),
        ({"a.txt": b"text"}, False),
        ({"a.pdf": PDF, "b.zip": archive({"a.pdf": PDF})}, False),
        ({"../a.pdf": PDF}, False),
        ({"/a.pdf": PDF}, False),
        ({"x/../../a.pdf": PDF}, False),
        ({"c:\\a.pdf": PDF}, False),
        ({"a\n.pdf": PDF}, False),
        ({"empty/": b""}, False),
        ({}, False),
        ({f"{n}.pdf": PDF for n in range(201)}, False),
    ],
)
async def test_an_archive_holds_documents_and_nothing_else(
    stage: Stage, files: dict[str, bytes], *, good: bool
) -> None:
    answer = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/evidence",
        files={"file": ("ho-so.zip", archive(files))},
        headers=stage.cast.officer.headers,
    )
    if good:
        assert body(answer, 201)["media_type"] == ZIP
    else:
        check_problem(answer, 415, "/file")


def test_an_archive_that_would_blow_up_is_no_archive(tmp_path: Path) -> None:
    bomb = archive({"a.pdf": PDF + b"\0" * 20_000_000}, packed=zipfile.ZIP_DEFLATED)
    fine = archive({"a.pdf": PDF * 1000}, packed=zipfile.ZIP_STORED)
    lying = fine.replace((len(PDF) * 1000).to_bytes(4, "little"), (2**31).to_bytes(4, "little"))
    broken = fine.replace(b"endobj", b"endobJ", 1)
    encrypted = bytearray(fine)
    encrypted[encrypted.index(b"PK\1\2") + 8] |= 1
    for content, found in (
        (bomb, None),
        (fine, ZIP),
        (lying, None),
        (broken, None),
        (bytes(encrypted), None),
    ):
        path = tmp_path / "a.zip"
        path.write_bytes(content)
        with path.open("rb") as file:
            assert detect(file) == found


async def flip(real: Real, evidence: str, place: int) -> Path:
    async with real.database.transaction() as session:
        key = await session.scalar(select(Evidence.storage_key).where(Evidence.id == evidence))
    path = real.folder / str(key)
    content = bytearray(await asyncio.to_thread(path.read_bytes))
    content[place] ^= 1
    await asyncio.to_thread(path.write_bytes, bytes(content))
    return path


async def test_a_flipped_byte_is_found_whenever_it_is_read(real: Real) -> None:
    client, cast = real.client, real.cast
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=5)
    sent = await attached(client, cast.officer, draft["id"], content=LARGE)
    path, headers = f"/v1/evidence/{sent['id']}/content", cast.officer.headers
    await flip(real, sent["id"], BLOCK + 17)
    # What went out is whole, and then it breaks off.
    assert (await client.get(path, headers=headers)).content == LARGE[:BLOCK]
    damaged = await client.get(path, headers={**headers, "range": f"bytes={BLOCK}-"})
    assert damaged.status_code == 500
    assert damaged.json()["type"] == "urn:pii:problem:damaged-file"
    whole = await client.get(path, headers={**headers, "range": "bytes=0-99"})
    assert (whole.status_code, whole.content) == (206, LARGE[:100])
    # What is older than the hashes of parts is checked whole, and its last piece held back till then.
    async with real.database.transaction() as session:
        await session.execute(update(Evidence).values(blocks=None))
    broken = (await client.get(path, headers=headers)).content
    assert len(broken) < len(LARGE)
    await flip(real, sent["id"], BLOCK + 17)
    answer = await client.get(path, headers={**headers, "range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (200, LARGE)


async def test_damaged_missing_and_orphaned_documents_are_named(real: Real) -> None:
    client, cast = real.client, real.cast
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=5)
    pieces = [
        await attached(
            client, cast.officer, draft["id"], filename=f"{n}.pdf", content=LARGE + b"%d" % n
        )
        for n in range(4)
    ]
    link = {"url": "https://example.org"}
    path = f"/v1/submissions/{draft['id']}/evidence"
    body(await client.post(path, json=link, headers=cast.officer.headers), 201)
    store, now = Store(f"file:{real.folder}"), datetime.now(UTC)
    found = await verify(real.database, store, sweep=False, now=now)
    assert (found.good, found.checked, found.size) == (True, 4, 4 * (len(LARGE) + 1))
    await flip(real, pieces[0]["id"], 3)
    (await flip(real, pieces[1]["id"], 3)).unlink()
    removed = await client.delete(f"/v1/evidence/{pieces[2]['id']}", headers=cast.officer.headers)
    assert removed.status_code == 204
    found = await verify(real.database, store, sweep=False, now=now + timedelta(hours=2))
    assert not found.good
    assert [pieces[0]["id"] in name for name in found.damaged] == [True]
    assert [pieces[1]["id"] in name for name in found.missing] == [True]
    assert [name.endswith(pieces[2]["id"]) for name in found.orphans] == [True]
    young = await verify(real.database, store, sweep=True, now=now)
    assert young.swept == 0  # its row may be on its way
    swept = await verify(real.database, store, sweep=True, now=now + timedelta(hours=2))
    assert (swept.swept, swept.orphans) == (1, [])
    async with real.database.transaction() as session:
        left = await session.scalar(text("SELECT count(*) FROM evidence WHERE storage_key <> ''"))
    assert left == 3


async def test_a_document_taken_away_and_used_at_once_stays_or_goes(real: Real) -> None:
    client, cast = real.client, real.cast
    await opened_period(client, cast)
    drafts = []
    for indicator in ("2.1.1", "2.1.2"):
        duty = await assignment_of(client, cast, indicator)
        drafts.append(await drafted(client, cast.officer, duty["id"], value=5))
    for n in range(4):
        piece = await attached(client, cast.officer, drafts[0]["id"], content=PDF + b"%d" % n)
        headers = cast.officer.headers
        removed, used_too = await asyncio.gather(
            client.delete(f"/v1/evidence/{piece['id']}", headers=headers),
            client.post(
                f"/v1/submissions/{drafts[1]['id']}/evidence",
                json={"evidence": piece["id"]},
                headers=headers,
            ),
        )
        assert removed.status_code == 204
        assert used_too.status_code in {201, 422}
        left = await client.get(f"/v1/evidence/{piece['id']}", headers=headers)
        assert left.status_code == (200 if used_too.status_code == 201 else 404)
