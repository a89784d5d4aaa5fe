"""Events are a contract between services: their shapes stand in ``docs/api/events.json``."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.events import SUBSCRIBERS, Event, PeriodClosed

SNAPSHOT = Path("docs/api/events.json")
TASKS = {
    ("scoring", "recalculate_period"),
    ("scoring", "analyse"),
    ("notifier", "remind_period"),
}


def test_the_shape_of_every_event_is_the_agreed_one() -> None:
    """After a change that is meant, correct the file by hand: subscribers of the last release read it."""
    schemas = {event.__name__: event.model_json_schema() for event in Event.__subclasses__()}
    assert schemas == json.loads(SNAPSHOT.read_text())


def test_every_event_has_somebody_who_hears_of_it() -> None:
    assert set(SUBSCRIBERS) == set(Event.__subclasses__())
    assert all(subscribers for subscribers in SUBSCRIBERS.values())
    assert {(queue, task) for given in SUBSCRIBERS.values() for queue, task in given} == TASKS


def test_an_event_cannot_be_changed_and_names_its_period() -> None:
    with pytest.raises(ValidationError):
        PeriodClosed()  # type: ignore[call-arg]
    event = PeriodClosed(period_id="00000000-0000-4000-8000-000000000000")
    with pytest.raises(ValidationError):
        event.period_id = event.period_id  # type: ignore[misc]
