"""What went out, a test of it, and the addresses that get none."""

from typing import Any

from sqlalchemy import text

from tests.api.conftest import Stage
from tests.factories import body

TEST = "/v1/reminders/test"


async def mails(stage: Stage, query: str = "", who: str = "coordinator") -> list[dict[str, Any]]:
    headers = getattr(stage.cast, who).headers
    return list(body(await stage.client.get(f"/v1/mails?{query}", headers=headers))["items"])


async def test_mails_are_found_by_each_filter(stage: Stage) -> None:
    for query, found in {
        "": 2,
        "kind=digest": 2,
        "kind=test": 0,
        "state=sent": 2,
        "state=failed": 0,
        "recipient=so-ct@example.org": 1,
        "recipient=so-ct": 0,
        "day=2026-06-24": 2,
        "day=2026-06-25": 0,
    }.items():
        assert len(await mails(stage, query)) == found, query


async def test_a_mail_is_shown_with_what_it_carries(stage: Stage) -> None:
    path = f"/v1/mails/{stage.mine['mail']}"
    mail = body(await stage.client.get(path, headers=stage.cast.officer.headers))
    assert (mail["rows"], mail["subject"], mail["relay"]) == (1, "Việc đến hạn", "mx.example.org")
    (row,) = mail["carried"]
    assert (row["organisation"], row["indicator"], row["step"]) == ("so-gddt", "2.1.1", "-5w")


async def test_a_body_sees_the_mails_and_rows_that_are_its_own(stage: Stage) -> None:
    """A coordinator's digest carries rows of several bodies: each sees its own of them."""
    assert [mail["id"] for mail in await mails(stage, who="officer")] == [stage.mine["mail"]]
    await stage.connection.execute(
        text("UPDATE reminders SET mail_id = :mail"), {"mail": stage.mine["mail"]}
    )
    path = f"/v1/mails/{stage.mine['mail']}"
    for who, rows in {"coordinator": 4, "officer": 2, "foreign_officer": 2}.items():
        headers = getattr(stage.cast, who).headers
        mail = body(await stage.client.get(path, headers=headers))
        assert (mail["rows"], len(mail["carried"])) == (rows, rows)
        assert [
            found["rows"] for found in await mails(stage, "recipient=so-gddt@example.org", who)
        ] == [rows]
    foreign = f"/v1/mails/{stage.foreign['mail']}"
    assert await mails(stage, "recipient=so-ct@example.org", "officer") == []
    got = await stage.client.get(foreign, headers=stage.cast.officer.headers)
    assert got.status_code == 404


async def test_a_test_is_a_mail_that_waits_for_the_notifier(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    sent = {"address": "thu@example.org", "name": "Phòng thử"}
    got = await stage.client.post(TEST, json=sent, headers=headers)
    mail = body(got, 201)
    assert got.headers["location"] == f"/v1/mails/{mail['id']}"
    assert (mail["kind"], mail["state"], mail["attempts"]) == ("test", "waiting", 0)
    assert (mail["recipient"], mail["recipient_name"]) == ("thu@example.org", "Phòng thử")
    assert mail["message_id"] == f"<pii.{mail['id']}@localhost>"
    row = (
        await stage.connection.execute(
            text("SELECT key, next_at <= clock_timestamp(), facts FROM mails WHERE id = :id"),
            {"id": mail["id"]},
        )
    ).one()
    asked_by = {"by": stage.cast.coordinator.name}
    assert tuple(row) == (f"test:{mail['id']}", True, asked_by)
    event = await stage.connection.scalar(
        text("SELECT payload FROM outbox WHERE event = 'MailAsked'")
    )
    assert event == {"period_id": None, "mail_id": mail["id"]}
    audit = await stage.client.get(f"/v1/audit?object_id={mail['id']}", headers=headers)
    (entry,) = body(audit)["items"]
    assert (entry["action"], entry["changes"]) == ("test_asked", {})


async def test_a_test_that_is_asked_for_twice_with_one_key_is_one(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "idempotency-key": "thu-1"}
    sent = {"address": "thu@example.org"}
    first, second = [
        body(await stage.client.post(TEST, json=sent, headers=headers), 201) for _ in range(2)
    ]
    assert first["id"] == second["id"]
    assert len(await mails(stage, "kind=test")) == 1


async def test_an_address_is_lifted_once_and_mail_goes_there_again(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    (address,) = body(await stage.client.get("/v1/suppressed-addresses", headers=headers))["items"]
    assert (address["address"], address["reason"]) == ("da-nghi@example.org", "5.1.1 không có")
    sent = {"address": "da-nghi@example.org"}
    assert (await stage.client.post(TEST, json=sent, headers=headers)).status_code == 409
    path = f"/v1/suppressed-addresses/{address['id']}/lift"
    stale = await stage.client.post(path, headers={**headers, "if-match": '"x"'})
    assert stale.status_code == 412
    lifted = body(await stage.client.post(path, headers=headers))
    assert lifted["lifted_by"] == stage.cast.coordinator.name
    assert (address["allowed_actions"], lifted["allowed_actions"]) == (["lift"], [])
    again = await stage.client.post(path, json={}, headers=headers)
    assert again.status_code == 409
    body(await stage.client.post(TEST, json=sent, headers=headers), 201)
    assert body(await stage.client.get("/v1/suppressed-addresses", headers=headers))["items"] == []
    every = await stage.client.get("/v1/suppressed-addresses?standing=false", headers=headers)
    assert [found["id"] for found in body(every)["items"]] == [address["id"]]
    told = await stage.connection.scalar(
        text("SELECT count(*) FROM outbox WHERE event = 'AddressLifted'")
    )
    assert told == 1
    audit = await stage.client.get("/v1/audit?object_type=suppressed_address", headers=headers)
    assert [entry["action"] for entry in body(audit)["items"]] == ["lifted"]
