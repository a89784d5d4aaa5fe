"""Whatever people try in whatever order, the invariants hold: a property over the submission's life."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from services.api.submissions.states import ACTIONS as ACTIONS_ASKED
from services.api.submissions.states import TRANSITIONS, diagram
from shared.freshness import accepted_now
from shared.models import Period, Submission
from tests.api.conftest import Stage
from tests.factories import body

ACTIONS = ("create", "submit", "withdraw", "accept", "return", "reject", "reopen")
PEOPLE = ("officer", "head", "coordinator", "second_coordinator", "foreign_officer", "leader")
# What each step needs to be before and becomes after, stated a second time, as the plan has it.
LIFE = {
    "submit": ({"draft"}, "submitted"),
    "withdraw": ({"draft", "submitted"}, "withdrawn"),
    "accept": ({"submitted"}, "accepted"),
    "return": ({"submitted"}, "returned"),
    "reject": ({"submitted"}, "rejected"),
    "reopen": ({"accepted"}, "reopened"),
    "first_accept": ({"submitted"}, "submitted"),
    "supersede": ({"accepted"}, "superseded"),
}
COUNTED_AS = {
    "open": "missing",
    "submitted": "waiting",
    "returned": "returned",
    "accepted": "accepted",
    "nil": "nil",
    "excused": "excused",
}
STEPS = some.lists(some.tuples(some.sampled_from(PEOPLE), some.sampled_from(ACTIONS)), max_size=12)
# Chance alone seldom gets far: these two paths are mixed in.
TO_ACCEPTED = [("officer", "create"), ("officer", "submit"), ("coordinator", "accept")]
PATHS = some.one_of(
    STEPS, STEPS.map(lambda steps: TO_ACCEPTED + steps), STEPS.map(lambda s: TO_ACCEPTED * 2 + s)
)
BY_TWO = [*TO_ACCEPTED, ("second_coordinator", "accept")]


def test_the_table_of_states_is_the_life_that_was_agreed() -> None:
    table = {name: (set(t.before), t.after) for name, t in TRANSITIONS.items() if name != "edit"}
    assert table == LIFE
    assert {name for name, t in TRANSITIONS.items() if t.needs_reason} == {
        "return",
        "reject",
        "reopen",
    }
    another = [name for name, t in TRANSITIONS.items() if t.by_another]
    assert another == ["accept", "first_accept"]
    assert set(ACTIONS_ASKED) == {*ACTIONS, "edit"} - {"create"}


def test_the_drawing_of_the_workflow_is_the_table() -> None:
    drawn = Path("docs/workflow.md").read_text("utf-8")
    assert f"```mermaid\n{diagram()}\n```" in drawn


async def try_step(stage: Stage, duty: str, person: str, action: str, newest: str) -> None:
    headers = getattr(stage.cast, person).headers
    content: dict[str, Any] = (
        {"reason": "vì vậy"} if action in {"return", "reject", "reopen"} else {}
    )
    if action == "create":
        path, content = f"/v1/assignments/{duty}/submissions", {"nil_reason": "chưa có"}
    else:
        path = f"/v1/submissions/{newest}/{action}"
    answer = await stage.client.post(path, json=content or None, headers=headers)
    assert answer.status_code in {200, 201, 403, 404, 409}, answer.text


async def check_invariants(
    stage: Stage, duty: str, before: dict[Any, str], *, two_step: bool = False
) -> dict[Any, str]:
    rows = (
        await stage.connection.execute(
            select(Submission.__table__)
            .where(Submission.assignment_id == duty)
            .order_by(Submission.revision)
        )
    ).all()
    states = {row.id: row.state for row in rows}
    counted = list(states.values())
    assert counted.count("accepted") <= 1
    assert counted.count("draft") + counted.count("submitted") <= 1
    for row in rows:
        if row.state in {"accepted", "superseded", "reopened"}:
            assert row.submitted_by is not None
            assert row.decided_by is not None
        if row.state == "accepted":
            assert row.decided_by not in {row.created_by, row.submitted_by}
            assert row.decided_by != row.first_accepted_by
            assert row.first_accepted_by or not two_step
        if row.state in {"returned", "rejected", "reopened"}:
            assert row.decision_reason
    for key, state in states.items():
        old = before.get(key, "draft")
        steps = {after for befores, after in LIFE.values() if old in befores} | {old}
        assert state in steps | ({"superseded"} if old == "accepted" else set())
    period = select(Period.id, accepted_now.label("ids")).where(Period.code == "ky-2024")
    inputs = (await stage.connection.execute(period)).one().ids
    assert {key for key, state in states.items() if state == "accepted"} == set(inputs)
    return states


async def check_board(stage: Stage) -> None:
    """Compare what the board counts in one search with what the list says of each duty by itself."""
    headers = stage.cast.officer.headers
    listed = await stage.client.get("/v1/assignments?period=ky-2024&limit=100", headers=headers)
    duties = body(listed)["items"]
    statuses = Counter(duty["status"] for duty in duties)
    board = body(await stage.client.get("/v1/board?period=ky-2024", headers=headers))["total"]
    counted = {status: board[part] for status, part in COUNTED_AS.items()}
    assert counted == {status: statuses[status] for status in COUNTED_AS}
    assert board["expected"] == len(duties)
    assert board["late"] == sum(duty["late"] for duty in duties)
    shown = await stage.client.get("/v1/board/follow-up?period=ky-2024", headers=headers)
    nil = {line["assignment"]: line["status"] for line in body(shown)["nil_returns"]}
    assert {duty["id"]: "nil" for duty in duties if duty["status"] == "nil"}.items() <= nil.items()


async def walk(stage: Stage, path: list[tuple[str, str]], *, two_step: bool) -> set[str]:
    duty = stage.mine["assignment"]
    states: dict[Any, str] = {}
    async with stage.undone():
        if two_step:
            rule = await stage.client.put(
                "/v1/review-rules/so-gddt",
                json={"kind": "second_reviewer"},
                headers={**stage.cast.coordinator.headers, "if-match": "*"},
            )
            body(rule)
        for person, action in path:
            newest = next(reversed(states), None) if states else None
            if action == "reopen":
                newest = next((key for key, state in states.items() if state == "accepted"), newest)
            await try_step(stage, duty, person, action, str(newest or stage.foreign["taken"]))
            states = await check_invariants(stage, duty, states, two_step=two_step)
        await check_board(stage)
    return set(states.values())


@pytest.mark.timeout(120)
async def test_no_path_leaves_an_invariant_broken(stage: Stage) -> None:
    paths: list[list[tuple[str, str]]] = []

    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(PATHS)
    def collect(path: list[tuple[str, str]]) -> None:
        paths.append(path)

    await asyncio.to_thread(collect)
    reached: set[str] = set()
    ended: set[str] = set()
    for path in paths:
        await walk(stage, path, two_step=False)
        ended |= await walk(stage, [*BY_TWO, *path], two_step=True)
        reached |= {action for _, action in path}
    assert reached == set(ACTIONS)
    assert {"accepted", "submitted"} <= ended


async def test_the_longest_path_is_walked_to_its_end(stage: Stage) -> None:
    duty = stage.mine["assignment"]
    path = [
        *TO_ACCEPTED,
        *TO_ACCEPTED,
        ("coordinator", "reopen"),
        ("officer", "create"),
        ("officer", "withdraw"),
        ("head", "create"),
        ("head", "submit"),
        ("coordinator", "return"),
        ("head", "create"),
        ("officer", "submit"),
        ("second_coordinator", "reject"),
    ]
    states: dict[Any, str] = {}
    for person, action in path:
        newest = next(reversed(states), "")
        await try_step(stage, duty, person, action, str(newest))
        states = await check_invariants(stage, duty, states)
    ended = ["superseded", "reopened", "withdrawn", "returned", "rejected"]
    assert list(states.values()) == ended
    shown = await stage.client.get(
        f"/v1/assignments/{duty}", headers=stage.cast.coordinator.headers
    )
    assert body(shown)["status"] == "open"
