"""Who is written to about an alarm: once, by one mail for all that is new to him."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, cast, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.mail.letter import AlarmFacts, OneAlarm
from services.notifier.plan.rules import Rules
from services.notifier.sending.safety import coordinators, post
from shared.alarms import NO_CONTACT, PLANNING_SILENT, UNSENT, WEBHOOK_DISABLED
from shared.models import Alarm, Organisation, WebhookEndpoint
from shared.suppression import is_suppressed

# For whoever runs the system, or else for who coordinates the plan; at any hour.
OPERATING = (PLANNING_SILENT, UNSENT, WEBHOOK_DISABLED)
# For both: the coordinator enters contacts, the operator sees that mail does its work.
SHARED = (NO_CONTACT,)
MOST = 50  # alarms of one mail


class Person(NamedTuple):
    email: str
    name: str


async def tell(session: AsyncSession, rules: Rules, *, now: datetime, domain: str) -> None:
    """Write once about each alarm; without an operator's address the coordinator is told of all."""
    new = await _new(session)
    if not new:
        return
    charged = await _in_charge(session, rules, new, now=now)
    owners = await _owners(session, new)
    mails: dict[str, tuple[Person, list[Any]]] = {}
    for alarm in new:
        people = {one.email.lower(): one for one in charged[alarm.id]}
        if owner := owners.get(alarm.subject):
            people.setdefault(owner.email.lower(), owner)
        for address, person in people.items():
            mails.setdefault(address, (person, []))[1].append(alarm)
    for person, alarms in mails.values():
        await post(
            session, "alarm", str(alarms[0].id), *person, facts=_facts(alarms), now=now, domain=domain
        )  # fmt: skip
    # Where nobody in charge can be reached yet, he is told as soon as somebody can.
    if told := [alarm.id for alarm in new if charged[alarm.id]]:
        await session.execute(update(Alarm).where(Alarm.id.in_(told)).values(mailed_at=now))


async def _new(session: AsyncSession) -> Sequence[Any]:
    found = await session.execute(
        select(
            Alarm.id,
            Alarm.kind,
            Alarm.subject,
            Alarm.detail,
            Alarm.raised_at,
            func.coalesce(Organisation.name_vi, "").label("organisation"),
            func.coalesce(Organisation.name_en, "").label("organisation_en"),
        )
        .outerjoin(Organisation, Organisation.id == Alarm.organisation_id)
        .where(Alarm.mailed_at.is_(None), Alarm.cleared_at.is_(None))
        .order_by(Alarm.raised_at, Alarm.id)
        .limit(MOST)
        .with_for_update(of=Alarm, skip_locked=True)
    )
    return found.all()


async def _in_charge(
    session: AsyncSession, rules: Rules, new: Sequence[Any], *, now: datetime
) -> dict[UUID, list[Person]]:
    """Choose whose matter each is; what can wait for the hours waits, unless he is written to anyway."""
    address = rules.settings.operator_email
    operator = [Person(address, address)] if address else []
    coordinating = [Person(*one) for one in await coordinators(session)]
    urgent = not operator and any(alarm.kind in OPERATING for alarm in new)
    awake = rules.hours.are_now(now) or urgent
    charged: dict[UUID, list[Person]] = {}
    for alarm in new:
        if alarm.kind in OPERATING:
            charged[alarm.id] = operator or coordinating
        elif not awake:
            charged[alarm.id] = []
        else:
            charged[alarm.id] = coordinating + (operator if alarm.kind in SHARED else [])
    return charged


async def _owners(session: AsyncSession, new: Sequence[Any]) -> dict[str, Person]:
    """Find who asked for the webhooks that were disabled, where they have an address that takes mail."""
    endpoint = cast(WebhookEndpoint.id, Text)
    subjects = [alarm.subject for alarm in new if alarm.kind == WEBHOOK_DISABLED]
    if not subjects:
        return {}
    rows = await session.execute(
        select(endpoint, WebhookEndpoint.owner_email).where(
            endpoint.in_(subjects),
            WebhookEndpoint.owner_email != "",
            ~is_suppressed(WebhookEndpoint.owner_email),
        )
    )
    return {subject: Person(email, email) for subject, email in rows}


def _facts(alarms: Sequence[Any]) -> AlarmFacts:
    return AlarmFacts(
        alarms=[
            OneAlarm(
                kind=alarm.kind,
                organisation=alarm.organisation,
                organisation_en=alarm.organisation_en,
                detail=alarm.detail,
                raised_at=alarm.raised_at.isoformat(),
            )
            for alarm in alarms
        ]
    )
