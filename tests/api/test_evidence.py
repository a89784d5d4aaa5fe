from hashlib import sha256
from urllib.parse import quote

import pytest

from services.api.evidence.files import disposition
from tests.api.conftest import Stage
from tests.api.scene import PDF_OF_DRAFT
from tests.api.wrong import check_problem
from tests.factories import PDF, attached, body, drafted


async def test_what_was_sent_is_what_is_downloaded(stage: Stage) -> None:
    officer = stage.cast.officer
    content = PDF + b"x" * 600_000  # more than one piece
    sent = await attached(
        stage.client, officer, stage.mine["draft"], filename="Báo cáo.pdf", content=content
    )
    assert (sent["size"], sent["sha256"]) == (len(content), sha256(content).hexdigest())
    read = await stage.client.get(f"/v1/evidence/{sent['id']}/content", headers=officer.headers)
    assert read.content == content
    assert read.headers["content-type"] == "application/pdf"
    assert read.headers["etag"] == f'"{sent["sha256"]}"'
    assert read.headers["content-disposition"] == (
        "attachment; filename=\"Bao cao.pdf\"; filename*=UTF-8''B%C3%A1o%20c%C3%A1o.pdf"
    )
    assert "sandbox" in read.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Số liệu Đổi mới.PDF", "So lieu Doi moi.PDF"),
        ('a"; filename="b.exe".pdf', "a__ filename__b.exe_.pdf"),
        ("..\\..\\a/b%2f.pdf", "_.._a_b_2f.pdf"),
        ("报告.pdf", "__.pdf"),
        ("...", "file"),
        ("a\r\nset-cookie: x.pdf", "a__set-cookie_ x.pdf"),
    ],
)
def test_a_file_has_a_plain_name_that_leads_nowhere(name: str, plain: str) -> None:
    said = disposition(name)
    assert said == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    assert said.isascii()
    assert said.isprintable()


async def test_evidence_of_what_was_submitted_stays(stage: Stage) -> None:
    headers = stage.cast.officer.headers
    path = f"/v1/evidence/{stage.mine['evidence_of_taken']}"
    assert (await stage.client.delete(path, headers=headers)).status_code == 409
    assert body(await stage.client.get(path, headers=headers))["allowed_actions"] == ["download"]
    added = await stage.client.post(
        f"/v1/submissions/{stage.mine['taken']}/evidence",
        files={"file": ("a.pdf", PDF)},
        headers=headers,
    )
    assert added.status_code == 409


async def test_a_removed_piece_is_gone_from_its_draft(stage: Stage) -> None:
    headers = stage.cast.officer.headers
    path = f"/v1/evidence/{stage.mine['evidence_of_draft']}"
    assert (await stage.client.delete(path, headers=headers)).status_code == 204
    assert (await stage.client.get(path, headers=headers)).status_code == 404
    draft = await stage.client.get(f"/v1/submissions/{stage.mine['draft']}", headers=headers)
    assert body(draft)["evidence"] == []


async def test_a_submission_takes_twenty_pieces_and_no_more(stage: Stage) -> None:
    officer = stage.cast.officer
    for number in range(19):
        await attached(stage.client, officer, stage.mine["draft"], content=PDF + b"%d" % number)
    more = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/evidence",
        files={"file": ("a.pdf", PDF)},
        headers=officer.headers,
    )
    assert more.status_code == 409
    assert more.json()["type"] == "urn:pii:problem:too-many-pieces"


async def test_a_file_above_the_limit_is_too_large(stage: Stage) -> None:
    answer = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/evidence",
        files={"file": ("a.pdf", PDF + b"\0" * 20_971_520)},
        headers=stage.cast.officer.headers,
    )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_same_file_is_attached_once_and_the_refusal_names_it(stage: Stage) -> None:
    client, officer, draft = stage.client, stage.cast.officer, stage.mine["draft"]
    path = f"/v1/submissions/{draft}/evidence"
    first = stage.mine["evidence_of_draft"]
    again = {"file": ("ten-khac.pdf", PDF_OF_DRAFT, "application/octet-stream")}
    refused = await client.post(path, files=again, headers=officer.headers)
    check_problem(refused, 409, "/file")
    told = refused.json()
    assert told["type"] == "urn:pii:problem:attached-already"
    assert "bao-cao.pdf" in told["detail"]
    assert told["existing"] == {"kind": "evidence", "id": first, "link": f"/v1/evidence/{first}"}
    body(await client.get(told["existing"]["link"], headers=officer.headers))
    # Another document of the same bytes is the same file; so is the same one again.
    other = await drafted(client, officer, stage.mine["assignment"], value=5)
    other = await attached(client, officer, other["id"], content=PDF_OF_DRAFT)
    for one in (other["id"], first):
        refused = await client.post(path, json={"evidence": one}, headers=officer.headers)
        check_problem(refused, 409, "/evidence")
        assert refused.json()["existing"]["id"] == first
    link = {"url": "https://example.org/bao-cao"}
    body(await client.post(path, json=link, headers=officer.headers), 201)
    check_problem(await client.post(path, json=link, headers=officer.headers), 409, "/url")
    # Taken off, it may come again.
    body(await client.delete(f"{path}/{first}", headers=officer.headers), 204)
    await attached(client, officer, draft, content=PDF_OF_DRAFT)
