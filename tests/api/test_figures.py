"""A period's figures go out as data, as CSV and as the template that a department fills in."""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import openpyxl
import pytest
from httpx import AsyncClient, Response

from services.api.assignments.schemas import AssignmentStatus
from services.api.deps.tables import XLSX
from services.api.figures.columns import COLUMNS, INPUTS, NAMES, NO_UNIT, ROLES, STATUSES
from services.api.figures.guide import MADE_UP
from services.api.figures.template import FIRST_ROW, HEADING_ROW, NAMES_ROW
from services.api.submissions.differences import COMPARED
from services.api.submissions.schemas import SubmissionState
from services.api.submissions.states import TRANSITIONS
from services.api.submissions.words import ACTS, ANSWERS, FIELDS, STATES
from shared.models.plan import RESPONSIBILITY_ROLES
from tests.api.conftest import Stage
from tests.cast import Cast, Person
from tests.factories import (
    PERIOD,
    accepted,
    assignment_of,
    body,
    closed_period,
    done,
    drafted,
    opened_period,
    submitted,
)

PATH = f"/v1/periods/{PERIOD}/figures"
OFFICERS = ["2.1.1", "2.1.2", "2.1.3"]
DASHING = "=HYPERLINK(1)"


async def exported(client: AsyncClient, who: Person, **params: Any) -> Response:
    answer = await client.get(PATH, params=params, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer


async def rows_of(client: AsyncClient, who: Person, **params: Any) -> dict[str, dict[str, Any]]:
    items = body(await exported(client, who, **params))["items"]
    return {item["indicator"]: item for item in items}


def sheet_of(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))["figures"]


def columns_of(sheet: Any) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[NAMES_ROW]}


def lines_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_an_officer_sees_what_his_body_owes_and_the_coordinator_all_or_one(
    stage: Stage,
) -> None:
    client, cast = stage.client, stage.cast
    assert list(await rows_of(client, cast.officer)) == OFFICERS
    assert await rows_of(client, cast.officer, organisation="so-ct") == {}
    assert list(await rows_of(client, cast.coordinator, organisation="so-gddt")) == OFFICERS
    everything = body(await exported(client, cast.coordinator, limit=200))["items"]
    assert len(everything) > 40
    for form in ("csv", "xlsx"):
        whole = await exported(client, cast.coordinator, format=form, limit=1)
        count = len(lines_of(whole.content)) if form == "csv" else sheet_of(whole.content).max_row
        assert count - (NAMES_ROW if form == "xlsx" else 0) == len(everything)
    assert list(await rows_of(client, cast.officer, indicator="2.1.2")) == ["2.1.2"]
    assert list(await rows_of(client, cast.officer, indicator="2")) == OFFICERS
    assert list(await rows_of(client, cast.officer, status="submitted")) == ["2.1.2"]


async def test_pages_of_figures_are_the_whole_list(stage: Stage) -> None:
    params: dict[str, Any] = {"limit": 20}
    found = []
    while True:
        page = body(await exported(stage.client, stage.cast.coordinator, **params))
        found += page["items"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    whole = body(await exported(stage.client, stage.cast.coordinator, limit=200))["items"]
    assert found == whole


async def test_a_row_says_what_may_be_written_and_what_was_written(stage: Stage) -> None:
    rows = await rows_of(stage.client, stage.cast.officer)
    drafted_row, waiting, free = (rows[code] for code in OFFICERS)
    assert (drafted_row["state"], drafted_row["value"], drafted_row["answer"]) == (
        "draft",
        5,
        "value",
    )
    assert (drafted_row["lower_bound"], drafted_row["upper_bound"]) == (0, 10)
    # What those who keep the plan note for themselves is no guidance.
    assert (drafted_row["guidance_vi"], drafted_row["guidance_en"]) == ("", "")
    assert "exam marks are out of 10" not in str(rows)
    assert (drafted_row["role"], drafted_row["due_on"]) == ("lead", "2030-06-30")
    assert [row["writable"] for row in (drafted_row, waiting, free)] == [True, False, True]
    assert [row["allowed_actions"] for row in (waiting, free)] == [[], ["import"]]
    assert (free["submission"], free["answer"], free["version"]) == (None, None, "r0")


async def test_guidance_source_and_accepted_evidence_stand_beside_each_figure(
    stage: Stage,
) -> None:
    said = {
        "guidance_vi": "Lấy điểm trung bình năm môn.",
        "guidance_en": "Take the mean of five subjects.",
        "source": "Bộ GD&ĐT",
        "accepted_evidence": ["signed", "copy"],
    }
    changed = await stage.client.patch(
        "/v1/frameworks/2024/nodes/2.1.1",
        json={**said, "reason": "Công văn của bộ"},
        headers={**stage.cast.coordinator.headers, "if-match": "*"},
    )
    body(changed)
    row = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
    assert row["guidance_vi"] == "Lấy điểm trung bình năm môn."
    assert (row["data_source"], row["accepted_evidence"]) == ("Bộ GD&ĐT", ["signed", "copy"])
    whole = await exported(stage.client, stage.cast.officer, format="csv", indicator="2.1.1")
    assert lines_of(whole.content)[0]["accepted_evidence"] == "signed, copy"
    sheet = sheet_of(
        (await exported(stage.client, stage.cast.officer, format="xlsx", indicator="2.1.1")).content
    )
    cells = {
        sheet.cell(NAMES_ROW, place).value: cell.value
        for place, cell in enumerate(sheet[FIRST_ROW], 1)
    }
    assert cells["accepted_evidence"] == "bản có chữ ký, bản sao"
    assert cells["guidance_vi"] == "Lấy điểm trung bình năm môn."
    assert cells["guidance_en"] == "Take the mean of five subjects."


async def test_a_draft_is_shown_to_its_own_body_alone(stage: Stage) -> None:
    (row,) = (await rows_of(stage.client, stage.cast.leader, indicator="2.1.1")).values()
    assert (row["submission"], row["value"], row["version"]) == (None, None, "r0")
    assert (row["writable"], row["allowed_actions"], row["findings"]) == (False, [], [])
    assert "5.0" not in (
        await exported(stage.client, stage.cast.leader, indicator="2.1.1", format="csv")
    ).text.replace("10.0", "")


async def test_components_name_their_indicator(stage: Stage) -> None:
    rows = await rows_of(stage.client, stage.cast.coordinator, indicator="3.2.1")
    assert len(rows) == 4
    assert {row["component_of"] for row in rows.values()} == {"3.2.1"}


async def test_last_years_figure_is_that_of_the_nearest_earlier_period(
    client: AsyncClient, cast: Cast
) -> None:
    for year, value in ((2021, 5.0), (2022, 6.25), (2023, None)):
        await opened_period(client, cast, code=f"ky-{year}", reference_year=year)
        duty = await assignment_of(client, cast, period=f"ky-{year}")
        content = {"value": value} if value else {"nil_reason": "chưa có"}
        await accepted(client, cast, duty["id"], **content)
    await opened_period(client, cast)
    rows = await rows_of(client, cast.officer)
    last = {"period": "ky-2022", "reference_year": 2022, "value": 6.25}
    assert rows["2.1.1"]["last_year"] == last | {"numerator": None, "denominator": None}
    assert rows["2.1.2"]["last_year"] is None
    sheet = sheet_of((await exported(client, cast.officer, format="xlsx")).content)
    columns = columns_of(sheet)
    assert sheet.cell(FIRST_ROW, columns["last_year_period"]).value == "ky-2022"
    assert sheet.cell(FIRST_ROW, columns["last_year_value"]).value == 6.25


async def test_a_withdrawn_figure_leaves_its_cells_empty_and_a_returned_one_does_not(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    first, second = [await assignment_of(client, cast, code) for code in OFFICERS[:2]]
    draft = await drafted(client, cast.officer, first["id"], value=6.5)
    await done(client, cast.officer, draft["id"], "withdraw")
    sent = await submitted(client, cast.officer, second["id"], value=7)
    await done(client, cast.coordinator, sent["id"], "return", "thiếu trang 2")
    rows = await rows_of(client, cast.officer)
    assert (rows["2.1.1"]["state"], rows["2.1.1"]["value"]) == ("withdrawn", None)
    assert (rows["2.1.2"]["state"], rows["2.1.2"]["value"]) == ("returned", 7)
    assert rows["2.1.2"]["decision_reason"] == "thiếu trang 2"


async def test_the_form_follows_accept_and_the_same_figures_make_the_same_bytes(
    stage: Stage,
) -> None:
    first = await exported(stage.client, stage.cast.officer, format="xlsx")
    headers = stage.cast.officer.headers | {"accept": XLSX}
    again = await stage.client.get(PATH, headers=headers)
    assert again.content == first.content
    assert (again.headers["vary"], again.headers["content-type"]) == ("accept", XLSX)
    assert again.headers["content-disposition"] == 'attachment; filename="figures-ky-2024.xlsx"'
    known = headers | {"if-none-match": again.headers["etag"]}
    assert (await stage.client.get(PATH, headers=known)).status_code == 304
    refused = await stage.client.get(PATH, headers=headers | {"accept": "application/pdf"})
    assert refused.status_code == 406


async def test_the_template_is_locked_but_for_what_is_filled_in(stage: Stage) -> None:
    sheet = sheet_of((await exported(stage.client, stage.cast.officer, format="xlsx")).content)
    assert (sheet.protection.sheet, sheet.protection.password) == (True, None)
    columns = columns_of(sheet)
    assert tuple(columns) == NAMES
    assert [cell.value for cell in sheet[HEADING_ROW]] == [column.vi for column in COLUMNS]
    assert sheet.row_dimensions[NAMES_ROW].hidden
    assert sheet.freeze_panes == f"E{FIRST_ROW}"
    free = {column.name for column in INPUTS}
    for row, writable in zip(range(FIRST_ROW, FIRST_ROW + 3), (True, False, True), strict=True):
        unlocked = {
            name
            for name, column in columns.items()
            if not sheet.cell(row, column).protection.locked
        }
        assert unlocked == (free if writable else set())
    for column in COLUMNS:
        letter = openpyxl.utils.get_column_letter(columns[column.name])
        assert sheet.column_dimensions[letter].width == column.width


async def test_the_template_refuses_what_the_import_would_refuse(stage: Stage) -> None:
    sheet = sheet_of((await exported(stage.client, stage.cast.officer, format="xlsx")).content)
    columns = columns_of(sheet)

    def rule_of(name: str, row: int = FIRST_ROW) -> Any:
        place = sheet.cell(row, columns[name]).coordinate
        (found,) = [rule for rule in sheet.data_validations.dataValidation if place in rule.sqref]
        return found

    assert rule_of("answer").type == "list"
    assert rule_of("answer").formula1 == f'"{",".join(ANSWERS.values())}"'
    value = rule_of("value")
    assert (value.type, value.operator) == ("decimal", "between")
    assert (float(value.formula1), float(value.formula2)) == (0, 10)
    assert float(rule_of("value", FIRST_ROW + 1).formula2) == 100
    assert (rule_of("numerator").type, float(rule_of("numerator").formula2)) == ("decimal", 1e18)
    assert (rule_of("note").type, rule_of("note").formula1) == ("textLength", "4000")
    assert len(rule_of("value").error) <= 225


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        ({}, "[$-42A]#,##0.00#############"),
        ({"decimals": 2}, "[$-42A]#,##0.00"),
        ({"decimals": 0}, "[$-42A]#,##0"),
        ({"integer_only": True}, "[$-42A]#,##0"),
    ],
)
async def test_figures_are_shown_in_vietnamese_with_the_decimals_of_the_indicator(
    stage: Stage, rules: dict[str, Any], shown: str
) -> None:
    headers = stage.cast.coordinator.headers | {"if-match": "*"}
    body(await stage.client.put("/v1/indicators/2.1.1/rules", json=rules, headers=headers))
    sheet = sheet_of((await exported(stage.client, stage.cast.officer, format="xlsx")).content)
    columns = columns_of(sheet)
    for name in ("value", "numerator", "lower_bound", "last_year_value"):
        assert sheet.cell(FIRST_ROW, columns[name]).number_format == shown
    assert sheet.cell(FIRST_ROW, columns["note"]).number_format == "@"


@pytest.mark.parametrize("sign", [*"=+-@", "＝", "＋", "－", "＠"])
async def test_no_text_is_run_as_a_formula(stage: Stage, sign: str) -> None:
    client, officer = stage.client, stage.cast.officer
    headers = officer.headers | {"if-match": "*"}
    text = f"{sign}1+cmd|calc"
    path = f"/v1/submissions/{stage.mine['draft']}"
    body(await client.patch(path, json={"note": text, "value": 3.2}, headers=headers))
    sheet = sheet_of((await exported(client, officer, format="xlsx")).content)
    cell = sheet.cell(FIRST_ROW, columns_of(sheet)["note"])
    assert (cell.value, cell.data_type) == (text, "s")
    line, *_ = lines_of((await exported(client, officer, format="csv")).content)
    assert (line["note"], line["value"]) == (f"'{text}", "3.2")


async def test_made_up_figures_say_so_on_the_sheet(client: AsyncClient, cast: Cast) -> None:
    period = {
        "code": PERIOD,
        "name": DASHING,
        "framework": 2024,
        "reference_year": 2024,
        "due_on": "2030-06-30",
        "made_up": True,
    }
    headers = cast.coordinator.headers
    body(await client.post("/v1/periods", json=period, headers=headers), 201)
    body(await client.post(f"/v1/periods/{PERIOD}/open", headers=headers))
    content = (await exported(client, cast.officer, format="xlsx")).content
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet, guide = book.worksheets
    assert sheet.cell(1, 5).value == MADE_UP
    assert DASHING in str(sheet.cell(1, 1).value)
    assert guide.cell(1, 1).value == MADE_UP
    assert {
        row["made_up"]
        for row in lines_of((await exported(client, cast.officer, format="csv")).content)
    } == {"true"}


async def test_the_guide_names_every_column_in_both_languages(stage: Stage) -> None:
    content = (await exported(stage.client, stage.cast.officer, format="xlsx")).content
    book = openpyxl.load_workbook(io.BytesIO(content))
    guide = book["Hướng dẫn - Guide"]
    told = {row[0]: row[1:] for row in guide.iter_rows(values_only=True)}
    for column in COLUMNS:
        english, fill = told[f"{column.vi} ({column.name})"]
        assert (english, fill) == (column.en, "✎" if column.fill else None)
    assert MADE_UP not in told
    assert sheet_of(content).cell(1, 5).value is None


def test_the_docs_name_every_column_as_the_sheet_does() -> None:
    told = Path("docs/figures.md").read_text("utf-8").splitlines()
    wanted = [
        f"| `{column.name}` | {column.vi} | {'✎' if column.fill else ''} | {column.en} |"
        for column in COLUMNS
    ]
    assert [line for line in told if line.startswith("| `")] == wanted


async def test_nothing_may_be_written_once_the_period_is_closed(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await closed_period(client, cast)
    rows = await rows_of(client, cast.officer)
    assert not any(row["writable"] for row in rows.values())
    sheet = sheet_of((await exported(client, cast.officer, format="xlsx")).content)
    assert all(cell.protection.locked for row in sheet.iter_rows(min_row=FIRST_ROW) for cell in row)


async def test_a_workbook_tells_role_status_and_last_day_in_words_and_dates(stage: Stage) -> None:
    officer = stage.cast.officer
    whole = await exported(stage.client, officer, format="xlsx")
    sheet = sheet_of(whole.content)
    places = columns_of(sheet)
    found = {
        sheet.cell(row, places["indicator"]).value: {
            name: sheet.cell(row, places[name]) for name in ("role", "status", "state", "due_on")
        }
        for row in range(FIRST_ROW, sheet.max_row + 1)
    }
    told = {code: [cells[name].value for name in cells] for code, cells in found.items()}
    last_day = datetime(2030, 6, 30)  # noqa: DTZ001 a cell has no zone
    assert told["2.1.2"] == ["Chủ trì", "Đã nộp, chờ duyệt", "Đã nộp, chờ duyệt", last_day]
    assert told["2.1.3"] == ["Chủ trì", "Chưa nộp", None, last_day]
    assert found["2.1.3"]["due_on"].number_format == "dd/mm/yyyy"
    # CSV and JSON keep the codes; either goes back in as it came.
    plain = await exported(stage.client, officer, format="csv")
    (line,) = [one for one in lines_of(plain.content) if one["indicator"] == "2.1.2"]
    assert [line[name] for name in ("role", "status", "due_on")] == [
        "lead",
        "submitted",
        "2030-06-30",
    ]
    for name, content in (("a.xlsx", whole.content), ("a.csv", plain.content)):
        back = await stage.client.post(
            f"{PATH}/import", files={"file": (name, content)}, headers=officer.headers
        )
        assert (body(back)["valid"], body(back)["counts"]["unchanged"]) == (True, 2), back.text


async def test_a_workbook_says_where_no_unit_is_set(stage: Stage) -> None:
    whole = await exported(stage.client, stage.cast.coordinator, format="xlsx")
    sheet = sheet_of(whole.content)
    places = columns_of(sheet)
    units = {
        sheet.cell(row, places["indicator"]).value: sheet.cell(row, places["unit"]).value
        for row in range(FIRST_ROW, sheet.max_row + 1)
    }
    assert units["3.2.1.dien-nang"] == NO_UNIT
    assert units["2.1.1"] != NO_UNIT
    assert all(units.values())


def test_every_code_that_a_workbook_tells_has_its_word() -> None:
    assert {*ROLES} == {*RESPONSIBILITY_ROLES}
    assert {*STATUSES} == {*get_args(AssignmentStatus)}
    assert {*STATES} == {*get_args(SubmissionState)}
    assert {*ACTS} == {*TRANSITIONS}
    assert {*FIELDS} == {*COMPARED}
