"""Whatever all who have a part in it do to a duty, its period and its figures, the invariants hold after each step."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, ClassVar

import pytest
from httpx import Response
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from shared.models import AuditEntry
from tests.api.conftest import Stage
from tests.api.test_states import PEOPLE, check_invariants
from tests.factories import PDF, body

OWN = some.sampled_from(("officer", "head"))
REVIEWERS = some.sampled_from(("coordinator", "second_coordinator", "foreign_officer"))
STEPS = ("submit", "withdraw", "accept", "return", "reject", "reopen")
KINDS = ("one_reviewer", "second_reviewer", "reviewing_body")
REASON = {"reason": "Thiếu trang 2"}
SAID: dict[str, Any] = {
    **dict.fromkeys(("return", "reject", "reopen"), REASON),
    "accept": {"evidence_seen": True, "acknowledge_wipes": True},
}
TRIES = 3  # of whatever by whomever in one run: most is refused, and leads nowhere
ANSWERED = {200, 201, 403, 404, 409, 422}


class Life(RuleBasedStateMachine):
    """One duty of an open period; ``states`` is what the database says of its submissions, oldest first."""

    stage: ClassVar[Stage]
    loop: ClassVar[asyncio.AbstractEventLoop]
    reached: ClassVar[Counter[str]]

    def wait(self, step: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(step, self.loop).result(60)

    @initialize(kind=some.sampled_from(KINDS))
    def begin(self, kind: str) -> None:
        self.states: dict[Any, str] = {}
        self.kind, self.value, self.tries = kind, 5.0, 0
        self.duty = self.stage.mine["assignment"]
        self.undone = self.wait(self._savepoint())
        reviewer = "so-ct" if kind == "reviewing_body" else None
        rule_of = {"kind": kind, "reviewer": reviewer}
        self.do("coordinator", "PUT", "/v1/review-rules/so-gddt", rule_of, counts=False)

    async def _savepoint(self) -> Any:
        return await self.stage.connection.begin_nested()

    def teardown(self) -> None:
        if hasattr(self, "undone"):
            self.wait(self.undone.rollback())

    @property
    def newest(self) -> str:
        return str(next(reversed(self.states), self.stage.foreign["taken"]))

    @property
    def state(self) -> str:
        return self.states[next(reversed(self.states))] if self.states else ""

    def do(
        self,
        person: str,
        method: str,
        path: str,
        content: Any = None,
        *,
        counts: bool = True,
        **more: Any,
    ) -> Response:
        answer: Response = self.wait(self._do(person, method, path, content, counts=counts, **more))
        return answer

    async def _do(
        self, person: str, method: str, path: str, content: Any, *, counts: bool, **more: Any
    ) -> Response:
        stage = self.stage
        logged = select(func.count()).select_from(AuditEntry)
        before = await stage.connection.scalar(logged)
        headers = {**getattr(stage.cast, person).headers, "if-match": "*"}
        answer = await stage.client.request(method, path, json=content, headers=headers, **more)
        assert answer.status_code in ANSWERED, answer.text
        entries = (await stage.connection.scalar(logged) or 0) - (before or 0)
        # Every step is in the log, and what was refused has left nothing there.
        if counts:
            assert (entries > 0) == answer.is_success, (method, path, answer.text)
        self.states = await check_invariants(
            stage, self.duty, self.states, two_step=self.kind != "one_reviewer"
        )
        self.reached[f"{path.rpartition('/')[2]} {answer.is_success}"] += 1
        return answer

    def ask(self, person: str, action: str) -> None:
        newest = self.newest
        if action == "reopen":
            newest = next(
                (str(k) for k, state in self.states.items() if state == "accepted"), newest
            )
        answer = self.do(person, "POST", f"/v1/submissions/{newest}/{action}", SAID.get(action))
        if answer.is_success and action == "accept":
            assert person not in {"officer", "head"}
            if self.kind == "reviewing_body" and answer.json()["state"] == "accepted":
                assert person == "foreign_officer"

    @precondition(lambda self: self.state not in {"draft", "submitted"})
    @rule(person=OWN)
    def send(self, person: str) -> None:
        self.draft(person, nil=False)
        if self.state == "draft":
            self.prove_and_submit(person)

    @precondition(lambda self: self.state not in {"draft", "submitted"})
    @rule(person=OWN, nil=some.booleans())
    def draft(self, person: str, nil: bool) -> None:  # noqa: FBT001 hypothesis passes it by name
        content = {"nil_reason": "Không thi"} if nil else {"value": self.value}
        self.do(person, "POST", f"/v1/assignments/{self.duty}/submissions", content)

    @precondition(lambda self: self.state == "draft")
    @rule(person=OWN)
    def edit(self, person: str) -> None:
        self.value += 0.5
        content = {"value": self.value, "nil_reason": ""}
        self.do(person, "PATCH", f"/v1/submissions/{self.newest}", content)

    @precondition(lambda self: self.state == "draft")
    @rule(person=OWN)
    def prove_and_submit(self, person: str) -> None:
        path = f"/v1/submissions/{self.newest}"
        self.do(
            person,
            "POST",
            f"{path}/evidence",
            files={"file": ("a.pdf", PDF)},
            data={"stated": repr(self.value), "place": "tr. 1"},
        )
        self.ask(person, "submit")

    @precondition(lambda self: self.state == "submitted")
    @rule(
        person=REVIEWERS,
        action=some.sampled_from(("accept", "accept", "return", "reject")),
    )
    def decide(self, person: str, action: str) -> None:
        self.ask(person, action)

    @precondition(lambda self: "accepted" in self.states.values())
    @rule(person=REVIEWERS)
    def reopen(self, person: str) -> None:
        self.ask(person, "reopen")

    @precondition(lambda self: self.states and self.tries < TRIES)
    @rule(person=some.sampled_from(PEOPLE), action=some.sampled_from(STEPS))
    def anybody_tries_anything(self, person: str, action: str) -> None:
        self.tries += 1
        self.ask(person, action)

    @rule(who=some.sampled_from(("coordinator", "officer")))
    def extend(self, who: str) -> None:
        wish = {**REASON, "wished_on": "2030-07-10"}
        asked = self.do("officer", "POST", f"/v1/assignments/{self.duty}/extensions", wish)
        if asked.is_success:
            path = f"/v1/extensions/{asked.json()['id']}/grant"
            self.do(who, "POST", path, {**REASON, "until": "2030-07-05"})

    @precondition(lambda self: len(self.states) > 1)
    @rule(late=some.booleans())
    def close(self, late: bool) -> None:  # noqa: FBT001 hypothesis passes it by name
        period = f"/v1/periods/{self.stage.mine['period']}"
        self.do("coordinator", "PATCH", period, {"late_allowed": late}, counts=False)
        self.do("coordinator", "POST", f"{period}/close", {"leave_unfinished": True})

    @precondition(lambda self: len(self.states) > 1 and self.tries < TRIES)
    @rule(step=some.sampled_from(("excuse", "lift-excuse")))
    def excuse(self, step: str) -> None:
        self.tries += 1
        self.do("coordinator", "POST", f"/v1/assignments/{self.duty}/{step}", REASON)

    @precondition(lambda self: self.state in {"draft", "submitted"})
    @rule(person=OWN)
    def take_back(self, person: str) -> None:
        self.ask(person, "withdraw")


@pytest.mark.timeout(240)
async def test_no_sequence_of_steps_leaves_an_invariant_broken(stage: Stage) -> None:
    bound = type("Bound", (Life,), {"stage": stage, "reached": Counter()})
    bound.loop = asyncio.get_running_loop()  # type: ignore[attr-defined]
    asked = settings(
        max_examples=24,
        stateful_step_count=12,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, bound, settings=asked)
    # Reopening lies deep: the longest path of test_states.py walks there.
    wanted = ("submit", "withdraw", "accept", "return", "reject", "excuse", "grant", "close")
    reached: Counter[str] = bound.reached  # type: ignore[attr-defined]
    assert [step for step in wanted if not reached[f"{step} True"]] == [], reached
    # And what nobody may was tried, too.
    assert reached["accept False"]
    body(await stage.client.get("/v1/periods/ky-2024", headers=stage.cast.coordinator.headers))
