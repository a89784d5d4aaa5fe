"""Files that are not what they say, or that may not come in."""

from typing import Any

import pytest

from tests.api.conftest import Stage
from tests.api.wrong import check_problem
from tests.factories import DOCX, JPEG, PDF, PNG, XLSX, body, office_file


@pytest.mark.parametrize(
    ("filename", "content", "status"),
    [
        ("chuong-trinh.pdf", b"MZ\x90\0" + b"\0" * 60, 415),
        ("anh.pdf", PNG, 415),
        ("bao-cao.png", PDF, 415),
        ("bao-cao.docx", office_file("hello.txt"), 415),
        ("bao-cao.docx", XLSX, 415),
        ("bao-cao.xlsx", DOCX, 415),
        ("bao-cao.docx", DOCX[:40], 415),
        (
            "bao-cao.docx",
            office_file("[Content_Types].xml", *(f"word/{n}" for n in range(5001))),
            415,
        ),
        ("trang.html", b"<html><script>alert(1)</script></html>", 415),
        ("hinh.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        ("khong-duoi", PDF, 415),
        ("bao-cao.pdf", b"", 422),
        ("a" * 197 + ".pdf", PDF, 422),
        ("a\u202efdp.exe", PDF, 422),
        (".pdf/", PDF, 422),
    ],
)
async def test_a_file_that_is_not_what_it_says_is_refused(
    stage: Stage, filename: str, content: bytes, status: int
) -> None:
    before = await stage.counts()
    answer = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/evidence",
        files={"file": (filename, content, "application/pdf")},
        headers=stage.cast.officer.headers,
    )
    check_problem(answer, status, "/file")
    assert await stage.counts() == before


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\bao cao.pdf", "bao cao.pdf"),
        ("Quyết định số 12.PDF", "Quyết định số 12.PDF"),
        ("Quye\u0302\u0301t.pdf", "Quyết.pdf"),
    ],
)
async def test_a_file_name_loses_its_path_and_keeps_its_accents(
    stage: Stage, sent: str, kept: str
) -> None:
    answer = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/evidence",
        files={"file": (sent, PDF, "image/png")},
        headers=stage.cast.officer.headers,
    )
    assert body(answer, 201)["filename"] == kept
    assert answer.json()["media_type"] == "application/pdf"


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ({"data": {"document_number": "12"}}, "/file"),
        ({"data": {"file": "text"}}, "/file"),
        (
            {"files": {"file": ("a.pdf", PDF)}, "data": {"document_date": "hôm qua"}},
            "/document_date",
        ),
        ({"files": {"file": ("a.pdf", PDF)}, "data": {"issuer": "x" * 301}}, "/issuer"),
        ({"files": {"file": ("a.pdf", PDF)}, "data": {"signed": "yes"}}, "/signed"),
        ({"files": {"file": ("a.pdf", PDF)}, "data": {"issuer": "a\0b"}}, "/issuer"),
    ],
)
async def test_a_form_that_is_wrong_says_where(
    stage: Stage, form: dict[str, Any], where: str
) -> None:
    before = await stage.counts()
    answer = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/evidence",
        headers=stage.cast.officer.headers,
        **form,
    )
    check_problem(answer, 422, where)
    assert await stage.counts() == before


async def test_a_file_name_with_a_control_character_is_refused(stage: Stage) -> None:
    form = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a\x07.pdf"\r\n\r\n'
    answer = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/evidence",
        content=form + PDF + b"\r\n--x--\r\n",
        headers={**stage.cast.officer.headers, "content-type": "multipart/form-data; boundary=x"},
    )
    check_problem(answer, 422, "/file")


async def test_an_upload_that_is_no_form_is_refused(stage: Stage) -> None:
    path = f"/v1/submissions/{stage.mine['draft']}/evidence"
    for content_type, content in (
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n"),
        ("application/pdf", PDF),
    ):
        answer = await stage.client.post(
            path,
            content=content,
            headers={**stage.cast.officer.headers, "content-type": content_type},
        )
        assert answer.status_code in {400, 415, 422}, (content_type, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("content", [JPEG, PNG, DOCX, XLSX, PDF])
async def test_every_kind_of_file_that_is_promised_is_taken(stage: Stage, content: bytes) -> None:
    name = {JPEG: "a.JPEG", PNG: "a.png", DOCX: "a.docx", XLSX: "a.xlsx", PDF: "a.pdf"}[content]
    answer = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/evidence",
        files={"file": (name, content)},
        headers=stage.cast.officer.headers,
    )
    assert body(answer, 201)["size"] == len(content)
