"""What two do at once ends as if one had done it after the other."""

import asyncio
import hashlib
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import func, select, text

from services.api.deps.clock import today_in_hanoi
from shared.models import AuditEntry, Extension, Handover, Membership
from tests.api.conftest import Real
from tests.api.handing import HANDOVERS, MERGE
from tests.api.test_links import KEYS, contact_of, sent_to, soon
from tests.cast import Person
from tests.factories import PERIOD, act, attached, body, drafted, officers_duty
from tests.waiting import until_waiting


async def strict_draft(real: Real) -> dict[str, Any]:
    """Draft a figure in a period that takes nothing late."""
    duty = await officers_duty(real.client, real.cast)
    headers = {**real.cast.coordinator.headers, "if-match": "*"}
    body(
        await real.client.patch(
            f"/v1/periods/{PERIOD}", json={"late_allowed": False}, headers=headers
        )
    )
    draft = await drafted(real.client, real.cast.officer, duty["id"])
    await attached(real.client, real.cast.officer, draft["id"])
    return draft


async def close(real: Real) -> Response:
    return await real.client.post(
        f"/v1/periods/{PERIOD}/close",
        json={"leave_unfinished": True},
        headers=real.cast.coordinator.headers,
    )


async def test_a_period_closes_after_what_is_being_submitted(real: Real) -> None:
    draft = await strict_draft(real)
    async with real.database.transaction() as holder:
        # Holds the duty, so that the submission waits when the period is closed.
        await holder.execute(text("SELECT 1 FROM assignments FOR UPDATE"))
        sending = asyncio.create_task(act(real.client, real.cast.officer, draft["id"], "submit"))
        await until_waiting(real.database, 1)
        closing = asyncio.create_task(close(real))
        await asyncio.wait(
            [closing, asyncio.create_task(until_waiting(real.database, 2))],
            return_when="FIRST_COMPLETED",
        )
    body(await sending)
    body(await closing)
    async with real.database.transaction() as session:
        done = await session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.action.in_(("submit", "closed")))
            .order_by(AuditEntry.id)
        )
        assert list(done) == ["submit", "closed"]


async def test_nothing_is_submitted_once_its_period_is_being_closed(real: Real) -> None:
    draft = await strict_draft(real)
    async with real.database.transaction() as closer:
        await closer.execute(text("SELECT 1 FROM periods FOR UPDATE"))
        await closer.execute(text("UPDATE periods SET state = 'closed', closed_at = now()"))
        sending = asyncio.create_task(act(real.client, real.cast.officer, draft["id"], "submit"))
        await until_waiting(real.database, 1)
    refused = await sending
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:pii:problem:period-not-open"


async def two_administrators(real: Real) -> tuple[Person, Person]:
    first, second = real.cast.admin, real.cast.leader
    body(
        await real.client.post(
            f"/v1/users/{second.id}/memberships",
            json={"organisation": "so-khcn", "role": "admin"},
            headers=first.headers,
        ),
        201,
    )
    return first, second


async def closes(real: Real, who: Person, whom: Person) -> Response:
    return await real.client.patch(
        f"/v1/users/{whom.id}", json={"active": False}, headers={**who.headers, "if-match": "*"}
    )


async def ends(real: Real, who: Person, whom: Person) -> Response:
    shown = body(await real.client.get(f"/v1/users/{whom.id}", headers=who.headers))
    (role,) = (one["id"] for one in shown["memberships"] if one["role"] == "admin")
    return await real.client.post(
        f"/v1/users/{whom.id}/memberships/{role}/end", headers=who.headers
    )


@pytest.mark.parametrize("act_on", [closes, ends])
async def test_two_administrators_do_not_end_each_other(real: Real, act_on: Any) -> None:
    first, second = await two_administrators(real)
    async with real.database.transaction() as holder:
        # Holds both, so that neither request is through before the other has begun.
        await holder.execute(text("SELECT 1 FROM users FOR UPDATE"))
        tried = [
            asyncio.create_task(act_on(real, first, second)),
            asyncio.create_task(act_on(real, second, first)),
        ]
        await until_waiting(real.database, 2)
    answers = await asyncio.gather(*tried)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    assert refused.json()["type"] == "urn:pii:problem:last-administrator"


async def test_a_merge_is_planned_once_however_many_plan_it_at_once(real: Real) -> None:
    await officers_duty(real.client, real.cast)
    headers = real.cast.coordinator.headers
    async with real.database.transaction() as holder:
        await holder.execute(text("SELECT 1 FROM organisations FOR UPDATE"))
        tried = [
            asyncio.create_task(real.client.post(HANDOVERS, json=MERGE, headers=headers))
            for _ in range(4)
        ]
        await until_waiting(real.database, 4)
    answers = await asyncio.gather(*tried)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    async with real.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Handover)) == 1


async def test_the_same_role_is_given_once(real: Real) -> None:
    path = f"/v1/users/{real.cast.viewer.id}/memberships"

    async def give(**days: str) -> Response:
        asked = {"organisation": "so-gddt", "role": "officer", **days}
        return await real.client.post(path, json=asked, headers=real.cast.admin.headers)

    answers = await asyncio.gather(*(give() for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["type"] == "urn:pii:problem:same-membership"
    assert refused.json()["errors"][0]["pointer"] == "/role"
    earlier = {"valid_from": "2020-01-01", "valid_to": "2020-12-31"}
    body(await give(**earlier), 201)
    overlaps = {"valid_from": "2020-12-31", "valid_to": today_in_hanoi().isoformat()}
    assert (await give(**overlaps)).status_code == 409
    async with real.database.transaction() as session:
        held = select(func.count()).where(
            Membership.user_id == real.cast.viewer.id, Membership.role == "officer"
        )
        assert await session.scalar(held) == 2


async def test_the_second_click_of_a_form_waits_until_the_first_has_given_everything_back(
    real: Real,
) -> None:
    duty = UUID((await officers_duty(real.client, real.cast))["id"])
    email = "officer@example.org"
    contact = await contact_of(real.client, real.cast, "so-gddt", name="B", email=email)
    async with real.database.sessions() as session:
        mail = await sent_to(session, "so-gddt", [duty], email=email, contact_id=contact)
    token = KEYS.sign("extension", (mail, duty), expires_at=soon())
    name = f"{mail}:{hashlib.sha256(token.encode()).hexdigest()}"
    async with real.database.transaction() as first:
        # As the first leaves it for a moment, when it has written and still holds its key.
        await first.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
        second = asyncio.create_task(
            real.client.post(
                f"/l/{token}/extension", data={"wished_on": "2030-07-10", "reason": "Chờ số liệu"}
            )
        )
        await until_waiting(real.database, 1)
    assert (await second).status_code == 200
    async with real.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Extension)) == 1
