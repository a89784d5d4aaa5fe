"""The ledger is found by each filter, comes as tables, and proves of one duty who was told what."""

import csv
import io
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from services.api.reminders.words import both, step_said, why
from tests.api.conftest import Stage
from tests.factories import body

SHEET = {"accept": "text/html"}


async def ledger(stage: Stage, query: str = "", who: str = "coordinator") -> list[dict[str, Any]]:
    headers = getattr(stage.cast, who).headers
    found = body(await stage.client.get(f"/v1/reminders?{query}", headers=headers))
    return list(found["items"])


async def duty_with_rows(stage: Stage) -> str:
    """Give the duty of the officer's body that has a sent and a planned row."""
    return str((await ledger(stage, "organisation=so-gddt"))[0]["assignment"])


async def test_the_ledger_is_found_by_each_filter(stage: Stage) -> None:
    duty = await duty_with_rows(stage)
    for query, found in {
        "organisation=so-gddt": 2,
        "period=ky-2024": 4,
        "period=ky-2025": 0,
        "state=planned": 2,
        "state=sent": 2,
        "state=failed": 0,
        f"assignment={duty}": 2,
        f"explanation={stage.mine['explanation']}": 0,
        "recipient=so-gddt@example.org": 2,
        "recipient=so-gddt": 0,
        "topic=due": 4,
        "topic=returned": 0,
        "kind=step": 4,
        "kind=notice": 0,
        "planned_from=2030-06-29": 2,
        "planned_from=2030-06-30": 0,
        "planned_to=2030-06-28": 2,
        "planned_to=2030-06-29": 4,
        "sent_from=2026-06-24&sent_to=2026-06-24": 2,
        "sent_to=2026-06-23": 0,
        "sent_from=2026-06-25": 0,
    }.items():
        assert len(await ledger(stage, query)) == found, query


async def test_a_day_of_the_ledger_is_one_in_hanoi(stage: Stage) -> None:
    """00:30 there is 17:30 of the day before in UTC."""
    await stage.connection.execute(
        text("UPDATE reminders SET send_at = '2030-06-28T17:30Z' WHERE state = 'planned'")
    )
    assert len(await ledger(stage, "planned_from=2030-06-29&planned_to=2030-06-29")) == 2
    assert await ledger(stage, "planned_from=2030-06-28&planned_to=2030-06-28") == []


async def test_each_row_has_its_mail_and_newest_stands_first(stage: Stage) -> None:
    planned, sent = await ledger(stage, "organisation=so-gddt")
    assert (planned["state"], planned["mail"], planned["step"]) == ("planned", None, "-1w")
    assert sent["mail"]["id"] == stage.mine["mail"]
    assert sent["mail"]["relay"] == "mx.example.org"
    assert sent["mail"]["subject"] == "Việc đến hạn"
    assert sent["sent_at"] == "2026-06-24T01:00:00+00:00"
    assert sent["why"] is None


async def test_why_not_is_said_in_both_languages(stage: Stage) -> None:
    await stage.connection.execute(
        text("UPDATE reminders SET state = 'skipped', reason = 'Đã xong. / It is done.'")
    )
    assert {(row["why"]["vi"], row["why"]["en"]) for row in await ledger(stage)} == {
        ("Đã xong.", "It is done.")
    }


def test_a_reason_of_one_language_is_both_and_slashes_in_it_do_no_harm() -> None:
    assert both("550 5.1.1 User unknown") == ("550 5.1.1 User unknown",) * 2
    assert both("Hủy: a / b / Discarded: a / b") == ("Hủy: a / b", "Discarded: a / b")


def test_why_not_is_asked_of_the_row_then_of_its_mail_and_never_of_what_was_sent() -> None:
    assert why("skipped", "Xong / Done", "550") == ("Xong", "Done")
    assert why("failed", None, "550 no") == ("550 no", "550 no")
    assert why("planned", None, "421 later") == ("421 later", "421 later")
    assert why("sent", None, "421 earlier") is None
    assert why("planned", None, None) is None
    held = why("held", None, None)
    assert held is not None
    assert "coordinator" in held.en


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("-5w", "5 working days before"),
        ("+3c", "3 days after"),
        ("+0w", "the day itself"),
        ("", ""),
        ("odd", "odd"),
    ],
)
def test_a_step_is_said_in_words(step: str, said: str) -> None:
    assert step_said(step).en == said


async def test_the_ledger_comes_as_tables_with_the_same_rows(stage: Stage) -> None:
    await stage.connection.execute(
        text("UPDATE reminders SET recipient_name = '=1+1' WHERE state = 'sent'")
    )
    headers = stage.cast.coordinator.headers
    rows = await ledger(stage)
    got = await stage.client.get("/v1/reminders", headers={**headers, "accept": "text/csv"})
    assert got.headers["content-disposition"] == 'attachment; filename="reminders.csv"'
    table = list(csv.DictReader(io.StringIO(got.content.decode("utf-8-sig"))))
    assert [line["id"] for line in table] == [row["id"] for row in rows]
    assert [line["recipient_name"] for line in table if line["state"] == "sent"] == ["'=1+1"] * 2
    assert {line["relay"] for line in table} == {"mx.example.org", ""}
    got = await stage.client.get("/v1/reminders?format=xlsx", headers=headers)
    sheet = openpyxl.load_workbook(io.BytesIO(got.content)).worksheets[0]
    cells = list(sheet.iter_rows(values_only=True))
    assert len(cells) == 1 + len(rows)
    assert cells[0] == tuple(table[0])


async def test_a_long_ledger_comes_in_tables_of_five_thousand_one_after_another(
    stage: Stage,
) -> None:
    await stage.connection.execute(
        text(
            "INSERT INTO reminders (kind, topic, subject_id, assignment_id, organisation_id, period_id, due_on, step, "
            "audience, recipient, recipient_name, planned_at, send_at, trace_id) SELECT kind, topic, subject_id, "
            "assignment_id, organisation_id, period_id, due_on, '+' || n || 'c', audience, recipient, "
            "recipient_name, send_at, send_at, '' FROM reminders, generate_series(1, 2500) n WHERE state = 'planned'"
        )
    )
    headers = stage.cast.coordinator.headers
    first = await stage.client.get("/v1/reminders?format=csv&state=planned", headers=headers)
    link = first.headers["link"]
    assert link.endswith('; rel="next"')
    second = await stage.client.get(link.split(">")[0].lstrip("<"), headers=headers)
    assert "link" not in second.headers
    ids = [
        line["id"]
        for got in (first, second)
        for line in csv.DictReader(io.StringIO(got.content.decode("utf-8-sig")))
    ]
    assert (len(ids), len(set(ids))) == (5002, 5002)


async def test_a_table_holds_what_the_caller_may_see(stage: Stage) -> None:
    headers = stage.cast.foreign_officer.headers
    got = await stage.client.get("/v1/reminders?format=csv", headers=headers)
    table = list(csv.DictReader(io.StringIO(got.content.decode("utf-8-sig"))))
    assert {line["organisation"] for line in table} == {"so-ct"}


async def test_the_proof_sheet_tells_who_was_told_what_oldest_first(stage: Stage) -> None:
    duty = await duty_with_rows(stage)
    headers = stage.cast.officer.headers
    sheet = body(await stage.client.get(f"/v1/assignments/{duty}/reminders", headers=headers))
    assert [row["state"] for row in sheet["rows"]] == ["sent", "planned"]
    assert (sheet["counts"]["sent"], sheet["counts"]["planned"]) == (1, 1)
    assert sum(sheet["counts"].values()) == 2
    assert (sheet["acknowledged"], sheet["complete"]) == (0, True)
    assert sheet["policy"]["name"] == "Mặc định / Default"
    assert sheet["subject"]["indicator"]["code"] == "2.1.1"
    assert sheet["subject"]["due_on"] == "2030-06-30"
    (asked,) = sheet["deadlines"]
    assert (asked["state"], asked["wished_on"]) == ("asked", "2030-07-10")


async def test_the_proof_sheet_of_an_explanation_has_its_question_and_its_policy(
    stage: Stage,
) -> None:
    path = f"/v1/explanations/{stage.mine['explanation']}"
    await stage.connection.execute(
        text(
            "INSERT INTO reminders (kind, topic, subject_id, explanation_id, organisation_id, period_id, due_on, step, "
            "audience, recipient, recipient_name, planned_at, send_at, trace_id) SELECT 'step', 'due', id, id, "
            "organisation_id, period_id, due_on, '-1w', 'officer', 'a@example.org', 'A', '2030-07-09T01:00Z', '2030-07-09T01:00Z', '' "
            "FROM explanation_requests WHERE id = :id"
        ),
        {"id": stage.mine["explanation"]},
    )
    headers = stage.cast.coordinator.headers
    sheet = body(await stage.client.get(f"{path}/reminders", headers=headers))
    assert sheet["subject"]["question"] == "Vì sao giảm?"
    assert sheet["subject"]["kind"] == "explanation"
    assert [row["recipient"] for row in sheet["rows"]] == ["a@example.org"]
    governing = body(await stage.client.get(f"{path}/reminder-policy", headers=headers))
    assert governing["policy"]["kind"] == "explanation"
    assert governing["policy"]["id"] == sheet["policy"]["id"]
    (row,) = await ledger(stage, f"explanation={stage.mine['explanation']}")
    assert (row["period"], row["indicator"]) == ("ky-2024", "2.1.1")


async def test_the_proof_sheet_is_a_page_to_print_that_runs_and_loads_nothing(
    stage: Stage,
) -> None:
    duty = await duty_with_rows(stage)
    path = f"/v1/assignments/{duty}/reminders"
    await stage.connection.execute(
        text(
            "UPDATE reminders SET recipient_name = '<script>alert(1)</script>', "
            "reason = '<b>Hỏng</b> / <b>Broken</b>' WHERE state = 'planned'"
        )
    )
    await stage.connection.execute(text("UPDATE periods SET made_up = true"))
    got = await stage.client.get(path, headers={**stage.cast.coordinator.headers, **SHEET})
    assert got.status_code == 200
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert got.headers["vary"] == "accept"
    page = got.text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "&lt;b&gt;Hỏng" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "24/06/2026 08:00" in page
    assert "30/06/2030" in page
    assert "MADE-UP" in page
    assert "size: A4" in page
    assert "5 ngày làm việc trước hạn" in page
    assert page.index("Phiếu theo dõi") < page.index("Record of reminders")


async def test_a_page_of_figures_that_are_not_made_up_does_not_say_so(stage: Stage) -> None:
    await stage.connection.execute(text("UPDATE periods SET made_up = false"))
    for path in (
        f"/v1/assignments/{await duty_with_rows(stage)}/reminders",
        f"/v1/explanations/{stage.mine['explanation']}/reminders",
    ):
        got = await stage.client.get(path, headers={**stage.cast.coordinator.headers, **SHEET})
        assert got.status_code == 200
        assert "MADE-UP" not in got.text


async def test_an_extension_and_an_excuse_stand_on_the_page(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    duty = await duty_with_rows(stage)
    body(
        await stage.client.post(
            f"/v1/extensions/{stage.mine['extension']}/grant",
            json={"reason": "Đồng ý gia hạn"},
            headers=headers,
        )
    )
    got = await stage.client.get(f"/v1/assignments/{duty}/reminders", headers={**headers, **SHEET})
    assert "→ 10/07/2030" in got.text
    assert "Đồng ý gia hạn" in got.text
    body(
        await stage.client.post(
            f"/v1/assignments/{duty}/excuse", json={"reason": "Bộ cung cấp"}, headers=headers
        )
    )
    got = await stage.client.get(f"/v1/assignments/{duty}/reminders", headers={**headers, **SHEET})
    assert "Bộ cung cấp" in got.text


async def test_a_proof_sheet_comes_in_nothing_but_its_forms(stage: Stage) -> None:
    duty = await duty_with_rows(stage)
    headers = {**stage.cast.coordinator.headers, "accept": "application/pdf"}
    got = await stage.client.get(f"/v1/assignments/{duty}/reminders", headers=headers)
    assert got.status_code == 406


async def test_a_body_that_helps_with_a_duty_does_not_read_who_was_told_of_it(
    stage: Stage,
) -> None:
    """It sees the duty itself, but not the names and addresses of the others."""
    duty = await duty_with_rows(stage)
    await stage.connection.execute(
        text(
            "UPDATE assignments SET node_id = (SELECT node_id FROM assignments WHERE id = :duty) "
            "WHERE id = :other"
        ),
        {"duty": duty, "other": stage.foreign["assignment"]},
    )
    headers = stage.cast.foreign_officer.headers
    body(await stage.client.get(f"/v1/assignments/{duty}", headers=headers))
    for path in ("reminders", "reminder-policy"):
        got = await stage.client.get(f"/v1/assignments/{duty}/{path}", headers=headers)
        assert got.status_code == 404


async def test_a_deadline_that_was_moved_stands_on_the_sheet_with_who_when_and_why(
    stage: Stage,
) -> None:
    headers = stage.cast.coordinator.headers
    duty, sheet = f"/v1/assignments/{stage.mine['assignment']}", "reminders"
    first = body(await stage.client.get(duty, headers=headers))["due_on"]
    match = {**headers, "if-match": "*"}
    bare = await stage.client.patch(duty, json={"due_on": "2031-01-01"}, headers=match)
    assert [error["pointer"] for error in body(bare, 422)["errors"]] == ["/reason"]
    for day, words in (("2031-01-01", "Bộ lùi <hạn>"), ("2031-02-01", "Bộ lùi lần nữa")):
        body(await stage.client.patch(duty, json={"due_on": day, "reason": words}, headers=match))
    shown = body(await stage.client.get(f"{duty}/{sheet}", headers=headers))
    assert [(move["from"], move["to"], move["reason"]) for move in shown["moves"]] == [
        (first, "2031-01-01", "Bộ lùi <hạn>"),
        ("2031-01-01", "2031-02-01", "Bộ lùi lần nữa"),
    ]
    assert {move["by"] for move in shown["moves"]} == {stage.cast.coordinator.name}
    subject = shown["subject"]
    assert (subject["due_on"], subject["effective_due_on"]) == (first, "2031-02-01")
    page = await stage.client.get(f"{duty}/{sheet}", headers={**headers, "accept": "text/html"})
    assert "01/01/2031 → 01/02/2031" in page.text
    assert "Bộ lùi &lt;hạn&gt;" in page.text
