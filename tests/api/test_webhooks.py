"""Addresses are entered, paused, removed; secrets are shown once; every delivery can be seen and sent again."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import (
    AuditEntry,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from shared.public import choices
from tests.api.scene import WEBHOOK
from tests.cast import Cast
from tests.factories import body

HOOKS = "/v1/webhooks"


async def made(client: AsyncClient, cast: Cast, **values: Any) -> dict[str, Any]:
    answer = await client.post(HOOKS, json=WEBHOOK | values, headers=cast.coordinator.headers)
    hook: dict[str, Any] = body(answer, 201)
    return hook


async def done(client: AsyncClient, cast: Cast, path: str, status: int = 200, **sent: Any) -> Any:
    answer = await client.post(path, json=sent or None, headers=cast.coordinator.headers)
    return body(answer, status)


async def read(client: AsyncClient, cast: Cast, path: str) -> Any:
    return body(await client.get(path, headers=cast.coordinator.headers))


async def keys(session: AsyncSession) -> list[bytes]:
    found = select(WebhookSecret.key).order_by(WebhookSecret.created_at.desc())
    return list(await session.scalars(found))


async def test_a_secret_is_shown_once_and_is_what_signs(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    hook = await made(client, cast)
    assert hook["secret"].startswith("whsec_")
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    assert len(key) == 32
    assert await keys(session) == [key]
    shown = await read(client, cast, f"{HOOKS}/{hook['id']}")
    assert "secret" not in shown
    assert shown["allowed_actions"] == ["edit", "delete", "rotate", "ping"]
    assert hook["secret"] not in (await client.get(HOOKS, headers=cast.admin.headers)).text


async def test_a_repeated_request_makes_one_and_shows_no_secret_again(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    headers = cast.coordinator.headers | {"idempotency-key": "hook-1"}
    first = body(await client.post(HOOKS, json=WEBHOOK, headers=headers), 201)
    again = body(await client.post(HOOKS, json=WEBHOOK, headers=headers), 201)
    assert first["id"] == again["id"]
    assert again["secret"] is None
    assert len(await keys(session)) == 1


async def test_a_rotated_secret_leaves_the_old_one_for_a_while_and_never_three(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    hook = await made(client, cast)
    path = f"{HOOKS}/{hook['id']}/rotate"
    second = await done(client, cast, path, overlap_hours=2)
    assert second["secret"] != hook["secret"]
    until = datetime.fromisoformat(second["old_secret_until"])
    assert timedelta(hours=1.9) < until - datetime.now(UTC) < timedelta(hours=2.1)
    third = await done(client, cast, path)
    expected = [base64.b64decode(one["secret"].removeprefix("whsec_")) for one in (third, second)]
    assert await keys(session) == expected
    last = await done(client, cast, path, overlap_hours=0)
    assert last["old_secret_until"] is None
    assert len(await keys(session)) == 1


async def test_neither_secret_nor_the_hidden_part_of_an_address_is_in_the_audit_log(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    hook = await made(client, cast, url="https://1.1.1.1/t0p-s3cret?token=abc")
    path = f"{HOOKS}/{hook['id']}"
    second = await done(client, cast, f"{path}/rotate")
    headers = cast.coordinator.headers | {"if-match": "*"}
    changed = {"url": "https://1.0.0.1/t0p-s3cret", "owner_email": "b@example.org"}
    body(await client.patch(path, json=changed, headers=headers))
    body(await client.delete(path, headers=cast.coordinator.headers), 204)
    entries = (
        await session.scalars(select(AuditEntry).where(AuditEntry.object_id == hook["id"]))
    ).all()
    assert [entry.action for entry in entries] == [
        "created",
        "secret_rotated",
        "changed",
        "deleted",
    ]
    told = " ".join(str(entry.changes) for entry in entries)
    for hidden in ("whsec_", hook["secret"], second["secret"], "s3cret", "token", "example.org"):
        assert hidden not in told
    assert "1.1.1.1/…" in told


async def test_it_is_changed_by_who_has_read_it(client: AsyncClient, cast: Cast) -> None:
    hook = await made(client, cast)
    path = f"{HOOKS}/{hook['id']}"
    change = {"event_types": ["*", "*"], "description": "Kho dữ liệu"}
    stale = cast.coordinator.headers | {"if-match": '"x"'}
    assert (await client.patch(path, json=change, headers=stale)).status_code == 412
    fresh = await client.get(path, headers=cast.coordinator.headers)
    match = cast.coordinator.headers | {"if-match": fresh.headers["etag"]}
    changed = body(await client.patch(path, json=change, headers=match))
    assert (changed["event_types"], changed["description"]) == (["*"], "Kho dữ liệu")


async def test_deleting_takes_secrets_and_log_along(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    hook = await made(client, cast)
    await done(client, cast, f"{HOOKS}/{hook['id']}/ping", 201)
    gone = await client.delete(f"{HOOKS}/{hook['id']}", headers=cast.coordinator.headers)
    body(gone, 204)
    for table in (WebhookEndpoint, WebhookSecret, WebhookDelivery):
        assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_a_ping_waits_to_be_sent_and_its_tries_are_shown(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    hook = await made(client, cast)
    ping = await done(client, cast, f"{HOOKS}/{hook['id']}/ping", 201)
    assert (ping["type"], ping["state"], ping["log"]) == ("webhook.ping", "waiting", [])
    assert ping["message_id"] == f"msg_{UUID(ping['event']).hex}"
    now = datetime.now(UTC)
    for n, status in enumerate((500, 204)):
        at = now + timedelta(minutes=n)
        session.add(WebhookAttempt(delivery_id=UUID(ping["id"]), at=at, ms=12.5, status=status))
    await session.execute(
        update(WebhookDelivery).values(state="delivered", attempts=2, finished_at=now)
    )
    await session.commit()
    shown = await read(client, cast, f"/v1/webhook-deliveries/{ping['id']}")
    assert [one["status"] for one in shown["log"]] == [204, 500]
    assert shown["last_attempt"]["status"] == 204
    assert shown["next_at"] is None
    for query, number in (("", 1), ("?state=delivered&type=webhook.ping", 1), ("?state=failed", 0)):
        listed = await read(client, cast, f"{HOOKS}/{hook['id']}/deliveries{query}")
        assert len(listed["items"]) == number
        assert "log" not in str(listed["items"][:1])


@pytest.mark.parametrize("state", ["delivered", "failed", "dropped", "waiting"])
async def test_a_delivery_is_sent_again_under_the_same_id(
    client: AsyncClient, cast: Cast, session: AsyncSession, state: str
) -> None:
    hook = await made(client, cast)
    ping = await done(client, cast, f"{HOOKS}/{hook['id']}/ping", 201)
    later = datetime.now(UTC) + timedelta(hours=5)
    ended = None if state == "waiting" else later
    values = {"state": state, "attempts": 4, "next_at": later, "finished_at": ended}
    await session.execute(update(WebhookDelivery).values(**values))
    await session.commit()
    again = await done(client, cast, f"/v1/webhook-deliveries/{ping['id']}/resend")
    assert (again["state"], again["attempts"]) == ("waiting", 0)
    assert again["message_id"] == ping["message_id"]
    assert datetime.fromisoformat(again["next_at"]) <= datetime.now(UTC)


async def test_what_is_being_sent_is_not_sent_again_at_the_same_time(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    hook = await made(client, cast)
    ping = await done(client, cast, f"{HOOKS}/{hook['id']}/ping", 201)
    values = {"state": "claimed", "claimed_at": datetime.now(UTC)}
    await session.execute(update(WebhookDelivery).values(**values))
    await session.commit()
    await done(client, cast, f"/v1/webhook-deliveries/{ping['id']}/resend", 409)


@pytest.mark.parametrize("off", ["paused", "disabled"])
async def test_what_is_off_sends_nothing_until_it_is_enabled(
    client: AsyncClient, cast: Cast, session: AsyncSession, off: str
) -> None:
    hook = await made(client, cast)
    path = f"{HOOKS}/{hook['id']}"
    ping = await done(client, cast, f"{path}/ping", 201)
    now = datetime.now(UTC)
    values: dict[str, Any] = {"active": False}
    if off == "disabled":
        values = {"disabled_at": now, "disabled_reason": "failing", "failing_since": now}
    await session.execute(update(WebhookEndpoint).values(**values))
    await session.commit()
    shown = await read(client, cast, path)
    assert (shown["state"], shown["allowed_actions"][-1]) == (off, "enable")
    await done(client, cast, f"{path}/ping", 409)
    await done(client, cast, f"/v1/webhook-deliveries/{ping['id']}/resend", 409)
    enabled = await done(client, cast, f"{path}/enable")
    assert (enabled["state"], enabled["failing_since"]) == ("active", None)
    await done(client, cast, f"{path}/ping", 201)


async def test_there_are_not_more_than_a_hundred(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    session.add_all(
        WebhookEndpoint(url="x", description="", event_types=["*"], owner_email="")
        for _ in range(100)
    )
    await session.commit()
    refused = await client.post(HOOKS, json=WEBHOOK, headers=cast.coordinator.headers)
    body(refused, 409)


async def test_erasing_its_owner_leaves_it_without_an_address(
    client: AsyncClient, cast: Cast
) -> None:
    hook = await made(client, cast, owner_email="officer@example.org")
    erased = await client.post(
        f"/v1/users/{cast.officer.id}/erase",
        json={"reason": "Yêu cầu của ông ấy"},
        headers=cast.admin.headers,
    )
    body(erased)
    assert (await read(client, cast, f"{HOOKS}/{hook['id']}"))["owner_email"] == ""


async def test_a_second_webhook_of_an_address_says_which_one_is_told_the_same(
    client: AsyncClient, cast: Cast
) -> None:
    first = await made(client, cast, event_types=["submission.accepted"])
    assert first["overlaps"] == []
    other = await made(client, cast, event_types=["index.recalculated"])
    assert other["overlaps"] == []
    both = await made(client, cast, event_types=["submission.*", "period.opened"])
    assert both["overlaps"] == [first["id"]]
    elsewhere = await made(client, cast, url="https://1.1.1.1/other", event_types=["*"])
    assert elsewhere["overlaps"] == []
    # What is of one body is not told to another's address; what is everybody's is.
    own = await made(client, cast, event_types=["index.*"], organisation="so-gddt")
    assert own["overlaps"] == [other["id"]]
    theirs = await made(client, cast, event_types=["index.*"], organisation="so-ct")
    assert theirs["overlaps"] == [other["id"]]


async def test_a_mistyped_event_type_is_told_the_ones_there_are(
    client: AsyncClient, cast: Cast
) -> None:
    sent = WEBHOOK | {"event_types": ["submission.accepted", "submission.acepted"]}
    refused = await client.post(HOOKS, json=sent, headers=cast.coordinator.headers)
    (fault,) = body(refused, 422)["errors"]
    assert fault["pointer"] == "/event_types/1"
    told = fault["message"].partition("choose of ")[2].split(", ")
    assert told == choices()
    assert "webhook.ping" not in told
