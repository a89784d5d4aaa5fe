"""Acceptance by one or by two, what the reviewer is warned of, threads, and many decisions at once."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.conftest import Real, Stage
from tests.cast import Cast, Person
from tests.factories import (
    accepted,
    act,
    assignment_of,
    attached,
    body,
    done,
    drafted,
    officers_duty,
    submitted,
)

SEEN = {"evidence_seen": True}


async def reviewed_by(
    client: AsyncClient, cast: Cast, kind: str, *, reviewer: str | None = None
) -> dict[str, Any]:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    content = {"kind": kind, "reviewer": reviewer}
    put = await client.put("/v1/review-rules/so-gddt", json=content, headers=headers)
    rule: dict[str, Any] = body(put)
    return rule


async def member(client: AsyncClient, cast: Cast, person: Person, code: str, role: str) -> None:
    joined = await client.post(
        f"/v1/users/{person.id}/memberships",
        json={"organisation": code, "role": role},
        headers=cast.admin.headers,
    )
    body(joined, 201)


async def shown(client: AsyncClient, person: Person, submission: dict[str, Any]) -> dict[str, Any]:
    read = await client.get(f"/v1/submissions/{submission['id']}", headers=person.headers)
    found: dict[str, Any] = body(read)
    return found


async def test_two_different_people_accept_where_the_indicator_asks_it(
    client: AsyncClient, cast: Cast
) -> None:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    rules = await client.put("/v1/indicators/2.1.1/rules", json={"two_step": True}, headers=headers)
    body(rules)
    duty = await officers_duty(client, cast)
    sent = await submitted(client, cast.officer, duty["id"])
    assert sent["two_step"]
    first = await done(client, cast.coordinator, sent["id"], "accept")
    assert (first["state"], first["decided_by"]) == ("submitted", None)
    assert first["first_accepted_by"] == cast.coordinator.name
    assert "accept" not in first["allowed_actions"]
    again = await act(client, cast.coordinator, sent["id"], "accept")
    assert again.json()["type"] == "urn:pii:problem:second-reviewer"
    assert "accept" in (await shown(client, cast.second_coordinator, sent))["allowed_actions"]
    taken = await done(client, cast.second_coordinator, sent["id"], "accept")
    assert (taken["state"], taken["decided_by"]) == ("accepted", cast.second_coordinator.name)


async def test_a_first_acceptance_counts_for_nothing_yet(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    await reviewed_by(client, cast, "second_reviewer")
    sent = await submitted(client, cast.officer, duty["id"])
    await done(client, cast.coordinator, sent["id"], "accept")
    listed = await client.get("/v1/submissions?state=accepted", headers=cast.leader.headers)
    assert body(listed)["items"] == []
    back = await done(client, cast.second_coordinator, sent["id"], "return", "Thiếu trang 2")
    assert back["state"] == "returned"


async def test_the_reviewing_body_completes_what_the_coordinator_began(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    rule = await reviewed_by(client, cast, "reviewing_body", reviewer="so-ct")
    assert (rule["kind"], rule["reviewer"]) == ("reviewing_body", "so-ct")
    sent = await submitted(client, cast.officer, duty["id"])
    seen = await shown(client, cast.foreign_officer, sent)
    assert seen["allowed_actions"] == []
    listed = await client.get("/v1/submissions", headers=cast.foreign_officer.headers)
    assert [item["id"] for item in body(listed)["items"]] == [sent["id"]]
    early = await act(client, cast.foreign_officer, sent["id"], "accept")
    assert early.json()["type"] == "urn:pii:problem:reviewing-body"
    await done(client, cast.coordinator, sent["id"], "accept")
    other = await act(client, cast.second_coordinator, sent["id"], "accept")
    assert other.json()["type"] == "urn:pii:problem:reviewing-body"
    offered = (await shown(client, cast.foreign_officer, sent))["allowed_actions"]
    assert offered == ["accept", "return", "reject"]
    taken = await done(client, cast.foreign_officer, sent["id"], "accept")
    assert taken["state"] == "accepted"
    returned = await act(client, cast.foreign_officer, sent["id"], "reopen", "vì vậy")
    assert returned.status_code == 403


@pytest.mark.parametrize(("action", "state"), [("return", "returned"), ("reject", "rejected")])
async def test_the_reviewing_body_says_in_its_turn_what_it_finds_wrong(
    client: AsyncClient, cast: Cast, action: str, state: str
) -> None:
    duty = await officers_duty(client, cast)
    await reviewed_by(client, cast, "reviewing_body", reviewer="so-ct")
    sent = await submitted(client, cast.officer, duty["id"])
    early = await act(client, cast.foreign_officer, sent["id"], action, "Lệch với sổ của Sở")
    assert (early.status_code, early.json()["type"]) == (403, "urn:pii:problem:reviewing-body")
    await done(client, cast.coordinator, sent["id"], "accept")
    for person in (cast.officer, cast.leader):
        foreign = await act(client, person, sent["id"], action, "Lệch với sổ của Sở")
        assert foreign.status_code == 403
    bare = await act(client, cast.foreign_officer, sent["id"], action)
    assert bare.status_code == 422
    ended = await done(client, cast.foreign_officer, sent["id"], action, "Lệch với sổ của Sở")
    assert (ended["state"], ended["decided_by"]) == (state, cast.foreign_officer.name)
    assert ended["decision_reason"] == "Lệch với sổ của Sở"
    assert ended["allowed_actions"] == []
    # The next revision begins anew, with whoever coordinates.
    again = await submitted(client, cast.officer, duty["id"])
    assert (again["first_accepted_by"], again["acknowledged"]) == (None, [])
    early = await act(client, cast.foreign_officer, again["id"], "accept")
    assert early.status_code == 403


async def test_whoever_wrote_it_decides_nothing_for_the_reviewing_body(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    await reviewed_by(client, cast, "reviewing_body", reviewer="so-ct")
    await member(client, cast, cast.officer, "so-ct", "officer")
    sent = await submitted(client, cast.officer, duty["id"])
    await done(client, cast.coordinator, sent["id"], "accept")
    assert (await shown(client, cast.officer, sent))["allowed_actions"] == ["withdraw"]
    for action in ("accept", "return", "reject"):
        refused = await act(client, cast.officer, sent["id"], action, "Lệch với sổ")
        assert refused.json()["type"] == "urn:pii:problem:own-submission"


async def test_a_rule_ends_with_the_default(client: AsyncClient, cast: Cast) -> None:
    await reviewed_by(client, cast, "second_reviewer")
    rule = await reviewed_by(client, cast, "one_reviewer")
    assert (rule["kind"], rule["updated_at"]) == ("one_reviewer", None)
    own = await client.get("/v1/review-rules/so-khcn", headers=cast.viewer.headers)
    assert body(own)["kind"] == "second_reviewer"
    page = await client.get("/v1/review-rules?limit=2", headers=cast.viewer.headers)
    assert len(body(page)["items"]) == 2
    rest = await client.get(
        "/v1/review-rules",
        params={"limit": 2, "cursor": page.json()["next_cursor"]},
        headers=cast.viewer.headers,
    )
    assert body(rest)["items"][0]["organisation"] > page.json()["items"][1]["organisation"]


async def test_a_reviewer_says_that_he_has_seen_the_evidence(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    sent = await submitted(client, cast.officer, duty["id"])
    path, headers = f"/v1/submissions/{sent['id']}/accept", cast.coordinator.headers
    for content in (None, {}, {"evidence_seen": False}):
        refused = await client.post(path, json=content, headers=headers)
        assert refused.json()["type"] == "urn:pii:problem:evidence-unseen"
    body(await client.post(path, json=SEEN, headers=headers))


async def test_who_confirmed_what_and_when_stays_with_the_submission(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    await reviewed_by(client, cast, "second_reviewer")
    first = await submitted(client, cast.officer, duty["id"], value=6.5, note="Ghi chú")
    assert first["acknowledged"] == []
    await done(client, cast.coordinator, first["id"], "return", "Thiếu trang 2")
    second = await submitted(client, cast.officer, duty["id"])
    path = f"/v1/submissions/{second['id']}/accept"
    for person in (cast.coordinator, cast.second_coordinator):
        said = {**SEEN, "acknowledge_wipes": True}
        taken = body(await client.post(path, json=said, headers=person.headers))
    told = [(one["step"], one["tick"], one["by"]) for one in taken["acknowledged"]]
    assert told == [
        ("first", "evidence_seen", cast.coordinator.name),
        ("first", "acknowledge_wipes", cast.coordinator.name),
        ("final", "evidence_seen", cast.second_coordinator.name),
        ("final", "acknowledge_wipes", cast.second_coordinator.name),
    ]
    moments = {one["step"]: one["at"] for one in taken["acknowledged"]}
    assert list(map(datetime.fromisoformat, moments.values())) == [
        datetime.fromisoformat(taken[name]) for name in ("first_accepted_at", "decided_at")
    ]
    # Reopening names another who decided; who confirmed stays.
    opened = await done(client, cast.coordinator, second["id"], "reopen", "Số liệu sai")
    assert opened["acknowledged"] == taken["acknowledged"]
    for action in ("first_accept", "accept"):
        asked = {"object_type": "submission", "object_id": second["id"], "action": action}
        log = await client.get("/v1/audit", params=asked, headers=cast.coordinator.headers)
        changes = body(log)["items"][0]["changes"]
        assert changes["evidence_seen"] == [None, [second["evidence"][0]["sha256"]]]
        assert changes["acknowledge_wipes"] == [None, ["note"]]


async def test_nothing_is_confirmed_of_what_is_not_there(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    nil = await drafted(client, cast.officer, duty["id"], nil_reason="Không thi", submit=True)
    said = {**SEEN, "acknowledge_wipes": True}
    path = f"/v1/submissions/{nil['id']}/accept"
    taken = body(await client.post(path, json=said, headers=cast.coordinator.headers))
    assert taken["acknowledged"] == []


async def test_a_resubmission_shows_what_it_changes_and_warns_of_what_it_empties(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    first = await submitted(
        client, cast.officer, duty["id"], value=6, note="Ghi chú", source="Báo cáo, tr. 3"
    )
    assert (first["resubmission_of"], first["changes_since"], first["wipes"]) == (None, {}, [])
    await done(client, cast.coordinator, first["id"], "return", "Thiếu trang 2")
    never_sent = await drafted(client, cast.officer, duty["id"], value=1)
    await done(client, cast.officer, never_sent["id"], "withdraw")
    second = await submitted(client, cast.officer, duty["id"], value=7, note="Ghi chú")
    seen = await shown(client, cast.coordinator, second)
    assert (seen["resubmission_of"], seen["resubmission"]) == (first["id"], True)
    assert seen["changes_since"] == {
        "value": {"old": 6, "new": 7},
        "source": {"old": "Báo cáo, tr. 3", "new": ""},
    }
    assert seen["wipes"] == ["source"]
    refused = await act(client, cast.coordinator, second["id"], "accept")
    assert refused.json()["type"] == "urn:pii:problem:wipes"
    assert "source" in refused.json()["detail"]
    taken = await client.post(
        f"/v1/submissions/{second['id']}/accept",
        json={**SEEN, "acknowledge_wipes": True},
        headers=cast.coordinator.headers,
    )
    assert body(taken)["state"] == "accepted"


async def test_evidence_that_is_left_out_is_a_wipe(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    first = await submitted(client, cast.officer, duty["id"])
    await done(client, cast.coordinator, first["id"], "return", "Sai")
    nil = await drafted(client, cast.officer, duty["id"], nil_reason="Không thi", submit=True)
    assert nil["wipes"] == ["value", "evidence"]
    assert nil["changes_since"]["evidence"] == {"old": [first["evidence"][0]["sha256"]], "new": []}


async def test_all_who_answer_for_an_indicator_share_its_thread(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    duty = await client.post(
        "/v1/responsibilities",
        json={
            "framework": 2024,
            "node": "2.1.2",
            "organisation": "so-ct",
            "role": "cooperating",
            "legal_basis": "QĐ",
            "valid_from": "2024-08-06",
        },
        headers=cast.coordinator.headers,
    )
    body(duty, 201)
    path = f"/v1/submissions/{stage.mine['waiting']}/comments"
    said = []
    for person in (cast.coordinator, cast.officer, cast.foreign_officer):
        comment = await client.post(path, json={"text": "Vì sao?"}, headers=person.headers)
        said.append(body(comment, 201))
    assert [(one["author"], one["organisation"]) for one in said] == [
        (cast.coordinator.name, None),
        (cast.officer.name, "so-gddt"),
        (cast.foreign_officer.name, "so-ct"),
    ]
    for person in (cast.coordinator, cast.foreign_officer, cast.leader):
        first = body(await client.get(f"{path}?limit=2", headers=person.headers))
        rest = await client.get(
            path, params={"limit": 2, "cursor": first["next_cursor"]}, headers=person.headers
        )
        assert [*first["items"], *body(rest)["items"]] == said
    # A draft is the body's own, its thread too.
    path = f"/v1/submissions/{stage.mine['draft']}/comments"
    assert (await client.get(path, headers=cast.foreign_officer.headers)).status_code == 404
    assert (await client.get(path, headers=cast.coordinator.headers)).status_code == 404


async def decided(
    client: AsyncClient, cast: Cast, ids: list[str], mode: str, **more: Any
) -> tuple[int, Any]:
    items = [{"id": one, **SEEN} for one in ids]
    answer = await client.post(
        "/v1/submissions/decisions",
        json={"items": items, "action": "accept", "mode": mode, **more},
        headers=cast.coordinator.headers,
    )
    return answer.status_code, answer.json()


async def test_many_are_decided_all_or_none_or_each_for_itself(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    waiting, foreign = stage.mine["waiting"], stage.foreign["waiting"]
    bad = stage.mine["taken"]
    status, told = await decided(client, cast, [waiting, bad, foreign], "all_or_nothing")
    assert status == 409
    assert told["type"] == "urn:pii:problem:not-all-decided"
    assert [entry["pointer"] for entry in told["errors"]] == ["/items/1"]
    assert (await shown(client, cast.coordinator, {"id": waiting}))["state"] == "submitted"
    status, told = await decided(client, cast, [waiting, bad, foreign], "each")
    assert (status, told["done"], told["refused"]) == (200, 2, 1)
    assert [item["done"] for item in told["items"]] == [True, False, True]
    assert told["items"][1]["problem"]["type"] == "urn:pii:problem:state"
    assert told["items"][0]["state"] == "accepted"


async def test_many_decisions_heed_each_etag_and_what_each_needs(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    waiting, foreign = stage.mine["waiting"], stage.foreign["waiting"]
    read = await client.get(f"/v1/submissions/{waiting}", headers=cast.coordinator.headers)
    items = [
        {"id": waiting, "if_match": read.headers["etag"]},
        {"id": foreign, "if_match": '"old"'},
        {"id": stage.mine["draft"]},
    ]
    content: dict[str, Any] = {"items": items, "action": "accept", "mode": "each"}
    path, headers = "/v1/submissions/decisions", cast.coordinator.headers
    blind = body(await client.post(path, json=content, headers=headers))
    kinds = [item["problem"]["type"].rpartition(":")[2] for item in blind["items"]]
    assert kinds == ["evidence-unseen", "precondition-failed", "submission-not-found"]
    assert blind["items"][2]["state"] is None
    content = {**content, "action": "return", "reason": "Thiếu trang 2"}
    told = body(await client.post(path, json=content, headers=headers))
    assert [item["done"] for item in told["items"]] == [True, False, False]
    assert told["items"][0]["state"] == "returned"


async def test_of_two_who_accept_at_once_one_does(real: Real) -> None:
    client, cast = real.client, real.cast
    duty = await officers_duty(client, cast)
    sent = await submitted(client, cast.officer, duty["id"])
    answers = await asyncio.gather(
        *(
            act(client, person, sent["id"], "accept")
            for person in (cast.coordinator, cast.second_coordinator) * 3
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]
    taken = await shown(client, cast.coordinator, sent)
    for answer in answers:
        if answer.status_code == 409:
            told = answer.json()
            assert told["last_change"]["by"] == taken["decided_by"]
            assert told["last_change"]["action"] == "accept"
            assert told["last_change"]["changes"] == {
                "state": {"old": "submitted", "new": "accepted"}
            }
            assert len(told["current_etag"]) > 2
    assert await real.states() == ["accepted"]


async def test_two_who_accept_at_once_are_the_two_that_are_needed(real: Real) -> None:
    client, cast = real.client, real.cast
    duty = await officers_duty(client, cast)
    await reviewed_by(client, cast, "second_reviewer")
    sent = await submitted(client, cast.officer, duty["id"])
    answers = await asyncio.gather(
        *(
            act(client, person, sent["id"], "accept")
            for person in (cast.coordinator, cast.second_coordinator)
        )
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    taken = await shown(client, cast.leader, sent)
    assert taken["state"] == "accepted"
    assert taken["first_accepted_by"] != taken["decided_by"]


async def test_acceptance_and_withdrawal_at_once_leave_one_of_them(real: Real) -> None:
    client, cast = real.client, real.cast
    duty = await officers_duty(client, cast)
    for _ in range(4):
        sent = await submitted(client, cast.officer, duty["id"])
        answers = await asyncio.gather(
            act(client, cast.coordinator, sent["id"], "accept"),
            act(client, cast.officer, sent["id"], "withdraw"),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
    states = await real.states()
    assert len(states) == 4
    assert states.count("accepted") <= 1
    assert set(states) <= {"accepted", "superseded", "withdrawn"}


async def test_what_was_edited_while_it_was_submitted_is_whole(real: Real) -> None:
    client, cast = real.client, real.cast
    duty = await officers_duty(client, cast)
    why = {"evidence_differs": "Báo cáo in trước khi sửa"}
    for _ in range(4):
        draft = await drafted(client, cast.officer, duty["id"], value=5, explanations=why)
        await attached(client, cast.officer, draft["id"])
        edited, sent = await asyncio.gather(
            client.patch(
                f"/v1/submissions/{draft['id']}",
                json={"value": 6},
                headers={**cast.officer.headers, "if-match": "*"},
            ),
            act(client, cast.head, draft["id"], "submit"),
        )
        assert sent.status_code == 200
        assert edited.status_code in {200, 409}
        now = await shown(client, cast.coordinator, draft)
        assert now["value"] == (6 if edited.status_code == 200 else 5)
        await done(client, cast.officer, draft["id"], "withdraw")


async def test_of_two_who_decide_the_same_many_nobody_waits_for_ever(real: Real) -> None:
    client, cast = real.client, real.cast
    await officers_duty(client, cast)
    sent = []
    for indicator in ("2.1.1", "2.1.2", "2.1.3"):
        duty = await assignment_of(client, cast, indicator)
        sent.append((await submitted(client, cast.officer, duty["id"]))["id"])
    answers = await asyncio.gather(
        decided(client, cast, sent, "each"), decided(client, cast, sent[::-1], "each")
    )
    assert sorted(told["done"] for _, told in answers) == [0, 3]
    assert await real.states() == ["accepted"] * 3


async def test_a_first_acceptance_goes_with_its_revision(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    await accepted(client, cast, duty["id"])
    await reviewed_by(client, cast, "second_reviewer")
    second = await submitted(client, cast.officer, duty["id"])
    await done(client, cast.coordinator, second["id"], "accept")
    await done(client, cast.officer, second["id"], "withdraw")
    third = await submitted(client, cast.officer, duty["id"])
    assert third["first_accepted_by"] is None
    first = await done(client, cast.second_coordinator, third["id"], "accept")
    assert first["state"] == "submitted"
