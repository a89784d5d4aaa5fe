"""The files of a pack: the same figures in each, in the form that is asked for, the same bytes every time."""

import asyncio
import csv
import hashlib
import io
import json
import math
import re
import subprocess
import time
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import docx
import openpyxl
import orjson
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from hypothesis import given, settings
from hypothesis import strategies as st

from services.api.deps.digits import FEWEST, rounded
from services.api.packs.archive import Member, TornError, length_of, zipped
from services.api.packs.contents import CSV, GAPS, LETTER, MANIFEST, SUMS, XLSX, contents_of
from services.api.packs.difference import changes_since
from services.api.packs.freezing import Frozen, freeze, safe_name
from services.api.packs.head import Head
from services.api.packs.letter import COLUMNS, ROUNDED
from services.api.packs.wording import MADE_UP, written

MADE_AT = datetime(2026, 11, 24, 3, 4, 5, tzinfo=UTC)
HEAD = Head(
    id=UUID(int=7),
    number=2,
    period="ky-2024",
    period_name="Kỳ 2024",
    reference_year=2024,
    framework=2024,
    framework_revision=3,
    run=UUID(int=9),
    made_at=MADE_AT,
    made_up=False,
    note="Kèm công văn",
)
DUTY: dict[str, Any] = {
    "assignment": UUID(int=1),
    "node": "2.1.1",
    "node_kind": "indicator",
    "parent": "2.1",
    "name_vi": "Chi cho giáo dục",
    "unit": "%",
    "evidence_required": True,
    "accepted_evidence": [],
    "combination": "all_agree",
    "organisation": "so-gddt",
    "organisation_name_vi": "Sở Giáo dục và Đào tạo",
    "role": "lead",
    "excused_reason": None,
    "status": "accepted",
    "newest_state": "accepted",
    "tolerance": 0.005,
    "decimals": None,
    "submission": UUID(int=2),
    "revision": 1,
    "answer": "value",
    "value": 1234.5,
    "numerator": None,
    "denominator": None,
    "nil_reason": "",
    "note": "",
    "source": "",
    "evidence": [],
}
DOCUMENT: dict[str, Any] = {
    "id": str(UUID(int=3)),
    "level": "signed",
    "filename": "Báo cáo năm.PDF",
    "media_type": "application/pdf",
    "size": 9,
    "sha256": "0" * 64,
    "url": None,
    "scan": "clean",
    "document_number": "12/BC-SGDĐT",
    "document_date": "2024-12-01",
    "issuer": "Sở GD&ĐT",
    "pages": 3,
    "stated": None,
    "place": "tr. 3",
}
NONE: dict[str, Any] = {"submission": None, "answer": None, "value": None, "evidence": []}


def kinds(frozen: Frozen) -> list[str]:
    return [gap["kind"] for gap in frozen.gaps]


numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)


@st.composite
def duties(draw: st.DrawFn) -> list[dict[str, Any]]:
    made = []
    for number in range(draw(st.integers(0, 5))):
        value = draw(st.none() | numbers)
        fraction = draw(st.none() | st.tuples(numbers, numbers)) if value is not None else None
        proof = {**DOCUMENT, "id": str(UUID(int=number)), "stated": draw(st.none() | numbers)}
        made.append(
            {
                **DUTY,
                "assignment": UUID(int=number),
                "node": f"2.1.{number}",
                "name_vi": draw(words),
                "decimals": draw(st.none() | st.integers(0, 4)),
                "note": draw(words | st.sampled_from(["=1+1", "+1", "@x", "-2", "a\nb"])),
                "value": value,
                "answer": "nil" if value is None else "value",
                "nil_reason": "chưa có" if value is None else "",
                "numerator": fraction and fraction[0],
                "denominator": fraction and fraction[1],
                "evidence": draw(st.sampled_from([[], [proof]])),
            }
        )
    return made


def read_back(cell: str) -> float | None:
    return float(cell.replace(".", "").replace(",", ".")) if re.match(r"-?\d", cell) else None


def of_docx(content: bytes) -> list[tuple[Any, ...]]:
    table = docx.Document(io.BytesIO(content)).tables[1]
    names = [cell.text for cell in table.rows[0].cells]
    places = [names.index(name) for name in ("STT", "Số liệu", "Tử số", "Mẫu số")]
    found = []
    for row in table.rows[1:]:
        cells = row.cells
        found.append(tuple(read_back(cells[place].text) for place in places))
    return found


def of_csv(content: bytes) -> list[tuple[Any, ...]]:
    lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    names = ("STT", "Giá trị", "Tử số", "Mẫu số")
    return [tuple(float(line[name]) if line[name] else None for name in names) for line in lines]


def of_xlsx(content: bytes) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content))["so-lieu"]
    header, *lines = sheet.iter_rows()
    names = [cell.value for cell in header]
    for line in lines:
        assert all(cell.data_type != "f" for cell in line)
    places = [names.index(name) for name in ("STT", "Giá trị", "Tử số", "Mẫu số")]
    return [tuple(line[place].value for place in places) for line in lines]


@settings(max_examples=60, deadline=None)
@given(duties())
def test_letter_sheets_and_answer_hold_the_same_numbers_row_by_row(
    made: list[dict[str, Any]],
) -> None:
    frozen = freeze(made)
    files = contents_of(HEAD, frozen).files
    told = json.loads(orjson.dumps(frozen.rows))
    of_json = [(row["row"], row["value"], row["numerator"], row["denominator"]) for row in told]
    assert of_xlsx(files[XLSX]) == of_json
    assert of_csv(files[CSV]) == of_json
    assert of_docx(files[LETTER]) == [for_people(row) for row in told]


def for_people(row: dict[str, Any]) -> tuple[Any, ...]:
    numbers = (
        (row["value"], row["decimals"]),
        (row["numerator"], None),
        (row["denominator"], None),
    )
    return (row["row"], *(value and rounded(value, least) for value, least in numbers))


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.002926829268292683, None, "0,00292683"),
        (0.002926829268292683, 4, "0,0029"),
        (0.002926829268292683, 2, "0,00292683"),  # never a zero that is none
        (7.06, None, "7,06"),
        (7.06, 1, "7,1"),
        (66.66666666666667, 2, "66,67"),
        (1234567.891, None, "1.234.567,89"),
        (1200.0, None, "1.200"),
        (-0.5, 0, "-0,5"),
        (2.5, 0, "2"),
        (0.0, 2, "0"),
    ],
)
def test_a_letter_rounds_for_people_by_the_indicators_decimals(
    value: float, decimals: int | None, text: str
) -> None:
    files = contents_of(HEAD, freeze([{**DUTY, "value": value, "decimals": decimals}])).files
    document = docx.Document(io.BytesIO(files[LETTER]))
    assert document.tables[1].rows[1].cells[4].text == text
    said = any(paragraph.text == ROUNDED for paragraph in document.paragraphs)
    assert said is (rounded(value, decimals) != value)
    # The sheets keep every digit.
    assert [line[1] for line in of_csv(files[CSV])] == [value]
    assert [line[1] for line in of_xlsx(files[XLSX])] == [value]


@given(numbers, st.none() | st.integers(0, 15))
def test_what_is_rounded_stays_near_and_is_not_made_zero(
    value: float, decimals: int | None
) -> None:
    made = rounded(value, decimals)
    assert (made == 0) is (value == 0)
    least = 0.5 * 10.0 ** -(FEWEST if decimals is None else decimals)
    assert abs(made - value) <= least * 1.001 or math.isclose(made, value, rel_tol=1e-5)
    assert rounded(made, decimals) == made


def test_whole_numbers_of_a_csv_have_no_decimal_point() -> None:
    said = contents_of(HEAD, freeze([{**DUTY, "value": 1200.0}])).files[CSV].decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(said, newline=""))
    assert line["Giá trị"] == "1200"


@pytest.mark.parametrize(
    ("code", "name", "told"),
    [
        ("2026", "Kỳ 2026", "Kỳ 2026, số liệu"),
        ("ky-2024", "Kỳ 2024", "Kỳ 2024, số liệu"),
        ("6t-2026", "Sáu tháng đầu năm", "Sáu tháng đầu năm (6t-2026), số liệu"),
    ],
)
def test_the_heading_names_a_period_once(code: str, name: str, told: str) -> None:
    head = HEAD._replace(period=code, period_name=name)
    document = docx.Document(io.BytesIO(contents_of(head, freeze([DUTY])).files[LETTER]))
    assert any(paragraph.text.startswith(told) for paragraph in document.paragraphs)


def test_the_same_rows_make_the_same_bytes_at_any_time() -> None:
    frozen = freeze([{**DUTY, "evidence": [DOCUMENT]}])
    first = contents_of(HEAD, frozen)
    time.sleep(1.1)  # both formats would note the second
    assert contents_of(HEAD, frozen) == first


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.56, "1.234,56"),
        (7.0, "7"),
        (-1234567.0, "-1.234.567"),
        (0.1, "0,1"),
        (1e-7, "0,0000001"),
        (1e15, "1.000.000.000.000.000"),
        (None, ""),
    ],
)
def test_numbers_are_written_as_people_here_write_them(value: float | None, text: str) -> None:
    assert written(value) == text


def test_the_letter_has_the_form_of_the_decree() -> None:
    frozen = freeze([{**DUTY, "evidence": [DOCUMENT]}])
    document = docx.Document(io.BytesIO(contents_of(HEAD, frozen).files[LETTER]))
    (page,) = document.sections
    assert page.page_width is not None
    assert (round(page.page_width.mm), round((page.page_height or 0) / Mm(1))) == (297, 210)
    margins = [page.top_margin, page.bottom_margin, page.left_margin, page.right_margin]
    assert [round((margin or 0) / Mm(1)) for margin in margins] == [20, 20, 30, 20]
    assert sum(COLUMNS.values()) == 297 - 30 - 20
    assert page.different_first_page_header_footer
    assert "PAGE" in page.header._element.xml  # noqa: SLF001 a field has no name in python-docx
    assert "PAGE" not in page.first_page_header._element.xml  # noqa: SLF001
    font = document.styles["Normal"].font
    assert (font.name, font.size, str(font.color.rgb)) == ("Times New Roman", Pt(13), "000000")
    blank, table, signature = document.tables
    heading = qn("w:tblHeader")
    repeated = [row._tr.find(f".//{heading}") is not None for row in table.rows]  # noqa: SLF001
    assert repeated == [True, False]
    cells = [cell.text for cell in table.rows[1].cells]
    assert cells[4] == "1.234,5"
    assert cells[8] == "2.1.1-01: 12/BC-SGDĐT, ngày 01/12/2024, Sở GD&ĐT"
    # What only the office knows is left blank.
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in blank.rows[0].cells[1].text
    assert "Số: …" in blank.rows[0].cells[0].text
    assert "…" in signature.rows[0].cells[1].text
    assert "24/11/2026" in "\n".join(paragraph.text for paragraph in document.paragraphs)


def test_a_made_up_pack_says_so_in_every_file() -> None:
    for duties_of_it in ([DUTY], []):
        contents = contents_of(HEAD._replace(made_up=True), freeze(duties_of_it))
        assert contents.files.keys() == {SUMS, MANIFEST, XLSX, CSV, LETTER, GAPS}
        for path in (SUMS, MANIFEST, CSV, GAPS):
            assert MADE_UP in contents.files[path].decode(), path
        book = openpyxl.load_workbook(io.BytesIO(contents.files[XLSX]))
        assert all(sheet.cell(1, sheet.max_column).value == MADE_UP for sheet in book)
        document = docx.Document(io.BytesIO(contents.files[LETTER]))
        assert MADE_UP in document.sections[0].first_page_header.paragraphs[-1].text
        assert MADE_UP in document.sections[0].header.paragraphs[-1].text
    plain = contents_of(HEAD, freeze([DUTY])).files
    assert not [path for path, content in plain.items() if MADE_UP.encode() in content]


def test_a_document_has_one_number_and_one_file_however_much_it_proves() -> None:
    other = {**DOCUMENT, "id": str(UUID(int=4)), "filename": "b.xlsx"}
    link = {**DOCUMENT, "id": str(UUID(int=5)), "level": "link", "filename": "", "url": "https://a"}
    first = {**DUTY, "evidence": [DOCUMENT, other]}
    second = {**DUTY, "node": "2.1.2", "assignment": UUID(int=8), "evidence": [DOCUMENT, link]}
    frozen = freeze([first, second])
    assert [(one["number"], one["path"]) for one in frozen.evidence] == [
        ("2.1.1-01", "minh-chung/2.1.1/01_bao-cao-nam.pdf"),
        ("2.1.1-02", "minh-chung/2.1.1/02_b.xlsx"),
        ("2.1.2-01", None),
    ]
    assert [row["evidence"] for row in frozen.rows] == [
        ["2.1.1-01", "2.1.1-02"],
        ["2.1.2-01", "2.1.1-01"],
    ]
    assert [proof["row"] for proof in frozen.evidence[0]["proves"]] == [1, 2]


def test_components_are_numbered_under_their_indicator() -> None:
    part = {"node_kind": "component", "parent": "3.2.1", "evidence": [DOCUMENT]}
    one = {**DUTY, **part, "node": "3.2.1.dien-nang"}
    other = {**one, "node": "3.2.1.duong-bo", "evidence": [{**DOCUMENT, "id": str(UUID(int=4))}]}
    frozen = freeze([one, other])
    assert [(row["indicator"], row["component"], row["evidence"]) for row in frozen.rows] == [
        ("3.2.1", "3.2.1.dien-nang", ["3.2.1-01"]),
        ("3.2.1", "3.2.1.duong-bo", ["3.2.1-02"]),
    ]


@pytest.mark.parametrize(
    ("duty", "gaps"),
    [
        ({}, ["no_evidence"]),
        ({"evidence_required": False}, []),
        ({"evidence": [DOCUMENT]}, []),
        ({"evidence": [{**DOCUMENT, "level": "copy"}]}, ["not_signed"]),
        ({"evidence": [{**DOCUMENT, "level": "copy"}], "accepted_evidence": ["copy"]}, []),
        ({"evidence": [DOCUMENT], "accepted_evidence": ["extract"]}, ["evidence_not_accepted"]),
        ({"evidence": [], "accepted_evidence": ["extract"]}, ["no_evidence"]),
        (
            {"answer": "central_source", "value": None, "evidence": [DOCUMENT]}
            | {"accepted_evidence": ["link"]},
            ["central_source", "evidence_not_accepted"],
        ),
        ({"evidence": [{**DOCUMENT, "stated": 1234.5}]}, []),
        ({"evidence": [{**DOCUMENT, "stated": 1300.0}]}, ["stated_differs"]),
        ({"evidence": [{**DOCUMENT, "scan": "waiting"}]}, ["quarantined"]),
        ({"evidence": [{**DOCUMENT, "scan": "infected"}]}, ["infected"]),
        ({"answer": "nil", "value": None, "nil_reason": "chưa có"}, ["nil"]),
        ({"answer": "not_applicable", "value": None}, ["not_applicable"]),
        ({"answer": "central_source", "value": None}, ["central_source"]),
        ({"newest_state": "submitted", "evidence": [DOCUMENT]}, ["newer_waits"]),
        ({**NONE, "status": "open"}, ["no_figure"]),
        ({**NONE, "excused_reason": "sáp nhập"}, ["excused"]),
    ],
)
def test_what_is_lacking_is_named(duty: dict[str, Any], gaps: list[str]) -> None:
    frozen = freeze([{**DUTY, **duty}])
    assert kinds(frozen) == gaps
    assert len(frozen.rows) == (duty.get("submission", "") is not None)
    lines = contents_of(HEAD, frozen).files[GAPS].decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(gaps)


def test_a_file_that_is_gone_is_a_gap_and_not_a_member() -> None:
    frozen = freeze([{**DUTY, "evidence": [DOCUMENT]}], missing={DOCUMENT["id"]})
    assert kinds(frozen) == ["missing"]
    assert frozen.evidence[0]["path"] is None
    assert json.loads(contents_of(HEAD, frozen).files[MANIFEST])["members"][-1]["path"] == GAPS


def test_leads_that_must_agree_and_do_not_are_named_once() -> None:
    lead = {**DUTY, "evidence": [DOCUMENT]}
    joint = {**lead, "assignment": UUID(int=5), "organisation_name_vi": "Công an", "value": 7.0}
    assert kinds(freeze([lead, joint])) == ["leads_disagree"]
    (gap,) = freeze([lead, joint]).gaps
    assert gap["detail"] == "Sở Giáo dục và Đào tạo: 1.234,5; Công an: 7"
    mean = {"combination": "mean_of_components"}
    assert kinds(freeze([{**lead, **mean}, {**joint, **mean}])) == []
    assert kinds(freeze([lead, {**joint, "value": 1234.5}])) == []


def test_what_changed_since_is_told_and_nothing_else() -> None:
    then = freeze([{**DUTY, "evidence": [DOCUMENT]}])
    assert changes_since(then, then) == []
    gone = freeze([{**DUTY, "evidence": [DOCUMENT]}], missing={DOCUMENT["id"]})
    assert changes_since(gone, then) == []
    new = {**DUTY, "submission": UUID(int=6), "value": 7.0, "evidence": [DOCUMENT]}
    (change,) = changes_since(then, freeze([new]))
    assert (change["what"], change["before"]["value"], change["after"]["value"]) == (
        "replaced",
        1234.5,
        7.0,
    )
    infected = freeze([{**DUTY, "evidence": [{**DOCUMENT, "scan": "infected"}]}])
    assert [change["what"] for change in changes_since(then, infected)] == ["evidence_changed"]
    assert [change["what"] for change in changes_since(then, freeze([]))] == ["withdrawn"]
    assert [change["what"] for change in changes_since(freeze([]), then)] == ["added"]


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("Báo cáo số 12/BC.pdf", "bao-cao-so-12-bc.pdf"),
        ("../../etc/passwd", "etc-passwd.bin"),
        ("..\\x.DOCX", "x.docx"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
        ("…….zip", "tep.zip"),
        ("CON", "con.bin"),
    ],
)
def test_names_unpack_everywhere(filename: str, name: str) -> None:
    assert safe_name(filename) == name


async def collected(members: list[Member]) -> bytes:
    return b"".join([piece async for piece in zipped(members, made_at=MADE_AT)])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=8))
async def test_an_archive_is_as_long_as_was_said_and_unpacks_to_what_went_in(
    contents: list[bytes],
) -> None:
    members = [Member.of(f"a/{n:02d}_ô.pdf", content) for n, content in enumerate(contents)]
    packed = await collected(members)
    assert len(packed) == length_of(members)
    assert packed == await collected(members)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert [archive.read(one) for one in archive.infolist()] == contents
        assert {one.compress_type for one in archive.infolist()} <= {zipfile.ZIP_STORED}
        assert {one.date_time for one in archive.infolist()} <= {(2026, 11, 24, 10, 4, 4)}


PIECE = 1_048_576


def large(pieces: int) -> Member:
    """Make a document of so many MiB that comes to be while it is read."""
    digest = hashlib.sha256()
    for number in range(pieces):
        digest.update(bytes([number]) * PIECE)

    async def read() -> AsyncIterator[bytes]:
        for number in range(pieces):
            yield bytes([number]) * PIECE

    return Member("minh-chung/1.1.1/01_lon.pdf", pieces * PIECE, digest.hexdigest(), read)


async def test_a_hundred_mebibytes_leave_without_being_held() -> None:
    members = [large(20)] * 5
    members = [one._replace(path=f"{n}.pdf") for n, one in enumerate(members)]
    tracemalloc.start()
    try:
        sent = 0
        async for piece in zipped(members, made_at=MADE_AT):
            sent += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent == length_of(members)
    assert sent > 100 * PIECE
    assert peak < 8 * PIECE


async def into(sent: bytearray, members: list[Member]) -> None:
    async for piece in zipped(members, made_at=MADE_AT):
        sent += piece


async def test_bytes_that_are_not_what_was_promised_never_make_a_whole_archive() -> None:
    for wrong in ({"sha256": "0" * 64}, {"size": 3 * PIECE + 1}):
        torn = large(3)._replace(**wrong)
        sent = bytearray()
        with pytest.raises(TornError):
            await into(sent, [Member.of("a.csv", b"a"), torn])
        assert len(sent) < 3 * PIECE
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(sent))


def checked(folder: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", SUMS],  # noqa: S607 where it is differs
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("made_up", [False, True])
async def test_anybody_can_check_it_with_the_tools_of_every_machine(
    tmp_path: Path, *, made_up: bool
) -> None:
    proof = b"%PDF-1.7"
    found = {**DOCUMENT, "size": len(proof), "sha256": hashlib.sha256(proof).hexdigest()}
    frozen = freeze([{**DUTY, "evidence": [found]}])
    contents = contents_of(HEAD._replace(made_up=made_up), frozen)
    members = [Member.of(path, content) for path, content in contents.files.items()]
    members.append(Member.of(frozen.evidence[0]["path"], proof))
    assert contents.size == sum(member.size for member in members)
    with zipfile.ZipFile(io.BytesIO(await collected(members))) as archive:
        archive.extractall(tmp_path)
    assert await asyncio.to_thread(checked, tmp_path) == (0, "", "")
    (tmp_path / CSV).write_bytes(b"x")
    code, named, _ = await asyncio.to_thread(checked, tmp_path)
    assert code == 1
    assert CSV in named
