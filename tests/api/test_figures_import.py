"""A filled sheet comes in whole or not at all; a dry run says what the import says."""

import asyncio
import csv
import io
import unicodedata
from typing import Any

import openpyxl
import pytest
from httpx import Response
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from services.api.deps.cells import plain_text, safe_text
from services.api.deps.tables import CSV, XLSX
from services.api.figures.columns import ERROR, ERROR_HEADING, EXPLAINS, NAMES
from services.api.figures.comparing import same_number
from services.api.figures.template import FIRST_ROW, HEADING_ROW, NAMES_ROW
from services.api.submissions.words import ANSWERS
from tests.api.conftest import Real, Stage
from tests.api.test_figures import PATH, columns_of, exported, lines_of, rows_of, sheet_of
from tests.api.test_panel_import import NO_RESULT, SHEET, repacked, saved
from tests.api.wrong import check_problem
from tests.cast import Person
from tests.factories import (
    DOCX,
    PDF,
    PNG,
    body,
    closed_period,
    done,
    opened_period,
    pointers,
    submitted,
)

IMPORT = f"{PATH}/import"
Edits = dict[str, dict[str, Any]]  # indicator → column → what is typed there


async def send(
    stage: Stage | Real,
    content: bytes,
    filename: str = "a.xlsx",
    *,
    who: Person | None = None,
    headers: dict[str, str] | None = None,
    **params: Any,
) -> Response:
    return await stage.client.post(
        IMPORT,
        params={name: str(value).lower() for name, value in params.items()},
        files={"file": (filename, content, "application/octet-stream")},
        headers=(who or stage.cast.officer).headers | (headers or {}),
    )


async def send_rows(stage: Stage | Real, rows: list[Any], **params: Any) -> Response:
    return await stage.client.post(
        IMPORT,
        params={name: str(value).lower() for name, value in params.items()},
        json={"rows": rows},
        headers=stage.cast.officer.headers,
    )


async def template_of(stage: Stage | Real, form: str = "xlsx") -> bytes:
    return (await exported(stage.client, stage.cast.officer, format=form)).content


def edited(content: bytes, edits: Edits) -> bytes:
    """Type into the template, as a spreadsheet program does."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["figures"]
    columns = columns_of(sheet)
    for row in range(FIRST_ROW, sheet.max_row + 1):
        for name, value in edits.get(str(sheet.cell(row, columns["indicator"]).value), {}).items():
            cell = sheet.cell(row, columns[name])
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    return saved(book)


def edited_csv(content: bytes, edits: Edits, *, delimiter: str = ",") -> bytes:
    lines = lines_of(content)
    for line in lines:
        line.update(edits.get(line["indicator"], {}))
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, NAMES, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    return written.getvalue().encode()


async def filled(stage: Stage | Real, form: str, edits: Edits) -> bytes:
    content = await template_of(stage, form)
    return edited(content, edits) if form == "xlsx" else edited_csv(content, edits)


def outcomes(report: dict[str, Any]) -> list[str]:
    return [row["outcome"] for row in report["rows"]]


# Round trips


@pytest.mark.parametrize("form", ["xlsx", "csv", "json"])
async def test_what_goes_out_and_comes_back_unedited_changes_nothing(
    stage: Stage, form: str
) -> None:
    before = await stage.counts()
    if form == "json":
        items = list((await rows_of(stage.client, stage.cast.officer)).values())
        answer = await send_rows(stage, items)
    else:
        answer = await send(stage, await template_of(stage, form), f"a.{form}")
    report = body(answer)
    assert outcomes(report) == ["unchanged", "unchanged", "skipped"]
    assert (report["valid"], report["format"], report["errors"]) == (True, form, [])
    assert await stage.counts() == before


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_what_is_edited_shows_in_the_next_export(stage: Stage, form: str) -> None:
    edits: Edits = {
        "2.1.1": {"value": 6.75, "note": "Đã rà soát"},
        "2.1.3": {"numerator": 3, "denominator": 4, "source": "Báo cáo 12, trang 3"},
    }
    report = body(await send(stage, await filled(stage, form, edits), f"a.{form}"))
    assert outcomes(report) == ["updated", "unchanged", "created"]
    assert report["counts"] | {"rows": 3, "created": 1, "updated": 1} == report["counts"]
    assert report["rows"][0]["submission"] == stage.mine["draft"]
    rows = await rows_of(stage.client, stage.cast.officer)
    assert (rows["2.1.1"]["value"], rows["2.1.1"]["note"]) == (6.75, "Đã rà soát")
    assert (rows["2.1.3"]["value"], rows["2.1.3"]["source"]) == (0.75, "Báo cáo 12, trang 3")
    assert (rows["2.1.3"]["state"], rows["2.1.3"]["revision"]) == ("draft", 1)
    again = body(await send(stage, await template_of(stage, form), f"a.{form}"))
    assert set(outcomes(again)) == {"unchanged"}


async def test_json_writes_the_members_it_names_and_no_others(stage: Stage) -> None:
    row = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
    sent = {"assignment": row["assignment"], "version": row["version"], "note": "chỉ ghi chú"}
    assert outcomes(body(await send_rows(stage, [sent]))) == ["updated"]
    after = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
    assert (after["value"], after["note"]) == (5, "chỉ ghi chú")
    assert after["version"] != row["version"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("-3,2", -3.2),
        ("1.234,56", 1234.56),
        ("1.234.567", 1234567),
        ("0,125", 0.125),
        ("6.5", 6.5),
        ("1.5e-7", 1.5e-7),
        ("\u22123,5", -3.5),
        (" 7 ", 7),
    ],
)
async def test_numbers_may_be_written_as_vietnamese_write_them(
    stage: Stage, written: str, value: float
) -> None:
    edits: Edits = {"2.1.3": {"value": "5", "numerator": written, "denominator": "1"}}
    commas = await template_of(stage, "csv")
    files = {
        "a.xlsx": edited(await template_of(stage), edits),
        "commas.csv": edited_csv(commas, edits),
        "semicolons.csv": edited_csv(commas, edits, delimiter=";"),
    }
    for name, content in files.items():
        async with stage.undone():
            body(await send(stage, content, name))
            stored = (await rows_of(stage.client, stage.cast.officer))["2.1.3"]
        assert (stored["numerator"], stored["denominator"]) == (value, 1), name


@pytest.mark.parametrize(("name", "written"), [("a.xlsx", "1.234"), ("a.csv", "1,234")])
async def test_a_number_that_can_be_read_in_two_ways_is_refused(
    stage: Stage, name: str, written: str
) -> None:
    content = await filled(stage, name[2:], {"2.1.3": {"value": written}})
    report = body(await send(stage, content, name, dry_run=True))
    (fault,) = report["rows"][2]["faults"]
    assert fault["column"] == "value"
    assert "two ways" in fault["en"]
    assert "hai cách hiểu" in fault["vi"]


TEXTS = some.text(some.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30).filter(
    lambda text: not set(text) & {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
)
FIGURES = some.one_of(
    some.floats(0, 10), some.sampled_from([5e-324, 1e-15, 0.1 + 0.2, 9.99999999999999, 1 / 3, 0.0])
)
LARGE = some.one_of(some.floats(-1e18, 1e18), some.sampled_from([1e18, -3.2, 123456789012345.0]))


@pytest.mark.timeout(180)
async def test_any_figure_and_any_text_go_out_and_come_back_as_they_were(stage: Stage) -> None:
    cases: list[dict[str, Any]] = []

    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(FIGURES, LARGE, TEXTS, TEXTS)
    @example(1.5, -3.2, "=1+1", "'=1+1")
    @example(1.5, 1234.56, "-3,2", "''@x")
    @example(1.5, 1e-300, unicodedata.normalize("NFD", "Quyết định"), "1.234,56")
    @example(1.5, 1.0, "＝1", '"a";b,c')
    def collect(value: float, numerator: float, note: str, source: str) -> None:
        cases.append(
            {
                "value": value,
                "numerator": numerator,
                "denominator": 7.0,
                "note": note,
                "source": source,
            }
        )

    await asyncio.to_thread(collect)
    for content in cases:
        async with stage.undone():
            row = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
            sent = {"assignment": row["assignment"], "version": row["version"], **content}
            body(await send_rows(stage, [sent]))
            stored = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
            assert stored["value"] == content["value"]
            for form in ("xlsx", "csv"):
                # Unedited it changes nothing; into an empty duty it brings the same.
                file = await template_of(stage, form)
                assert set(outcomes(body(await send(stage, file, f"a.{form}")))) <= {
                    "unchanged",
                    "skipped",
                }
                moved = _moved(file, form)
                async with stage.undone():
                    report = body(await send(stage, moved, f"a.{form}"))
                    assert outcomes(report)[-1] == "created"
                    other = (await rows_of(stage.client, stage.cast.officer))["2.1.3"]
                for name in ("value", "numerator", "denominator"):
                    assert same_number(other[name], stored[name]), (form, name)
                for name in ("note", "source"):
                    assert other[name] == stored[name].translate(
                        {0xFFFE: None, 0xFFFF: None} if form == "xlsx" else {}
                    ), (form, name)


def _moved(content: bytes, form: str) -> bytes:
    """Copy what the first row is filled with to the third, cell by cell as it stands."""
    names = ("answer", "value", "numerator", "denominator", "note", "source")
    if form == "csv":
        lines = lines_of(content)
        return edited_csv(content, {"2.1.3": {name: lines[0][name] for name in names}})
    sheet = sheet_of(content)
    columns = columns_of(sheet)
    return edited(
        content, {"2.1.3": {name: sheet.cell(FIRST_ROW, columns[name]).value for name in names}}
    )


@given(some.text(some.sampled_from("'=+-@ a＝1"), max_size=6))
def test_the_apostrophe_that_is_put_is_the_one_that_is_taken(text: str) -> None:
    assert plain_text(safe_text(text)) == text
    assert not safe_text(text).startswith(("=", "+", "-", "@", "＝"))


# What becomes of rows


async def test_a_returned_figure_is_followed_by_the_next_revision(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    await done(client, cast.coordinator, stage.mine["waiting"], "return", "thiếu trang 2")
    assert outcomes(body(await send(stage, await template_of(stage))))[1] == "unchanged"
    content = await filled(stage, "xlsx", {"2.1.2": {"value": 5.5}})
    assert outcomes(body(await send(stage, content)))[1] == "created"
    row = (await rows_of(client, cast.officer))["2.1.2"]
    assert (row["revision"], row["state"], row["value"]) == (2, "draft", 5.5)


async def test_a_figure_that_followed_from_its_fraction_follows_in_the_next_revision(
    stage: Stage,
) -> None:
    duty = stage.mine["assignment"]
    sent = await submitted(stage.client, stage.cast.officer, duty, numerator=1, denominator=4)
    await done(stage.client, stage.cast.coordinator, sent["id"], "return", "tử số sai")
    content = await filled(stage, "xlsx", {"2.1.3": {"numerator": 3}})
    assert outcomes(body(await send(stage, content)))[2] == "created"
    row = (await rows_of(stage.client, stage.cast.officer))["2.1.3"]
    assert (row["value"], row["denominator"], row["findings"]) == (0.75, 4, [])


async def test_a_figure_becomes_a_nil_return_and_back(stage: Stage) -> None:
    nil = {"2.1.1": {"value": None, "answer": ANSWERS["nil"], "nil_reason": "chưa điều tra"}}
    body(await send(stage, await filled(stage, "xlsx", nil)))
    row = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
    assert (row["answer"], row["value"], row["nil_reason"]) == ("nil", None, "chưa điều tra")
    # Whoever forgets the drop-down still means a figure.
    back = {"2.1.1": {"value": 6, "nil_reason": None}}
    body(await send(stage, await filled(stage, "xlsx", back)))
    row = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
    assert (row["answer"], row["value"], row["nil_reason"]) == ("value", 6, "")


async def test_an_emptied_row_deletes_nothing(stage: Stage) -> None:
    before = await stage.counts()
    content = await filled(stage, "xlsx", {"2.1.1": {"value": None, "answer": None}})
    assert outcomes(body(await send(stage, content)))[0] == "skipped"
    assert await stage.counts() == before


async def test_odd_figures_are_taken_with_a_warning_and_explained_in_their_column(
    stage: Stage,
) -> None:
    headers = stage.cast.coordinator.headers | {"if-match": "*"}
    rules = {"expected_low": 4.0, "expected_high": 6.0}
    body(await stage.client.put("/v1/indicators/2.1.1/rules", json=rules, headers=headers))
    content = await filled(stage, "xlsx", {"2.1.1": {"value": 9, "stated": 9}})
    (warned,) = body(await send(stage, content))["rows"][0]["warnings"]
    assert (warned["code"], warned["explained"]) == ("outside_expected", False)
    refused = await send(stage, await template_of(stage), submit=True)
    check_problem(refused, 422, f"/{FIRST_ROW}/{EXPLAINS}outside_expected")
    reason = {"2.1.1": {f"{EXPLAINS}outside_expected": "Đề thi dễ hơn"}}
    report = body(await send(stage, await filled(stage, "xlsx", reason), submit=True))
    assert (outcomes(report)[0], report["rows"][0]["submitted"]) == ("updated", True)
    assert report["rows"][0]["warnings"][0]["explained"]
    row = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
    assert (row["state"], row["explanations"]) == (
        "submitted",
        {"outside_expected": "Đề thi dễ hơn"},
    )


async def test_submit_sends_every_draft_of_the_file_or_none(stage: Stage) -> None:
    before = await stage.counts()
    content = await filled(
        stage, "xlsx", {"2.1.1": {"value": 6, "stated": 6}, "2.1.3": {"value": 1}}
    )
    answer = await send(stage, content, submit=True)
    check_problem(answer, 422, f"/{FIRST_ROW + 2}")
    assert "Evidence is missing" in answer.json()["detail"]
    assert await stage.counts() == before
    told = body(await send(stage, content, submit=True, dry_run=True))
    assert [row["submitted"] for row in told["rows"]] == [True, False, False]
    nil: Edits = {
        "2.1.1": {"value": 6, "stated": 6},
        "2.1.3": {"nil_reason": "không thuộc phạm vi"},
    }
    report = body(await send(stage, await filled(stage, "xlsx", nil), submit=True))
    assert report["counts"]["submitted"] == 2
    assert await rows_of(stage.client, stage.cast.officer, status="open") == {}


async def test_an_unedited_draft_is_submitted_when_that_is_asked(stage: Stage) -> None:
    report = body(await send(stage, await template_of(stage), submit=True))
    assert outcomes(report) == ["unchanged", "unchanged", "skipped"]
    assert [row["submitted"] for row in report["rows"]] == [True, False, False]


async def test_a_row_that_changed_since_the_export_is_refused_with_what_it_is_now(
    stage: Stage,
) -> None:
    content = await filled(stage, "xlsx", {"2.1.1": {"value": 6}})
    path, headers = f"/v1/submissions/{stage.mine['draft']}", stage.cast.head.headers
    body(await stage.client.patch(path, json={"value": 7.5}, headers=headers | {"if-match": "*"}))
    answer = await send(stage, content)
    check_problem(answer, 422, f"/{FIRST_ROW}/version")
    assert pointers(answer.json()) == [f"/{FIRST_ROW}/version", f"/{FIRST_ROW}/value"]
    assert "it is 7.5 now" in answer.json()["errors"][1]["message"]
    # Whoever wrote the same is in nobody's way.
    body(await stage.client.patch(path, json={"value": 6}, headers=headers | {"if-match": "*"}))
    assert outcomes(body(await send(stage, content)))[0] == "unchanged"


async def test_two_who_send_the_same_file_at_once_write_it_once(real: Real) -> None:
    await opened_period(real.client, real.cast)
    content = await filled(real, "xlsx", {"2.1.1": {"value": 6}, "2.1.3": {"value": 1}})
    answers = await asyncio.gather(*(send(real, content) for _ in range(3)))
    found = sorted(outcomes(body(answer))[0] for answer in answers)
    assert found == ["created", "unchanged", "unchanged"]
    assert await real.states() == ["draft", "draft"]


# Rights


async def test_foreign_rows_are_refused_as_if_they_were_not_there(stage: Stage) -> None:
    whole = (await exported(stage.client, stage.cast.coordinator, format="xlsx")).content
    before = await stage.counts()
    answer = await send(stage, edited(whole, {"5.2.3": {"value": 1}}))
    assert answer.status_code == 422
    assert {entry.split("/")[2] for entry in pointers(answer.json())} == {"assignment"}
    assert await stage.counts() == before
    told = body(await send(stage, whole, dry_run=True))
    refused = [row for row in told["rows"] if row["outcome"] == "refused"]
    assert {row["faults"][0]["en"] for row in refused} == {
        "There is no such assignment, or it is not yours to see."
    }
    own = [
        row["outcome"]
        for row in told["rows"]
        if (row["indicator"] or "") in {"2.1.1", "2.1.2", "2.1.3"}
    ]
    assert own == ["skipped", "unchanged", "skipped"]  # the coordinator sees no draft


async def test_who_writes_no_figures_imports_none(stage: Stage) -> None:
    content = await template_of(stage)
    for who in (stage.cast.coordinator, stage.cast.leader, stage.cast.viewer, stage.cast.admin):
        check_problem(await send(stage, content, who=who), 403, "")


async def test_a_closed_period_takes_no_row_but_lets_unchanged_ones_be(stage: Stage) -> None:
    content = await filled(stage, "xlsx", {"2.1.1": {"value": 6}})
    untouched = await template_of(stage)
    await closed_period(stage.client, stage.cast)
    answer = await send(stage, content)
    check_problem(answer, 422, f"/{FIRST_ROW}")
    assert "not open" in answer.json()["detail"]
    assert outcomes(body(await send(stage, untouched))) == ["unchanged", "unchanged", "skipped"]


async def test_a_duty_that_was_handed_over_meanwhile_says_so(stage: Stage) -> None:
    content = await filled(stage, "xlsx", {"2.1.3": {"value": 1}})
    headers = stage.cast.coordinator.headers
    body(
        await stage.client.post(
            f"/v1/handovers/{stage.mine['handover']}/carry-out", headers=headers
        )
    )
    told = body(await send(stage, content, dry_run=True))
    assert "passed to another body" in told["rows"][2]["faults"][0]["en"]


async def test_a_submitted_figure_is_not_overwritten(stage: Stage) -> None:
    content = await filled(stage, "xlsx", {"2.1.2": {"value": 6}})
    answer = await send(stage, content)
    check_problem(answer, 422, f"/{FIRST_ROW + 1}")
    assert "under way" in answer.json()["detail"]


# What comes back


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_the_file_comes_back_with_its_errors_beside_it(stage: Stage, form: str) -> None:
    edits: Edits = {"2.1.1": {"value": 11, "note": "giữ nguyên"}, "2.1.3": {"value": "bao nhiêu"}}
    content = await filled(stage, form, edits)
    media = XLSX if form == "xlsx" else CSV
    before = await stage.counts()
    for dry_run, status in ((True, 200), (False, 422)):
        answer = await send(stage, content, f"a.{form}", headers={"accept": media}, dry_run=dry_run)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith(media)
        assert await stage.counts() == before
        told, cells = _read_back(answer.content, form)
        assert [bool(text) for text in told] == [True, False, True]
        assert told[0].startswith("cột Số liệu: Số liệu 11 lớn hơn 10")
        assert "above 10" in told[0]
        assert cells == _read_back(content, form)[1]
    # Corrected in the file that came back, it goes in, and the errors are gone.
    right: Edits = {"2.1.1": {"value": 7, "stated": 7}, "2.1.3": {"value": 1}}
    again = edited(answer.content, right) if form == "xlsx" else _corrected(answer.content, right)
    answer = await send(stage, again, f"a.{form}", headers={"accept": media})
    assert answer.status_code == 200
    assert not any(_read_back(answer.content, form)[0])
    assert (await rows_of(stage.client, stage.cast.officer))["2.1.3"]["value"] == 1


def _corrected(content: bytes, edits: Edits) -> bytes:
    lines = lines_of(content)
    for line in lines:
        line.update(edits.get(line["indicator"], {}))
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, lines[0].keys())
    writer.writeheader()
    writer.writerows(lines)
    return written.getvalue().encode()


def _read_back(content: bytes, form: str) -> tuple[list[str], list[Any]]:
    """Read the column of errors, and all other cells."""
    if form == "csv":
        lines = lines_of(content)
        return [line.pop(ERROR_HEADING, "") for line in lines], lines
    sheet = sheet_of(content)
    columns = columns_of(sheet)
    told = [""] * (sheet.max_row - NAMES_ROW)
    if ERROR in columns:
        assert sheet.cell(HEADING_ROW, columns[ERROR]).value == ERROR_HEADING
        told = [
            sheet.cell(row, columns[ERROR]).value or ""
            for row in range(FIRST_ROW, sheet.max_row + 1)
        ]
    assert sheet.protection.sheet
    assert len(sheet.data_validations.dataValidation) > 5
    return told, [row[: len(NAMES)] for row in sheet.iter_rows(values_only=True)]


async def test_a_workbook_comes_back_with_its_formulas_and_over_merged_cells(stage: Stage) -> None:
    book = openpyxl.load_workbook(io.BytesIO(await template_of(stage)))
    sheet = book["figures"]
    columns = columns_of(sheet)
    sheet.cell(FIRST_ROW, columns["findings"]).value = "=1+1"
    last = len(columns)
    sheet.merge_cells(start_row=1, end_row=FIRST_ROW, start_column=last + 1, end_column=last + 3)
    sheet.cell(FIRST_ROW + 2, columns["value"]).value = -1
    content = saved(book)
    answer = await send(stage, content, headers={"accept": XLSX}, dry_run=True)
    assert answer.status_code == 200, answer.text
    back = sheet_of(answer.content)
    assert back.cell(FIRST_ROW, columns["findings"]).value == "=1+1"
    assert "below 0" in back.cell(FIRST_ROW + 2, last + 1).value
    assert back.cell(HEADING_ROW, last + 1).value == ERROR_HEADING


async def test_a_workbook_that_cannot_be_written_again_is_taken_as_json_alone(stage: Stage) -> None:
    content = await filled(stage, "xlsx", {"2.1.1": {"value": 6}})
    odd = repacked(content, "xl/worksheets/sheet2.xml", "<sheetData>", "<sheetData><oops/>")
    odd = repacked(odd, "xl/worksheets/sheet2.xml", "</worksheet>", "<")
    before = await stage.counts()
    check_problem(await send(stage, odd, headers={"accept": XLSX}), 422, "")
    assert await stage.counts() == before
    assert outcomes(body(await send(stage, odd)))[0] == "updated"


async def test_a_file_given_back_as_csv_runs_no_formula(stage: Stage) -> None:
    content = edited_csv(
        await template_of(stage, "csv"),
        {"2.1.1": {"note": "=1+1", "value": "-3,2"}, "2.1.3": {"note": "'@x"}},
    )
    answer = await send(stage, content, "a.csv", headers={"accept": CSV}, dry_run=True)
    first, _, third = lines_of(answer.content)
    assert (first["note"], first["value"], third["note"]) == ("'=1+1", "-3,2", "'@x")


async def test_the_other_kind_of_file_cannot_be_asked_for(stage: Stage) -> None:
    content = await filled(stage, "xlsx", {"2.1.1": {"value": 6}})
    before = await stage.counts()
    answer = await send(stage, content, headers={"accept": CSV})
    assert answer.status_code == 406
    assert await stage.counts() == before


async def test_a_repeated_import_is_carried_out_once(stage: Stage) -> None:
    content = await filled(stage, "xlsx", {"2.1.1": {"value": 6}})
    headers = {"idempotency-key": "mot-lan"}
    first = await send(stage, content, headers=headers)
    again = await send(stage, content, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert body(again) == body(first)


# A dry run is the import, undone

RIGHT: list[dict[str, Any]] = [
    {"value": 5.0},
    {"value": 6.5, "explanations": {"outside_expected": "đề dễ hơn"}, "note": "=1+1"},
    {"value": 1e-9, "note": "-3,2"},
    {"numerator": 3.0, "denominator": 4.0},
    {"answer": "nil", "value": None, "nil_reason": "chưa có"},
    {"answer": "central_source", "value": None, "nil_reason": "Tổng cục Thống kê"},
    {"answer": "value", "note": ""},
    {},
]
WRONG_CELLS: list[dict[str, Any]] = [
    {"value": 11.0, "numerator": 1.0},
    {"value": -1.0},
    {"value": "x", "note": "a\x07"},
    {"numerator": 1.0, "denominator": 0.0},
    {"answer": "nil", "value": 5.5},
    {"answer": "maybe", "explanations": {"odd": "x"}},
]
CELLS = some.one_of(
    some.sampled_from(RIGHT), some.sampled_from(RIGHT), some.sampled_from([*RIGHT, *WRONG_CELLS])
)
FLAWS = some.sampled_from(
    [*[{}] * 12, {"version": "r0"}, {"version": "r1-000000000000"}, {"indicator": "9.9.9"}]
)
ROWS = some.lists(
    some.tuples(some.sampled_from([0, 2, 2, 1]), CELLS, FLAWS),
    min_size=1,
    max_size=3,
    unique_by=lambda row: row[0],
)


@pytest.mark.timeout(180)
async def test_a_dry_run_finds_what_the_import_finds_in_any_rows(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers | {"if-match": "*"}
    rules = {"expected_low": 4.0, "expected_high": 6.0}
    body(await stage.client.put("/v1/indicators/2.1.1/rules", json=rules, headers=headers))
    sent: list[tuple[list[dict[str, Any]], bool]] = []

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(ROWS, some.booleans())
    def collect(rows: list[tuple[int, dict[str, Any], dict[str, Any]]], submit: bool) -> None:  # noqa: FBT001
        sent.append(([{"which": which, **cells, **flaw} for which, cells, flaw in rows], submit))

    await asyncio.to_thread(collect)
    known = list((await rows_of(stage.client, stage.cast.officer)).values())
    seen: set[tuple[bool, str]] = set()
    for rows, submit in sent:
        filled_in = [
            {name: known[row["which"]][name] for name in ("assignment", "version")}
            | {name: value for name, value in row.items() if name != "which"}
            for row in rows
        ]
        before = await stage.counts()
        told = body(await send_rows(stage, filled_in, dry_run=True, submit=submit))
        assert await stage.counts() == before
        seen.update((told["valid"], outcome) for outcome in outcomes(told))
        async with stage.undone():
            answer = await send_rows(stage, filled_in, submit=submit)
            if not told["valid"]:
                check_problem(answer, 422, "")
                assert answer.json()["errors"] == told["errors"]
                assert await stage.counts() == before
                continue
            made = body(answer)
            for row in (*made["rows"], *told["rows"]):
                row["submission"] = None if row["outcome"] == "created" else row["submission"]
            assert made | {"dry_run": True} == told
            shown = await rows_of(stage.client, stage.cast.officer)
            for row in made["rows"]:
                if row["submitted"]:
                    assert shown[row["indicator"]]["state"] == "submitted"
    stored = {(True, name) for name in ("created", "updated", "unchanged", "skipped")}
    assert seen >= stored | {(False, "refused"), (False, "created"), (False, "updated")}


# Files that are not what they should be

HEADING = "assignment,version,value"
BAD: dict[str, tuple[str, bytes | str, str, str]] = {
    "no names of columns": ("a.csv", "a,b\n1,2\n", "/1", "names of the columns"),
    "no version": ("a.csv", "assignment,value\nx,1\n", "/1", "version is missing"),
    "no rows": ("a.csv", f"{HEADING}\n", "/1", "no rows"),
    "an unknown column": ("a.csv", f"{HEADING},figure\nx,y,1,2\n", "/1/figure", "no such column"),
    "a column twice": ("a.csv", f"{HEADING},value\nx,y,1,2\n", "/1/value", "twice"),
    "too many rows": ("a.csv", HEADING + "\nx,r0,1" * 1001, "/1", "more than 1000"),
    "no id": ("a.csv", f"{HEADING}\nx,r0,1\n", "/2/assignment", "no duty's id"),
    "an empty file": ("a.csv", "", "", "empty"),
    "not UTF-8": ("a.csv", f"{HEADING}\nx,r0,é".encode("latin-1"), "", "not UTF-8"),
    "a broken workbook": ("a.xlsx", b"PK\x03\x04" + b"\0" * 60, "", "cannot be read"),
    "a document": ("a.xlsx", DOCX, "", "cannot be read"),
    "broken JSON in a form": ("a.json", '{"rows": ', "", "not valid JSON"),
    "JSON of another shape": ("a.json", '{"localities": []}', "/rows", "rows"),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_wrong_file_is_refused_with_its_place(stage: Stage, what: str) -> None:
    filename, content, place, words = BAD[what]
    data = content.encode() if isinstance(content, str) else content
    before = await stage.counts()
    told = body(await send(stage, data, filename, dry_run=True))
    assert not told["valid"]
    assert told["errors"][0]["pointer"] == place
    assert words in told["errors"][0]["message"]
    answer = await send(stage, data, filename)
    check_problem(answer, 422, "")
    assert answer.json()["errors"] == told["errors"]
    assert await stage.counts() == before


@pytest.mark.parametrize(
    ("filename", "content"),
    [
        ("a.pdf", PDF),
        ("a.xlsx", PDF),
        ("a.csv", PNG[:4] + b"PK"),
        ("a.xlsx", b"a,b"),
        ("a.txt", DOCX),
    ],
)
async def test_a_file_that_is_not_what_it_says_is_refused(
    stage: Stage, filename: str, content: bytes
) -> None:
    answer = await send(stage, content, filename)
    assert answer.status_code in {415, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_workbook_made_to_harm_is_not_opened(stage: Stage) -> None:
    content = await template_of(stage)
    bomb = repacked(content, SHEET, "<worksheet", "<!--" + "x" * 9_000_000 + "--><worksheet")
    check_problem(await send(stage, bomb), 422, "")
    entities = repacked(content, SHEET, "<worksheet", "<!DOCTYPE a><worksheet")
    check_problem(await send(stage, entities), 422, "")
    large = await send(stage, b"a" * (4 * 1024 * 1024 + 1), "a.csv")
    check_problem(large, 413, "")
    answer = await stage.client.post(
        IMPORT,
        content=b'{"rows": "' + b"a" * (4 * 1024 * 1024) + b'"}',
        headers=stage.cast.officer.headers | {"content-type": "application/json"},
    )
    check_problem(answer, 413, "")


async def test_a_form_without_its_file_says_so(stage: Stage) -> None:
    answer = await stage.client.post(
        IMPORT, data={"file": "text"}, headers=stage.cast.officer.headers
    )
    assert answer.status_code in {415, 422}
    answer = await stage.client.post(
        IMPORT,
        files={"file": ("a.csv", b"assignment,version\n")},
        data={"force": "yes"},
        headers=stage.cast.officer.headers,
    )
    check_problem(answer, 422, "/force")


async def test_a_formula_counts_with_the_result_it_was_saved_with(stage: Stage) -> None:
    book = openpyxl.load_workbook(io.BytesIO(await template_of(stage)))
    sheet = book["figures"]
    place = sheet.cell(FIRST_ROW + 2, columns_of(sheet)["value"]).coordinate
    sheet[place] = "=1+2"
    without = saved(book)
    (fault,) = body(await send(stage, without, dry_run=True))["rows"][2]["faults"]
    assert "without a stored result" in fault["en"]
    result = repacked(without, SHEET, f"<f>1+2</f>{NO_RESULT}", "<f>1+2</f><v>3</v>")
    body(await send(stage, result))
    assert (await rows_of(stage.client, stage.cast.officer))["2.1.3"]["value"] == 3


async def test_cells_that_hold_something_else_are_named(stage: Stage) -> None:
    content = edited(await template_of(stage), {"2.1.1": {"value": True}, "2.1.3": {"note": 2024}})
    report = body(await send(stage, content, dry_run=True))
    assert report["rows"][0]["faults"][0]["column"] == "value"
    assert outcomes(report) == ["refused", "unchanged", "created"]


async def test_a_workbook_whose_columns_were_sorted_apart_is_refused(stage: Stage) -> None:
    content = await template_of(stage)
    sheet = sheet_of(content)
    column = columns_of(sheet)["assignment"]
    ids = [sheet.cell(row, column).value for row in range(FIRST_ROW, FIRST_ROW + 3)]
    mixed = edited(
        content, {"2.1.3": {"assignment": ids[0], "value": 1}, "2.1.1": {"assignment": ids[2]}}
    )
    report = body(await send(stage, mixed, dry_run=True))
    assert [row["faults"][0]["column"] for row in report["rows"] if row["faults"]] == [
        "indicator",
        "indicator",
    ]


async def test_every_write_of_an_import_is_audited_and_announced(stage: Stage) -> None:
    before = await stage.counts()
    content = await filled(
        stage, "xlsx", {"2.1.1": {"value": 6, "stated": 6}, "2.1.3": {"nil_reason": "chưa có"}}
    )
    body(await send(stage, content, submit=True))
    after = await stage.counts()
    assert after["submissions"] - before["submissions"] == 1
    assert after["audit_log"] - before["audit_log"] == 5  # edited, stated, drafted, submitted twice
    assert after["outbox"] - before["outbox"] == 2


async def test_evidence_stays_with_the_draft_that_is_changed(stage: Stage) -> None:
    body(await send(stage, await filled(stage, "xlsx", {"2.1.1": {"value": 6, "stated": 6}})))
    path = f"/v1/submissions/{stage.mine['draft']}"
    shown = body(await stage.client.get(path, headers=stage.cast.officer.headers))
    assert [one["id"] for one in shown["evidence"]] == [stage.mine["evidence_of_draft"]]
    await done(stage.client, stage.cast.officer, stage.mine["draft"], "submit")


async def test_the_sheet_says_what_the_document_states_and_where(stage: Stage) -> None:
    row = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
    assert (row["document"], row["stated"], row["place"]) == ("bao-cao.pdf", 5, "tr. 1")
    content = await filled(stage, "xlsx", {"2.1.1": {"stated": 5.01, "place": "tr. 9, bảng 2"}})
    report = body(await send(stage, content))
    assert outcomes(report)[0] == "updated"
    row = (await rows_of(stage.client, stage.cast.officer))["2.1.1"]
    assert (row["value"], row["stated"], row["place"]) == (5, 5.01, "tr. 9, bảng 2")
    assert outcomes(body(await send(stage, await template_of(stage))))[0] == "unchanged"
    emptied = await filled(stage, "xlsx", {"2.1.1": {"place": None}})
    refused = await send(stage, emptied, submit=True)
    check_problem(refused, 422, f"/{FIRST_ROW}/place")


async def test_a_sheet_states_nothing_where_no_document_is(stage: Stage) -> None:
    before = await stage.counts()
    content = await filled(stage, "xlsx", {"2.1.3": {"value": 1, "stated": 1}})
    answer = await send(stage, content)
    check_problem(answer, 422, f"/{FIRST_ROW + 2}/stated")
    assert "attach it" in answer.json()["detail"]
    assert await stage.counts() == before
