"""``make demo``: a whole data round in the running system, over HTTP only, told as it goes."""

import asyncio
import json
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from rich.console import Console
from rich.panel import Panel

from deploy.demo_hours import office_hours
from deploy.demo_people import DemoError, Person, sign_in
from deploy.demo_screen import MADE_UP, index_table, written
from deploy.demo_traces import CODE, CONTACT, LOGIN, OFFICER, traceless
from deploy.plans.made_up import made_up_figures, made_up_panel
from deploy.plans.reader import read_plan
from deploy.startup import CHECKOUT
from deploy.state import read_state

PLAN = Path(__file__).parent / "plans" / "hanoi-2024"
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
PATIENCE = 60.0  # seconds for the index or a mail to arrive
BODIES = {"so-gddt": "Sở GD&ĐT", "so-ct": "Sở Công Thương"}
MOST_DUTIES = 4  # of each body: a story is short
LATE_BODY = "so-nnptnt"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"% SO LIEU GIA DINH - MADE-UP DOCUMENT FOR A DEMONSTRATION\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


class Demo:
    """The story, a method for each chapter."""

    def __init__(self, http: httpx.AsyncClient, state: dict[str, Any], console: Console) -> None:
        self._http = http
        self._state = state
        self._console = console
        self._accounts = json.loads(Path(state["accounts"]).read_text("utf-8"))
        self._plan = read_plan(PLAN)
        self._now = now = datetime.now(HANOI)
        self._today = now.date()
        self._period = f"{CODE}{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"

    def _tell(self, who: str, what: str) -> None:
        self._console.print(f"[bold cyan]{who:<14}[/] {what}", highlight=False)

    async def play(self) -> None:
        self._console.print(
            Panel(
                f"[bold]{MADE_UP}[/]\nMọi số liệu dưới đây do chương trình tự tạo. / Every figure below is generated.",
                style="yellow",
            )
        )
        self._admin = await sign_in(self._http, "Quản trị", **self._accounts["admin"])
        self._coordinator = await sign_in(self._http, "Sở KH&CN", **self._accounts["coordinator"])
        async with (
            office_hours(self._coordinator, self._now, self._tell) as mail_goes_out,
            traceless(self._admin, self._coordinator, LATE_BODY, self._tell),
        ):
            await self._data_round()
            if mail_goes_out:
                await self._remind()
            else:
                self._tell(
                    "Nhắc việc", "sends nothing now: the calendar, a day off or the hour says no"
                )

    async def _data_round(self) -> None:
        await self._open_period()
        await self._load_panel()
        before = await self._index()
        self._console.print(index_table(before, None))
        for number, body in enumerate(BODIES):
            officer = await self._officer(body)
            await self._round(officer, returns_one=number == 0)
        after = await self._index(min_run=before["run"]["number"] + 1)
        self._console.print(index_table(after, before))

    async def _open_period(self) -> None:
        await self._coordinator.call(
            "POST",
            "/v1/periods",
            expect=201,
            json={
                "code": self._period,
                "name": f"Kỳ minh họa {self._today:%d/%m/%Y} ({MADE_UP})",
                "framework": self._plan.framework.year,
                "reference_year": self._plan.framework.year,
                "due_on": (self._today + timedelta(days=30)).isoformat(),
                "made_up": True,
            },
        )
        opened = await self._coordinator.call("POST", f"/v1/periods/{self._period}/open")
        self._tell(
            "Sở KH&CN",
            f"opens the period {self._period}: {opened['assignments']} assignments, due {opened['due_on']}",
        )

    async def _load_panel(self) -> None:
        panel = made_up_panel(self._plan.leaves, self._plan.city)
        loaded = await self._coordinator.call("PUT", f"/v1/panels/{self._period}", json=panel)
        self._tell(
            "Sở KH&CN",
            f"loads a made-up panel: {loaded['localities']} localities, {loaded['values']} figures",
        )

    async def _officer(self, body: str) -> Person:
        login, password = f"{LOGIN}{secrets.token_hex(4)}", secrets.token_urlsafe(15)
        await self._admin.call(
            "POST",
            "/v1/users",
            expect=201,
            json={
                "login": login,
                "name": OFFICER,
                "email": f"{login}@example.org",
                "password": password,
                "memberships": [{"organisation": body, "role": "officer"}],
            },
        )
        self._tell("Quản trị", f"makes an account for an officer of {BODIES[body]}: {login}")
        return await sign_in(self._http, BODIES[body], login, password)

    async def _round(self, officer: Person, *, returns_one: bool) -> None:
        """Submit the body's figures; maybe the first is returned once; all are accepted."""
        figures = made_up_figures(self._plan.leaves)
        duties = await officer.call("GET", f"/v1/assignments?period={self._period}")
        self._tell(officer.name, f"sees its {len(duties['items'])} duties and nobody else's")
        for number, duty in enumerate(duties["items"][:MOST_DUTIES]):
            code, value = duty["indicator"]["code"], figures[duty["indicator"]["code"]]
            if number == 0 and returns_one:
                wrong = await self._submit(officer, duty, value / 10)
                reason = "Số liệu lệch một chữ số so với tài liệu minh chứng."
                await self._coordinator.call(
                    "POST", f"/v1/submissions/{wrong}/return", json={"reason": reason}
                )
                self._tell("Sở KH&CN", f"returns it: “{reason}”")
            submission = await self._submit(officer, duty, value)
            await self._coordinator.call(
                "POST", f"/v1/submissions/{submission}/accept", json={"evidence_seen": True}
            )
            self._tell("Sở KH&CN", f"accepts {code}")

    async def _submit(self, officer: Person, duty: dict[str, Any], value: float) -> str:
        code = duty["indicator"]["code"]
        content: dict[str, Any] = {"note": MADE_UP, "source": "Báo cáo minh họa"}
        if duty["kind"] == "figure":
            content["value"] = value
            self._tell(officer.name, f"submits {code} = {written(value)} with a document")
        else:  # the coordinator has marked it as supplied by central bodies
            self._tell(officer.name, f"submits its report on {code} with a document")
        draft = await officer.call(
            "POST", f"/v1/assignments/{duty['id']}/submissions", expect=201, json=content
        )
        said = {"document_number": "01/BC-MINHHOA", "issuer": officer.name}
        if "value" in content:  # as the document has it, and where
            said |= {"stated": repr(content["value"]), "place": "trang 1, bảng 1"}
        await officer.call(
            "POST",
            f"/v1/submissions/{draft['id']}/evidence",
            expect=201,
            files={"file": ("bao-cao-minh-hoa.pdf", PDF, "application/pdf")},
            data=said,
        )
        await officer.call("POST", f"/v1/submissions/{draft['id']}/submit")
        submission: str = draft["id"]
        return submission

    async def _index(self, min_run: int = 1) -> dict[str, Any]:
        """Wait until the newest run has seen all that is accepted."""
        path = f"/v1/index?period={self._period}"

        async def fresh() -> dict[str, Any] | None:
            index: dict[str, Any] = await self._coordinator.call("GET", path)
            ready = index["run"] and not index["stale"] and index["score"] is not None
            return index if ready and index["run"]["number"] >= min_run else None

        advice = "is the scoring worker running? See GET /readyz"
        index: dict[str, Any] = await self._wait_for("the index", fresh, advice)
        return index

    async def _wait_for(self, what: str, find: Any, advice: str) -> Any:
        async with asyncio.timeout(PATIENCE + 5):
            for _ in range(int(PATIENCE / 0.1)):
                if found := await find():
                    return found
                await asyncio.sleep(0.1)
        raise DemoError(f"{what} did not come within {PATIENCE:.0f} s: {advice}")

    async def _remind(self) -> None:
        """Let a body be late, and wait for its mail."""
        address = f"dau-moi-{secrets.token_hex(4)}@example.org"
        await self._coordinator.call(
            "POST",
            f"/v1/organisations/{LATE_BODY}/contacts",
            expect=201,
            json={"name": CONTACT, "role": "officer", "email": address, "phone": ""},
        )
        self._tell("Sở KH&CN", f"enters a made-up contact of Sở NN&PTNT: {address}")
        duties = await self._coordinator.call(
            "GET", f"/v1/assignments?period={self._period}&organisation={LATE_BODY}"
        )
        duty = duties["items"][0]
        due = (self._today - timedelta(days=2)).isoformat()
        await self._coordinator.change(
            f"/v1/assignments/{duty['id']}", {"due_on": due, "reason": "Chia hạn theo ngày"}
        )
        self._tell(
            "Sở KH&CN",
            f"moves the deadline of {duty['indicator']['code']} to {due}: it is overdue now",
        )

        async def sent() -> Any:
            ledger = await self._coordinator.call(
                "GET", f"/v1/reminders?assignment={duty['id']}&state=sent"
            )
            return next((row for row in ledger["items"] if row["recipient"] == address), None)

        row = await self._wait_for("the mail", sent, "is the notifier running? See GET /readyz")
        self._tell(
            "Nhắc việc",
            f"mailed {row['recipient']} at {row['sent_at']} ({row['mail']['message_id']})",
        )
        if mail := self._state["urls"].get("mail"):
            await self._show_mail(mail, row["mail"]["message_id"])
        alarms = await self._coordinator.call("GET", "/v1/alarms")
        self._tell(
            "Sở KH&CN",
            f"is told of {len(alarms['items'])} bodies with duties and nobody to write to",
        )

    async def _show_mail(self, mail_box: str, message_id: str) -> None:
        async def found() -> Any:
            response = await self._http.get(f"{mail_box}/api/mails", params={"limit": 200})
            return next(
                (m for m in response.json()["items"] if m["message_id"] == message_id), None
            )

        mail = await self._wait_for("the mail in the mail box", found, "see the mail box's log")
        self._console.print(
            Panel(f"[bold]{mail['subject']}[/]\n{mail_box}/mails/{mail['name']}", title="Mail")
        )


async def main(console: Console) -> int:
    state = read_state(CHECKOUT / ".local")
    if not state.get("ready"):
        console.print(
            "The system is not running here. Start it first: [bold]make up[/], then run this in another terminal."
        )
        return 1
    started = datetime.now(UTC)
    try:
        async with httpx.AsyncClient(base_url=state["urls"]["api"], timeout=30) as http:
            await Demo(http, state, console).play()
    except (DemoError, httpx.HTTPError, OSError, TimeoutError) as error:
        console.print(f"[red]{type(error).__name__}: {error}[/]", highlight=False)
        return 1
    console.print(f"Done in {(datetime.now(UTC) - started).total_seconds():.1f} s.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(Console())))
    except KeyboardInterrupt:
        sys.exit(130)  # what it had changed is put back by then
