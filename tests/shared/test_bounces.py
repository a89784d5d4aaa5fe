"""A bounce settles its mail, its rows and its address, once, and nobody else's."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bounces import fail_mail, take_in
from shared.dsn import Report, reports
from shared.models import Alarm, Contact, Organisation, SuppressedAddress
from shared.suppression import clear_answered, is_suppressed, lift, suppress
from tests.shared import returned
from tests.shared.posted import NOW, mail_of, posted, rows_of
from tests.shared.returned import OURS, TO

LATER = NOW + timedelta(hours=1)


async def took(session: AsyncSession, raw: bytes) -> list[str]:
    return [(await take_in(session, report, now=LATER)).outcome for report in reports(raw)]


async def alarms(session: AsyncSession) -> list[Alarm]:
    found = select(Alarm).where(Alarm.kind == "address_dead").order_by(Alarm.raised_at)
    return list(await session.scalars(found.execution_options(populate_existing=True)))


async def suppressed(session: AsyncSession, address: str = TO) -> bool:
    return bool(await session.scalar(select(is_suppressed(literal(address)))))


async def contact(session: AsyncSession, email: str) -> Contact:
    body = await session.scalar(select(Organisation.id).where(Organisation.code == "so-ct"))
    made = Contact(
        id=uuid4(), organisation_id=body, name="Hoa", role="officer", email=email, phone=""
    )
    session.add(made)
    await session.flush()
    return made


async def test_a_dead_address_fails_the_mail_and_its_rows_and_gets_no_more(
    session: AsyncSession,
) -> None:
    mail_id = await posted(session)
    assert await took(session, returned.postfix()) == ["failed"]
    mail = await mail_of(session, mail_id)
    assert (mail.state, mail.bounced_at, mail.sent_at) == ("failed", LATER, NOW)
    assert mail.reason is not None
    assert mail.reason.startswith("550 5.1.1 <hoa@gddt.example.vn>: Recipient address rejected")
    rows = await rows_of(session, mail_id)
    assert [(row.state, row.reason) for row in rows] == [("failed", mail.reason)] * 2
    assert await suppressed(session)
    (alarm,) = await alarms(session)
    assert (alarm.subject, alarm.cleared_at) == (TO, None)
    assert alarm.organisation_id == rows[0].organisation_id
    assert TO in alarm.detail


async def test_the_same_bounce_again_changes_nothing(session: AsyncSession) -> None:
    mail_id = await posted(session)
    await took(session, returned.postfix())
    first = (await mail_of(session, mail_id)).bounced_at
    (report,) = reports(returned.gmail())
    again = await take_in(session, report, now=LATER + timedelta(days=1))
    assert again == ("unchanged", mail_id)
    assert await took(session, returned.postfix()) == ["unchanged"]
    assert (await mail_of(session, mail_id)).bounced_at == first
    assert len(await alarms(session)) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [("5.7.1", "550 5.7.1 no such user of ours may relay"), ("5.2.2", "552 5.2.2 full"),
     ("4.4.7", "451 4.4.7 gave up after five days")],
)  # fmt: skip
async def test_what_says_nothing_about_the_address_fails_the_mail_alone(
    session: AsyncSession, status: str, said: str
) -> None:
    mail_id = await posted(session)
    assert await took(session, returned.postfix(status=status, said=said)) == ["failed"]
    assert (await mail_of(session, mail_id)).state == "failed"
    assert not await suppressed(session)
    assert await alarms(session) == []


async def test_a_delivery_is_written_down(session: AsyncSession) -> None:
    mail_id = await posted(session)
    raw = returned.postfix(action="delivered", status="2.0.0", said="250 OK")
    assert await took(session, raw) == ["delivered"]
    mail = await mail_of(session, mail_id)
    assert (mail.state, mail.delivered_at, mail.sent_at) == ("delivered", LATER, NOW)
    assert [(row.state, row.sent_at) for row in await rows_of(session, mail_id)] == [
        ("delivered", NOW)
    ] * 2
    # The first final word stands.
    assert await took(session, raw) == ["unchanged"]
    assert await took(session, returned.postfix()) == ["unchanged"]
    assert (await mail_of(session, mail_id)).state == "delivered"
    assert not await suppressed(session)


async def test_a_delay_is_noted_once_and_changes_no_state(session: AsyncSession) -> None:
    mail_id = await posted(session)
    raw = returned.postfix(action="delayed", status="4.4.1", said="timed out")
    assert await took(session, raw) == ["noted"]
    assert await took(session, raw) == ["unchanged"]
    mail = await mail_of(session, mail_id)
    assert (mail.state, mail.reason) == ("sent", "4.4.1 timed out")
    assert {row.state for row in await rows_of(session, mail_id)} == {"sent"}
    assert await took(session, returned.postfix()) == ["failed"]


async def test_a_mail_of_unknown_outcome_that_bounces_or_arrives_is_not_sent_again(
    session: AsyncSession,
) -> None:
    first = await posted(session, state="waiting", sent_at=None)
    assert await took(session, returned.postfix()) == ["failed"]
    second = await posted(
        session, state="claimed", sent_at=None, claimed_at=NOW, message_id="<second@pii.example.vn>"
    )
    raw = returned.postfix(
        action="delivered", status="2.0.0", said="OK", ours="<second@pii.example.vn>"
    )
    assert await took(session, raw) == ["delivered"]
    mail = await mail_of(session, first)
    assert (mail.state, mail.bounced_at, mail.sent_at) == ("failed", LATER, None)
    mail = await mail_of(session, second)
    assert (mail.state, mail.claimed_at, mail.sent_at) == ("delivered", None, LATER)
    assert {row.sent_at for row in await rows_of(session, second)} == {LATER}


@pytest.mark.parametrize(
    ("raw", "outcomes"),
    [
        (returned.postfix(ours="<somebody@elsewhere.vn>"), ["unknown_mail"]),
        (returned.postfix("other@gddt.example.vn"), ["other_recipient"]),
        (returned.several(f"Final-Recipient: rfc822; {TO}\nStatus: 5.1.1", returned="-"),
         ["unknown_mail"]),
        (returned.ABSENT, []),
        (returned.READ_RECEIPT, []),
    ],
)  # fmt: skip
async def test_a_forged_bounce_touches_nothing_that_was_not_sent_there(
    session: AsyncSession, raw: bytes, outcomes: list[str]
) -> None:
    mail_id = await posted(session)
    assert await took(session, raw) == outcomes
    assert (await mail_of(session, mail_id)).state == "sent"
    assert {row.state for row in await rows_of(session, mail_id)} == {"sent"}
    assert not await suppressed(session, "other@gddt.example.vn")
    assert await alarms(session) == []


async def test_of_a_bounce_on_several_recipients_only_ours_counts(session: AsyncSession) -> None:
    mail_id = await posted(session)
    assert await took(session, returned.exim_in_prose()) == ["failed", "other_recipient"]
    assert (await mail_of(session, mail_id)).state == "failed"


async def test_a_mail_that_was_passed_on_is_known_by_whom_it_was_sent_to(
    session: AsyncSession,
) -> None:
    await posted(session, recipient="Hoa@GDDT.example.vn")
    raw = returned.several(
        f"Original-Recipient: rfc822;{TO}\nFinal-Recipient: rfc822; private@elsewhere.vn\n"
        "Action: failed\nStatus: 5.1.1"
    )
    assert await took(session, raw) == ["failed"]
    (alarm,) = await alarms(session)
    assert alarm.subject == TO


async def test_the_thread_finds_the_mail_where_the_returned_one_is_not_ours(
    session: AsyncSession,
) -> None:
    mail_id = await posted(session)
    report = Report(("<x@elsewhere.vn>", OURS), TO, "", "failed", "5.1.1", "")
    assert await take_in(session, report, now=LATER) == ("failed", mail_id)
    assert (await mail_of(session, mail_id)).reason == "5.1.1"


async def test_a_refusal_at_the_door_fails_the_claim_under_which_it_was_sent(
    session: AsyncSession,
) -> None:
    mail_id = await posted(session, state="claimed", claimed_at=NOW, sent_at=None)
    refusal: dict[str, Any] = {"reason": "SMTP 550: 5.1.1 nobody", "dead": True, "now": LATER}
    assert not await fail_mail(session, mail_id, claimed_at=LATER, **refusal)
    assert (await mail_of(session, mail_id)).state == "claimed"
    assert await fail_mail(session, mail_id, claimed_at=NOW, **refusal)
    mail = await mail_of(session, mail_id)
    assert (mail.state, mail.claimed_at, mail.bounced_at) == ("failed", None, None)
    assert {row.state for row in await rows_of(session, mail_id)} == {"failed"}
    assert await suppressed(session)
    assert not await fail_mail(session, mail_id, **refusal)
    assert not await fail_mail(session, uuid4(), **refusal)


async def test_a_mail_without_rows_raises_the_alarm_at_the_body_of_its_contact(
    session: AsyncSession,
) -> None:
    await posted(session, rows=0)
    known = await contact(session, TO.upper())
    assert await took(session, returned.postfix()) == ["failed"]
    (alarm,) = await alarms(session)
    assert alarm.organisation_id == known.organisation_id


async def test_an_address_is_suppressed_once_whatever_its_case_until_it_is_lifted(
    session: AsyncSession,
) -> None:
    assert await suppress(session, TO.title(), reason="x", now=NOW)
    assert not await suppress(session, TO, reason="y", now=NOW)
    assert await suppressed(session, TO.upper())
    found = await session.scalar(select(SuppressedAddress.id))
    assert found is not None
    by = uuid4()
    assert await lift(session, found, by=by, by_name="Bình", now=LATER)
    assert not await lift(session, found, by=by, by_name="Bình", now=LATER)
    assert not await suppressed(session)
    assert await suppress(session, TO, reason="again", now=LATER)


async def test_lifting_clears_the_alarm_and_a_later_bounce_raises_it_again(
    session: AsyncSession,
) -> None:
    await posted(session)
    await took(session, returned.postfix())
    found = await session.scalar(select(SuppressedAddress.id))
    assert found is not None
    assert await lift(session, found, by=uuid4(), by_name="Bình", now=LATER)
    assert [alarm.cleared_at for alarm in await alarms(session)] == [LATER]
    await posted(session, message_id="<next@pii.example.vn>")
    await took(session, returned.postfix(ours="<next@pii.example.vn>"))
    assert sorted(alarm.cleared_at is None for alarm in await alarms(session)) == [False, True]


async def test_an_alarm_is_cleared_when_nobody_has_that_address_any_more(
    session: AsyncSession,
) -> None:
    known = await contact(session, TO)
    await posted(session)
    await took(session, returned.postfix())
    assert await clear_answered(session, now=LATER) == 0
    assert [alarm.cleared_at for alarm in await alarms(session)] == [None]
    await session.execute(update(Contact).where(Contact.id == known.id).values(active=False))
    assert await clear_answered(session, now=LATER) == 1
    assert [alarm.cleared_at for alarm in await alarms(session)] == [LATER]
    assert await clear_answered(session, now=LATER) == 0
