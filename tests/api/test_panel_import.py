"""A panel comes in as a file: every cell that is wrong is named, and a dry run says what the import says."""

import asyncio
import io
import json
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from openpyxl.xml import LXML
from sqlalchemy import func, select

from services.api.sheets.faults import MOST_FAULTS, Said
from services.api.sheets.numbers import number_in
from shared.models import AuditEntry, Locality, OutboxMessage, Panel, PanelValue
from tests.api.conftest import Stage
from tests.api.wrong import check_problem
from tests.factories import DOCX, PDF, XLSX, body, closed_period, pointers

PATH = "/v1/panels/ky-2024/import"
WIDE = "code,name,2.1.1,2.1.2\nha-noi,Hà Nội,7.5,\nhue,Huế,6,1.25\n"
SOURCE = "Bộ KH&CN, công văn thử"


async def send(
    stage: Stage,
    content: bytes | str,
    filename: str = "so-lieu.csv",
    *,
    dry_run: bool = False,
    path: str = PATH,
    source: str = SOURCE,
    headers: dict[str, str] | None = None,
) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return await stage.client.post(
        path,
        params={"dry_run": str(dry_run).lower()},
        files={"file": (filename, data, "application/octet-stream")},
        data={"source": source} if source else {},
        headers=stage.cast.coordinator.headers | (headers or {}),
    )


async def dry(
    stage: Stage, content: bytes | str, filename: str = "so-lieu.csv", **more: Any
) -> Any:
    return body(await send(stage, content, filename, dry_run=True, **more))


def workbook(*rows: list[Any], sheet: str = "Sheet1", before: str | None = None) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    if before:
        page.title = before
        page = book.create_sheet(sheet)
    page.title = sheet
    for row in rows:
        page.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def repacked(content: bytes, part: str, old: str, new: str) -> bytes:
    """Change a part of a workbook as no program would."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for name in archive.namelist():
            data = archive.read(name).decode()
            if name == part:
                assert old in data
                data = data.replace(old, new)
            changed.writestr(name, data)
    return made.getvalue()


HEAD = ["code", "name", "2.1.1", "2.1.2"]
SHEET = "xl/worksheets/sheet1.xml"
# How a formula without a result is written depends on the library that openpyxl finds.
NO_RESULT = "<v></v>" if LXML else "<v />"
SAME: dict[str, tuple[str, bytes | str]] = {
    "wide csv": ("a.csv", WIDE),
    "csv with a byte order mark": ("a.csv", "\ufeff" + WIDE.replace("\n", "\r\n")),
    "semicolons and decimal commas": (
        "a.CSV",
        WIDE.replace(",", ";").replace("7.5", "7,5").replace("1.25", "1,25"),
    ),
    "long csv": (
        "a.csv",
        "Code,Name,Indicator,Value\nha-noi,Hà Nội,2.1.1,7.5\nhue,Huế,2.1.1,6\n\nhue,Huế,2.1.2,1.25\nhue,Huế,2.1.3,\n",
    ),
    "wide xlsx": ("a.xlsx", workbook(HEAD, ["ha-noi", "Hà Nội", 7.5], [], ["hue", "Huế", 6, 1.25])),
    "the sheet named panel": (
        "a.xlsx",
        workbook(
            HEAD,
            ["ha-noi", "Hà Nội", 7.5],
            ["hue", "Huế", 6, 1.25],
            sheet="Panel",
            before="Ghi chú",
        ),
    ),
    "json": (
        "a.json",
        json.dumps(
            {
                "localities": [
                    {"code": "ha-noi", "name": "Hà Nội", "values": {"2.1.1": 7.5}},
                    {"code": "hue", "name": "Huế", "values": {"2.1.1": 6, "2.1.2": 1.25}},
                ]
            }
        ),
    ),
}


@pytest.mark.parametrize("kind", SAME)
async def test_every_kind_of_file_brings_the_same_panel(stage: Stage, kind: str) -> None:
    filename, content = SAME[kind]
    imported = body(await send(stage, content, filename))
    assert (imported["valid"], imported["errors"], imported["faults"]) == (True, [], 0)
    assert (imported["localities"], imported["values"]) == (2, 3)
    shown = body(await stage.client.get("/v1/panels/ky-2024", headers=stage.cast.viewer.headers))
    assert {row["code"]: row["values"] for row in shown["items"]} == {
        "ha-noi": {"2.1.1": 7.5},
        "hue": {"2.1.1": 6, "2.1.2": 1.25},
    }
    assert (shown["source"], shown["revision"], shown["made_up"]) == (SOURCE, 2, False)
    assert imported["panel"]["id"] == shown["id"]


async def test_a_dry_run_says_what_would_change_and_changes_nothing(stage: Stage) -> None:
    before = await stage.counts()
    told = await dry(stage, WIDE)
    assert await stage.counts() == before
    assert (told["dry_run"], told["valid"], told["format"], told["layout"]) == (
        True,
        True,
        "csv",
        "wide",
    )
    assert told["panel"] is None
    assert told["own"] == {"code": "ha-noi", "in_file": True}
    assert (told["missing"]["2.1.1"], told["missing"]["2.1.2"], told["missing"]["7.2.1"]) == (
        0,
        1,
        2,
    )
    assert told["difference"] == {
        "would_replace": 1,
        "localities_added": ["hue"],
        "localities_removed": ["hai-phong"],
        "values_added": 2,
        "values_removed": 1,
        "values_changed": 1,
        "samples": [
            {"code": "ha-noi", "indicator": "2.1.1", "from": 7.0, "to": 7.5},
            {"code": "hai-phong", "indicator": "2.1.1", "from": 6.0, "to": None},
            {"code": "hue", "indicator": "2.1.1", "from": None, "to": 6.0},
            {"code": "hue", "indicator": "2.1.2", "from": None, "to": 1.25},
        ],
    }


async def test_the_first_panel_of_a_period_and_a_file_without_the_city_are_told(
    stage: Stage,
) -> None:
    told = await dry(stage, "code,name,2.1.1\nhue,Huế,6\n", path="/v1/panels/ky-2025/import")
    assert told["valid"]
    assert told["own"] == {"code": "ha-noi", "in_file": False}
    assert (told["difference"]["would_replace"], told["difference"]["values_added"]) == (None, 1)


async def test_an_import_is_announced_audited_and_made_up_where_it_says_so(stage: Stage) -> None:
    answer = await stage.client.post(
        PATH,
        files={"file": ("a.csv", WIDE.encode())},
        data={"source": SOURCE, "made_up": "true"},
        headers=stage.cast.coordinator.headers,
    )
    panel = body(answer)["panel"]
    assert panel["made_up"] is True
    told = select(OutboxMessage.payload).where(OutboxMessage.event == "PanelLoaded")
    assert panel["id"] in [payload["panel_id"] for payload in await stage.connection.scalars(told)]
    entry = (
        select(AuditEntry.changes)
        .where(AuditEntry.action == "panel_loaded")
        .order_by(AuditEntry.id.desc())
    )
    assert (await stage.connection.scalars(entry)).first() == {
        "panel": [None, panel["id"]],
        "values": [None, 3],
        "source": [None, SOURCE],
    }
    assert (
        await stage.connection.scalar(select(Locality.name).where(Locality.code == "hue")) == "Huế"
    )


async def test_an_import_sent_twice_under_one_key_is_one_import(stage: Stage) -> None:
    key = {"idempotency-key": "bo-so-lieu-1"}
    first = await send(stage, WIDE, headers=key)
    again = await send(stage, WIDE, headers=key)
    assert body(first) == body(again)
    assert again.headers["idempotency-replayed"] == "true"
    revisions = select(func.max(Panel.revision)).where(Panel.source == SOURCE)
    assert await stage.connection.scalar(revisions) == 2
    other = await send(stage, WIDE.replace("7.5", "7.6"), headers=key)
    check_problem(other, 422, "")
    assert other.json()["type"] == "urn:pii:problem:key-reused"


def csv(*lines: str) -> str:
    return "\n".join(("code,name,2.1.1,2.1.2", *lines)) + "\n"


def semicolons(value: str) -> str:
    return f"code;name;2.1.1;4.1.3\nhue;Huế;;{value}\n"


FORMULA = workbook(HEAD, ["hue", "Huế", "=1+1", 5])
GOOD = workbook(HEAD, ["hue", "Huế", 6, 5])
# What is sent, under which name; then where each fault is, and a word of the first message.
BAD: dict[str, tuple[str, bytes | str, list[str], str]] = {
    "a figure above its bound": (
        "a.csv",
        csv("hue,Huế,11,"),
        ["/2/2.1.1"],
        "row 2, column 2.1.1: 11 is outside",
    ),
    "figures that are none": (
        "a.csv",
        csv("hue,Huế,n/a,1%", "hai-phong,Hải Phòng,nan,1e999"),
        ["/2/2.1.1", "/2/2.1.2", "/3/2.1.1", "/3/2.1.2"],
        "is no number: write it like 1234.5",
    ),
    "thousands in a comma file": ("a.csv", csv('hue,Huế,"1,234.5",'), ["/2/2.1.1"], "is no number"),
    "what could be 1234 or 1.234": (
        "a.csv",
        semicolons("1.234"),
        ["/2/4.1.3"],
        "write 1234 or 1,234",
    ),
    "an absurd figure": ("a.csv", semicolons("2e18"), ["/2/4.1.3"], "too large"),
    "an unknown column": (
        "a.csv",
        "code,name,2.1.1,2.1.l\nhue,Huế,6,\n",
        ["/1/2.1.l"],
        "The nearest is 2.1.1",
    ),
    "an indicator that has components": (
        "a.csv",
        "code,name,3.2.1\nhue,Huế,6\n",
        ["/1/3.2.1"],
        "without components",
    ),
    "a column twice": ("a.csv", "code,name,2.1.1,2.1.1\nhue,Huế,6,6\n", ["/1/2.1.1"], "twice"),
    "a column without a heading": (
        "a.csv",
        "code,name,2.1.1\nhue,Huế,6,7\n",
        ["/1/#4"],
        "no heading",
    ),
    "a locality twice": ("a.csv", csv("hue,Huế,6,", "hue,Huế,6,"), ["/3/code"], "twice"),
    "a locality without code or name": (
        "a.csv",
        csv(",Huế,6,", "hue,,6,"),
        ["/2/code", "/3/name"],
        "is empty",
    ),
    "a code that is none": ("a.csv", csv("Thừa Thiên,Huế,6,"), ["/2/code"], "must be a code"),
    "a name with a control character": (
        "a.csv",
        csv("hue,Hu\x07,6,"),
        ["/2/name"],
        "control characters",
    ),
    "a figure twice in the long layout": (
        "a.csv",
        "code,name,indicator,value\nhue,Huế,2.1.1,6\nhue,Huế,2.1.1,6\n",
        ["/3/indicator"],
        "above",
    ),
    "two names of one locality": (
        "a.csv",
        "code,name,indicator,value\nhue,Huế,2.1.1,6\nhue,Thừa Thiên Huế,2.1.2,6\n",
        ["/3/name"],
        "another name",
    ),
    "an unknown indicator in the long layout": (
        "a.csv",
        "code,name,indicator,value\nhue,Huế,2.1.11,6\nhue,Huế,,6\n",
        ["/2/indicator", "/3/indicator"],
        "The nearest is 2.1.1",
    ),
    "no heading": ("a.csv", "hue,Huế,6\n", ["/1"], "code,name"),
    "no rows": ("a.csv", "code,name,2.1.1\n", ["/1"], "no row"),
    "commas and semicolons": ("a.csv", "code,name;2.1.1\nhue,Huế;6\n", [""], "semicolons"),
    "an empty file": ("a.csv", "", [""], "empty"),
    "blank lines": ("a.csv", "\n\n \n", [""], "empty"),
    "an old encoding": ("a.csv", WIDE.encode("utf-16"), [""], "UTF-8"),
    "a quote that does not end": ("a.csv", csv('hue,"Huế,6,'), [""], "line 2"),
    "a PDF that says it is CSV": ("a.csv", PDF + b"\xff\xfe", [""], "UTF-8"),
    "too many rows": (
        "a.csv",
        "code,name,indicator,value\n" + "a,b,2.1.1,1\n" * 100_001,
        [""],
        "100000 rows",
    ),
    "too many localities": (
        "a.csv",
        csv(*(f"d{n},D,1," for n in range(201))),
        ["/202/code"],
        "more than 200",
    ),
    "an error of a spreadsheet": (
        "a.xlsx",
        workbook(HEAD, ["hue", "Huế", "#N/A", 5]),
        ["/2/2.1.1"],
        "row 2, column 2.1.1 (C2): has the error #N/A",
    ),
    "a formula without a result": (
        "a.xlsx",
        FORMULA,
        ["/2/2.1.1"],
        "(C2): is a formula without a stored result",
    ),
    "a number as text": (
        "a.xlsx",
        workbook(HEAD, ["hue", "Huế", "1.234", 5]),
        ["/2/2.1.1"],
        "is text",
    ),
    "true for a number": (
        "a.xlsx",
        workbook(HEAD, ["hue", "Huế", True, 5]),
        ["/2/2.1.1"],
        "true or false",
    ),
    "a code that became a number": (
        "a.xlsx",
        workbook(["code", "name", 2.1], ["hue", "Huế", 1]),
        ["/1/C"],
        "(C1): 2.1 is a number",
    ),
    "a number too large for a float": (
        "a.xlsx",
        repacked(GOOD, SHEET, "<v>6</v>", f"<v>1{'0' * 400}</v>"),
        ["/2/2.1.1"],
        "too large",
    ),
    "an empty sheet": ("a.xlsx", workbook(), [""], "empty"),
    "a workbook that is none": ("a.xlsx", XLSX, [""], "cannot be read"),
    "half a workbook": ("a.xlsx", GOOD[: len(GOOD) // 2], [""], "cannot be read"),
    "a cell of nonsense": (
        "a.xlsx",
        repacked(GOOD, SHEET, "<v>6</v>", "<v>sáu</v>"),
        [""],
        "cannot be read",
    ),
    "entities of its own": (
        "a.xlsx",
        repacked(GOOD, SHEET, "<worksheet", '<!DOCTYPE x [<!ENTITY a "6">]><worksheet'),
        [""],
        "DOCTYPE",
    ),
    "a sheet that unpacks to too much": (
        "a.xlsx",
        repacked(GOOD, SHEET, "<worksheet", " " * 60_000_000 + "<worksheet"),
        [""],
        "unpacks",
    ),
    "a small file that unpacks a thousandfold": (
        "a.xlsx",
        repacked(GOOD, SHEET, "<worksheet", "<!--" + "x" * 9_000_000 + "--><worksheet"),
        [""],
        "unpacks",
    ),
    "a column far to the right": (
        "a.xlsx",
        workbook([*HEAD, *[None] * 600, "2.1.3"], ["hue", "Huế", 6]),
        [""],
        "502 columns",
    ),
    "broken JSON": ("a.json", '{"localities": ', [""], "not valid JSON"),
    "JSON of another shape": ("a.json", '{"rows": []}', ["/localities", "/rows"], "required"),
    "JSON that is a list": ("a.json", "[1]", [""], "valid dictionary"),
    "JSON with a member twice": (
        "a.json",
        '{"localities": [], "localities": []}',
        [""],
        "stands twice",
    ),
    "JSON nested without end": ("a.json", "[" * 100_000, [""], "not valid JSON"),
    "JSON with NaN": (
        "a.json",
        '{"localities": [{"code": "hue", "name": "H", "values": {"2.1.1": NaN, "9": 1}}]}',
        ["/localities/0/values/2.1.1"],
        "finite",
    ),
    "JSON with figures that cannot be": (
        "a.json",
        '{"localities": [{"code": "hue", "name": "H", "values": {"2.1.1": 11, "9": 1}}]}',
        ["/localities/0/values/2.1.1", "/localities/0/values/9"],
        "outside the bounds",
    ),
    "JSON with half a surrogate": (
        "a.json",
        '{"localities": [{"code": "hue", "name": "H", "values": {"\\ud800": 1}}]}',
        [],
        "",
    ),
    "JSON of another source": (
        "a.json",
        '{"source": "khác", "localities": [{"code": "hue", "name": "H", "values": {}}]}',
        ["/source"],
        "different sources",
    ),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_wrong_file_is_refused_whole_and_every_place_is_named(
    stage: Stage, what: str
) -> None:
    filename, content, places, word = BAD[what]
    before = await stage.counts()
    told = await dry(stage, content, filename)
    assert (told["valid"], told["difference"]) == (False, None)
    answer = await send(stage, content, filename)
    check_problem(answer, 422, "")
    assert answer.json()["errors"] == told["errors"]
    assert told["faults"] == len(told["errors"]) > 0
    if places:
        assert [entry["pointer"] for entry in told["errors"]] == places
    assert word in told["errors"][0]["message"]
    assert await stage.counts() == before


async def test_a_place_is_told_in_vietnamese(stage: Stage) -> None:
    answer = await send(stage, csv("hue,Huế,11,"), headers={"accept-language": "vi"})
    check_problem(answer, 422, "/2/2.1.1")
    (entry,) = answer.json()["errors"]
    assert entry["message"] == "dòng 2, cột 2.1.1: 11 nằm ngoài giới hạn của 2.1.1."
    assert answer.json()["detail"] == entry["message"]


async def test_two_hundred_places_are_named_and_all_are_counted(stage: Stage) -> None:
    rows = [f"d{number},D,x,11" for number in range(150)]
    told = await dry(stage, csv(*rows).replace("2.1.2", "2.1.1x"))
    assert (told["faults"], len(told["errors"])) == (151, 151)
    told = await dry(stage, csv(*(f"d{number},D,x,-1" for number in range(150))))
    assert (told["faults"], len(told["errors"])) == (300, MOST_FAULTS)
    answer = await send(stage, csv(*(f"d{number},D,x,-1" for number in range(150))))
    assert answer.json()["detail"] == "300 places are wrong; errors[] names 200."


@pytest.mark.parametrize(
    ("filename", "content"),
    [
        ("a.pdf", WIDE),
        ("a.csv", GOOD),
        ("a.xlsx", WIDE),
        ("a.docx", DOCX),
        ("a.json", WIDE),
        ("csv", WIDE),
        ("a.csv", "{}"),
    ],
)
async def test_a_file_that_is_not_what_its_name_says_is_refused(
    stage: Stage, filename: str, content: bytes | str
) -> None:
    for dry_run in (True, False):
        check_problem(await send(stage, content, filename, dry_run=dry_run), 415, "/file")


async def test_the_form_and_the_period_are_checked(stage: Stage) -> None:
    check_problem(await send(stage, WIDE, source=""), 422, "/source")
    check_problem(await send(stage, WIDE, source="x" * 301), 422, "/source")
    check_problem(await send(stage, WIDE, path="/v1/panels/chua-co/import"), 404, "")
    headers = stage.cast.coordinator.headers
    check_problem(
        await stage.client.post(PATH, data={"source": "x"}, headers=headers), 422, "/file"
    )
    large = await send(stage, b"code,name\n" + b"x" * 8 * 1024 * 1024)
    check_problem(large, 413, "")
    await closed_period(stage.client, stage.cast)
    for dry_run in (True, False):
        check_problem(await send(stage, WIDE, dry_run=dry_run), 409, "")


async def test_a_stored_formula_counts_with_the_result_it_had(stage: Stage) -> None:
    content = repacked(FORMULA, SHEET, f"<f>1+1</f>{NO_RESULT}", "<f>1+1</f><v>2</v>")
    told = await dry(stage, content, "a.xlsx")
    assert (told["valid"], told["values"]) == (True, 2)
    empty = repacked(
        FORMULA, SHEET, f'<c r="C2"><f>1+1</f>{NO_RESULT}', '<c r="C2" t="str"><f>""</f><v></v>'
    )
    told = await dry(stage, empty, "a.xlsx")
    assert (told["valid"], told["values"]) == (True, 1)


async def test_put_names_every_place_as_well(stage: Stage) -> None:
    localities = [{"code": "hue", "name": "Huế", "values": {"2.1.1": 11, "9.9": 1, "2.1.3": 1e300}}]
    answer = await stage.client.put(
        "/v1/panels/ky-2024",
        json={"source": "x", "localities": localities},
        headers=stage.cast.coordinator.headers,
    )
    check_problem(answer, 422, "/localities/0/values/2.1.1")
    assert pointers(answer.json())[1:] == ["/localities/0/values/9.9", "/localities/0/values/2.1.3"]


CELLS = some.one_of(
    some.sampled_from(["", "6", "6.5", "11", "-1", "x", "1.234", "1,5", "nan", "1e400", " 7 "]),
    some.floats(allow_nan=False).map(str),
)
CODES = some.sampled_from(["hue", "ha-noi", "da-nang", "", "a b", "Huế"])
COLUMNS = some.lists(
    some.sampled_from(["2.1.1", "2.1.2", "2.1.3", "9.9", "", "4.1.3"]), min_size=1, max_size=4
)


@some.composite
def files(draw: Any) -> str:
    sign = draw(some.sampled_from([",", ";"]))
    quoted = '"{}"'.format
    heading = ["code", "name"]
    if draw(some.booleans()):
        heading += ["indicator", "value"]
        middle = some.sampled_from(["2.1.1", "2.1.2", "9.9", "", "2.1"])
        rows = draw(some.lists(some.tuples(CODES, CODES, middle, CELLS), max_size=6))
    else:
        columns = draw(COLUMNS)
        heading += columns
        cells = some.lists(CELLS, max_size=len(columns) + 1)
        rows = [
            (code, name, *values)
            for code, name, values in draw(some.lists(some.tuples(CODES, CODES, cells), max_size=6))
        ]
    return "\n".join(sign.join(map(quoted, row)) for row in [heading, *rows])


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
        told = await dry(stage, content)
        async with stage.undone():
            answer = await send(stage, content)
            outcomes.add(answer.status_code)
            if told["valid"]:
                imported = body(answer)
                assert imported["difference"] == told["difference"]
                assert (
                    imported["panel"]["values"] == told["values"] == await stored(stage, imported)
                )
            else:
                check_problem(answer, 422, "")
                assert answer.json()["errors"] == told["errors"]
    assert outcomes == {200, 422}


async def stored(stage: Stage, imported: dict[str, Any]) -> Any:
    values = select(func.count()).where(PanelValue.panel_id == imported["panel"]["id"])
    return await stage.connection.scalar(values)


@pytest.mark.parametrize(
    ("text", "comma", "value"),
    [
        ("1234.5", False, 1234.5),
        ("1234.5", True, 1234.5),
        ("1234,5", True, 1234.5),
        ("1.234,5", True, 1234.5),
        ("1.234.567", True, 1234567.0),
        ("-0,5", True, -0.5),
        ("0.123", True, 0.123),
        ("1.2345", True, 1.2345),
        ("1,43E+15", True, 1.43e15),
        ("1.43E+15", False, 1.43e15),
        (".5", False, 0.5),
        ("1.234", False, 1.234),
        ("1,234", True, 1.234),
        ("1.234", True, None),
        ("12.345", True, None),
        ("1,234.5", True, None),
        ("1.23,5", True, None),
        ("1,5", False, None),
        ("1 234", True, None),
        ("١٢", True, None),
        ("1_000", False, None),
        ("0x10", False, None),
        ("1" * 41, False, None),
    ],
)
def test_numbers_are_read_as_they_are_written_or_refused(
    text: str,
    comma: bool,  # noqa: FBT001 a table's column
    value: float | None,
) -> None:
    read = number_in(text, comma=comma)
    assert read == value if value is not None else isinstance(read, Said)


@given(some.floats(-1e17, 1e17))
def test_a_figure_written_in_vietnamese_is_read_back(value: float) -> None:
    written = f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
    assert number_in(written, comma=True) == float(f"{value:.2f}")


async def test_a_heading_that_is_no_panels_has_no_layout(stage: Stage) -> None:
    told = await dry(stage, "ma,ten,2.1.1\nha-noi,Hà Nội,7.5\n")
    assert (told["valid"], told["format"], told["layout"]) == (False, "csv", None)
    (fault,) = told["errors"]
    assert "code,name" in fault["message"]
    broken = await dry(stage, "code;name,2.1.1\n")
    assert (broken["valid"], broken["format"], broken["layout"]) == (False, "csv", None)
    wrong = await dry(stage, '{"localities": 1}', "a.json")
    assert (wrong["valid"], wrong["layout"]) == (False, "json")


@pytest.mark.parametrize(
    ("code", "near"),
    [("2.1.1.", "2.1.1"), ("211", "2.1.1"), ("3.2.1.dien", "3.2.1.dien-nang"), ("9.9.9", None)],
)
async def test_only_a_code_that_is_like_it_is_called_the_nearest(
    stage: Stage, code: str, near: str | None
) -> None:
    told = await dry(
        stage, f"code,name,{code}\nha-noi,Hà Nội,7.5\n", headers={"accept-language": "vi"}
    )
    (fault,) = told["errors"]
    assert fault["message"].partition("Gần nhất là ")[2] == (f"{near}." if near else "")
