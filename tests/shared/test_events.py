"""Events are a contract between services: their shapes stand in ``docs/api/events.json``."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.events import SUBSCRIBERS, Event, OfAllPeriods, OfPeriod, PeriodClosed, PolicyChanged

SNAPSHOT = Path("docs/api/events.json")
TASKS = {
    ("scoring", "recalculate_period"),
    ("scoring", "analyse"),
    ("notifier", "remind_period"),
}

EVENTS = [*OfPeriod.__subclasses__(), *OfAllPeriods.__subclasses__()]


def test_every_event_is_of_one_period_or_of_all() -> None:
    assert {event.__name__ for event in Event.__subclasses__()} == {"OfPeriod", "OfAllPeriods"}


def test_the_shape_of_every_event_is_the_agreed_one() -> None:
    """After a change that is meant, correct the file by hand: subscribers of the last release read it."""
    schemas = {event.__name__: event.model_json_schema() for event in EVENTS}
    assert schemas == json.loads(SNAPSHOT.read_text())


def test_every_event_has_somebody_who_hears_of_it() -> None:
    assert set(SUBSCRIBERS) == set(EVENTS)
    assert all(subscribers for subscribers in SUBSCRIBERS.values())
    assert {(queue, task) for given in SUBSCRIBERS.values() for queue, task in given} == TASKS


def test_an_event_cannot_be_changed_and_names_its_period() -> None:
    with pytest.raises(ValidationError):
        PeriodClosed()  # type: ignore[call-arg]
    event = PeriodClosed(period_id="00000000-0000-4000-8000-000000000000")
    with pytest.raises(ValidationError):
        event.period_id = event.period_id  # type: ignore[misc]


def test_an_event_of_all_periods_names_none() -> None:
    policy = "00000000-0000-4000-8000-000000000000"
    assert PolicyChanged(policy_id=policy).model_dump(mode="json") == {
        "period_id": None,
        "policy_id": policy,
    }
    with pytest.raises(ValidationError):
        PolicyChanged(policy_id=policy, period_id=policy)
