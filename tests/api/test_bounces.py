"""Other systems tell what became of a mail: the same reading and settling as of our own box."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select

from shared.models import AuditEntry, SuppressedAddress
from tests.cast import Cast
from tests.conftest import UndoneDatabase
from tests.factories import body
from tests.shared import returned
from tests.shared.posted import mail_of, posted
from tests.shared.returned import OURS, TO

TOLD = {
    "message_id": OURS,
    "recipient": TO,
    "action": "failed",
    "status": "5.1.1",
    "diagnostic": "550 5.1.1 không có người này",
}
MAIL = {"content-type": "message/rfc822"}


@pytest.fixture
async def sent(database: UndoneDatabase) -> UUID:
    async with database.transaction() as session:
        return await posted(session)


@pytest.fixture
async def system(client: AsyncClient, cast: Cast) -> dict[str, str]:
    return await key(client, cast)


async def key(client: AsyncClient, cast: Cast, **values: Any) -> dict[str, str]:
    new = {"name": "relay", "scopes": ["bounces:write"], "expires_on": "2199-01-01"} | values
    made = body(await client.post("/v1/api-keys", json=new, headers=cast.admin.headers), 201)
    return {"authorization": f"Bearer {made['key']}", "accept-language": "en"}


async def tell(client: AsyncClient, headers: dict[str, str], **told: Any) -> Response:
    return await client.post("/v1/bounces", json=TOLD | told, headers=headers)


async def test_a_relay_tells_in_json_what_became_of_a_mail(
    client: AsyncClient, system: dict[str, str], database: UndoneDatabase, sent: UUID
) -> None:
    answer = body(await tell(client, system))
    assert answer == {
        "reports": [
            {"recipient": TO, "action": "failed", "status": "5.1.1", "outcome": "failed",
             "mail": str(sent)}
        ]
    }  # fmt: skip
    async with database.transaction() as session:
        mail = await mail_of(session, sent)
        assert (mail.state, mail.reason) == ("failed", TOLD["diagnostic"])
        assert await session.scalar(select(SuppressedAddress.mail_id)) == sent
        audit = select(AuditEntry).where(AuditEntry.action == "bounced")
        (entry,) = await session.scalars(audit)
        assert (entry.actor_kind, entry.object_type, entry.object_id) == (
            "api_key",
            "mail",
            str(sent),
        )
        assert TO not in str(entry.changes)
    again = body(await tell(client, system))
    assert again["reports"][0]["outcome"] == "unchanged"
    async with database.transaction() as session:
        assert len((await session.scalars(audit)).all()) == 1


async def test_a_mail_comes_as_it_came(
    client: AsyncClient, system: dict[str, str], database: UndoneDatabase, sent: UUID
) -> None:
    for content, outcomes in (
        (returned.ABSENT, []),
        (b"\0\xff", []),
        (returned.exim_in_prose(), ["failed", "other_recipient"]),
    ):
        answer = await client.post("/v1/bounces", content=content, headers=system | MAIL)
        assert [report["outcome"] for report in body(answer)["reports"]] == outcomes
    async with database.transaction() as session:
        assert (await mail_of(session, sent)).state == "failed"


async def test_the_coordinator_may_tell_it_too(client: AsyncClient, cast: Cast, sent: UUID) -> None:
    told = await tell(client, cast.coordinator.headers, action="delivered", status="2.0.0")
    assert body(told)["reports"][0]["outcome"] == "delivered"
    assert body(told)["reports"][0]["mail"] == str(sent)


async def test_a_mail_of_others_is_left_alone(
    client: AsyncClient, system: dict[str, str], sent: UUID
) -> None:
    unknown = body(await tell(client, system, message_id="<x@elsewhere.vn>"))
    assert unknown["reports"][0] | {"mail": None} == unknown["reports"][0]
    assert unknown["reports"][0]["outcome"] == "unknown_mail"
    other = body(await tell(client, system, recipient="other@gddt.example.vn"))
    assert other["reports"][0]["outcome"] == "other_recipient"
    assert other["reports"][0]["mail"] == str(sent)


@pytest.mark.parametrize("values", [{"scopes": ["reminders:write"]}, {"organisation": "so-gddt"}])
async def test_a_key_without_the_scope_or_of_one_body_is_refused(
    client: AsyncClient, cast: Cast, sent: UUID, database: UndoneDatabase, values: dict[str, Any]
) -> None:
    headers = await key(client, cast, **values)
    assert (await tell(client, headers)).status_code == 403
    assert (
        await client.post("/v1/bounces", content=returned.postfix(), headers=headers | MAIL)
    ).status_code == 403
    async with database.transaction() as session:
        assert (await mail_of(session, sent)).state == "sent"


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"status": "6.1.1"}, "/status"),
        ({"status": "5.1"}, "/status"),
        ({"action": "bounced"}, "/action"),
        ({"recipient": "không"}, "/recipient"),
        ({"message_id": "a@b"}, "/message_id"),
        ({"message_id": "<" + "a" * 400 + ">"}, "/message_id"),
        ({"diagnostic": "x" * 4_001}, "/diagnostic"),
        ({"unknown": 1}, "/unknown"),
    ],
)
async def test_what_is_wrong_is_named(
    client: AsyncClient, system: dict[str, str], told: dict[str, Any], pointer: str
) -> None:
    answer = await tell(client, system, **told)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("media", "content", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[]", 422),
        ("text/plain", b"x", 415),
        ("multipart/form-data", b"x", 415),
        ("message/rfc822", b"x" * 1_048_577, 413),
    ],
)
async def test_what_is_neither_a_mail_nor_json_or_too_long_is_refused(
    client: AsyncClient, system: dict[str, str], media: str, content: bytes, status: int
) -> None:
    headers = system | {"content-type": media}
    answer = await client.post("/v1/bounces", content=content, headers=headers)
    assert answer.status_code == status, answer.text


async def test_a_repeated_request_is_carried_out_once(
    client: AsyncClient, system: dict[str, str], sent: UUID
) -> None:
    headers = system | MAIL | {"idempotency-key": "one"}
    first, second = [
        await client.post("/v1/bounces", content=returned.postfix(), headers=headers)
        for _ in range(2)
    ]
    assert body(first) == body(second)
    assert second.headers["idempotency-replayed"] == "true"
    assert first.json()["reports"][0]["mail"] == str(sent)
