"""The rules of a duty say the same in SQL and in Python."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

from httpx import AsyncClient
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.duty import (
    decidable,
    effective,
    effective_due_on,
    is_decidable,
    is_late,
    is_writable,
    late,
    writable,
)
from shared.duty import today as hanoi_today
from shared.models import Assignment, Period, Submission
from tests.cast import Cast
from tests.factories import drafted, duty_id, officers_duty


async def test_who_may_still_write_and_decide_is_said_alike(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await officers_duty(client, cast)
    duty = await duty_id(session, "2.1.1", "so-gddt")
    today = await session.scalar(select(hanoi_today))
    assert today is not None
    extensions = (None, today - timedelta(days=1), today, today + timedelta(days=1))
    for state, allowed, extended, excused in product(
        ("draft", "open", "closed"), (False, True), extensions, (False, True)
    ):
        await session.execute(update(Period).values(state=state, late_allowed=allowed))
        values: dict[str, Any] = {
            "extended_due_on": extended,
            "excused_at": datetime.now(UTC) if excused else None,
            "excused_by": uuid4() if excused else None,
            "excused_reason": "thử" if excused else None,
        }
        await session.execute(update(Assignment).where(Assignment.id == duty).values(values))
        said = (
            await session.execute(
                select(writable, decidable, effective_due_on, Assignment.due_on)
                .join(Period, Period.id == Assignment.period_id)
                .where(Assignment.id == duty)
            )
        ).one()
        facts = {"period_state": state, "late_allowed": allowed, "extended_due_on": extended}
        assert said[0] == is_writable(**facts, excused=excused, today=today), (facts, excused)
        assert said[1] == is_decidable(**facts), facts
        assert said[2] == effective(said[3], extended)


async def test_late_begins_at_midnight_in_hanoi_after_the_last_day(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"])
    due = date(2030, 6, 30)
    for moment, expected in (
        (datetime(2030, 6, 30, 16, 59, 59, tzinfo=UTC), False),
        (datetime(2030, 6, 30, 17, 0, tzinfo=UTC), True),
    ):
        await session.execute(update(Submission).values(submitted_at=moment))
        found = await session.scalar(
            select(late).join_from(Submission, Assignment).where(Submission.id == draft["id"])
        )
        assert (found, is_late(moment, due)) == (expected, expected)
