"""The board: every duty is counted once, whoever did nothing is there, and what is overdue is not in time."""

import csv
import io
from collections import Counter
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from services.api.board.tally import DEFINITIONS, BoardError, Fact, Tally, total
from services.api.deps.clock import today_in_hanoi
from services.api.deps.tables import as_csv, as_xlsx
from shared.models import Evidence, EvidenceUse
from tests.api.conftest import Stage
from tests.cast import Cast
from tests.factories import (
    PDF,
    PERIOD,
    accepted,
    act,
    assignment_of,
    attached,
    body,
    closed_period,
    done,
    drafted,
    opened_period,
    submitted,
)

BOARD = f"/v1/board?period={PERIOD}"
FACTS = st.builds(
    Fact,
    status=st.sampled_from(("open", "submitted", "returned", "accepted", "nil", "excused")),
    late=st.booleans(),
    past_due=st.booleans(),
    requested=st.booleans(),
)


@given(st.lists(st.tuples(st.sampled_from("abc"), FACTS), max_size=40))
def test_the_parts_always_add_up_and_groups_add_up_to_the_whole(
    duties: list[tuple[str, Fact]],
) -> None:
    whole = total(Counter(fact for _, fact in duties))
    assert whole.expected == len(duties)
    shown = whole.shown()
    parts = ("accepted", "nil", "waiting", "returned", "missing", "asked", "excused")
    assert sum(shown[part] for part in parts) == len(duties)
    timing = ("on_time", "late", "overdue", "not_yet_due", "asked", "excused")
    assert sum(shown[part] for part in timing) == len(duties)
    by_group = [total(Counter(fact for name, fact in duties if name == one)) for one in "abc"]
    alone = [total({fact: 1}) for _, fact in duties]
    for name in DEFINITIONS.keys() - {"received_share", "on_time_share"}:
        for groups in (by_group, alone):
            assert sum(getattr(tally, name) for tally in groups) == getattr(whole, name)
    if shown["overdue"] or shown["late"]:
        assert shown["on_time_share"] < 1
    assert set(shown) == set(DEFINITIONS)


def test_a_board_that_does_not_add_up_is_not_made() -> None:
    with pytest.raises(BoardError):
        Tally(expected=2, accepted=1, on_time=1)
    with pytest.raises(BoardError):
        Tally(expected=1, accepted=1, overdue=1)


async def test_the_board_counts_by_body_and_pillar_and_shows_who_did_nothing(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    headers = cast.coordinator.headers
    duties = [await assignment_of(client, cast, code) for code in ("2.1.1", "2.1.2", "2.1.3")]
    late, nil, gone = duties
    past = {"due_on": str(today_in_hanoi() - timedelta(days=2)), "reason": "Bộ lùi hạn"}
    match = {**headers, "if-match": "*"}
    body(await client.patch(f"/v1/assignments/{late['id']}", json=past, headers=match))
    await accepted(client, cast, late["id"])
    await accepted(client, cast, nil["id"], nil_reason="Chưa điều tra")
    body(await client.patch(f"/v1/assignments/{gone['id']}", json=past, headers=match))
    found = body(await client.get(BOARD, headers=headers))
    (mine,) = (line for line in found["bodies"] if line["organisation"] == "so-gddt")
    assert {name: mine[name] for name in ("expected", "received", "accepted", "nil")} == {
        "expected": 3,
        "received": 2,
        "accepted": 1,
        "nil": 1,
    }
    assert (mine["on_time"], mine["late"], mine["overdue"]) == (1, 1, 1)
    assert mine["on_time_share"] == pytest.approx(1 / 3)
    (idle,) = (line for line in found["bodies"] if line["organisation"] == "tand-tp")
    assert (idle["received"], idle["asked"]) == (0, idle["expected"])
    for table in ("bodies", "pillars", "bodies_by_pillar"):
        for name in ("expected", "received", "overdue", "excused"):
            assert sum(line[name] for line in found[table]) == found["total"][name]
    assert [line["pillar"] for line in found["pillars"]] == list("1234567")
    assert found["definitions"]["overdue"].keys() == {"vi", "en"}


async def test_a_body_without_a_duty_in_the_period_is_there_with_zero(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    duty = {
        "framework": 2024,
        "node": "2.1.1",
        "organisation": "mttq-tp",
        "role": "requested",
        "legal_basis": "QĐ",
        "valid_from": "2024-08-06",
    }
    headers = cast.coordinator.headers
    before = body(await client.get(BOARD, headers=headers))["bodies"]
    body(await client.post("/v1/responsibilities", json=duty, headers=headers), 201)
    after = {
        line["organisation"]: line["expected"]
        for line in body(await client.get(BOARD, headers=headers))["bodies"]
    }
    had = {line["organisation"]: line["expected"] for line in before}
    assert after == {**had, "mttq-tp": had.get("mttq-tp", 0)}


async def test_an_excused_duty_is_neither_in_time_nor_overdue(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    path, headers = f"/v1/assignments/{duty['id']}", cast.coordinator.headers
    past = {"due_on": str(today_in_hanoi() - timedelta(days=2)), "reason": "Bộ lùi hạn"}
    body(await client.patch(path, json=past, headers={**headers, "if-match": "*"}))
    assert body(await client.get(BOARD, headers=headers))["total"]["overdue"] == 1
    body(await client.post(f"{path}/excuse", json={"reason": "Không thu thập"}, headers=headers))
    whole = body(await client.get(BOARD, headers=headers))["total"]
    assert (whole["excused"], whole["overdue"], whole["on_time_share"]) == (1, 0, None)


async def test_a_body_that_is_asked_is_never_missing_late_or_overdue(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    headers = cast.coordinator.headers
    duty = await assignment_of(client, cast, "1.1.2", organisation="tand-tp")
    path = f"/v1/assignments/{duty['id']}"
    past = {"due_on": str(today_in_hanoi() - timedelta(days=2)), "reason": "Hạn của bộ"}
    body(await client.patch(path, json=past, headers={**headers, "if-match": "*"}))
    board = body(await client.get(BOARD, headers=headers))
    (court,) = (line for line in board["bodies"] if line["organisation"] == "tand-tp")
    assert (court["expected"], court["asked"], court["missing"], court["overdue"]) == (1, 1, 0, 0)
    assert (court["received_share"], court["on_time_share"]) == (None, None)
    assert board["total"]["on_time_share"] is None
    for place in (f"/v1/board/follow-up?period={PERIOD}", "/v1/assignments?status=overdue"):
        found = body(await client.get(place, headers=headers))
        assert found.get("overdue", []) == found.get("items", []) == []
    shown = body(await client.get(path, headers=headers))
    assert (shown["overdue"], shown["days_late"]) == (False, 0)


async def test_officers_see_their_own_bodies_on_the_board(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    found = body(await client.get(BOARD, headers=cast.officer.headers))
    assert [line["organisation"] for line in found["bodies"]] == ["so-gddt"]
    assert found["total"]["expected"] == 3
    follow = body(
        await client.get(f"/v1/board/follow-up?period={PERIOD}", headers=cast.officer.headers)
    )
    assert {line["organisation"] for line in follow["unreachable"]} == {"so-gddt"}


async def test_the_follow_up_list_names_what_needs_a_person(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    headers = cast.coordinator.headers
    often, weak, nil = [
        await assignment_of(client, cast, code) for code in ("2.1.1", "2.1.2", "2.1.3")
    ]
    for _ in range(2):
        sent = await submitted(client, cast.officer, often["id"])
        await done(client, cast.coordinator, sent["id"], "return", "Thiếu trang 2")
    await accepted(client, cast, weak["id"])
    await accepted(client, cast, nil["id"], nil_reason="Chưa điều tra")
    longest = await assignment_of(client, cast, "5.2.3", organisation="so-ct")
    for duty, days in ((often, 2), (longest, 9)):
        past = {"due_on": str(today_in_hanoi() - timedelta(days=days)), "reason": "Bộ lùi hạn"}
        path = f"/v1/assignments/{duty['id']}"
        body(await client.patch(path, json=past, headers={**headers, "if-match": "*"}))
    found = body(await client.get(f"/v1/board/follow-up?period={PERIOD}", headers=headers))
    assert [line["assignment"] for line in found["overdue"]] == [longest["id"], often["id"]]
    assert [line["days_overdue"] for line in found["overdue"]] == [9, 2]
    (returned,) = found["returned_often"]
    assert (returned["assignment"], returned["times_returned"]) == (often["id"], 2)
    assert [line["assignment"] for line in found["nil_returns"]] == [nil["id"]]
    assert [line["assignment"] for line in found["weak_evidence"]] == [weak["id"]]
    assert found["weak_evidence"][0]["weak_because"] == ["no_number"]
    assert found["nil_returns"][0]["weak_because"] == []
    unreachable = {line["organisation"]: line["unfinished"] for line in found["unreachable"]}
    assert unreachable["so-gddt"] == 1
    assert found["totals"] == {name: len(found[name]) for name in found["totals"]}


async def test_evidence_of_another_kind_and_figures_in_another_unit_are_followed_up(
    client: AsyncClient, cast: Cast
) -> None:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    said = {"accepted_evidence": ["signed"], "reason": "Công văn của bộ"}
    body(await client.patch("/v1/frameworks/2024/nodes/2.1.1", json=said, headers=headers))
    await opened_period(client, cast)
    duty = await assignment_of(client, cast, "2.1.1")
    why = {"evidence_not_accepted": "Bản gốc do bộ giữ", "unit_scale": "Đã kiểm tra"}
    fraction = {"value": 8, "numerator": 80.0, "denominator": 100.0, "explanations": why}
    draft = await drafted(client, cast.officer, duty["id"], **fraction)
    await attached(client, cast.officer, draft["id"], document_number="12/BC-SGDĐT")
    await done(client, cast.officer, draft["id"], "submit")
    found = body(await client.get(f"/v1/board/follow-up?period={PERIOD}", headers=headers))
    assert [line["assignment"] for line in found["weak_evidence"]] == [duty["id"]]
    (outlier,) = found["outliers"]
    assert [finding["code"] for finding in outlier["findings"]] == ["unit_scale"]


async def test_of_each_list_come_the_worst_few_and_how_many_there_are(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    headers = cast.coordinator.headers
    for code, days in (("2.1.1", 2), ("2.1.2", 9), ("2.1.3", 5)):
        duty = await assignment_of(client, cast, code)
        past = {"due_on": str(today_in_hanoi() - timedelta(days=days)), "reason": "Bộ lùi hạn"}
        path = f"/v1/assignments/{duty['id']}"
        body(await client.patch(path, json=past, headers={**headers, "if-match": "*"}))
        draft = await drafted(client, cast.officer, duty["id"])
        await attached(client, cast.officer, draft["id"])
        await done(client, cast.officer, draft["id"], "submit")
        if code != "2.1.3":
            await done(client, cast.coordinator, draft["id"], "return", "Thiếu trang 2")
    found = body(await client.get(f"{FOLLOW_UP}&limit=1", headers=headers))
    assert [line["days_overdue"] for line in found["overdue"]] == [9]
    assert found["totals"]["overdue"] == 2
    assert len(found["unreachable"]) == 1 < found["totals"]["unreachable"]
    table = rows_of((await client.get(f"{FOLLOW_UP}&limit=1&format=csv", headers=headers)).content)
    counted = Counter(row["why"] for row in table)
    assert counted["overdue"] == 2
    assert counted["unreachable"] == found["totals"]["unreachable"]
    refused = await client.get(f"{FOLLOW_UP}&limit=0", headers=headers)
    assert refused.status_code == 422


async def test_a_file_that_serves_very_many_figures_names_the_first_of_them(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    for code in ("2.1.1", "2.1.2", "2.1.3"):
        duty = await assignment_of(client, cast, code)
        draft = await drafted(client, cast.officer, duty["id"])
        await attached(client, cast.officer, draft["id"])
        await done(client, cast.officer, draft["id"], "submit")
    found = body(await client.get(f"{FOLLOW_UP}&limit=2", headers=cast.leader.headers))
    (file,) = found["shared_evidence"]
    assert file["figures"] == 3
    assert [figure["indicator"] for figure in file["serves"]] == ["2.1.1", "2.1.2"]
    assert found["totals"]["shared_evidence"] == 1


FOLLOW_UP = f"/v1/board/follow-up?period={PERIOD}"


async def ruled(client: AsyncClient, cast: Cast, code: str, **rules: Any) -> None:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    body(await client.put(f"/v1/indicators/{code}/rules", json=rules, headers=headers))


async def test_figures_that_lie_far_from_what_was_or_is_expected_are_followed_up(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast, code="ky-2023", reference_year=2023)
    before = await assignment_of(client, cast, period="ky-2023")
    await accepted(client, cast, before["id"], value=5.0)
    await ruled(client, cast, "2.1.1", change_percent=10.0)
    await ruled(client, cast, "2.1.2", expected_high=3.0)
    await ruled(client, cast, "2.1.3", expected_high=9.0, evidence_must_match=True)
    await opened_period(client, cast)
    far, high, usual = [
        await assignment_of(client, cast, code) for code in ("2.1.1", "2.1.2", "2.1.3")
    ]
    why = {"explanations": {"change_from_last_year": "Đổi cách tính"}}
    await accepted(client, cast, far["id"], value=6.5, **why)
    why = {"explanations": {"outside_expected": "Có đợt tuyển lớn"}}
    sent = await submitted(client, cast.officer, high["id"], value=4.0, **why)
    await accepted(client, cast, usual["id"], value=6.5)
    headers = cast.leader.headers
    found = body(await client.get(FOLLOW_UP, headers=headers))["outliers"]
    assert [
        (line["indicator"], line["state"], line["value"], [one["code"] for one in line["findings"]])
        for line in found
    ] == [
        ("2.1.1", "accepted", 6.5, ["change_from_last_year"]),
        ("2.1.2", "submitted", 4.0, ["outside_expected"]),
    ]
    assert found[0]["findings"][0]["figures"]["change_percent"] == pytest.approx(30)
    table = rows_of((await client.get(f"{FOLLOW_UP}&format=csv", headers=headers)).content)
    (row,) = (row for row in table if row["submission"] == sent["id"] and row["why"] == "outliers")
    assert (row["indicator"], row["value"], row["status"]) == ("2.1.2", "4", "submitted")
    assert "nằm ngoài khoảng dự kiến" in row["finding"]
    foreign = body(await client.get(FOLLOW_UP, headers=cast.foreign_officer.headers))
    assert foreign["outliers"] == []


async def test_a_file_that_proves_several_figures_is_followed_up_once(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    one, other, alone = [
        await assignment_of(client, cast, code) for code in ("2.1.1", "2.1.2", "2.1.3")
    ]
    # The same content, sent twice under two names.
    sent = await submitted(client, cast.officer, one["id"])
    await done(client, cast.coordinator, sent["id"], "return", "Thiếu trang 2")
    for duty, filename in ((one, "a.pdf"), (other, "b.pdf")):
        draft = await drafted(client, cast.officer, duty["id"])
        await attached(client, cast.officer, draft["id"], filename=filename)
        await done(client, cast.officer, draft["id"], "submit")
    draft = await drafted(client, cast.officer, alone["id"])
    await attached(client, cast.officer, draft["id"], filename="c.pdf", content=PDF + b"\n")
    await done(client, cast.officer, draft["id"], "submit")
    headers = cast.leader.headers
    answer = await client.get(FOLLOW_UP, headers=headers)
    (found,) = body(answer)["shared_evidence"]
    assert (found["filename"], found["figures"]) == ("a.pdf", 2)
    assert [figure["assignment"] for figure in found["serves"]] == [one["id"], other["id"]]
    assert {"outliers", "shared_evidence"} < body(answer)["definitions"].keys()
    table = rows_of((await client.get(f"{FOLLOW_UP}&format=csv", headers=headers)).content)
    rows = [row for row in table if row["why"] == "shared_evidence"]
    assert {(row["indicator"], row["figures"]) for row in rows} == {("2.1.1", "2"), ("2.1.2", "2")}
    sheet = await client.get(f"{FOLLOW_UP}&format=xlsx", headers=headers)
    book = openpyxl.load_workbook(io.BytesIO(sheet.content))
    names, *lines = ([cell.value for cell in row] for row in book["follow-up"].iter_rows())
    shared = [
        line["sha256"]
        for line in (dict(zip(names, row, strict=True)) for row in lines)
        if line["why"] == "shared_evidence"
    ]
    assert shared == [found["sha256"]] * 2


async def test_what_proved_an_accepted_figure_proves_it_while_a_newer_revision_is_written(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    one, other = [await assignment_of(client, cast, code) for code in ("2.1.1", "2.1.2")]
    old = await drafted(client, cast.officer, one["id"])
    await attached(client, cast.officer, old["id"])
    await done(client, cast.officer, old["id"], "submit")
    await done(client, cast.coordinator, old["id"], "accept")
    newer = await drafted(client, cast.officer, one["id"])
    await attached(client, cast.officer, newer["id"], content=PDF + b"\n")
    sent = await drafted(client, cast.officer, other["id"])
    await attached(client, cast.officer, sent["id"])
    await done(client, cast.officer, sent["id"], "submit")
    headers = cast.leader.headers
    (while_written,) = body(await client.get(FOLLOW_UP, headers=headers))["shared_evidence"]
    await done(client, cast.officer, newer["id"], "submit")
    (while_it_waits,) = body(await client.get(FOLLOW_UP, headers=headers))["shared_evidence"]
    for file in (while_written, while_it_waits):
        assert [figure["submission"] for figure in file["serves"]] == [old["id"], sent["id"]]


async def test_a_newer_draft_takes_nothing_from_what_stands(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    late, nil = [await assignment_of(client, cast, code) for code in ("2.1.1", "2.1.2")]
    past = {"due_on": str(today_in_hanoi() - timedelta(days=1)), "reason": "Bộ lùi hạn"}
    headers = cast.coordinator.headers
    path = f"/v1/assignments/{late['id']}"
    body(await client.patch(path, json=past, headers={**headers, "if-match": "*"}))
    await accepted(client, cast, late["id"])
    await accepted(client, cast, nil["id"], nil_reason="Chưa điều tra")
    for duty, said in ((late, {"nil_reason": "Bỏ số cũ"}), (nil, {})):
        await drafted(client, cast.officer, duty["id"], **said)
    total = body(await client.get(BOARD, headers=headers))["total"]
    assert (total["accepted"], total["nil"], total["late"], total["on_time"]) == (1, 1, 1, 1)
    assert body(await client.get(path, headers=headers))["late"]
    listed = await client.get("/v1/assignments?status=late", headers=headers)
    assert [duty["id"] for duty in body(listed)["items"]] == [late["id"]]
    followed = body(await client.get(FOLLOW_UP, headers=headers))
    (line,) = followed["nil_returns"]
    assert (line["assignment"], line["status"]) == (nil["id"], "nil")
    assert line["nil_reason"] == "Chưa điều tra"


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_the_board_comes_as_csv_and_as_a_workbook_with_the_same_numbers(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await closed_period(client, cast)
    headers = cast.leader.headers
    found = body(await client.get(BOARD, headers=headers))
    table = await client.get(f"{BOARD}&format=csv", headers=headers)
    assert table.headers["content-type"].startswith("text/csv")
    assert table.headers["content-disposition"] == f'attachment; filename="board-{PERIOD}.csv"'
    rows = rows_of(table.content)
    assert int(rows[0]["expected"]) == found["total"]["expected"]
    assert len(rows) == 1 + sum(
        len(found[name]) for name in ("bodies", "pillars", "bodies_by_pillar")
    )
    sheet = await client.get(f"{BOARD}&format=xlsx", headers=headers)
    book = openpyxl.load_workbook(io.BytesIO(sheet.content))
    assert book.sheetnames == ["board", "bodies", "pillars", "Định nghĩa"]
    names, first = ([cell.value for cell in row] for row in book["bodies"].iter_rows(max_row=2))
    assert dict(zip(names, first, strict=True))["expected"] == found["bodies"][0]["expected"]
    again = {**headers, "if-none-match": sheet.headers["etag"]}
    assert (await client.get(f"{BOARD}&format=xlsx", headers=again)).status_code == 304
    accepts = {**headers, "accept": "text/csv"}
    chosen = await client.get(BOARD, headers=accepts)
    assert (chosen.content, chosen.headers["vary"]) == (table.content, "accept")
    refused = await client.get(BOARD, headers={**headers, "accept": "image/png"})
    assert refused.status_code == 406


def test_no_cell_is_run_as_a_formula_and_numbers_stay_numbers() -> None:
    row: dict[str, Any] = {"a": "=1+1", "b": "@x", "c": -3.2, "d": "a\x0bb", "e": None, "f": True}
    (said,) = rows_of(as_csv(tuple(row), [row]))
    assert said == {"a": "'=1+1", "b": "'@x", "c": "-3.2", "d": "a\x0bb", "e": "", "f": "true"}
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx({"s": (tuple(row), [row])})))
    cells = list(book["s"].iter_rows())[1]
    assert [(cell.value, cell.data_type) for cell in cells] == [
        ("=1+1", "s"),
        ("@x", "s"),
        (-3.2, "n"),
        ("ab", "s"),
        (None, "n"),
        ("true", "s"),
    ]


async def test_a_rejected_figure_is_missing_again(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    sent = await submitted(client, cast.officer, duty["id"])
    headers = cast.officer.headers
    assert body(await client.get(BOARD, headers=headers))["total"]["waiting"] == 1
    body(await act(client, cast.coordinator, sent["id"], "reject", "Sai nguồn"))
    whole = body(await client.get(BOARD, headers=headers))["total"]
    assert (whole["waiting"], whole["missing"]) == (0, 3)


YESTERDAY = str(today_in_hanoi() - timedelta(days=1))
GOOD = {"document_number": "12/BC", "level": "signed"}


@pytest.mark.parametrize(
    ("said", "scan", "because"),
    [
        (GOOD, "not_scanned", None),
        (GOOD, "clean", None),
        (GOOD, "waiting", ["not_clean"]),
        (GOOD, "infected", ["not_clean"]),
        (GOOD | {"document_number": ""}, "clean", ["no_number"]),
        (GOOD | {"level": "extract"}, "clean", ["not_signed_or_copy"]),
        (GOOD | {"valid_until": YESTERDAY}, "clean", ["expired"]),
        (GOOD | {"valid_until": str(today_in_hanoi())}, "clean", None),
        # A year of decree 09/2019, and the calendar's.
        (GOOD | {"covers_from": "2023-12-15", "covers_to": "2024-12-14"}, "clean", None),
        (GOOD | {"covers_from": "2024-01-01", "covers_to": "2024-12-31"}, "clean", None),
        (GOOD | {"covers_from": "2024-01-02"}, "clean", ["other_time"]),
        (GOOD | {"covers_to": "2024-06-14"}, "clean", ["other_time"]),
        (
            {"level": "extract", "valid_until": YESTERDAY, "covers_from": "2025-01-01"},
            "infected",
            ["expired", "no_number", "not_clean", "not_signed_or_copy", "other_time"],
        ),
    ],
)
async def test_a_document_proves_a_figure_or_it_is_said_why_not(
    stage: Stage, said: dict[str, Any], scan: str, because: list[str] | None
) -> None:
    client, cast, draft = stage.client, stage.cast, stage.mine["draft"]
    path = f"/v1/submissions/{draft}/evidence/{stage.mine['evidence_of_draft']}"
    body(await client.delete(path, headers=cast.officer.headers), 204)
    piece = await attached(client, cast.officer, draft, **said)
    await done(client, cast.officer, draft, "submit")
    marked = update(Evidence).where(Evidence.id == piece["id"]).values(scan=scan)
    await stage.connection.execute(marked)
    path = f"/v1/board/follow-up?period={PERIOD}"
    listed = body(await client.get(path, headers=cast.coordinator.headers))["weak_evidence"]
    found = {line["assignment"]: line["weak_because"] for line in listed}
    duty = body(await client.get(f"/v1/submissions/{draft}", headers=cast.officer.headers))
    assert found.get(duty["assignment"]) == because


async def test_a_figure_whose_evidence_is_gone_has_none(stage: Stage) -> None:
    await stage.connection.execute(
        delete(EvidenceUse).where(EvidenceUse.submission_id == stage.mine["waiting"])
    )
    path = f"/v1/board/follow-up?period={PERIOD}"
    listed = body(await stage.client.get(path, headers=stage.cast.coordinator.headers))
    found = [line["weak_because"] for line in listed["weak_evidence"]]
    assert ["no_document"] in found


@pytest.mark.parametrize("path", [BOARD, f"/v1/board/follow-up?period={PERIOD}"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_table_leads_to_what_its_columns_mean(stage: Stage, path: str, form: str) -> None:
    headers = stage.cast.coordinator.headers
    table = await stage.client.get(f"{path}&format={form}", headers=headers)
    link = table.links["describedby"]
    assert link["type"] == "application/json"
    definitions = body(await stage.client.get(link["url"], headers=headers))["definitions"]
    assert "overdue" in definitions
    assert "link" not in (await stage.client.get(path, headers=headers)).headers
    if form == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(table.content))["Định nghĩa"]
        told = {row[0] for row in sheet.iter_rows(min_row=2, values_only=True)}
        assert definitions.keys() <= told
