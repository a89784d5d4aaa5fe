"""Whoever asked for a webhook is written to when it has been disabled: once, whatever was the cause."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from services.notifier.plan.rules import read_rules
from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from services.notifier.smtp.mailer import SmtpMailer
from services.notifier.watch import note_run, watch
from services.notifier.webhooks.schedule import WHOLE
from services.notifier.webhooks.settling import clear_alarms
from shared.models import ReminderSettings, SuppressedAddress, WebhookEndpoint
from tests.notifier.post import PostOffice
from tests.webhooks.conftest import Desk
from tests.webhooks.receiver import Receiver, always

OWNER, OPERATOR = "a@example.org", "van-hanh@pii.example.vn"


@pytest.fixture
async def post() -> AsyncIterator[PostOffice]:
    async with PostOffice() as post:
        yield post


async def looked_after(desk: Desk, post: PostOffice) -> None:
    """Let the notifier's sweep look twice, as it does every few seconds."""
    office = Office(
        database=desk.database,
        mailer=SmtpMailer(post.url, timeout=2),
        clock=desk.clock,
        mail_from="PII Hà Nội <pii@pii.example.vn>",
        public_url="https://pii.example.vn/",
        claim=timedelta(seconds=40),
    )
    for _ in range(2):
        async with desk.database.transaction() as session:
            await note_run(session, "planning", now=desk.clock(), seconds=0, counts={})
            rules = await read_rules(session, now=desk.clock())
            await watch(session, rules, now=desk.clock(), domain=office.domain)
        await send_due(office)
        desk.clock.move(minutes=1)


async def operated(desk: Desk, address: str) -> None:
    async with desk.database.transaction() as session:
        await session.execute(update(ReminderSettings).values(operator_email=address))


async def fails_for_days(desk: Desk, receiver: Receiver) -> UUID:
    receiver.answering = always(500)
    endpoint = await desk.endpoint(receiver.url)
    await desk.happened()
    office = desk.office()
    await office.once()
    for _ in range(20):
        desk.clock.move(seconds=WHOLE.total_seconds() / 3)
        await office.once()
    assert (await desk.found(endpoint)).disabled_reason == "failing"
    return endpoint


async def test_its_owner_and_the_operator_are_told_that_it_is_gone(
    desk: Desk, receiver: Receiver, post: PostOffice
) -> None:
    await operated(desk, OPERATOR)
    receiver.answering = always(410)
    await desk.endpoint(receiver.url)
    await desk.happened(3)
    await desk.office().once()
    await looked_after(desk, post)
    assert post.to() == [OWNER, OPERATOR]
    for mail in post.mails:
        body = mail.get_body(("plain",))
        assert body is not None
        assert "410" in body.get_content()
        assert "127.0.0.1" in body.get_content()


async def test_its_owner_is_told_that_nothing_arrived_for_days_and_again_when_it_happens_again(
    desk: Desk, receiver: Receiver, post: PostOffice
) -> None:
    endpoint = await fails_for_days(desk, receiver)
    await looked_after(desk, post)
    assert post.to() == [OWNER]
    body = post.mails[0].get_body(("plain",))
    assert body is not None
    assert "ba ngày" in body.get_content()
    async with desk.database.transaction() as session:
        enabled = {"disabled_at": None, "disabled_reason": None, "failing_since": None}
        await session.execute(
            update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint).values(enabled)
        )
        await clear_alarms(session, now=desk.clock())
    receiver.answering = always(410)
    await desk.happened()
    await desk.office().once()
    await looked_after(desk, post)
    assert post.to() == [OWNER, OWNER]


async def test_an_owner_who_is_the_operator_gets_one_mail_and_one_whose_address_is_dead_none(
    desk: Desk, receiver: Receiver, post: PostOffice
) -> None:
    await operated(desk, OWNER.upper())
    receiver.answering = always(410)
    await desk.endpoint(receiver.url)
    await desk.happened()
    await desk.office().once()
    await looked_after(desk, post)
    assert len(post.mails) == 1
    await operated(desk, OPERATOR)
    async with desk.database.transaction() as session:
        session.add(SuppressedAddress(address=OWNER, reason="550"))
    await desk.endpoint(f"{receiver.url}2")
    await desk.happened()
    await desk.office().once()
    await looked_after(desk, post)
    assert post.to()[1:] == [OPERATOR]
