from datetime import UTC, date, datetime
from uuid import UUID

import icalendar
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.mail.entry import Deadline, calendar
from services.notifier.mail.headers import fit, fit_lines

NOW = datetime(2026, 12, 13, 1, 0, tzinfo=UTC)
TODAY = date(2026, 12, 13)


def written(title: str = "Hạn nộp", detail: str = "x", *, day: date = TODAY) -> str:
    deadline = Deadline("duty", UUID(int=7), day, title, detail)
    return calendar([deadline], organizer="pii@x.vn", domain="x.vn", now=NOW, today=TODAY)


def event(text: str) -> icalendar.Event:
    read = icalendar.Calendar.from_ical(text.replace("\n", "\r\n"))
    assert isinstance(read, icalendar.Calendar)
    assert read["METHOD"] == "PUBLISH"
    assert not read.errors
    (found,) = read.events
    assert not found.errors
    return found


@given(st.text(max_size=120).map(fit), st.text(max_size=300).map(fit_lines))
def test_a_calendar_reads_what_was_written(title: str, detail: str) -> None:
    text = written(title, detail)
    read = event(text)
    assert read["SUMMARY"] == title
    assert read["DESCRIPTION"] == detail
    assert all(len(line.encode()) <= 75 for line in text.split("\n"))


def test_an_entry_is_the_one_that_the_library_writes() -> None:
    made = icalendar.Event()
    made.add("uid", f"duty-{UUID(int=7)}@x.vn")
    made.add("dtstamp", NOW)
    made.add("last-modified", NOW)
    made.add("sequence", (TODAY - date(2024, 1, 1)).days)
    made.add("dtstart", date(2026, 12, 31))
    made.add("dtend", date(2027, 1, 1))
    made.add("summary", "Hạn nộp: 2.1.1; điểm, thi \\ " + "rất dài " * 20)
    made.add("description", "Một\nhai")
    made.add("organizer", "mailto:pii@x.vn")
    made.add("status", "CONFIRMED")
    made.add("transp", "TRANSPARENT")
    made.add("x-microsoft-cdo-busystatus", "FREE")
    made.add("x-microsoft-cdo-alldayevent", "TRUE")
    ours = written(str(made["SUMMARY"]), "Một\nhai", day=date(2026, 12, 31))
    assert event(ours) == made
    assert not event(ours).alarms.times


def test_without_deadlines_there_is_no_calendar() -> None:
    assert calendar([], organizer="pii@x.vn", domain="x.vn", now=NOW, today=TODAY) == ""


def test_a_later_days_mail_outranks_the_earlier_also_where_the_deadline_came_nearer() -> None:
    deadline = Deadline("duty", UUID(int=7), date(2026, 12, 20), "a", "b")
    later = calendar(
        [deadline], organizer="pii@x.vn", domain="x.vn", now=NOW, today=date(2026, 12, 14)
    )
    assert int(str(event(later)["SEQUENCE"])) == int(str(event(written())["SEQUENCE"])) + 1
    assert event(later)["UID"] == event(written())["UID"]
