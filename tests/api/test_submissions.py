"""The main workflow: draft, prove, submit, decide; what is accepted, and what has been."""

from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import AuditEntry, OutboxMessage
from tests.cast import Cast
from tests.factories import (
    accepted,
    act,
    assignment_of,
    attached,
    body,
    done,
    drafted,
    officers_duty,
    opened_period,
    submitted,
)


async def duty_now(client: AsyncClient, cast: Cast, duty: dict[str, Any]) -> dict[str, Any]:
    read = await client.get(f"/v1/assignments/{duty['id']}", headers=cast.coordinator.headers)
    found: dict[str, Any] = body(read)
    return found


async def test_a_figure_goes_from_draft_to_accepted(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=6.25, source="Báo cáo, tr. 3")
    assert (draft["state"], draft["revision"], draft["resubmission"]) == ("draft", 1, False)
    evidence = await attached(client, cast.officer, draft["id"])
    sent = await done(client, cast.officer, draft["id"], "submit")
    assert sent["submitted_by"] == cast.officer.name
    assert [piece["id"] for piece in sent["evidence"]] == [evidence["id"]]
    assert (await duty_now(client, cast, duty))["status"] == "submitted"
    taken = await done(client, cast.coordinator, draft["id"], "accept")
    assert (taken["state"], taken["value"]) == ("accepted", 6.25)
    assert taken["decided_by"] == cast.coordinator.name
    assert taken["decision_reason"] is None
    now = await duty_now(client, cast, duty)
    assert (now["status"], now["overdue"]) == ("accepted", False)


async def test_a_figure_without_evidence_is_not_submitted(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=6)
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/evidence"
    headers = cast.officer.headers
    at_once = await client.post(f"/v1/submissions/{draft['id']}/withdraw", headers=headers)
    body(at_once)
    new = await client.post(
        f"/v1/assignments/{duty['id']}/submissions",
        json={"value": 6, "submit": True},
        headers=headers,
    )
    assert new.status_code == 422
    listed = body(await client.get("/v1/submissions", headers=headers))["items"]
    assert [item["state"] for item in listed] == ["withdrawn"]


async def test_the_coordinator_may_lift_the_need_for_evidence(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    lifted = await client.patch(
        "/v1/frameworks/2024/nodes/2.1.1",
        json={"evidence_required": False, "reason": "Công văn của bộ"},
        headers={**cast.coordinator.headers, "if-match": "*"},
    )
    body(lifted)
    sent = await drafted(client, cast.officer, duty["id"], value=6, submit=True)
    assert sent["state"] == "submitted"


async def test_a_draft_of_nothing_is_not_submitted(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], note="đang tính")
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert refused.json()["errors"][0]["pointer"] == "/value"


async def test_a_nil_return_needs_a_reason_and_no_evidence(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    sent = await drafted(
        client, cast.officer, duty["id"], nil_reason="Không thu thập năm nay", submit=True
    )
    assert (sent["state"], sent["value"]) == ("submitted", None)


async def test_a_draft_that_was_changed_to_a_figure_beyond_a_new_bound_is_not_submitted(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=9)
    await attached(client, cast.officer, draft["id"])
    tightened = await client.patch(
        "/v1/frameworks/2024/nodes/2.1.1",
        json={"upper_bound": 8, "reason": "Công văn của bộ"},
        headers={**cast.coordinator.headers, "if-match": "*"},
    )
    body(tightened)
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert refused.json()["errors"][0]["pointer"] == "/value"


async def test_a_returned_figure_comes_back_as_the_next_revision(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    first = await submitted(client, cast.officer, duty["id"])
    back = await done(client, cast.coordinator, first["id"], "return", "Thiếu trang 2")
    assert (back["state"], back["decision_reason"]) == ("returned", "Thiếu trang 2")
    now = await duty_now(client, cast, duty)
    assert (now["status"], now["submission"]["decision_reason"]) == ("returned", "Thiếu trang 2")
    second = await drafted(client, cast.head, duty["id"], value=7)
    assert (second["revision"], second["resubmission"]) == (2, True)


async def test_a_rejected_figure_leaves_the_duty_open(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    sent = await submitted(client, cast.officer, duty["id"])
    await done(client, cast.coordinator, sent["id"], "reject", "Sai chỉ số")
    assert (await duty_now(client, cast, duty))["status"] == "open"


async def test_a_later_acceptance_supersedes_the_earlier(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    first = await accepted(client, cast, duty["id"], value=6)
    second = await submitted(client, cast.officer, duty["id"], value=7)
    assert (await duty_now(client, cast, duty))["status"] == "submitted"
    await done(client, cast.coordinator, second["id"], "accept")
    headers = cast.coordinator.headers
    read = body(await client.get(f"/v1/submissions/{first['id']}", headers=headers))
    assert read["state"] == "superseded"
    states = body(await client.get("/v1/submissions?state=accepted", headers=headers))["items"]
    assert [item["id"] for item in states] == [second["id"]]


async def test_a_later_return_leaves_the_earlier_acceptance_in_force(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    await accepted(client, cast, duty["id"], value=6)
    second = await submitted(client, cast.officer, duty["id"], value=7)
    await done(client, cast.coordinator, second["id"], "return", "Chưa khớp")
    assert (await duty_now(client, cast, duty))["status"] == "accepted"


async def test_an_accepted_figure_is_reopened_with_a_reason_only(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    taken = await accepted(client, cast, duty["id"])
    without = await act(client, cast.coordinator, taken["id"], "reopen")
    assert without.status_code == 422
    opened = await done(client, cast.coordinator, taken["id"], "reopen", "Số liệu được đính chính")
    assert opened["state"] == "reopened"
    assert (await duty_now(client, cast, duty))["status"] == "open"


async def test_whoever_submitted_does_not_accept(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast, "1.1.1", organisation="so-khcn")
    joined = await client.post(
        f"/v1/users/{cast.coordinator.id}/memberships",
        json={"organisation": "so-khcn", "role": "officer"},
        headers=cast.admin.headers,
    )
    body(joined, 201)
    sent = await submitted(client, cast.coordinator, duty["id"], value=50)
    assert "accept" not in sent["allowed_actions"]
    refused = await act(client, cast.coordinator, sent["id"], "accept")
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:pii:problem:own-submission"
    first = await done(client, cast.second_coordinator, sent["id"], "accept")
    # Of the coordinator's own body: one more must accept, and neither its author nor the first may.
    assert (first["state"], first["first_accepted_by"]) == (
        "submitted",
        cast.second_coordinator.name,
    )
    for person in (cast.coordinator, cast.second_coordinator):
        assert (await act(client, person, sent["id"], "accept")).status_code == 403


async def test_whoever_drafted_does_not_accept_what_another_submitted(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast, "1.1.1", organisation="so-khcn")
    joined = await client.post(
        f"/v1/users/{cast.coordinator.id}/memberships",
        json={"organisation": "so-khcn", "role": "officer"},
        headers=cast.admin.headers,
    )
    body(joined, 201)
    draft = await drafted(client, cast.coordinator, duty["id"], value=50)
    await attached(client, cast.coordinator, draft["id"])
    await done(client, cast.coordinating_officer, draft["id"], "submit")
    assert (await act(client, cast.coordinator, draft["id"], "accept")).status_code == 403


async def test_a_report_is_words_and_never_a_figure(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast, "1.1.2", organisation="tand-tp")
    assert (duty["kind"], duty["evidence_required"]) == ("report", False)
    joined = await client.post(
        f"/v1/users/{cast.officer.id}/memberships",
        json={"organisation": "tand-tp", "role": "officer"},
        headers=cast.admin.headers,
    )
    body(joined, 201)
    refused = await client.post(
        f"/v1/assignments/{duty['id']}/submissions", json={"value": 5}, headers=cast.officer.headers
    )
    assert refused.json()["errors"][0]["pointer"] == "/value"
    draft = await drafted(client, cast.officer, duty["id"], source="Báo cáo")
    empty = await act(client, cast.officer, draft["id"], "submit")
    assert empty.json()["errors"][0]["pointer"] == "/note"
    changed = await client.patch(
        f"/v1/submissions/{draft['id']}",
        json={"note": "Đã phối hợp rà soát."},
        headers={**cast.officer.headers, "if-match": "*"},
    )
    body(changed)
    assert (await done(client, cast.officer, draft["id"], "submit"))["state"] == "submitted"


async def test_a_late_figure_is_taken_and_marked(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast, due_on="2026-01-01")
    duty = await assignment_of(client, cast)
    assert duty["overdue"]
    assert duty["days_late"] > 0
    draft = await drafted(client, cast.officer, duty["id"], value=6)
    assert draft["late"] is None
    await attached(client, cast.officer, draft["id"])
    sent = await done(client, cast.officer, draft["id"], "submit")
    assert sent["late"] is True
    now = await duty_now(client, cast, duty)
    assert (now["overdue"], now["days_late"]) == (False, 0)


async def test_only_members_that_are_sent_are_changed(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=6, note="a", source="b")
    path, headers = f"/v1/submissions/{draft['id']}", {**cast.officer.headers, "if-match": "*"}
    one = body(await client.patch(path, json={"note": "c"}, headers=headers))
    assert (one["value"], one["note"], one["source"]) == (6, "c", "b")
    none = body(await client.patch(path, json={"value": None}, headers=headers))
    assert (none["value"], none["note"]) == (None, "c")
    same = await client.patch(path, json={}, headers=headers)
    assert body(same) == none


async def test_every_step_is_in_the_audit_log_with_who_what_and_why(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    sent = await submitted(client, cast.officer, duty["id"])
    await done(client, cast.coordinator, sent["id"], "return", "Thiếu trang 2")
    entries = await session.scalars(
        select(AuditEntry)
        .where(AuditEntry.object_type == "submission", AuditEntry.object_id == sent["id"])
        .order_by(AuditEntry.id)
    )
    told = [(e.action, e.actor_name, e.reason, e.changes.get("state")) for e in entries]
    assert told == [
        ("drafted", cast.officer.name, None, None),
        ("submit", cast.officer.name, None, ["draft", "submitted"]),
        ("return", cast.coordinator.name, "Thiếu trang 2", ["submitted", "returned"]),
    ]


@pytest.mark.parametrize(
    ("steps", "events"),
    [
        (["accept"], ["SubmissionAccepted", "SubmissionAccepted"]),
        (["return"], ["SubmissionReturned"]),
        (["reject"], ["SubmissionRejected"]),
        (["accept", "reopen"], ["SubmissionAccepted"] * 2 + ["SubmissionReopened"] * 2),
    ],
)
async def test_each_decision_is_announced_to_whoever_must_hear_of_it(
    client: AsyncClient, cast: Cast, session: AsyncSession, steps: list[str], events: list[str]
) -> None:
    duty = await officers_duty(client, cast)
    sent = await submitted(client, cast.officer, duty["id"])
    before = len((await session.scalars(select(OutboxMessage.id))).all())
    for step in steps:
        await done(client, cast.coordinator, sent["id"], step, "" if step == "accept" else "vì vậy")
    messages = await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    new = messages.all()[before:]
    assert [message.event for message in new] == events
    assert all(message.payload["submission_id"] == sent["id"] for message in new)
    assert all(message.trace_id for message in new)


async def test_figures_are_found_by_each_filter(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    sent = await submitted(client, cast.officer, duty["id"])
    for query, found in {
        "period=ky-2024": 1,
        "organisation=so-gddt": 1,
        "organisation=so-ct": 0,
        "indicator=2.1.1": 1,
        "indicator=2.1": 0,
        "state=submitted": 1,
        "state=accepted": 0,
        f"assignment={duty['id']}": 1,
        f"assignment={sent['id']}": 0,
        "submitted_since=2020-01-01": 1,
        "submitted_since=2199-01-01": 0,
    }.items():
        listed = await client.get(f"/v1/submissions?{query}", headers=cast.coordinator.headers)
        assert len(body(listed)["items"]) == found, query


async def test_what_is_under_way_is_named_to_whoever_drafts_again(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=5)
    path, headers = f"/v1/assignments/{duty['id']}/submissions", cast.officer.headers
    refused = await client.post(path, json={"value": 6}, headers=headers)
    told = body(refused, 409)
    assert told["type"] == "urn:pii:problem:pending"
    link = f"/v1/submissions/{draft['id']}"
    assert told["existing"] == {"kind": "submission", "id": draft["id"], "link": link}
    assert body(await client.get(link, headers=headers))["value"] == 5
    await done(client, cast.officer, draft["id"], "withdraw")
    again = await drafted(client, cast.officer, duty["id"], value=6)
    assert again["revision"] == 2


async def test_refusals_of_figures_and_steps_are_said_in_vietnamese_words(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    officer = {**cast.officer.headers, "accept-language": "vi"}
    path = f"/v1/assignments/{duty['id']}/submissions"
    refused = await client.post(path, json={"value": 1070.6}, headers=officer)
    assert refused.json()["detail"].startswith(
        "Số liệu 1.070,6 lớn hơn 10, giới hạn của chỉ số 2.1.1"
    )
    told = {"value": 7.06, "note": "Theo báo cáo năm", "source": "Báo cáo, tr. 3"}
    first = await drafted(client, cast.officer, duty["id"], **told)
    await attached(client, cast.officer, first["id"])
    reviewer = {**cast.coordinator.headers, "accept-language": "vi"}
    step = f"/v1/submissions/{first['id']}/return"
    await done(client, cast.officer, first["id"], "submit")
    body(await client.post(step, json={"reason": "Xem lại số"}, headers=reviewer))
    refused = await client.post(step, json={"reason": "Xem lại số"}, headers=reviewer)
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        "Đang ở trạng thái “bị trả lại”; muốn trả lại thì phải ở trạng thái “đã nộp, chờ duyệt”."
    )
    second = await drafted(client, cast.officer, duty["id"], value=7.06)
    await attached(client, cast.officer, second["id"])
    await done(client, cast.officer, second["id"], "submit")
    refused = await client.post(
        f"/v1/submissions/{second['id']}/accept", json={"evidence_seen": True}, headers=reviewer
    )
    assert refused.json()["detail"] == (
        "Bản này để trống nội dung đã gửi trước đó: ghi chú, nguồn số liệu; "
        "hãy xác nhận bằng acknowledge_wipes."
    )
