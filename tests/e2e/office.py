"""People at their screens: they ask the real API over HTTP, and try again until they are answered."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from deploy.plans.made_up import made_up_figures, made_up_panel
from deploy.plans.reader import PlanData
from services.api.deps.clock import today_in_hanoi
from tests.e2e.system import LIMIT, System

PERIOD = "2024"
PASSWORD = "correct horse battery"
LEADS = 8  # of each figure
FAR = timedelta(days=200)  # no reminder is due yet
NEAR = timedelta(days=1)  # the reminder of five days before is past: one mail goes out now
ONE_STEP = {"offset_days": -5, "days": "calendar", "audience": "officer", "separate": True}
ALWAYS = {
    "opens_at": "00:00",
    "closes_at": "23:59",
    "digest_at": "00:00",
    "usual_factor": 1000,
    "summary_weekday": None,
}
FRIDAY = 5


@dataclass
class Duty:
    id: str
    indicator: str
    figure: float


@dataclass
class Office:
    """A coordinator, and an officer who writes for every body."""

    system: System
    client: httpx.AsyncClient
    duties: list[Duty] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)
    _tokens: dict[str, str] = field(default_factory=dict)

    async def ask(
        self,
        who: str,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Try again, with the same Idempotency-Key, until the system has answered."""
        sent = {"accept-language": "en", **(headers or {})}
        if who in self._tokens:
            sent["authorization"] = f"Bearer {self._tokens[who]}"
        if method == "POST":
            sent.setdefault("idempotency-key", uuid4().hex)
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                response = await self.client.request(method, path, headers=sent, **more)
            except httpx.TransportError:
                pass
            else:
                if response.is_success:
                    return response
                self.refusals.add(response.status_code)
                running = response.json()["type"] == "urn:pii:problem:still-running"
                assert response.status_code == 503 or running, response.text
            assert time.monotonic() < deadline, f"no answer to {method} {path}"
            await asyncio.sleep(0.1)

    async def open(self, plan: PlanData) -> None:
        """Sign in, invite, name contacts, open the period and load the other localities' figures."""
        for account in self.system.accounts.values():
            await self._sign_in(account["login"], account["password"])
        bodies = [body.code for body in plan.organisations]
        officer = {
            "login": "officer",
            "name": "Nguyễn Thị Hoa (thử nghiệm)",
            "email": "hoa@example.org",
            "password": PASSWORD,
            "memberships": [{"organisation": code, "role": "officer"} for code in bodies],
        }
        await self.ask("admin", "POST", "/v1/users", json=officer)
        await self._sign_in("officer", PASSWORD)
        for code in bodies:
            contact = {"name": f"Đầu mối {code}", "role": "officer", "email": f"{code}@example.org"}
            path = f"/v1/organisations/{code}/contacts"
            await self.ask("coordinator", "POST", path, json=contact)
        leaves = plan.leaves
        await self._enlarge(made_up_figures(leaves, localities=12))
        period = {
            "code": PERIOD,
            "name": "Kỳ thử nghiệm",
            "framework": 2024,
            "reference_year": 2024,
            "due_on": (today_in_hanoi() + FAR).isoformat(),
            "made_up": True,
        }
        await self.ask("coordinator", "POST", "/v1/periods", json=period)
        await self._remind_at_any_hour()
        await self.ask("coordinator", "POST", f"/v1/periods/{PERIOD}/open")
        panel = made_up_panel(leaves, plan.city, localities=12)
        await self.ask("coordinator", "PUT", f"/v1/panels/{PERIOD}", json=panel)
        await self._list_duties(made_up_figures(leaves, localities=12))

    async def _remind_at_any_hour(self) -> None:
        """Let mail go out whenever the tests run, and each duty's one reminder in a mail of its own."""
        await self._change("/v1/reminder-settings", ALWAYS)
        today = today_in_hanoi()
        calendar = f"/v1/calendar/{today.year}"
        shown = (await self.ask("coordinator", "GET", calendar)).json()
        if "fill" in shown["allowed_actions"]:
            shown = (await self.ask("coordinator", "POST", f"{calendar}/fill")).json()
        known = shown["days"]
        days = [day for day in known if day["day"] != today.isoformat()]
        if today.isoweekday() > FRIDAY:
            days.append({"day": today.isoformat(), "kind": "worked", "name": "Thử nghiệm"})
        decision = {"confirmed": True, "decision": "Thử nghiệm", "days": days}
        await self._change(calendar, decision)
        policy = {"name": "Thử nghiệm", "period": PERIOD, "steps": [ONE_STEP]}
        await self.ask("coordinator", "POST", "/v1/reminder-policies", json=policy)

    async def _change(self, path: str, new: dict[str, Any]) -> None:
        etag = (await self.ask("coordinator", "GET", path)).headers["etag"]
        await self.ask("coordinator", "PUT", path, json=new, headers={"if-match": etag})

    async def _sign_in(self, login: str, password: str) -> None:
        who = {"login": login, "password": password}
        tokens = await self.ask("", "POST", "/v1/auth/token", json=who)
        self._tokens[login] = tokens.json()["access_token"]

    async def _enlarge(self, figures: dict[str, float]) -> None:
        """Give each figure more leads, so that hundreds can be accepted; evidence has tests of its own."""
        async with self.system.database.transaction() as session:
            await session.execute(text("UPDATE nodes SET evidence_required = false"))
            await session.execute(
                text(
                    "INSERT INTO responsibilities"
                    " (id, node_id, organisation_id, role, legal_basis, plan_section, valid_from)"
                    " SELECT gen_random_uuid(), id, organisation, 'joint_lead', '', '', '2024-08-06'"
                    " FROM (SELECT n.id, o.id AS organisation, row_number() OVER"
                    "  (PARTITION BY n.id ORDER BY o.code) AS place FROM nodes n, organisations o"
                    "  WHERE n.code = ANY(:codes) AND NOT EXISTS (SELECT FROM responsibilities r"
                    "   WHERE r.node_id = n.id AND r.organisation_id = o.id)) AS free"
                    " WHERE place < :leads"
                ),
                {"codes": list(figures), "leads": LEADS},
            )

    async def _list_duties(self, figures: dict[str, float]) -> None:
        query: dict[str, Any] = {"period": PERIOD, "limit": 200}
        while True:
            page = (await self.ask("coordinator", "GET", "/v1/assignments", params=query)).json()
            self.duties += [
                Duty(item["id"], item["indicator"]["code"], figures[item["indicator"]["code"]])
                for item in page["items"]
                if item["kind"] == "figure"
                and item["indicator"]["code"] in figures
                # The coordinator's own figures need two who accept them.
                and item["organisation"]["code"] != "so-khcn"
            ]
            if not page["next_cursor"]:
                return
            query["cursor"] = page["next_cursor"]

    async def submit(self, number: int) -> list[str]:
        """Submit the next figures; return the submissions."""
        taken, self.duties = self.duties[:number], self.duties[number:]
        assert len(taken) == number
        answers = await asyncio.gather(
            *[
                self.ask(
                    "officer",
                    "POST",
                    f"/v1/assignments/{duty.id}/submissions",
                    json={"value": duty.figure, "submit": True},
                )
                for duty in taken
            ]
        )
        return [answer.json()["id"] for answer in answers]

    async def accept(
        self, submission: str, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        path = f"/v1/submissions/{submission}/accept"
        response = await self.ask("coordinator", "POST", path, headers=headers)
        self.accepted.append(submission)
        return response

    async def accept_next(self, number: int = 1) -> None:
        await asyncio.gather(*[self.accept(one) for one in await self.submit(number)])

    async def move_deadline(self, *, headers: dict[str, str] | None = None) -> str:
        """Move the deadline of the last duty so near that one reminder is due at once."""
        duty = self.duties.pop()
        path = f"/v1/assignments/{duty.id}"
        wanted = (today_in_hanoi() + NEAR).isoformat()
        shown = await self.ask("coordinator", "GET", path)
        match = {"if-match": shown.headers["etag"], **(headers or {})}
        await self.ask(
            "coordinator",
            "PATCH",
            path,
            headers=match,
            json={"due_on": wanted, "reason": "Bộ lùi hạn"},
        )
        self.moved.append(duty.id)
        return duty.id

    async def index(self) -> dict[str, Any]:
        answer = await self.ask("coordinator", "GET", "/v1/index", params={"period": PERIOD})
        found: dict[str, Any] = answer.json()
        return found

    async def newest_run(self) -> dict[str, Any]:
        run = (await self.index())["run"]
        found: dict[str, Any] = (
            await self.ask("coordinator", "GET", f"/v1/index/runs/{run['id']}")
        ).json()
        return found
