"""What the demonstration leaves behind is put back at its end, also when it is interrupted, and that of an earlier one too."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from deploy.demo_people import Person

OFFICER, CONTACT = "Chuyên viên minh họa", "Đầu mối minh họa"
CODE = "minh-hoa-"  # of its periods
LOGIN = "demo-"
Tell = Callable[[str, str], None]


@asynccontextmanager
async def traceless(
    admin: Person, coordinator: Person, late_body: str, tell: Tell
) -> AsyncIterator[None]:
    """Close periods, contacts and accounts of demonstrations afterwards, so that real people never meet them."""
    try:
        yield
    finally:
        try:
            await _close_contacts(coordinator, late_body, tell)
        finally:
            try:
                await _close_periods(coordinator, tell)
            finally:
                await _close_accounts(admin, tell)


async def everything(person: Person, path: str) -> AsyncIterator[dict[str, Any]]:
    """Read a list page by page."""
    start = ""
    while True:
        mark = "&" if "?" in path else "?"
        page = await person.call("GET", f"{path}{mark}limit=200{start}")
        for item in page["items"]:
            yield item
        if page["next_cursor"] is None:
            return
        start = f"&cursor={quote(page['next_cursor'])}"


async def _close_contacts(coordinator: Person, body: str, tell: Tell) -> None:
    found = [
        contact
        async for contact in everything(coordinator, f"/v1/organisations/{body}/contacts")
        if contact["active"] and contact["name"] == CONTACT
    ]
    for contact in found:
        await coordinator.change(f"/v1/contacts/{contact['id']}", {"active": False})
    if found:
        tell("Sở KH&CN", f"ends {len(found)} made-up contact(s) of Sở NN&PTNT")


async def _close_periods(coordinator: Person, tell: Tell) -> None:
    found = [
        period["code"]
        async for period in everything(coordinator, "/v1/periods?state=open")
        if period["made_up"] and period["code"].startswith(CODE)
    ]
    for code in found:
        await coordinator.call("POST", f"/v1/periods/{code}/close", json={"leave_unfinished": True})
        tell("Sở KH&CN", f"closes {code}. Look at it again: GET /v1/index?period={code}")


async def _close_accounts(admin: Person, tell: Tell) -> None:
    found = [
        user
        async for user in everything(admin, f"/v1/users?q={quote(LOGIN)}")
        if user["active"] and user["name"] == OFFICER and user["login"].startswith(LOGIN)
    ]
    for user in found:
        await admin.change(f"/v1/users/{user['id']}", {"active": False})
    if found:
        tell("Quản trị", f"closes {len(found)} account(s) of the demonstration")
