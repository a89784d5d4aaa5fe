"""Two bodies that share nothing, each with the same things: what is mine in one is foreign in the other."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.clock import today_in_hanoi
from services.scoring.commands import recalculate
from shared.models import (
    Alarm,
    Deputy,
    Hold,
    Mail,
    Membership,
    Organisation,
    Reminder,
    ReminderPolicy,
    SuppressedAddress,
    User,
)
from tests.cast import Cast, Person
from tests.factories import (
    PDF,
    PERIOD,
    assignment_of,
    attached,
    body,
    done,
    drafted,
    drafted_period,
    opened_period,
    period_of,
    submitted,
)

SECOND = "ky-2025"
# Body: whose person, and four of its duties.
BODIES = {
    "so-gddt": ("officer", "2.1.1", "2.1.2", "2.1.3"),
    "so-ct": ("foreign_officer", "5.2.3", "7.1.1", "7.1.3"),
}
PANEL = {
    "source": "thử nghiệm",
    "made_up": True,
    "localities": [
        {"code": "ha-noi", "name": "Hà Nội", "values": {"2.1.1": 7.0}},
        {"code": "hai-phong", "name": "Hải Phòng", "values": {"2.1.1": 6.0}},
    ],
}
PDF_OF_DRAFT = PDF + b"draft"  # another file than the one that proves what is submitted
# Body: a node it helps with, which it hands over.
HELPS = {"so-gddt": "7.2.1", "so-ct": "7.2.2"}
SOMEBODY = {
    "login": "ai-do",
    "name": "Ai đó",
    "email": "ai-do@example.org",
    "password": "mot-mat-khau-dai",
    "memberships": [{"organisation": "so-nv", "role": "officer"}],
}

# A public address, so that it is taken; nothing is sent there, since no notifier runs.
WEBHOOK = {
    "url": "https://1.1.1.1/hook",
    "event_types": ["submission.*", "index.recalculated"],
    "owner_email": "he-thong@example.org",
}

Scene = dict[str, dict[str, str]]  # body → thing → its id or code


async def make_scene(client: AsyncClient, cast: Cast, session: AsyncSession) -> Scene:
    await opened_period(client, cast)
    await opened_period(client, cast, code=SECOND)
    await drafted_period(client, cast, code="ky-nhap")
    shared = await _shared_things(client, cast, session)
    things = {code: await _things_of(client, cast, session, code) for code in BODIES}
    made = await client.post(
        f"/v1/periods/{SECOND}/packs", json={}, headers=cast.coordinator.headers
    )
    shared["pack"] = body(made, 201)["id"]
    return {code: shared | of_body for code, of_body in things.items()}


async def _shared_things(client: AsyncClient, cast: Cast, session: AsyncSession) -> dict[str, str]:
    admin, coordinator = cast.admin.headers, cast.coordinator.headers
    body(await client.put(f"/v1/panels/{PERIOD}", json=PANEL, headers=coordinator))
    period = body(await client.get(f"/v1/periods/{PERIOD}", headers=coordinator))
    run = await recalculate(session, UUID(period["id"]), now=datetime.now(UTC), trigger="event")
    assert run is not None
    await session.commit()
    key = await client.post(
        "/v1/api-keys",
        json={"name": "hệ thống", "scopes": ["plan:read"], "expires_on": "2030-01-01"},
        headers=admin,
    )
    user = await client.post("/v1/users", json=SOMEBODY, headers=admin)
    duties = await client.get(
        "/v1/responsibilities", params={"organisation": "so-tttt"}, headers=coordinator
    )
    policy = await session.scalar(select(ReminderPolicy.id).where(ReminderPolicy.kind.is_(None)))
    hook = body(await client.post("/v1/webhooks", json=WEBHOOK, headers=admin), 201)["id"]
    pinged = await client.post(f"/v1/webhooks/{hook}/ping", headers=admin)
    template = {"code": "khan", "name": "Khẩn", "words_vi": "Đề nghị làm ngay."}
    body(await client.post("/v1/reminder-templates", json=template, headers=coordinator), 201)
    draft = {"year": 2029, "copy_of": 2024}
    body(await client.post("/v1/frameworks", json=draft, headers=coordinator), 201)
    asked = {"period": PERIOD, "draws": 100}
    analysis = await client.post("/v1/index/uncertainty", json=asked, headers=coordinator)
    return {
        "analysis": body(analysis, 202)["id"],
        "user": body(user, 201)["id"],
        "membership": user.json()["memberships"][0]["id"],
        "key": body(key, 201)["id"],
        "responsibility": body(duties)["items"][0]["id"],
        "policy": str(policy),
        "template": "khan",
        **await _waiting_things(session),
        "webhook": hook,
        "delivery": body(pinged, 201)["id"],
        "run": str(run.id),
        "period": PERIOD,
        "draft_period": "ky-nhap",
        "year": "2024",
        "draft_year": "2029",
        "framework_revision": "1",
        "node": "2.1.1",
        "today": today_in_hanoi().isoformat(),
    }


async def _things_of(
    client: AsyncClient, cast: Cast, session: AsyncSession, code: str
) -> dict[str, str]:
    role, first, second, third = BODIES[code]
    person: Person = getattr(cast, role)
    duty = await assignment_of(client, cast, first, organisation=code)
    draft = await drafted(client, person, duty["id"], value=5)
    question = await client.post(
        "/v1/explanations",
        json={"assignment": duty["id"], "question": "Vì sao giảm?", "due_on": "2030-07-10"},
        headers=cast.coordinator.headers,
    )
    evidence = await attached(client, person, draft["id"], content=PDF_OF_DRAFT)
    asked = await client.post(
        f"/v1/assignments/{duty['id']}/extensions",
        json={"reason": "Chờ số liệu điều tra", "wished_on": "2030-07-10"},
        headers=person.headers,
    )
    waiting_duty = await assignment_of(client, cast, second, organisation=code)
    waiting = await submitted(client, person, waiting_duty["id"], value=5)
    free = await assignment_of(client, cast, third, organisation=code)
    later = await assignment_of(client, cast, first, organisation=code, period=SECOND)
    taken = await submitted(client, person, later["id"], value=5)
    taken = await done(client, cast.second_coordinator, taken["id"], "accept")
    contact = await client.post(
        f"/v1/organisations/{code}/contacts",
        json={"name": "Đầu mối", "email": f"{code}@example.org"},
        headers=cast.coordinator.headers,
    )
    contact_id = body(contact, 201)["id"]
    mail = await _reminder(session, duty["id"], contact_id, code)
    planned, carried_out = await _handovers(client, cast, code, third)
    return {
        "handover": planned,
        "handed_over": carried_out,
        "body": code,
        "assignment": free["id"],
        "draft": draft["id"],
        "waiting": waiting["id"],
        "taken": taken["id"],
        "evidence_of_draft": evidence["id"],
        "evidence_of_taken": taken["evidence"][0]["id"],
        "contact": contact_id,
        "mail": mail,
        "extension": body(asked, 201)["id"],
        "explanation": body(question, 201)["id"],
        "deputy": await _deputy(session, person),
        "feed": await _feed(client, person),
    }


async def _feed(client: AsyncClient, person: Person) -> str:
    made: dict[str, Any] = body(
        await client.post("/v1/feeds", json={}, headers=person.headers), 201
    )
    return str(made["id"])


async def _handovers(client: AsyncClient, cast: Cast, code: str, indicator: str) -> tuple[str, str]:
    """Plan one hand-over, and carry one out: each of a single duty, so that the body stays as it is."""
    headers = cast.coordinator.headers
    helps = {
        "framework": 2024,
        "node": HELPS[code],
        "organisation": code,
        "role": "cooperating",
        "legal_basis": "Quyết định thử",
        "valid_from": "2024-08-06",
    }
    body(await client.post("/v1/responsibilities", json=helps, headers=headers), 201)
    made = []
    for node in (indicator, HELPS[code]):
        asked = {
            "kind": "transfer",
            "from": [code],
            "to": "so-nv",
            "effective_on": "2025-03-01",
            "basis": {"title": "Quyết định thử"},
            "responsibilities": [{"node": node, "from": code}],
        }
        planned = await client.post("/v1/handovers", json=asked, headers=headers)
        made.append(body(planned, 201)["id"])
    body(await client.post(f"/v1/handovers/{made[1]}/carry-out", headers=headers))
    return made[0], made[1]


async def _deputy(session: AsyncSession, person: Person) -> str:
    """Lend a person's membership, far from now, to somebody of another body."""
    membership = await session.scalar(select(Membership.id).where(Membership.user_id == person.id))
    other = await session.scalar(select(User.id).where(User.login == SOMEBODY["login"]))
    days = date(2199, 1, 1), date(2199, 1, 31)
    lent = Deputy(
        id=uuid4(),
        membership_id=membership,
        deputy_id=other,
        valid_from=days[0],
        valid_to=days[1],
        reason="",
    )
    session.add(lent)
    await session.commit()
    return str(lent.id)


async def _waiting_things(session: AsyncSession) -> dict[str, str]:
    """Hold a run, and stop writing to an address."""
    hold = Hold(id=uuid4(), kind="too_many", detail={"mails": 9000, "most": 2000})
    address = SuppressedAddress(id=uuid4(), address="da-nghi@example.org", reason="5.1.1 không có")
    session.add_all([hold, address])
    await session.commit()
    return {"hold": str(hold.id), "suppressed": str(address.id)}


async def _reminder(session: AsyncSession, duty: str, contact: str, code: str) -> str:
    """Plan a step of a duty, and let an earlier one have been sent; give its mail."""
    organisation = await session.scalar(select(Organisation.id).where(Organisation.code == code))
    assert organisation is not None
    sent_at = datetime(2026, 6, 24, 1, tzinfo=UTC)
    mail = Mail(
        id=uuid4(),
        key=f"digest:{code}@example.org:2026-06-24",
        kind="digest",
        recipient=f"{code}@example.org",
        recipient_name="Đầu mối",
        day=date(2026, 6, 24),
        message_id=f"<reminder.{code}@localhost>",
        subject="Việc đến hạn",
        state="sent",
        attempts=1,
        next_at=sent_at,
        relay="mx.example.org",
        sent_at=sent_at,
        trace_id="",
    )
    session.add(mail)
    await session.flush()
    whole: dict[str, Any] = {
        "kind": "step",
        "topic": "due",
        "subject_id": UUID(duty),
        "assignment_id": UUID(duty),
        "organisation_id": organisation,
        "period_id": period_of(UUID(duty)),
        "due_on": date(2030, 6, 30),
        "audience": "officer",
        "contact_id": UUID(contact),
        "recipient": f"{code}@example.org",
        "recipient_name": "Đầu mối",
        "trace_id": "",
    }
    coming = datetime(2030, 6, 29, tzinfo=UTC)
    planned = {"step": "-1w", "planned_at": coming, "send_at": coming}
    sent = {"step": "-5w", "state": "sent", "mail_id": mail.id, "planned_at": sent_at}
    session.add(Reminder(**whole, **planned))
    session.add(Reminder(**whole, **sent, send_at=sent_at, sent_at=sent_at))
    session.add(
        Alarm(
            kind="no_contact",
            subject=str(organisation),
            organisation_id=organisation,
            detail="thử",
        )
    )
    await session.commit()
    return str(mail.id)
