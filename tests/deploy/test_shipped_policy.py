"""What the policy that is shipped says, day by day."""

from datetime import UTC, date, datetime
from itertools import pairwise
from uuid import uuid4

from deploy.seed import DEFAULT_STEPS
from services.notifier.plan.schedule import Rule, steps
from shared.calendar import Calendar
from tests.notifier.cast import hours

DUE = date(2026, 12, 10)
OFFICER = {"officer", "deputy"}


def told_on(due_on: date, now: datetime) -> dict[int, set[str]]:
    """Name by working days from the deadline whoever is told."""
    policy = uuid4()
    rules = [
        Rule(policy, offset, "working", every, times, audience, separate=False)
        for offset, every, times, audience in DEFAULT_STEPS
    ]
    told: dict[int, set[str]] = {}
    for step in steps(rules, due_on=due_on, hours=hours(), now=now):
        place = Calendar().between(due_on, step.day)
        told.setdefault(place, set()).add(step.audience)
    return told


def test_the_shipped_policy_reminds_escalates_and_goes_on_weekly() -> None:
    assert told_on(DUE, datetime(2026, 12, 31, tzinfo=UTC)) == {
        **dict.fromkeys((-10, -5, -1, 0, 1), OFFICER),
        3: OFFICER | {"head"},
        **dict.fromkeys((5, 10, 20, 25, 30, 35), OFFICER | {"coordinator"}),
        15: OFFICER | {"coordinator", "leadership"},
    }


def test_a_duty_that_is_years_late_still_comes_every_week() -> None:
    told = told_on(DUE, datetime(2029, 12, 31, tzinfo=UTC))
    late = sorted(place for place, who in told.items() if who >= OFFICER | {"coordinator"})
    assert late[-1] > 780
    assert {later - before for before, later in pairwise(late)} == {5}
    # What was overtaken months ago is not planned any more.
    assert late[0] > 700
