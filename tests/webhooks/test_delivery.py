"""What happened arrives, signed, at least once; what fails comes back with the same id, for three days."""

from datetime import timedelta

import pytest

from services.notifier.webhooks.schedule import DELAYS, WHOLE
from services.notifier.webhooks.settling import clear_alarms
from shared.models import WebhookEndpoint
from tests.webhooks.conftest import KEY, Desk
from tests.webhooks.receiver import Got, Receiver, Reply, always, thanks
from tests.webhooks.test_signing import secret_of, verify


async def test_an_event_arrives_signed_and_is_written_down(desk: Desk, receiver: Receiver) -> None:
    receiver.answering = always(200, body=b"thanks")
    await desk.endpoint(receiver.url)
    (event,) = await desk.happened()
    assert await desk.office().once() == 1
    (got,) = receiver.got
    assert got.id == f"msg_{event.hex}"
    assert got.headers["content-type"] == "application/json"
    assert int(got.headers["webhook-timestamp"]) == int(desk.clock().timestamp())
    assert verify(secret_of(KEY), got.headers, got.body)
    (delivery,) = await desk.deliveries()
    assert (delivery.state, delivery.attempts) == ("delivered", 1)
    assert delivery.finished_at == desk.clock()
    (attempt,) = await desk.attempts()
    assert (attempt.status, attempt.error, attempt.answer) == (200, None, "thanks")
    assert await desk.office().once() == 0


async def test_each_try_has_the_same_id_and_body_and_its_own_time(
    desk: Desk, receiver: Receiver
) -> None:
    receiver.answering = always(500, body=b"later")
    await desk.endpoint(receiver.url)
    await desk.happened()
    office = desk.office()
    for pause in (0, 6, 400):
        desk.clock.move(seconds=pause)
        assert await office.once() == 1
        assert await office.once() == 0  # not before its time
    receiver.answering = thanks
    desk.clock.move(hours=1)
    assert await office.once() == 1
    assert len({got.id for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1
    assert len({got.headers["webhook-timestamp"] for got in receiver.got}) == 4
    assert all(verify(secret_of(KEY), got.headers, got.body) for got in receiver.got)
    assert [attempt.status for attempt in await desk.attempts()] == [500, 500, 500, 204]
    assert await desk.states() == {"delivered": 1}


async def test_while_a_secret_is_replaced_there_are_two_signatures_and_then_one(
    desk: Desk, receiver: Receiver
) -> None:
    old, new = b"o" * 32, b"n" * 32
    await desk.endpoint(receiver.url, keys=(old, new))
    await desk.happened()
    await desk.office().once()
    desk.clock.move(hours=25)
    await desk.happened()
    await desk.office().once()
    both, one = receiver.got
    assert verify(secret_of(old), both.headers, both.body)
    assert verify(secret_of(new), both.headers, both.body)
    assert len(both.headers["webhook-signature"].split(" ")) == 2
    assert verify(secret_of(new), one.headers, one.body)
    assert not verify(secret_of(old), one.headers, one.body)


async def test_410_disables_at_once_drops_what_waits_and_raises_an_alarm(
    desk: Desk, receiver: Receiver
) -> None:
    receiver.answering = always(410)
    endpoint = await desk.endpoint(receiver.url)
    await desk.happened(5)
    assert await desk.office(each=1).once() == 1
    found = await desk.found(endpoint)
    assert (found.disabled_at, found.disabled_reason) == (desk.clock(), "gone")
    assert await desk.states() == {"failed": 1, "dropped": 4}
    (alarm,) = await desk.alarms()
    assert (alarm.kind, alarm.subject, alarm.mailed_at) == ("webhook_disabled", str(endpoint), None)
    await desk.happened()
    assert await desk.office().once() == 0
    assert len(receiver.got) == 1


async def test_who_fails_for_the_whole_schedule_is_disabled_with_an_alarm(
    desk: Desk, receiver: Receiver
) -> None:
    receiver.answering = always(503)
    endpoint = await desk.endpoint(receiver.url)
    await desk.happened()
    office, began = desk.office(), desk.clock()
    tries = 0
    while (delivery := (await desk.deliveries())[0]).state == "waiting":
        desk.clock.now = max(desk.clock.now, delivery.next_at)
        tries += await office.once()
        disabled = (await desk.found(endpoint)).disabled_at
        assert (disabled is None) == (tries <= len(DELAYS))
    assert tries == len(DELAYS) + 1
    assert WHOLE <= desk.clock() - began <= WHOLE * 1.2
    assert (await desk.found(endpoint)).disabled_reason == "failing"
    assert [alarm.kind for alarm in await desk.alarms()] == ["webhook_disabled"]
    assert len(set(receiver.ids)) == 1


async def test_one_message_that_cannot_be_digested_disables_nothing(
    desk: Desk, receiver: Receiver
) -> None:
    endpoint = await desk.endpoint(receiver.url)
    (poison,) = await desk.happened()

    async def picky(got: Got) -> Reply:
        return Reply(400 if got.id == f"msg_{poison.hex}" else 204)

    receiver.answering = picky
    office = desk.office()
    for pause in (timedelta(), *DELAYS):
        desk.clock.now += pause * 1.2
        await office.once()
        await desk.happened()
        await office.once()
    assert (await desk.states())["failed"] == 1
    found = await desk.found(endpoint)
    assert (found.disabled_at, found.failing_since) == (None, None)
    assert await desk.alarms() == []


async def test_the_alarm_ends_when_the_endpoint_is_enabled_again(
    desk: Desk, receiver: Receiver
) -> None:
    receiver.answering = always(410)
    endpoint = await desk.endpoint(receiver.url)
    await desk.happened()
    await desk.office().once()
    for disabled in (True, False):
        async with desk.database.transaction() as session:
            found = await session.get_one(WebhookEndpoint, endpoint)
            if not disabled:
                found.disabled_at = found.disabled_reason = None
                await session.flush()
            await clear_alarms(session, now=desk.clock())
        assert ((await desk.alarms())[0].cleared_at is None) == disabled


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_that_asks_for_time_gets_it_for_all_its_messages(
    desk: Desk, receiver: Receiver, status: int
) -> None:
    receiver.answering = always(status, ("retry-after", "3600"))
    await desk.endpoint(receiver.url)
    await desk.happened(3)
    office = desk.office(each=1)
    assert await office.once() == 1
    receiver.answering = thanks
    desk.clock.move(minutes=59)
    assert await office.once() == 0
    desk.clock.move(minutes=2)
    for _ in range(3):
        await office.once()
    assert await desk.states() == {"delivered": 3}


async def test_a_redirect_is_a_failure(desk: Desk, receiver: Receiver) -> None:
    receiver.answering = always(308, ("location", receiver.url))
    await desk.endpoint(receiver.url)
    await desk.happened()
    await desk.office().once()
    (delivery,) = await desk.deliveries()
    assert (delivery.state, delivery.reason) == ("waiting", "status 308")
    assert len(receiver.got) == 1


async def test_an_endpoint_that_is_deleted_meanwhile_stops_nobody(
    desk: Desk, receiver: Receiver
) -> None:
    endpoint = await desk.endpoint(receiver.url)
    other = await desk.endpoint(receiver.url)

    async def deleting(_got: Got) -> Reply:
        async with desk.database.transaction() as session:
            if found := await session.get(WebhookEndpoint, endpoint):
                await session.delete(found)
        return Reply(204)

    receiver.answering = deleting
    await desk.happened()
    await desk.office().once()
    (delivery,) = await desk.deliveries()
    assert (delivery.endpoint_id, delivery.state) == (other, "delivered")


async def test_an_answer_that_comes_after_its_claim_was_lost_changes_nothing(
    desk: Desk, receiver: Receiver
) -> None:
    await desk.endpoint(receiver.url)
    await desk.happened()
    second = desk.office()

    async def slow(_got: Got) -> Reply:
        if len(receiver.got) == 1:
            desk.clock.move(seconds=61)
            assert await second.once() == 1
            return Reply(500)
        return Reply(204)

    receiver.answering = slow
    assert await desk.office().once() == 1
    assert await desk.states() == {"delivered": 1}
    assert len(set(receiver.ids)) == 1
    assert len(receiver.got) == 2
