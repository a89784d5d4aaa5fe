"""Everything that may be sent wrongly, with the place that the refusal must name."""

import json
from typing import Any, NamedTuple

from httpx import Response

from services.api.calendar.library import SOURCE
from tests.api.conftest import Stage
from tests.cast import Person
from tests.factories import pointers


class Wrong(NamedTuple):
    """A request of one of the cast; ``text`` is sent as it stands, ``json`` is encoded."""

    who: str
    method: str
    path: str
    content: Any = None
    status: int = 422
    where: str = ""
    text: str | None = None


DRAFT, NEW_FIGURE = "/v1/submissions/{draft}", "/v1/assignments/{assignment}/submissions"
HUGE = "9" * 5000


def figure(value: str, where: str = "/value", status: int = 422) -> Wrong:
    return Wrong(
        "officer", "POST", NEW_FIGURE, status=status, where=where, text=f'{{"value": {value}}}'
    )


def change(content: Any, where: str, status: int = 422) -> Wrong:
    return Wrong("officer", "PATCH", DRAFT, content, status, where)


def coordinator(method: str, path: str, content: Any, where: str, status: int = 422) -> Wrong:
    return Wrong("coordinator", method, path, content, status, where)


def admin(path: str, content: Any, where: str, status: int = 422) -> Wrong:
    return Wrong("admin", "POST", path, content, status, where)


def asked(path: str, where: str, status: int = 422, who: str = "coordinator") -> Wrong:
    return Wrong(who, "GET", path, None, status, where)


def rules(content: Any, where: str) -> Wrong:
    return coordinator("PUT", "/v1/indicators/2.1.1/rules", content, where)


def review(content: Any, where: str) -> Wrong:
    return coordinator("PUT", "/v1/review-rules/so-gddt", content, where)


def decisions(content: dict[str, Any], where: str, status: int = 422) -> Wrong:
    whole = {"items": [{"id": "{waiting}"}], "action": "accept", **content}
    return coordinator("POST", "/v1/submissions/decisions", whole, where, status)


PERIOD = {
    "code": "ky-2026",
    "name": "Kỳ",
    "framework": 2024,
    "reference_year": 2024,
    "due_on": "2030-01-01",
}
USER = {"login": "moi", "name": "Mới", "email": "m@example.org", "password": "mot-mat-khau-dai"}
KEY = {"name": "k", "scopes": ["plan:read"], "expires_on": "2030-01-01"}
HOOK = {
    "url": "https://1.1.1.1/",
    "event_types": ["*"],
    "owner_email": "a@example.org",
}
LOCALITY = {"code": "ha-noi", "name": "Hà Nội", "values": {"2.1.1": 5}}
BOUNCE = {
    "message_id": "<a1b2@pii.example.vn>",
    "recipient": "hoa@example.vn",
    "action": "failed",
    "status": "5.1.1",
}
CONTACTS = "/v1/organisations/so-gddt/contacts"
CONTACT = {"name": "A", "email": "a@example.org"}
DUTY = {
    "framework": 2024,
    "node": "2.1.1",
    "organisation": "so-nv",
    "role": "cooperating",
    "legal_basis": "QĐ",
    "valid_from": "2024-08-06",
}

QUESTION = {
    "period": "ky-2024",
    "indicator": "2.1.1",
    "organisation": "so-gddt",
    "question": "Vì sao giảm?",
    "due_on": "2030-07-10",
}
STAND_IN = {"deputy": "head", "valid_from": "2030-01-01", "valid_to": "2030-01-31"}


HANDOVERS = "/v1/handovers"
HANDOVER = {"kind": "merge", "from": ["so-tp"], "to": "catp", "effective_on": "2025-03-01"}
OTHER_BODY = {"code": "so-moi", "name_vi": "Sở Mới", "kind": "department"}


def handover(values: dict[str, Any], where: str, status: int = 422) -> Wrong:
    return coordinator("POST", HANDOVERS, HANDOVER | values, where, status)


FIGURES = "/v1/periods/ky-2024/figures"
IMPORT = f"{FIGURES}/import"
ROW = {"assignment": "{assignment}", "version": "r0", "value": 5}


def rows(*told: Any, where: str) -> Wrong:
    return Wrong("officer", "POST", IMPORT, {"rows": list(told)}, where=where)


POLICIES = "/v1/reminder-policies"
STEP = {"offset_days": 2, "audience": "officer"}


def policy(values: dict[str, Any], where: str, status: int = 422) -> Wrong:
    return coordinator("POST", POLICIES, {"name": "Thử"} | values, where, status)


def steps(written: list[dict[str, Any]], where: str) -> Wrong:
    return policy({"kind": "report", "steps": written}, where)


def settings(values: dict[str, Any], where: str) -> Wrong:
    return coordinator("PUT", "/v1/reminder-settings", values, where)


def panel(locality: dict[str, Any]) -> dict[str, Any]:
    return {"source": "thử", "localities": [LOCALITY | locality]}


WRONG = {
    # Figures
    "not a number": figure("NaN"),
    "infinity": figure("Infinity"),
    "minus infinity": figure("-Infinity"),
    "too large for a float": figure("1e400"),
    "an integer too large for a float": figure("1" + "0" * 400),
    "an integer of five thousand digits": figure(HUGE, "", 400),
    "a figure as text": figure('"6.5"'),
    "a figure with a decimal comma": figure('"6,5"'),
    "a figure as true": figure("true"),
    "a figure as a list": figure("[6.5]"),
    "a figure above its bound": change({"value": 10.01}, "/value"),
    "a figure below its bound": figure("-0.5"),
    "a figure and a reason why there is none": Wrong(
        "officer", "POST", NEW_FIGURE, {"value": 1, "nil_reason": "không có"}, where="/nil_reason"
    ),
    "a figure of something that does not apply": change({"answer": "not_applicable"}, "/answer"),
    "an answer of an unknown kind": change({"answer": "maybe"}, "/answer"),
    "a denominator of zero": Wrong(
        "officer",
        "POST",
        NEW_FIGURE,
        {"numerator": 1.0, "denominator": 0.0},
        where="/denominator",
    ),
    "a numerator alone": change({"numerator": 1.0}, "/denominator"),
    "a denominator alone": change({"denominator": 1.0}, "/numerator"),
    "a fraction too large for a locality": change(
        {"numerator": 1e10, "denominator": 1e-9}, "/denominator"
    ),
    "a fraction too large for a float": change(
        {"numerator": 1e18, "denominator": 1e-300}, "/denominator"
    ),
    "a numerator too large for a locality": change(
        {"numerator": 1.1e18, "denominator": 1e18}, "/numerator"
    ),
    "a denominator too large for a locality": change(
        {"numerator": 1e18, "denominator": -1.1e18}, "/denominator"
    ),
    "an explanation of nothing known": change(
        {"explanations": {"odd": "vì vậy"}}, "/explanations/odd"
    ),
    "an explanation of blanks": change(
        {"explanations": {"outside_expected": "    "}}, "/explanations/outside_expected"
    ),
    "rules with a scale of zero": rules({"scale": 0.0}, "/scale"),
    "rules whose range is crossed": rules({"expected_low": 2.0, "expected_high": 1.0}, ""),
    "rules with sixteen decimals": rules({"decimals": 16}, "/decimals"),
    "rules with an unknown member": rules({"max": 1}, "/max"),
    "rules that name an unknown indicator": rules(
        {"same_denominator_as": ["9.9.9"]}, "/same_denominator_as/0"
    ),
    "rules that name the indicator itself": rules(
        {"same_denominator_as": ["2.1.2", "2.1.1"]}, "/same_denominator_as/1"
    ),
    "rules that name an indicator twice": rules(
        {"same_denominator_as": ["2.1.2", "2.1.2"]}, "/same_denominator_as/1"
    ),
    "rules of a pillar": coordinator("PUT", "/v1/indicators/2/rules", {}, "", 404),
    "rules of an unknown framework": coordinator(
        "PUT", "/v1/indicators/2.1.1/rules?framework=2100", {}, "", 404
    ),
    "an unknown member": Wrong("officer", "POST", NEW_FIGURE, {"figure": 6.5}, where="/figure"),
    "a state set by hand": change({"state": "accepted"}, "/state"),
    "an owner set by hand": change({"created_by": "x"}, "/created_by"),
    "a change above the bound": change({"value": 11}, "/value"),
    "a note too long": change({"note": "x" * 4001}, "/note"),
    "a note with NUL": change({"note": "a\0b"}, "/note"),
    "a note with an escape sequence": change({"note": "a\x1b[31mb"}, "/note"),
    "a note with a lone surrogate": Wrong(
        "officer", "PATCH", DRAFT, where="/note", text='{"note": "\\ud800"}'
    ),
    "a member with a lone surrogate": Wrong(
        "officer", "PATCH", DRAFT, where="", text='{"\\ud800": 1}'
    ),
    "a source of two lines": change({"source": "a\nb"}, "/source"),
    "a text that is a number": change({"note": 5}, "/note"),
    "submit as text": Wrong(
        "officer", "POST", NEW_FIGURE, {"nil_reason": "chưa có", "submit": "yes"}, where="/submit"
    ),
    "another body's duty": Wrong(
        "officer", "POST", "/v1/assignments/{foreign}/submissions", {"value": 5}, 404
    ),
    "another body's draft": Wrong(
        "officer", "PATCH", "/v1/submissions/{foreign_draft}", {"value": 5}, 404
    ),
    "a duty that does not exist": Wrong(
        "officer",
        "POST",
        "/v1/assignments/00000000-0000-4000-8000-000000000000/submissions",
        {"value": 5},
        404,
    ),
    "a second draft": Wrong(
        "officer", "POST", "/v1/assignments/{duty_of_draft}/submissions", {"value": 5}, 409
    ),
    # JSON
    "no body": Wrong("officer", "POST", NEW_FIGURE, where=""),
    "broken JSON": Wrong("officer", "POST", NEW_FIGURE, status=400, text='{"value": '),
    "two documents": Wrong("officer", "POST", NEW_FIGURE, status=400, text="{} {}"),
    "a list for an object": Wrong("officer", "POST", NEW_FIGURE, [1]),
    "null for an object": Wrong("officer", "POST", NEW_FIGURE, text="null"),
    "JSON nested a hundred thousand deep": Wrong(
        "officer", "POST", NEW_FIGURE, status=400, text="[" * 100_000
    ),
    "an empty object where none is expected to be full": Wrong(
        "coordinator", "POST", "/v1/submissions/{waiting}/return", {}, where="/reason"
    ),
    # Decisions
    "an acceptance of evidence that nobody looked at": coordinator(
        "POST", "/v1/submissions/{waiting}/accept", None, "/evidence_seen"
    ),
    "many decisions of nothing": decisions({"items": []}, "/items"),
    "many decisions on what is there twice": decisions(
        {"items": [{"id": "{waiting}"}, {"id": "{waiting}"}]}, ""
    ),
    "many returns without a reason": decisions({"action": "return"}, ""),
    "many decisions to reopen": decisions({"action": "reopen"}, "/action"),
    "many decisions of which one is impossible": decisions(
        {"items": [{"id": "{waiting}", "evidence_seen": True}, {"id": "{taken}"}]}, "/items/1", 409
    ),
    "many decisions with one word for all evidence": decisions(
        {"items": [{"id": "{waiting}"}], "evidence_seen": True}, "/evidence_seen"
    ),
    "many decisions of which one is on evidence that nobody looked at": decisions(
        {"items": [{"id": "{waiting}"}]}, "/items/0/evidence_seen", 409
    ),
    "many decisions of which one is of nothing": decisions(
        {"items": [{"id": "00000000-0000-4000-8000-000000000000"}]}, "/items/0", 409
    ),
    "many decisions in two hundred and one parts": decisions(
        {"items": [{"id": f"00000000-0000-4000-8000-{n:012}"} for n in range(201)]}, "/items"
    ),
    "a comment of nothing": Wrong(
        "officer", "POST", "/v1/submissions/{waiting}/comments", {"text": "  "}, where="/text"
    ),
    "a comment too long": Wrong(
        "officer", "POST", "/v1/submissions/{waiting}/comments", {"text": "x" * 2001}, where="/text"
    ),
    "a comment on another body's figure": Wrong(
        "officer", "POST", "/v1/submissions/{foreign_draft}/comments", {"text": "Gì?"}, 404
    ),
    "a reviewing body that is not named": review({"kind": "reviewing_body"}, ""),
    "a reviewing body for two who coordinate": review(
        {"kind": "second_reviewer", "reviewer": "so-nv"}, ""
    ),
    "a body that reviews itself": review(
        {"kind": "reviewing_body", "reviewer": "so-gddt"}, "/reviewer"
    ),
    "an unknown body that reviews": review(
        {"kind": "reviewing_body", "reviewer": "so-gi"}, "/reviewer"
    ),
    "a review of an unknown kind": review({"kind": "nobody"}, "/kind"),
    "a coordinator who reviews himself": coordinator(
        "PUT", "/v1/review-rules/so-khcn", {"kind": "one_reviewer"}, "/kind"
    ),
    "a review of an unknown body": coordinator(
        "PUT", "/v1/review-rules/so-gi", {"kind": "one_reviewer"}, "", 404
    ),
    "a reason of blanks": coordinator(
        "POST", "/v1/submissions/{waiting}/return", {"reason": "     "}, "/reason"
    ),
    "a reason too short": coordinator(
        "POST", "/v1/submissions/{waiting}/reject", {"reason": "x"}, "/reason"
    ),
    "a reason too long": coordinator(
        "POST", "/v1/submissions/{waiting}/reject", {"reason": "x" * 2001}, "/reason"
    ),
    "members with accept": coordinator(
        "POST", "/v1/submissions/{waiting}/accept", {"value": 9}, "/value"
    ),
    "accepting what is accepted": coordinator(
        "POST", "/v1/submissions/{taken}/accept", None, "", 409
    ),
    "reopening what is not accepted": coordinator(
        "POST", "/v1/submissions/{waiting}/reopen", {"reason": "sai số"}, "", 409
    ),
    # Identifiers
    "an id that is none": asked("/v1/submissions/abc", "submission_id"),
    "an id with NUL": asked("/v1/submissions/%00", "submission_id"),
    "a code with NUL": asked("/v1/periods/%00", "code"),
    "a code with a lone byte": asked("/v1/periods/%ff", "code"),
    "a code too long": asked("/v1/periods/" + "a" * 65, "code"),
    "a code with a path": asked("/v1/organisations/..%2f..%2fetc", "", 404),
    "a year too large": asked("/v1/frameworks/99999999999999999999", "year"),
    "a year that is text": asked("/v1/frameworks/now", "year"),
    "an unknown period": asked("/v1/periods/chua-co", "", 404),
    "an unknown year": asked("/v1/frameworks/2099", "", 404),
    "an unknown indicator": asked("/v1/indicators/9.9.9", "", 404),
    "an unknown period's index": asked("/v1/index?period=chua-co", "", 404),
    "the profile of an unknown period": asked("/v1/index/profile?period=chua-co", "", 404),
    "the profile of an unknown run": asked(
        "/v1/index/profile?run=00000000-0000-4000-8000-000000000000", "", 404
    ),
    "the profile of a run that is none": asked("/v1/index/profile?run=7", "run"),
    "the profile in an unknown format": asked("/v1/index/profile?format=pdf", "format"),
    "the profile in an unknown language": asked("/v1/index/profile?lang=fr", "lang"),
    "an unknown route": asked("/v1/scores", "", 404),
    # Queries
    "an unknown parameter": asked("/v1/assignments?perid=x", "perid"),
    "an unknown parameter of one thing": asked("/v1/indicators/2.1.1?year=2024", "year"),
    "a limit of zero": asked("/v1/assignments?limit=0", "limit"),
    "a limit above the most": asked("/v1/assignments?limit=201", "limit"),
    "a limit that is text": asked("/v1/assignments?limit=all", "limit"),
    "a limit without end": asked(f"/v1/assignments?limit={HUGE}", "limit"),
    "an unknown status": asked("/v1/assignments?status=done", "status"),
    "a day that is none": asked("/v1/assignments?due_before=2024-02-30", "due_before"),
    "a day in seconds": asked("/v1/assignments?due_before=1719705600", "due_before"),
    "a search with NUL": asked("/v1/indicators?q=a%00b", "q"),
    "a search of nothing": asked("/v1/indicators?q=", "q"),
    "a search too long": asked("/v1/indicators?q=" + "a" * 101, "q"),
    "a level with NUL": asked("/v1/official-results?level=a%00b", "level"),
    "an object with NUL": asked("/v1/audit?object_id=a%00b", "object_id"),
    "a trace id that is none": asked("/v1/audit?trace_id=xyz", "trace_id"),
    "a cursor of nonsense": asked("/v1/assignments?cursor=nonsense", ""),
    "a cursor with letters of no alphabet": asked("/v1/assignments?cursor=%C3%A9%C3%A9", ""),
    "a cursor too long": asked("/v1/assignments?cursor=" + "a" * 513, "cursor"),
    # Packs
    "a pack with a note too long": coordinator(
        "POST", "/v1/periods/ky-2024/packs", {"note": "x" * 4001}, "/note"
    ),
    "a pack with rows of one's own": coordinator(
        "POST", "/v1/periods/ky-2024/packs", {"rows": []}, "/rows"
    ),
    "a pack of an unknown period": coordinator("POST", "/v1/periods/chua-co/packs", {}, "", 404),
    "a pack of a period that was never opened": coordinator(
        "POST", "/v1/periods/ky-nhap/packs", {}, "", 409
    ),
    "the packs of an unknown period": asked("/v1/periods/chua-co/packs", "", 404),
    "packs with an unknown parameter": asked("/v1/periods/ky-2024/packs?state=new", "state"),
    "a pack that is none": asked("/v1/packs/1", "pack_id"),
    "an unknown pack": asked("/v1/packs/00000000-0000-4000-8000-000000000000", "", 404),
    "the archive of an unknown pack": asked(
        "/v1/packs/00000000-0000-4000-8000-000000000000/content", "", 404
    ),
    "the letter of an unknown pack": asked(
        "/v1/packs/00000000-0000-4000-8000-000000000000/letter", "", 404
    ),
    # Extensions
    "an extension to a day before the deadline": Wrong(
        "officer",
        "POST",
        "/v1/assignments/{assignment}/extensions",
        {"reason": "Chờ số liệu", "wished_on": "2030-06-30"},
        where="/wished_on",
    ),
    "an extension without a reason": Wrong(
        "officer",
        "POST",
        "/v1/assignments/{assignment}/extensions",
        {"wished_on": "2030-07-30"},
        where="/reason",
    ),
    "an extension of another body's duty": Wrong(
        "officer",
        "POST",
        "/v1/assignments/{foreign}/extensions",
        {"reason": "Chờ số liệu", "wished_on": "2030-07-30"},
        404,
    ),
    "a second extension at a time": Wrong(
        "officer",
        "POST",
        "/v1/assignments/{duty_of_draft}/extensions",
        {"reason": "Chờ số liệu", "wished_on": "2030-07-30"},
        409,
    ),
    "an extension granted for ever": coordinator(
        "POST",
        "/v1/extensions/{extension}/grant",
        {"reason": "Đồng ý", "until": "2199-01-01"},
        "/until",
    ),
    "an extension refused for nothing": coordinator(
        "POST", "/v1/extensions/{extension}/refuse", {}, "/reason"
    ),
    # Explanations and deputies
    "a question about nothing": coordinator(
        "POST", "/v1/explanations", {"question": "Vì sao?", "due_on": "2030-01-01"}, ""
    ),
    "a question about two things": coordinator(
        "POST",
        "/v1/explanations",
        {**QUESTION, "assignment": "00000000-0000-4000-8000-000000000000"},
        "",
    ),
    "a question to an unknown body": coordinator(
        "POST", "/v1/explanations", QUESTION | {"organisation": "so-gi"}, "/organisation"
    ),
    "a question about a pillar": coordinator(
        "POST", "/v1/explanations", QUESTION | {"indicator": "2"}, "/indicator"
    ),
    "a question in an unknown period": coordinator(
        "POST", "/v1/explanations", QUESTION | {"period": "chua-co"}, "/period"
    ),
    "a question to be answered yesterday": coordinator(
        "POST", "/v1/explanations", QUESTION | {"due_on": "2020-01-01"}, "/due_on"
    ),
    "a deputy of another body": Wrong(
        "officer", "POST", "/v1/deputies", STAND_IN | {"deputy": "foreign_officer"}, where="/deputy"
    ),
    "a deputy of oneself": Wrong(
        "officer", "POST", "/v1/deputies", STAND_IN | {"deputy": "officer"}, where="/deputy"
    ),
    "a deputy until the day before": Wrong(
        "officer", "POST", "/v1/deputies", STAND_IN | {"valid_to": "2029-12-31"}, where="/valid_to"
    ),
    "a deputy in a body that is not one's own": Wrong(
        "officer",
        "POST",
        "/v1/deputies",
        STAND_IN | {"organisation": "so-ct"},
        where="/organisation",
    ),
    # The board
    "the board of no period": asked("/v1/board", "period"),
    "the board of an unknown period": asked("/v1/board?period=chua-co", "", 404),
    "the board in an unknown form": asked("/v1/board?period=ky-2024&format=pdf", "format"),
    # The calendar
    "a day off in another year": coordinator(
        "PUT",
        "/v1/calendar/2026",
        {"days": [{"day": "2027-01-01", "kind": "off", "name": "Tết dương lịch"}]},
        "/days/0/day",
    ),
    "a day off twice": coordinator(
        "PUT",
        "/v1/calendar/2026",
        {"days": [{"day": "2026-01-01", "kind": "off", "name": "Tết dương lịch"}] * 2},
        "/days/1/day",
    ),
    "a Monday that is worked": coordinator(
        "PUT",
        "/v1/calendar/2026",
        {"days": [{"day": "2026-11-23", "kind": "worked", "name": "Làm bù"}]},
        "/days/0/day",
    ),
    "a year confirmed by nothing": coordinator(
        "PUT", "/v1/calendar/2026", {"days": [], "confirmed": True}, "/decision"
    ),
    "a year confirmed without a day off": coordinator(
        "PUT",
        "/v1/calendar/2026",
        {"days": [], "confirmed": True, "decision": "QĐ 1"},
        "/days",
    ),
    "a year confirmed by a first fill": coordinator(
        "PUT",
        "/v1/calendar/2026",
        {"days": [], "confirmed": True, "decision": SOURCE},
        "/decision",
    ),
    "a fill of a year that no library knows": coordinator(
        "POST", "/v1/calendar/2150/fill", None, ""
    ),
    "a calendar of no year": asked("/v1/calendar/1999", "year"),
    # Periods, bodies, duties
    "a period of an unknown framework": coordinator(
        "POST", "/v1/periods", PERIOD | {"framework": 2099}, "/framework"
    ),
    "a period with a code in use": coordinator(
        "POST", "/v1/periods", PERIOD | {"code": "ky-2024"}, "/code", 409
    ),
    "a period due on a day that is none": coordinator(
        "POST", "/v1/periods", PERIOD | {"due_on": "30/06/2030"}, "/due_on"
    ),
    "a period due at a second": coordinator(
        "POST", "/v1/periods", PERIOD | {"due_on": 1_900_000_000}, "/due_on"
    ),
    "a period due at a second in text": coordinator(
        "POST", "/v1/periods", PERIOD | {"due_on": "1900000000"}, "/due_on"
    ),
    "a period due on a day with a time": coordinator(
        "POST", "/v1/periods", PERIOD | {"due_on": "2030-01-01T00:00:00"}, "/due_on"
    ),
    "a period that is made up as text": coordinator(
        "POST", "/v1/periods", PERIOD | {"made_up": "no"}, "/made_up"
    ),
    "a period of a year in text": coordinator(
        "POST", "/v1/periods", PERIOD | {"framework": "2024"}, "/framework"
    ),
    "a period named by blanks": coordinator(
        "POST", "/v1/periods", PERIOD | {"name": "  "}, "/name"
    ),
    "a progress report without a span": coordinator(
        "POST", "/v1/periods", PERIOD | {"kind": "progress"}, "/span"
    ),
    "an annual period with a span": coordinator(
        "POST", "/v1/periods", PERIOD | {"span": "month"}, "/span"
    ),
    "a report that covers days backwards": coordinator(
        "POST",
        "/v1/periods",
        PERIOD | {"covers_from": "2030-02-01", "covers_to": "2030-01-01"},
        "/covers_from",
    ),
    "a deadline of nothing": coordinator(
        "PUT",
        "/v1/periods/ky-2024/deadlines",
        {"deadlines": [{"due_on": "2030-01-01"}]},
        "/deadlines/0",
    ),
    "a deadline of an unknown body": coordinator(
        "PUT",
        "/v1/periods/ky-2024/deadlines",
        {"deadlines": [{"organisation": "so-gi", "due_on": "2030-01-01"}]},
        "/deadlines/0/organisation",
    ),
    "a deadline of an unknown node": coordinator(
        "PUT",
        "/v1/periods/ky-2024/deadlines",
        {"deadlines": [{"node": "9.9.9", "due_on": "2030-01-01"}]},
        "/deadlines/0/node",
    ),
    "the opening of an unknown period": asked("/v1/periods/chua-co/opening", "", 404),
    "a proposal of a year of working days": asked(
        "/v1/period-proposals?ministry_due_on=2030-01-01&working_days_before=251",
        "working_days_before",
    ),
    "a deadline long ago": coordinator(
        "PATCH",
        "/v1/assignments/{assignment}",
        {"due_on": "1999-12-31", "reason": "Bộ lùi hạn"},
        "/due_on",
    ),
    "a deadline of an open period": coordinator(
        "PATCH", "/v1/periods/ky-2024", {"due_on": "2031-01-01"}, "/due_on", 409
    ),
    "closing what is not open": coordinator("POST", "/v1/periods/ky-nhap/close", None, "", 409),
    "a body with a code in use": coordinator(
        "POST",
        "/v1/organisations",
        {"code": "so-gddt", "name_vi": "Sở", "kind": "department"},
        "/code",
        409,
    ),
    "a body with a blank in its code": coordinator(
        "POST",
        "/v1/organisations",
        {"code": "so gd", "name_vi": "Sở", "kind": "department"},
        "/code",
    ),
    "a contact without a mailbox": coordinator(
        "POST", CONTACTS, CONTACT | {"email": "a"}, "/email"
    ),
    **{
        f"a contact with the address {address}": coordinator(
            "POST", CONTACTS, CONTACT | {"email": address}, "/email"
        )
        for address in (".a@x.org", "a..b@x.org", "a.@x.org", f"{'a' * 65}@x.org")
    },
    "an address of a word": coordinator(
        "POST", CONTACTS, CONTACT | {"email": "a b@x.org"}, "/email"
    ),
    "a contact who adds a header": coordinator(
        "POST", CONTACTS, CONTACT | {"email": "a@example.org\r\nBcc: x@example.org"}, "/email"
    ),
    "a contact who adds a header by name": coordinator(
        "POST", CONTACTS, CONTACT | {"name": "A\r\nBcc: x@example.org"}, "/name"
    ),
    "a contact in an unknown role": coordinator(
        "POST", CONTACTS, CONTACT | {"role": "boss"}, "/role"
    ),
    "a contact of an unknown body": coordinator(
        "POST", "/v1/organisations/so-gi/contacts", CONTACT, "", 404
    ),
    "a contact twice": coordinator(
        "POST", CONTACTS, CONTACT | {"email": "SO-GDDT@example.org"}, "/email", 409
    ),
    "a duty of an unknown indicator": coordinator(
        "POST", "/v1/responsibilities", DUTY | {"node": "9.9"}, "/node"
    ),
    "a duty of a pillar": coordinator(
        "POST", "/v1/responsibilities", DUTY | {"node": "2"}, "/node"
    ),
    "a duty of an unknown body": coordinator(
        "POST", "/v1/responsibilities", DUTY | {"organisation": "so-gi"}, "/organisation"
    ),
    "a duty that ends before it began": coordinator(
        "POST", "/v1/responsibilities/{responsibility}/end", {"valid_to": "2020-01-01"}, "/valid_to"
    ),
    # Hand-overs
    "a hand-over of an unknown kind": handover({"kind": "sale"}, "/kind"),
    "a hand-over by nobody": handover({"from": []}, "/from"),
    "a hand-over by an unknown body": handover({"from": ["so-tp", "so-gi"]}, "/from/1"),
    "a hand-over by a body twice": handover({"from": ["so-tp", "so-tp"]}, "/from"),
    "a hand-over to an unknown body": handover({"to": "so-gi"}, "/to"),
    "a hand-over to itself": handover({"to": "so-tp"}, "/to"),
    "a hand-over to nobody": handover({"to": None}, "/to"),
    "a hand-over to two": handover({"new_body": OTHER_BODY}, "/to"),
    "a hand-over on a day that is none": handover({"effective_on": "2025-02-30"}, "/effective_on"),
    "a hand-over by a document without a title": handover(
        {"basis": {"title": " "}}, "/basis/title"
    ),
    "a hand-over to a new body with a code in use": handover(
        {"to": None, "new_body": OTHER_BODY | {"code": "so-ct"}}, "/new_body/code", 409
    ),
    "a renaming into a body that is there": handover({"kind": "rename"}, "/new_body"),
    "a renaming of two": handover(
        {"kind": "rename", "from": ["so-tp", "so-ct"], "to": None, "new_body": OTHER_BODY}, "/from"
    ),
    "a split without parts": handover({"kind": "split"}, "/exceptions"),
    "a transfer of nothing": handover({"kind": "transfer"}, "/responsibilities"),
    "a merger of chosen duties": handover(
        {"responsibilities": [{"node": "1.1.2", "from": "so-tp"}]}, "/responsibilities"
    ),
    "a transfer of what the body has not": handover(
        {"kind": "transfer", "responsibilities": [{"node": "2.1.1", "from": "so-tp"}]},
        "/responsibilities/0",
    ),
    "a transfer of a node of nobody": handover(
        {"kind": "transfer", "responsibilities": [{"node": "1.1.2"}]}, "/responsibilities/0"
    ),
    "an exception to an unknown body": handover(
        {"exceptions": [{"node": "1.1.2", "from": "so-tp", "to": "so-gi"}]}, "/exceptions/0/to"
    ),
    "an exception to the body that ends": handover(
        {"exceptions": [{"node": "1.1.2", "from": "so-tp", "to": "so-tp"}]}, "/exceptions/0/to"
    ),
    "an exception of what the body has not": handover(
        {"exceptions": [{"node": "2.1.1", "from": "so-tp", "to": "so-ct"}]}, "/exceptions/0"
    ),
    "a planned hand-over changed into a merger": coordinator(
        "PATCH", HANDOVERS + "/{handover}", {"responsibilities": []}, "/responsibilities"
    ),
    "a hand-over carried out twice": coordinator(
        "POST", HANDOVERS + "/{handed_over}/carry-out", None, "", 409
    ),
    "a hand-over taken back before it was": coordinator(
        "POST",
        HANDOVERS + "/{handed_over}/reverse",
        {"reason": "thu hồi", "effective_on": "2025-02-28"},
        "/effective_on",
    ),
    "a hand-over taken back for no reason": coordinator(
        "POST",
        HANDOVERS + "/{handed_over}/reverse",
        {"reason": " ", "effective_on": "2025-03-01"},
        "/reason",
    ),
    "a planned hand-over taken back": coordinator(
        "POST",
        HANDOVERS + "/{handover}/reverse",
        {"reason": "thu hồi", "effective_on": "2025-03-01"},
        "",
        409,
    ),
    "the receipt of a planned hand-over": asked(HANDOVERS + "/{handover}/receipt", "", 409),
    "an unknown hand-over": asked(
        HANDOVERS + "/00000000-0000-4000-8000-000000000000/preview", "", 404
    ),
    "bodies of a day that is none": asked("/v1/organisations?on=2025-02-30", "on"),
    "bodies of another age": asked("/v1/organisations?include=future", "include"),
    "a weight below zero": coordinator(
        "PATCH", "/v1/frameworks/2024/nodes/2.1.1", {"weight": -1}, "/weight"
    ),
    "bounds that are crossed": coordinator(
        "PATCH", "/v1/frameworks/2024/nodes/2.1.1", {"lower_bound": 11}, "/lower_bound"
    ),
    "one goalpost": coordinator(
        "PATCH", "/v1/frameworks/2024/nodes/2.1.1", {"goalpost_min": 1}, "/goalpost_min"
    ),
    "a pillar that is measured": coordinator(
        "PATCH", "/v1/frameworks/2024/nodes/2", {"direction": "lower"}, "/direction"
    ),
    # Reminders
    "half of a repeated reminder": steps([STEP | {"repeat_count": 3}], "/steps/0"),
    "a reminder step twice": steps([STEP, STEP | {"separate": True}], "/steps/1"),
    "a reminder step in a thousand days": steps(
        [STEP | {"offset_days": 1000}], "/steps/0/offset_days"
    ),
    "a reminder step on half a day": steps([STEP | {"offset_days": 0.5}], "/steps/0/offset_days"),
    "a reminder step for nobody": steps([STEP | {"audience": "all"}], "/steps/0/audience"),
    "a reminder step of a template that is none": steps(
        [STEP | {"template": "chua-co"}], "/steps/0/template"
    ),
    "a reminder step by pigeon": steps([STEP | {"channel": "pigeon"}], "/steps/0/channel"),
    "a template that says nothing": coordinator(
        "POST", "/v1/reminder-templates", {"code": "a", "name": "A", "words_vi": " "}, "/words_vi"
    ),
    "a template with a space in its code": coordinator(
        "POST", "/v1/reminder-templates", {"code": "a b", "name": "A", "words_vi": "A"}, "/code"
    ),
    "an unknown template": asked("/v1/reminder-templates/chua-co", "", 404),
    "versions of an unknown template": asked("/v1/reminder-templates/chua-co/versions", "", 404),
    "a hundred and one reminder steps": steps(
        [STEP | {"offset_days": day} for day in range(101)], "/steps"
    ),
    "a reminder policy of an unknown body": policy({"organisation": "so-gi"}, "/organisation"),
    "a reminder policy of an unknown period": policy({"period": "chua-co"}, "/period"),
    "a reminder policy of a pillar": policy({"indicator": "2"}, "/indicator"),
    "a reminder policy of an unknown kind": policy({"kind": "all"}, "/kind"),
    "a reminder policy without a name": coordinator("POST", POLICIES, {}, "/name"),
    "a second reminder policy of all": policy({}, "", 409),
    "a reminder policy moved to another's scope": coordinator(
        "PATCH", POLICIES + "/{policy}", {"kind": "explanation"}, "", 409
    ),
    "an unknown reminder policy": asked(
        POLICIES + "/00000000-0000-4000-8000-000000000000", "", 404
    ),
    "an office that closes before it opens": settings(
        {"opens_at": "17:00", "closes_at": "08:00"}, "/closes_at"
    ),
    "digests before the office opens": settings({"digest_at": "07:59"}, "/digest_at"),
    "a time that is none": settings({"opens_at": "24:00"}, "/opens_at"),
    "a pause without a reason": settings({"paused": True, "pause_reason": " x "}, "/pause_reason"),
    "an operator who has no address": settings({"operator_email": "ai"}, ""),
    "no mail at all": settings({"most_mails": 0}, "/most_mails"),
    "a summary on an eighth day": settings({"summary_weekday": 8}, "/summary_weekday"),
    "a run discarded for nothing": coordinator(
        "POST", "/v1/reminder-holds/{hold}/discard", {}, "/reason"
    ),
    "an unknown held run": coordinator(
        "POST",
        "/v1/reminder-holds/00000000-0000-4000-8000-000000000000/release",
        None,
        "",
        404,
    ),
    "a preview of yesterday": asked("/v1/reminders/preview?date=2026-01-01", ""),
    "a preview of a day that is none": asked("/v1/reminders/preview?date=2026-02-30", "date"),
    "a preview of everything": asked("/v1/reminders/preview?limit=501", "limit"),
    "a ledger of an unknown state": asked("/v1/reminders?state=lost", "state"),
    "duties of a body that is none": asked("/v1/assignments?organisation=so-gddtt", "organisation"),
    "duties of a period that is none": asked("/v1/assignments?period=2099", "period"),
    "duties of an indicator that is none": asked("/v1/assignments?indicator=9.9", "indicator"),
    "a ledger of a period that is none": asked("/v1/reminders?period=xyz", "period"),
    "figures of a body that is none": asked("/v1/submissions?organisation=xyz", "organisation"),
    "who leads by a framework that is none": asked(
        "/v1/responsibilities?framework=2199", "framework"
    ),
    "policies of a body that is none": asked(
        "/v1/reminder-policies?organisation=x", "organisation"
    ),
    "a sheet of a body that is none": asked(
        "/v1/periods/ky-2024/figures?organisation=xyz", "organisation"
    ),
    "a ledger of a day that is none": asked("/v1/reminders?sent_from=2026-02-30", "sent_from"),
    "a ledger in an unknown format": asked("/v1/reminders?format=pdf", "format"),
    "an unknown mail": asked("/v1/mails/00000000-0000-4000-8000-000000000000", "", 404),
    "another body's proof": asked("/v1/assignments/{foreign}/reminders", "", 404, "officer"),
    "a test to nobody": coordinator("POST", "/v1/reminders/test", {"address": "ai"}, "/address"),
    "a test to an address that gets no mail": coordinator(
        "POST", "/v1/reminders/test", {"address": "DA-NGHI@example.org"}, "/address", 409
    ),
    # Panels: whole or not at all
    "a panel of nobody": coordinator(
        "PUT", "/v1/panels/ky-2024", {"source": "x", "localities": []}, "/localities"
    ),
    "a panel with an unknown indicator": coordinator(
        "PUT", "/v1/panels/ky-2024", panel({"values": {"9.9.9": 1}}), "/localities/0/values/9.9.9"
    ),
    "a panel with a figure of an indicator that has components": coordinator(
        "PUT", "/v1/panels/ky-2024", panel({"values": {"3.2.1": 1}}), "/localities/0/values/3.2.1"
    ),
    "a panel with a figure above its bound": coordinator(
        "PUT", "/v1/panels/ky-2024", panel({"values": {"2.1.1": 11}}), "/localities/0/values/2.1.1"
    ),
    "a panel with a locality twice": coordinator(
        "PUT",
        "/v1/panels/ky-2024",
        {"source": "x", "localities": [LOCALITY, LOCALITY]},
        "/localities/1/code",
    ),
    "a panel with a figure in text": coordinator(
        "PUT", "/v1/panels/ky-2024", panel({"values": {"2.1.1": "5"}}), "/localities/0/values/2.1.1"
    ),
    "a panel of an unknown period": coordinator("PUT", "/v1/panels/chua-co", panel({}), "", 404),
    # Feeds
    "a feed of an unknown body": coordinator(
        "POST", "/v1/feeds", {"organisation": "so-gi"}, "/organisation"
    ),
    "a feed of one's own by who writes for no body": coordinator(
        "POST", "/v1/feeds", {}, "/organisation"
    ),
    "a feed with a misspelt member": coordinator(
        "POST", "/v1/feeds", {"organization": "so-gddt"}, "/organization"
    ),
    # People and keys
    "a person with a login in use": admin("/v1/users", USER | {"login": "officer"}, "/login", 409),
    "a person with a short password": admin("/v1/users", USER | {"password": "ngan"}, "/password"),
    "a person with a password too long": admin(
        "/v1/users", USER | {"password": "x" * 129}, "/password"
    ),
    "a person with capitals in his login": admin("/v1/users", USER | {"login": "Moi"}, "/login"),
    "a person in an unknown role": admin(
        "/v1/users",
        USER | {"memberships": [{"organisation": "so-gddt", "role": "king"}]},
        "/memberships/0/role",
    ),
    "a person of an unknown body": admin(
        "/v1/users",
        USER | {"memberships": [{"organisation": "so-gi", "role": "officer"}]},
        "/memberships/0/organisation",
    ),
    "a membership that ends before it begins": admin(
        "/v1/users/{user}/memberships",
        {
            "organisation": "so-gddt",
            "role": "officer",
            "valid_from": "2030-01-02",
            "valid_to": "2030-01-01",
        },
        "/valid_to",
    ),
    "a key that may manage people": admin(
        "/v1/api-keys", KEY | {"scopes": ["people:write"]}, "/scopes/0"
    ),
    "a bounce of a code that is none": coordinator(
        "POST", "/v1/bounces", BOUNCE | {"status": "5.1"}, "/status"
    ),
    "a bounce of no mail": coordinator(
        "POST", "/v1/bounces", BOUNCE | {"message_id": "mail"}, "/message_id"
    ),
    "a bounce that says more than it may": coordinator(
        "POST", "/v1/bounces", BOUNCE | {"suppress": True}, "/suppress"
    ),
    "a bounce for several recipients": coordinator(
        "POST", "/v1/bounces", BOUNCE | {"recipient": "a@x.vn, b@x.vn"}, "/recipient"
    ),
    "a key that may do nothing": admin("/v1/api-keys", KEY | {"scopes": []}, "/scopes"),
    "a key that has expired": admin(
        "/v1/api-keys", KEY | {"expires_on": "2020-01-01"}, "/expires_on"
    ),
    # Figures of a period as a sheet
    "figures of an unknown period": asked("/v1/periods/chua-co/figures", "", 404),
    "figures as a picture": asked(f"{FIGURES}?format=svg", "format"),
    "figures in an unknown status": asked(f"{FIGURES}?status=lost", "status"),
    "figures below a page of none": asked(f"{FIGURES}?limit=0", "limit"),
    "an import into an unknown period": Wrong(
        "officer", "POST", "/v1/periods/chua-co/figures/import", {"rows": [ROW]}, 404
    ),
    "an import of perhaps": Wrong(
        "officer", "POST", f"{IMPORT}?dry_run=perhaps", {"rows": [ROW]}, where="dry_run"
    ),
    "an import of broken JSON": Wrong("officer", "POST", IMPORT, status=400, text='{"rows": '),
    "an import with NaN": Wrong(
        "officer", "POST", IMPORT, status=400, text='{"rows": [{"value": NaN}]}'
    ),
    "an import nested without end": Wrong("officer", "POST", IMPORT, status=400, text="[" * 99_999),
    "an import of a list": Wrong("officer", "POST", IMPORT, [ROW], where="/rows"),
    "an import of no rows": rows(where="/rows"),
    "an import of too many rows": rows(*[ROW] * 1001, where="/rows"),
    "an import with an unknown member": Wrong(
        "officer", "POST", IMPORT, {"rows": [ROW], "force": True}, where="/rows"
    ),
    "a row that is a number": rows(ROW, 5, where="/rows/1"),
    "a row with an unknown member": rows(ROW | {"figure": 1}, where="/rows/0/figure"),
    "a row with a figure as text": rows(ROW | {"value": "6,5"}, where="/rows/0/value"),
    "a row with a figure below its bound": rows(ROW | {"value": -0.5}, where="/rows/0/value"),
    "a row with a numerator alone": rows(
        ROW | {"value": None, "numerator": 1}, where="/rows/0/denominator"
    ),
    "a row with an answer of an unknown kind": rows(
        ROW | {"answer": "maybe"}, where="/rows/0/answer"
    ),
    "a row with an explanation of nothing known": rows(
        ROW | {"explanations": {"odd": "vì vậy"}}, where="/rows/0/explanations/odd"
    ),
    "a row with a note too long": rows(ROW | {"note": "x" * 4001}, where="/rows/0/note"),
    "a row with half a surrogate": Wrong(
        "officer", "POST", IMPORT, status=400, text='{"rows": [{"note": "\\ud800"}]}'
    ),
    "a row without a duty": rows({"value": 5}, where="/rows/0/assignment"),
    "a row of an unknown duty": rows(
        ROW | {"assignment": "00000000-0000-4000-8000-000000000000"}, where="/rows/0/assignment"
    ),
    "a row of another body's duty": rows(
        ROW | {"assignment": "{foreign}"}, where="/rows/0/assignment"
    ),
    "a row twice": rows(ROW, ROW, where="/rows/1/assignment"),
    "a row without a version": rows(
        {"assignment": "{assignment}", "value": 5}, where="/rows/0/version"
    ),
    "a row of another indicator": rows(ROW | {"indicator": "2.1.9"}, where="/rows/0/indicator"),
    "a key of an unknown body": admin(
        "/v1/api-keys", KEY | {"organisation": "so-gi"}, "/organisation"
    ),
}

WRONG |= {
    **{
        f"a webhook to {url}": coordinator("POST", "/v1/webhooks", HOOK | {"url": url}, "/url")
        for url in (
            "http://1.1.1.1/",
            "ftp://1.1.1.1/",
            "https://",
            "https:///x",
            "https://a b.vn/",
            "https://user@1.1.1.1/",
            "https://user:secret@1.1.1.1/",
            "https://1.1.1.1/#part",
            "https://xn--/",
            "https://xn--a\u002d-.vn/",
            "https://1.1.1.1:0/",
            "https://1.1.1.1:99999/",
            "https://1.1.1.1\\@127.0.0.1/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://localhost/",
            "https://10.1.2.3/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://[fd00:ec2::254]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://1.1.1.1/" + "x" * 2000,
        )
    },
    "a webhook of no events": coordinator(
        "POST", "/v1/webhooks", HOOK | {"event_types": []}, "/event_types"
    ),
    "a webhook of an unknown event": coordinator(
        "POST",
        "/v1/webhooks",
        HOOK | {"event_types": ["index.*", "submission.burnt"]},
        "/event_types/1",
    ),
    "a webhook of an unknown body": coordinator(
        "POST", "/v1/webhooks", HOOK | {"organisation": "so-gi"}, "/organisation"
    ),
    "a webhook that nobody looks after": coordinator(
        "POST", "/v1/webhooks", HOOK | {"owner_email": "ai đó"}, "/owner_email"
    ),
    "a webhook with a secret of its own": coordinator(
        "POST", "/v1/webhooks", HOOK | {"secret": "whsec_AAAA"}, "/secret"
    ),
    "a webhook that is moved inside": coordinator(
        "PATCH", "/v1/webhooks/{webhook}", {"url": "https://192.168.0.1/"}, "/url"
    ),
    "an overlap of secrets that is too long": coordinator(
        "POST", "/v1/webhooks/{webhook}/rotate", {"overlap_hours": 169}, "/overlap_hours"
    ),
    "deliveries in no state": asked("/v1/webhooks/{webhook}/deliveries?state=lost", "state"),
    "deliveries of no webhook": asked(
        "/v1/webhooks/00000000-0000-4000-8000-000000000000/deliveries", "", 404
    ),
    "a delivery that is not there": asked(
        "/v1/webhook-deliveries/00000000-0000-4000-8000-000000000000", "", 404
    ),
}


def things_of(stage: Stage, duty_of_draft: str) -> dict[str, str]:
    return stage.mine | {
        "foreign": stage.foreign["assignment"],
        "foreign_draft": stage.foreign["draft"],
        "duty_of_draft": duty_of_draft,
    }


async def send(stage: Stage, wrong: Wrong) -> Response:
    who: Person = getattr(stage.cast, wrong.who)
    draft = await stage.client.get(
        f"/v1/submissions/{stage.mine['draft']}", headers=stage.cast.officer.headers
    )
    path = wrong.path.format_map(things_of(stage, draft.json()["assignment"]))
    headers = {**who.headers, "if-match": "*"} if wrong.method in {"PATCH", "PUT"} else who.headers
    content = wrong.text
    if content is None and wrong.content is not None:
        content = json.dumps(wrong.content).replace("{waiting}", stage.mine["waiting"])
        content = content.replace("{taken}", stage.mine["taken"])
        content = content.replace("{assignment}", stage.mine["assignment"])
        content = content.replace("{foreign}", stage.foreign["assignment"])
    if content is not None:
        headers = {**headers, "content-type": "application/json"}
    return await stage.client.request(wrong.method, path, content=content, headers=headers)


def check_problem(answer: Response, status: int, where: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:pii:problem:")
    assert problem["title"]
    assert problem["detail"]
    assert len(problem["trace_id"]) == 32
    if where:
        assert pointers(problem)[0] == where, problem
        assert all(entry["message"] for entry in problem["errors"])
