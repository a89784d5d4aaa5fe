"""A year's calendar goes out as a file and comes in as one: whole or not at all, each wrong cell named."""

import asyncio
import csv
import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.calendar.library import SOURCE
from services.api.deps.tables import XLSX
from shared.models import AuditEntry
from tests.api.conftest import Real
from tests.cast import Cast
from tests.factories import PDF, body, pointers

YEAR = "/v1/calendar/2026"
ANY = {"if-match": "*"}
HEAD = "day,kind,name,decision\n"
DAYS = [
    {"day": "2026-02-14", "kind": "worked", "name": "Làm bù", "decision": "QĐ 1"},
    {"day": "2026-02-16", "kind": "off", "name": "Nghỉ bù", "decision": "QĐ 1"},
]
FILE = HEAD + "".join(",".join(day.values()) + "\n" for day in DAYS)


async def send(
    client: AsyncClient,
    cast: Cast,
    content: bytes | str,
    filename: str = "lich.csv",
    *,
    dry_run: bool = False,
    headers: dict[str, str] | None = None,
    **form: str,
) -> Response:
    data = content.encode() if isinstance(content, str) else content
    return await client.post(
        f"{YEAR}/import",
        params={"dry_run": str(dry_run).lower()},
        files={"file": (filename, data, "application/octet-stream")},
        data=form,
        headers={**cast.coordinator.headers, **(ANY if headers is None else headers)},
    )


def wrong(answer: Response, status: int = 422) -> set[str]:
    """Give the places that a refusal names."""
    return {*pointers(body(answer, status))}


async def shown(client: AsyncClient, cast: Cast) -> dict[str, Any]:
    year: dict[str, Any] = body(await client.get(YEAR, headers=cast.coordinator.headers))
    return year


def workbook(*rows: list[Any], sheet: str = "Sheet1") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


NAMES = HEAD.strip().split(",")
SAME: dict[str, tuple[str, bytes | str]] = {
    "csv": ("lich.csv", FILE),
    "semicolons and a byte order mark": ("lich.csv", "\ufeff" + FILE.replace(",", ";")),
    "other order and case": (
        "lich.csv",
        "Kind,Decision,Day,Name\nworked,QĐ 1,2026-02-14,Làm bù\noff,QĐ 1,2026-02-16,Nghỉ bù\n",
    ),
    "xlsx of text": ("lich.xlsx", workbook(NAMES, *([*day.values()] for day in DAYS))),
    "xlsx of dates": (
        "lich.xlsx",
        workbook(
            NAMES,
            [date(2026, 2, 14), "worked", "Làm bù", "QĐ 1"],
            [datetime(2026, 2, 16), "off", "Nghỉ bù", "QĐ 1"],  # noqa: DTZ001 a workbook knows no zones
            sheet="Calendar",
        ),
    ),
}


@pytest.mark.parametrize("kind", SAME)
async def test_every_kind_of_file_brings_the_same_year(
    client: AsyncClient, cast: Cast, kind: str
) -> None:
    filename, content = SAME[kind]
    made = body(await send(client, cast, content, filename))
    assert (made["valid"], made["faults"], made["errors"], made["days"]) == (True, 0, [], 2)
    assert made["difference"]["added"] == ["2026-02-14", "2026-02-16"]
    stored = await shown(client, cast)
    assert stored["days"] == DAYS
    assert made["calendar"] == stored
    assert stored["confirmed"] is False


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_what_goes_out_comes_back_in_the_same(
    client: AsyncClient, cast: Cast, form: str
) -> None:
    headers = cast.coordinator.headers
    body(await client.post(f"{YEAR}/fill", headers=headers))
    filled = await shown(client, cast)
    # What a spreadsheet would run, and signs that CSV must quote.
    filled["days"][0] |= {"name": '=Tết; "nghỉ", +1', "decision": "'-12/QĐ"}
    body(await client.put(YEAR, json={"days": filled["days"]}, headers=headers | ANY))
    out = await client.get(YEAR, params={"format": form}, headers=headers)
    assert out.headers["content-disposition"] == f'attachment; filename="calendar-2026.{form}"'
    body(await client.put(YEAR, json={"days": DAYS}, headers=headers | ANY))
    made = body(await send(client, cast, out.content, f"lich.{form}"))
    assert (await shown(client, cast))["days"] == filled["days"]
    assert made["days"] == len(filled["days"]) > 9
    again = body(await send(client, cast, out.content, f"lich.{form}", dry_run=True))
    assert again["difference"] == {"added": [], "removed": [], "changed": []}


async def test_the_form_is_chosen_by_accept(client: AsyncClient, cast: Cast) -> None:
    headers = cast.officer.headers
    body(await client.put(YEAR, json={"days": DAYS}, headers=cast.coordinator.headers | ANY))
    table = await client.get(YEAR, headers=headers | {"accept": "text/csv"})
    assert (table.headers["content-type"], table.headers["vary"]) == (
        "text/csv; charset=utf-8",
        "accept",
    )
    assert [*csv.DictReader(io.StringIO(table.content.decode("utf-8-sig")))] == DAYS
    book = await client.get(YEAR, headers=headers | {"accept": XLSX})
    sheet = openpyxl.load_workbook(io.BytesIO(book.content))["calendar"]
    assert [cell.value for cell in sheet[2]] == [*DAYS[0].values()]
    data = await client.get(YEAR, headers=headers | {"accept": "application/json"})
    assert body(data)["days"] == DAYS
    match = headers | {"if-none-match": table.headers["etag"]}
    assert (await client.get(YEAR, headers=match | {"accept": "text/csv"})).status_code == 304
    assert (await client.get(YEAR, headers=match | {"accept": "application/json"})).is_success
    refused = await client.get(YEAR, headers=headers | {"accept": "image/png"})
    assert refused.status_code == 406


async def test_a_dry_run_says_what_would_change_and_changes_nothing(
    client: AsyncClient, cast: Cast
) -> None:
    body(await client.put(YEAR, json={"days": DAYS}, headers=cast.coordinator.headers | ANY))
    before = await shown(client, cast)
    changed = HEAD + "2026-02-16,off,Nghỉ Tết,QĐ 1\n2026-09-02,off,Quốc khánh,\n"
    told = body(await send(client, cast, changed, dry_run=True))
    assert (told["dry_run"], told["valid"], told["format"], told["calendar"]) == (
        True,
        True,
        "csv",
        None,
    )
    assert told["difference"] == {
        "added": ["2026-09-02"],
        "removed": ["2026-02-14"],
        "changed": ["2026-02-16"],
    }
    assert await shown(client, cast) == before


WRONG = (
    HEAD + "2026-02-30,off,Không có ngày này,\n"  # 2
    "14/02/2026,off,Viết kiểu khác,\n"  # 3
    "2027-01-01,off,Năm khác,\n"  # 4
    "2026-02-16,nghỉ,Loại lạ,\n"  # 5
    "2026-02-17,off,,\n"  # 6
    f"2026-02-18,off,Dài,{'x' * 301}\n"  # 7
    "2026-11-23,worked,Thứ Hai,\n"  # 8
    "2026-09-02,off,Quốc khánh,\n"
    "2026-09-02,off,Quốc khánh,\n"  # 10
    ",holiday,,\n"  # 11: three cells of one row
)
PLACES = {
    "/2/day", "/3/day", "/4/day", "/5/kind", "/6/name", "/7/decision", "/8/day", "/10/day",
    "/11/day", "/11/kind", "/11/name",
}  # fmt: skip


async def test_every_cell_that_is_wrong_is_named_and_nothing_of_the_file_is_stored(
    client: AsyncClient, cast: Cast
) -> None:
    body(await client.put(YEAR, json={"days": DAYS}, headers=cast.coordinator.headers | ANY))
    before = await shown(client, cast)
    refused = await send(client, cast, WRONG)
    assert wrong(refused) == PLACES
    told = body(await send(client, cast, WRONG, dry_run=True))
    assert {error["pointer"] for error in told["errors"]} == PLACES
    assert (told["valid"], told["faults"], told["difference"]) == (False, len(PLACES), None)
    assert any(error["message"].startswith("row 8, column day: ") for error in told["errors"])
    vietnamese = await send(client, cast, WRONG, headers=ANY | {"accept-language": "vi"})
    assert any("dòng 8, cột day: " in error["message"] for error in vietnamese.json()["errors"])
    assert await shown(client, cast) == before


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (workbook(NAMES, [datetime(2026, 2, 16, 8, 30), "off", "Giờ", ""]), "/2/day"),  # noqa: DTZ001
        (workbook(NAMES, [46000, "off", "Số", ""]), "/2/day"),
        (workbook(NAMES, [46000.5, "off", "Số lẻ", ""]), "/2/day"),
        (workbook(NAMES, ["=TODAY()", "off", "Công thức", ""]), "/2/day"),
        ("day,kind\n2026-02-16,off\n", "/1"),
        ("day,kind,name,day\n2026-02-16,off,A,\n", "/1/day"),
        ("day,kind,name,note\n2026-02-16,off,A,B\n", "/1/note"),
        ("day,kind,name\n" + "2026-02-16,off,A\n" * 367, "/368"),
        ("", ""),
    ],
)
async def test_a_file_that_is_no_calendar_is_told_of(
    client: AsyncClient, cast: Cast, content: bytes | str, where: str
) -> None:
    filename = "lich.csv" if isinstance(content, str) else "lich.xlsx"
    refused = await send(client, cast, content, filename)
    assert where in wrong(refused)


@pytest.mark.parametrize(("content", "name"), [(PDF, "a.xlsx"), (b'{"days": []}', "a.json")])
async def test_other_types_of_file_are_refused(
    client: AsyncClient, cast: Cast, content: bytes, name: str
) -> None:
    refused = await send(client, cast, content, name)
    assert wrong(refused, 415) == {"/file"}


async def test_a_year_is_confirmed_with_its_file_as_with_put(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    unnamed = await send(client, cast, FILE, confirmed="true")
    assert wrong(unnamed) == {"/decision"}
    of_a_library = await send(client, cast, FILE, dry_run=True, confirmed="true", decision=SOURCE)
    assert wrong(of_a_library) == {"/decision"}
    worked = HEAD + "2026-02-14,worked,Làm bù,QĐ 1\n"
    refused = await send(client, cast, worked, confirmed="true", decision="QĐ 1/2025")
    assert wrong(refused) == {"/1"}
    assert (await shown(client, cast))["days"] == []
    made = body(await send(client, cast, FILE, confirmed="true", decision="QĐ 1/2025"))
    assert (made["calendar"]["confirmed"], made["calendar"]["decision"]) == (True, "QĐ 1/2025")
    (changes,) = await session.scalars(
        select(AuditEntry.changes).where(AuditEntry.object_type == "calendar")
    )
    assert changes["confirmed"] == [False, True]
    assert changes["2026-02-14"] == [None, DAYS[0]]


async def test_a_year_that_has_changed_since_it_was_read_is_not_overwritten_by_a_file(
    client: AsyncClient, cast: Cast
) -> None:
    read = await client.get(YEAR, headers=cast.coordinator.headers)
    unread = await send(client, cast, FILE, headers={})
    assert body(unread, 428)["type"] == "urn:pii:problem:precondition-required"
    stale = {"if-match": read.headers["etag"]}
    body(await send(client, cast, FILE, headers=stale))
    for dry_run in (True, False):
        refused = await send(client, cast, HEAD, headers=stale, dry_run=dry_run)
        assert refused.status_code == 412
    assert (await shown(client, cast))["days"] == DAYS


async def test_of_two_files_at_once_with_one_etag_one_is_taken(real: Real) -> None:
    read = await real.client.get(YEAR, headers=real.cast.coordinator.headers)
    match = {"if-match": read.headers["etag"]}
    files = [HEAD + ",".join(day.values()) + "\n" for day in DAYS]
    answers = await asyncio.gather(
        *(send(real.client, real.cast, content, headers=match) for content in files)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
