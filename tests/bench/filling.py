"""Realistic data, put in over HTTP as people would: accounts, open periods, a panel, figures."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from httpx import AsyncClient, Response

from deploy.plans.made_up import made_up_figures, made_up_panel
from deploy.plans.reader import PlanData, read_plan
from tests.bench.load import Step
from tests.bench.system import CHECKOUT, System

PLAN = CHECKOUT / "deploy/plans/hanoi-2024"
YEAR = 2024


def checked(response: Response) -> Any:
    if response.is_error:
        raise RuntimeError(f"{response.request.url}: {response.status_code} {response.text}")
    return response.json()


@dataclass(frozen=True)
class Duty:
    """An open assignment, and how to write its figure."""

    id: str
    organisation: str
    content: dict[str, Any]


@dataclass
class People:
    """Who is signed in; one officer for each body that has a duty."""

    coordinator: dict[str, str]
    officers: dict[str, dict[str, str]] = field(default_factory=dict)


class City:
    """The system seen by the people who use it."""

    def __init__(self, client: AsyncClient, people: People, plan: PlanData) -> None:
        self.client = client
        self.people = people
        self._plan = plan
        self._figures = made_up_figures(plan.leaves)

    async def call(self, method: str, path: str, **values: Any) -> Any:
        headers = {**self.people.coordinator, **values.pop("headers", {})}
        return checked(await self.client.request(method, path, headers=headers, **values))

    async def open_period(self, code: str) -> list[Duty]:
        """Open a period with its panel; return its duties."""
        due = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
        period = {
            "code": code,
            "name": f"Kỳ {code}",
            "framework": YEAR,
            "reference_year": YEAR,
            "due_on": due,
            "made_up": True,
        }
        await self.call("POST", "/v1/periods", json=period)
        panel = made_up_panel(self._plan.leaves, self._plan.city)
        await self.call("PUT", f"/v1/panels/{code}", json=panel)
        await self.call("POST", f"/v1/periods/{code}/open")
        page = await self.call("GET", f"/v1/assignments?period={code}&limit=200")
        # The coordinator's own figures need two who accept them.
        return [
            self._duty(item) for item in page["items"] if item["organisation"]["code"] != "so-khcn"
        ]

    async def submitted(self, duties: Sequence[Duty]) -> list[str]:
        """Submit the figure of each duty; return the submissions' ids."""
        return list(await asyncio.gather(*(self._submit(duty) for duty in duties)))

    async def _submit(self, duty: Duty) -> str:
        response = await self.client.post(
            f"/v1/assignments/{duty.id}/submissions",
            json={**duty.content, "submit": True},
            headers=self.people.officers[duty.organisation],
        )
        found: str = checked(response)["id"]
        return found

    def _duty(self, item: dict[str, Any]) -> Duty:
        code = item["indicator"]["code"]
        content: dict[str, Any]
        if item["kind"] == "figure" and code in self._figures:
            content = {"value": self._figures[code], "source": "Báo cáo thử nghiệm, trang 1"}
        else:
            content = {"note": "Đã thực hiện theo kế hoạch."}
        return Duty(item["id"], item["organisation"]["code"], content)

    def create_step(self, duty: Duty, *, submit: bool) -> Step:
        body = json.dumps({**duty.content, "submit": submit}, ensure_ascii=False)
        headers = self.people.officers[duty.organisation]
        return Step("POST", f"/v1/assignments/{duty.id}/submissions", headers, body)

    def submit_step(self, duty: Duty) -> Step:
        return Step("POST", "{location}/submit", self.people.officers[duty.organisation])

    def accept_step(self, submission_id: str) -> Step:
        return Step("POST", f"/v1/submissions/{submission_id}/accept", self.people.coordinator)


async def _sign_in(client: AsyncClient, login: str, password: str) -> dict[str, str]:
    body = {"login": login, "password": password}
    tokens = checked(await client.post("/v1/auth/token", json=body))
    return {"authorization": f"Bearer {tokens['access_token']}"}


async def _officers(client: AsyncClient, admin: dict[str, str], bodies: list[str]) -> People:
    people = People(coordinator={})
    for body in bodies:
        login, password = f"officer.{body}", secrets.token_urlsafe(15)
        user = {
            "login": login,
            "name": f"Chuyên viên {body}",
            "email": f"{body}@example.org",
            "password": password,
            "memberships": [{"organisation": body, "role": "officer"}],
        }
        checked(await client.post("/v1/users", json=user, headers=admin))
        people.officers[body] = await _sign_in(client, login, password)
    return people


async def _admin(system: System, client: AsyncClient) -> dict[str, str]:
    passwords = json.loads(await asyncio.to_thread(system.accounts.read_text))
    return await _sign_in(client, **passwords["admin"])


async def officer_of(system: System, client: AsyncClient, body: str) -> dict[str, str]:
    """Give a body somebody who writes for it, signed in."""
    people = await _officers(client, await _admin(system, client), [body])
    return people.officers[body]


async def fill(system: System, client: AsyncClient) -> City:
    """Make the people, and let figures be submitted without evidence, which is not what is measured."""
    plan = await asyncio.to_thread(read_plan, Path(PLAN))
    passwords = json.loads(await asyncio.to_thread(system.accounts.read_text))
    admin = await _admin(system, client)
    bodies = sorted({duty.organisation for duty in plan.responsibilities})
    people = await _officers(client, admin, bodies)
    people.coordinator = await _sign_in(client, **passwords["coordinator"])
    city = City(client, people, plan)
    for node in plan.nodes:
        if node.kind in {"indicator", "component"}:
            path = f"/v1/frameworks/{YEAR}/nodes/{node.code}"
            read = await client.get(path, headers=people.coordinator)
            match = {"if-match": read.headers["etag"]}
            lifted = {"evidence_required": False, "reason": "Không cần minh chứng khi đo"}
            await city.call("PATCH", path, json=lifted, headers=match)
    return city
