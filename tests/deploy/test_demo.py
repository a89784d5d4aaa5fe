"""A demonstration puts back what it changed, also when it is interrupted."""

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from httpx import AsyncClient

from deploy.demo_hours import DECISION, office_hours
from deploy.demo_people import Person
from deploy.demo_traces import CODE, CONTACT, OFFICER, traceless
from tests.cast import Cast

NIGHT = datetime(2026, 11, 24, 22, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
SUNDAY = datetime(2026, 11, 29, 10, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
CALENDAR, SETTINGS = "/v1/calendar/2026", "/v1/reminder-settings"


def told(_who: str, _what: str) -> None:
    """Nobody listens."""


@pytest.fixture
def coordinator(client: AsyncClient, cast: Cast) -> Person:
    return Person("Sở KH&CN", client, cast.coordinator.headers["authorization"].split()[1])


@pytest.fixture
def admin(client: AsyncClient, cast: Cast) -> Person:
    return Person("Quản trị", client, cast.admin.headers["authorization"].split()[1])


async def shown(person: Person, path: str) -> dict[str, Any]:
    found = await person.call("GET", path)
    return {name: value for name, value in found.items() if name != "updated_at"}


async def period(person: Person, code: str, *, made_up: bool) -> None:
    new = {
        "code": code, "name": code, "framework": 2024, "reference_year": 2024,
        "due_on": "2027-12-01", "made_up": made_up,
    }  # fmt: skip
    await person.call("POST", "/v1/periods", expect=201, json=new)
    await person.call("POST", f"/v1/periods/{code}/open")


async def entered(person: Person, decision: str, *, confirmed: bool) -> None:
    day = {"day": "2026-09-02", "kind": "off", "name": "Ngày nghỉ"}
    new = {"days": [day], "decision": decision, "confirmed": confirmed}
    await person.change(CALENDAR, new, method="PUT")


@pytest.mark.parametrize("now", [NIGHT, SUNDAY])
async def test_calendar_and_hours_are_as_before_also_when_it_is_interrupted(
    coordinator: Person, now: datetime
) -> None:
    await entered(coordinator, "Dự thảo", confirmed=False)
    before = [await shown(coordinator, path) for path in (CALENDAR, SETTINGS)]

    async def interrupted() -> None:
        async with office_hours(coordinator, now, told) as mail_goes_out:
            assert mail_goes_out
            meanwhile = await shown(coordinator, CALENDAR)
            assert (meanwhile["confirmed"], meanwhile["decision"]) == (True, DECISION)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await interrupted()
    assert [await shown(coordinator, path) for path in (CALENDAR, SETTINGS)] == before


async def test_what_a_killed_demonstration_left_confirmed_is_not_confirmed_any_more(
    coordinator: Person,
) -> None:
    await entered(coordinator, DECISION, confirmed=True)
    async with office_hours(coordinator, NIGHT, told):
        pass
    after = await shown(coordinator, CALENDAR)
    assert (after["confirmed"], after["decision"]) == (False, "")
    assert [day["name"] for day in after["days"]] == ["Ngày nghỉ"]


async def test_a_decision_that_came_meanwhile_stays(coordinator: Person) -> None:
    async with office_hours(coordinator, NIGHT, told):
        await entered(coordinator, "QĐ 12", confirmed=True)
    assert (await shown(coordinator, CALENDAR))["decision"] == "QĐ 12"


async def test_while_a_real_period_is_open_nothing_is_touched(coordinator: Person) -> None:
    await period(coordinator, "that", made_up=False)
    before = [await shown(coordinator, path) for path in (CALENDAR, SETTINGS)]
    async with office_hours(coordinator, NIGHT, told) as mail_goes_out:
        assert not mail_goes_out
        assert [await shown(coordinator, path) for path in (CALENDAR, SETTINGS)] == before


async def test_accounts_contacts_and_periods_of_demonstrations_are_closed_and_no_others(
    coordinator: Person, admin: Person
) -> None:
    await period(coordinator, f"{CODE}1", made_up=True)
    await period(coordinator, "that", made_up=False)
    for login, name in (("demo-1", OFFICER), ("demo-2", OFFICER), ("demo-3", "Chuyên viên thật")):
        member = {"organisation": "so-gddt", "role": "officer"}
        user = {
            "login": login, "name": name, "email": f"{login}@example.org",
            "password": "correct horse battery", "memberships": [member],
        }  # fmt: skip
        await admin.call("POST", "/v1/users", expect=201, json=user)
    contacts = "/v1/organisations/so-gddt/contacts"
    for name in (CONTACT, "Đầu mối thật"):
        contact = {
            "name": name,
            "role": "officer",
            "email": f"c{len(name)}@example.org",
            "phone": "",
        }
        await coordinator.call("POST", contacts, expect=201, json=contact)
    with pytest.raises(asyncio.CancelledError):
        async with traceless(admin, coordinator, "so-gddt", told):
            raise asyncio.CancelledError
    users = (await admin.call("GET", "/v1/users?limit=200"))["items"]
    active = {user["login"] for user in users if user["active"]}
    assert "demo-3" in active
    assert not {"demo-1", "demo-2"} & active
    left = [
        one["name"] for one in (await coordinator.call("GET", contacts))["items"] if one["active"]
    ]
    assert CONTACT not in left
    assert "Đầu mối thật" in left
    opened = (await coordinator.call("GET", "/v1/periods?state=open"))["items"]
    assert [one["code"] for one in opened if one["code"] in {"that", f"{CODE}1"}] == ["that"]
