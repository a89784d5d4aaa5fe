"""What goes out on a day, and about what nothing does and why: each reason is seen."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.api.deps.clock import HANOI, today_in_hanoi
from services.api.reminders.missing import Open, PolicyStep, Reach, ThatDay, first_beyond, why_not
from services.api.reminders.schemas import Why
from services.api.reminders.words import NOT_TOLD
from shared.calendar import Calendar
from tests.api.conftest import Stage
from tests.factories import body

MONDAY = date(2026, 11, 30)
HORIZON = date(2026, 12, 24)
THAT = ThatDay(MONDAY, HORIZON, Calendar(), paused=False)
REACHED = Reach(active=2, reachable=1)
LATER = date(2027, 1, 4)


def thing(**values: Any) -> Open:
    nothing: dict[str, Any] = {
        "done": False,
        "excused": False,
        "silent": False,
        "states": frozenset(),
        "own": True,
        "next_on": None,
    }
    return Open(**nothing | values)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"states": frozenset({"planned"})}, None),
        ({"states": frozenset({"sent"}), "done": True}, None),
        ({"states": frozenset({"held", "claimed"})}, None),
        ({"excused": True, "done": True}, ("excused", None)),
        ({"done": True, "next_on": MONDAY}, ("done", None)),
        ({"states": frozenset({"held"})}, ("held", None)),
        ({"states": frozenset({"failed"})}, ("failed", None)),
        ({"states": frozenset({"skipped"})}, ("skipped", None)),
        ({"silent": True}, ("policy_silent", None)),
        ({"next_on": date(2026, 12, 17)}, ("no_step_that_day", date(2026, 12, 17))),
        ({}, ("no_step_that_day", None)),
    ],
)
def test_each_duty_has_one_reason_of_its_own(
    values: dict[str, Any], reason: tuple[str, date | None] | None
) -> None:
    assert why_not(thing(**values), REACHED, THAT, beyond=None) == reason


@pytest.mark.parametrize(
    ("reach", "reason"), [(Reach(), "no_contact"), (Reach(active=3), "suppressed_address")]
)
def test_a_body_that_cannot_be_reached_is_the_reason_before_the_day_is(
    reach: Reach, reason: str
) -> None:
    sunday = ThatDay(date(2026, 11, 29), HORIZON, Calendar(), paused=False)
    assert why_not(thing(), reach, sunday, beyond=LATER) == (reason, None)
    assert why_not(thing(), REACHED, sunday, beyond=LATER) == ("not_a_working_day", None)
    silent = thing(silent=True)
    assert why_not(silent, reach, sunday, beyond=None) == ("policy_silent", None)


def test_while_it_is_paused_what_is_planned_does_not_go_out_and_what_went_out_did() -> None:
    paused = ThatDay(MONDAY, HORIZON, Calendar(), paused=True)
    planned, sent = frozenset({"planned"}), frozenset({"planned", "sent"})
    assert why_not(thing(states=planned), REACHED, paused, beyond=None) == ("paused", None)
    assert why_not(thing(states=sent), REACHED, paused, beyond=None) is None
    assert why_not(thing(), REACHED, paused, beyond=None) == ("no_step_that_day", None)


@pytest.mark.parametrize(
    ("step", "day"),
    [
        # Friday 18 December + 5 working days; 25 December is the first beyond.
        (PolicyStep(5, "working", None, None), date(2026, 12, 25)),
        (PolicyStep(7, "calendar", None, None), date(2026, 12, 25)),
        (PolicyStep(1, "working", 5, 20), date(2026, 12, 28)),
        (PolicyStep(6, "calendar", None, None), None),
    ],
)
def test_the_next_step_that_is_not_planned_yet_is_worked_out(
    step: PolicyStep, day: date | None
) -> None:
    due_on = date(2026, 12, 18)
    assert first_beyond(due_on, [step], THAT) == day
    assert first_beyond(due_on, [PolicyStep(-1, "working", None, None)], THAT) is None
    expected = ("beyond_horizon", day) if day else ("no_step_that_day", None)
    assert why_not(thing(), REACHED, THAT, beyond=day) == expected


def test_every_reason_is_said_in_words() -> None:
    assert set(NOT_TOLD) == set(Why.__args__)  # type: ignore[attr-defined]


async def preview(stage: Stage, query: str = "", who: str = "coordinator") -> dict[str, Any]:
    headers = getattr(stage.cast, who).headers
    return dict(body(await stage.client.get(f"/v1/reminders/preview?{query}", headers=headers)))


async def plan_for(stage: Stage, day: date, **values: Any) -> None:
    """Move the planned rows of both bodies to 08:00 of a day."""
    at = datetime.combine(day, time(8), HANOI)
    sets = ", ".join(["send_at = :at", *(f"{name} = :{name}" for name in values)])
    await stage.connection.execute(
        text(f"UPDATE reminders SET {sets} WHERE state = 'planned'"),  # noqa: S608
        {"at": at, **values},
    )


async def set_now(stage: Stage, **values: Any) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in values)
    await stage.connection.execute(text(f"UPDATE reminder_settings SET {sets}"), values)  # noqa: S608


def reasons(found: dict[str, Any]) -> dict[str, str]:
    """Give the reason of each duty and request by its id."""
    return {entry["id"]: entry["reason"] for entry in found["not_told"]}


async def duty_of_rows(stage: Stage) -> str:
    return str(
        await stage.connection.scalar(
            text(
                "SELECT assignment_id FROM reminders r JOIN organisations o ON o.id = r.organisation_id "
                "WHERE o.code = 'so-gddt' LIMIT 1"
            )
        )
    )


async def test_the_next_working_day_is_meant_where_no_day_is_named(stage: Stage) -> None:
    found = await preview(stage)
    day = date.fromisoformat(found["date"])
    assert found["working_day"] is True
    assert today_in_hanoi() < day <= today_in_hanoi() + timedelta(days=12)
    assert found["recipients"] == []
    assert found["counts"]["recipients"] == 0


async def test_it_says_who_gets_which_mail_with_which_rows(stage: Stage) -> None:
    day = date.fromisoformat((await preview(stage))["date"])
    await plan_for(stage, day)
    await stage.connection.execute(
        text(
            "INSERT INTO reminders (kind, topic, subject_id, assignment_id, organisation_id, period_id, due_on, step, "
            "audience, separate, recipient, recipient_name, planned_at, send_at, trace_id) SELECT 'step', 'due', "
            "subject_id, assignment_id, organisation_id, period_id, due_on, '-2w', 'officer', true, recipient, "
            "recipient_name, send_at, send_at, '' FROM reminders WHERE state = 'planned' "
            "UNION ALL SELECT 'notice', 'returned', gen_random_uuid(), assignment_id, organisation_id, period_id, NULL, "
            "'', 'officer', false, recipient, recipient_name, send_at, send_at, '' FROM reminders "
            "WHERE state = 'planned'"
        )
    )
    found = await preview(stage, f"date={day}")
    assert [person["recipient"] for person in found["recipients"]] == [
        "so-ct@example.org",
        "so-gddt@example.org",
    ]
    for person in found["recipients"]:
        kinds = sorted(mail["kind"] for mail in person["mails"])
        assert kinds == ["digest", "notice", "separate"]
        assert all(len(mail["rows"]) == 1 for mail in person["mails"])
    assert found["counts"].items() >= {"recipients": 2, "mails": 6, "rows": 6}.items()
    assert await duty_of_rows(stage) not in reasons(found)
    one = await preview(stage, f"date={day}&organisation=so-ct")
    assert [person["recipient"] for person in one["recipients"]] == ["so-ct@example.org"]
    assert {entry["organisation"] for entry in one["not_told"]} == {"so-ct"}
    few = await preview(stage, f"date={day}&limit=1")
    assert (len(few["recipients"]), len(few["not_told"]), few["complete"]) == (1, 1, False)
    assert few["counts"] == found["counts"]


async def test_a_body_sees_its_own_and_no_holds(stage: Stage) -> None:
    day = date.fromisoformat((await preview(stage))["date"])
    await plan_for(stage, day)
    found = await preview(stage, f"date={day}", who="officer")
    assert [person["recipient"] for person in found["recipients"]] == ["so-gddt@example.org"]
    assert {entry["organisation"] for entry in found["not_told"]} == {"so-gddt"}
    assert found["holds"] == []
    whole = await preview(stage, f"date={day}")
    assert [(hold["kind"], hold["rows"]) for hold in whole["holds"]] == [("too_many", 0)]


async def test_each_open_duty_and_request_that_gets_nothing_has_its_reason(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    body(
        await stage.client.post(
            f"/v1/assignments/{stage.mine['assignment']}/excuse",
            json={"reason": "Bộ cung cấp"},
            headers=headers,
        )
    )
    found = reasons(await preview(stage, "limit=500"))
    waiting = body(
        await stage.client.get(f"/v1/submissions/{stage.mine['waiting']}", headers=headers)
    )
    assert found[waiting["assignment"]] == "done"
    assert found[stage.mine["assignment"]] == "excused"
    # The deadlines lie years ahead: of the one a row is planned, of the request none.
    assert found[await duty_of_rows(stage)] == "no_step_that_day"
    assert found[stage.mine["explanation"]] == "beyond_horizon"
    assert "no_contact" in set(found.values())


async def test_the_next_planned_day_is_told(stage: Stage) -> None:
    found = await preview(stage)
    day = date.fromisoformat(found["date"])
    later = day + timedelta(days=9)
    await plan_for(stage, later)
    entries = {entry["id"]: entry for entry in (await preview(stage, f"date={day}"))["not_told"]}
    entry = entries[await duty_of_rows(stage)]
    assert (entry["reason"], entry["next_on"]) == ("no_step_that_day", str(later))


async def test_a_pause_a_hold_and_a_dead_address_are_the_reasons(stage: Stage) -> None:
    day = date.fromisoformat((await preview(stage))["date"])
    duty = await duty_of_rows(stage)
    await plan_for(stage, day)
    await set_now(stage, paused=True, pause_reason="Nghỉ lễ")
    found = await preview(stage, f"date={day}")
    assert (found["paused"], found["pause_reason"], found["goes_out"]) == (True, "Nghỉ lễ", False)
    assert reasons(found)[duty] == "paused"
    await set_now(stage, paused=False)
    await stage.connection.execute(
        text("UPDATE reminders SET state = 'held', hold_id = :hold WHERE state = 'planned'"),
        {"hold": stage.mine["hold"]},
    )
    found = await preview(stage, f"date={day}")
    assert reasons(found)[duty] == "held"
    assert found["holds"][0]["rows"] == 2
    await stage.connection.execute(text("DELETE FROM reminders WHERE state = 'held'"))
    await stage.connection.execute(
        text("INSERT INTO suppressed_addresses (id, address, reason) VALUES (:id, :address, 'x')"),
        {"id": uuid4(), "address": "SO-GDDT@example.org"},
    )
    assert reasons(await preview(stage, f"date={day}"))[duty] == "suppressed_address"
    await stage.connection.execute(text("UPDATE reminder_policies SET active = false"))
    assert reasons(await preview(stage, f"date={day}"))[duty] == "policy_silent"


async def test_a_day_off_and_a_year_that_nobody_confirmed_are_said(stage: Stage) -> None:
    found = await preview(stage)
    day = date.fromisoformat(found["date"])
    assert (found["calendar_confirmed"], found["goes_out"]) == (False, False)
    await set_now(stage, calendar_required=False)
    assert (await preview(stage, f"date={day}"))["goes_out"] is True
    await set_now(stage, calendar_required=True)
    await stage.connection.execute(
        text(
            "INSERT INTO calendar_years (year, confirmed, decision) VALUES (:year, true, 'QĐ 1') "
            "ON CONFLICT (year) DO UPDATE SET confirmed = true, decision = 'QĐ 1'"
        ),
        {"year": day.year},
    )
    found = await preview(stage, f"date={day}")
    assert (found["calendar_confirmed"], found["goes_out"]) == (True, True)
    await stage.connection.execute(
        text(
            "INSERT INTO calendar_days (day, kind, name, decision) VALUES (:day, 'off', 'Lễ', '')"
        ),
        {"day": day},
    )
    found = await preview(stage, f"date={day}")
    assert (found["working_day"], found["goes_out"]) == (False, False)
    assert reasons(found)[await duty_of_rows(stage)] == "not_a_working_day"
    assert (await preview(stage))["date"] > str(day)


async def test_a_day_within_the_ledgers_horizon_may_be_asked_for(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    today = today_in_hanoi(datetime.now(UTC))
    for days, status in {-1: 422, 0: 200, 30: 200, 31: 422}.items():
        path = f"/v1/reminders/preview?date={today + timedelta(days=days)}"
        got = await stage.client.get(path, headers=headers)
        assert got.status_code == status, days


async def confirm(stage: Stage, *years: int) -> None:
    for year in years:
        await stage.connection.execute(
            text(
                "INSERT INTO calendar_years (year, confirmed, decision) VALUES (:year, true, 'QĐ 1') "
                "ON CONFLICT (year) DO UPDATE SET confirmed = true, decision = 'QĐ 1'"
            ),
            {"year": year},
        )


async def next_day(stage: Stage) -> date:
    return date.fromisoformat((await preview(stage))["date"])


async def test_every_year_up_to_the_deadlines_shown_must_be_confirmed(stage: Stage) -> None:
    day = await next_day(stage)
    await confirm(stage, day.year)
    await plan_for(stage, day, due_on=date(day.year + 2, 1, 5))
    found = await preview(stage, f"date={day}")
    ahead = [day.year + 1, day.year + 2]
    assert (found["calendar_confirmed"], found["unconfirmed_years"]) == (False, ahead)
    (held,) = found["would_be_held"]
    assert held == {"kind": "calendar", "mails": 2, "limit": None, "usual": None, "year": ahead[0]}
    assert found["goes_out"] is False
    await confirm(stage, *ahead)
    found = await preview(stage, f"date={day}")
    assert (found["unconfirmed_years"], found["would_be_held"]) == ([], [])
    assert found["goes_out"] is True


async def test_the_safety_stop_is_foretold(stage: Stage) -> None:
    day = await next_day(stage)
    await confirm(stage, day.year)
    await plan_for(stage, day, due_on=day)
    await set_now(stage, most_mails=1)
    found = await preview(stage, f"date={day}")
    assert found["would_be_held"] == [
        {"kind": "too_many", "mails": 2, "limit": 1, "usual": None, "year": None}
    ]
    assert found["goes_out"] is False
    assert (await preview(stage, f"date={day}", who="officer"))["would_be_held"] == []
    await set_now(stage, most_mails=2)
    found = await preview(stage, f"date={day}")
    assert (found["would_be_held"], found["goes_out"]) == ([], True)


async def test_notices_go_out_in_a_year_that_nobody_confirmed(stage: Stage) -> None:
    day = await next_day(stage)
    await plan_for(stage, day, due_on=day)
    assert (await preview(stage, f"date={day}"))["goes_out"] is False
    await plan_for(stage, day, kind="notice", topic="returned", due_on=None)
    found = await preview(stage, f"date={day}")
    assert (found["goes_out"], found["would_be_held"]) == (True, [])


async def test_a_body_that_cannot_be_reached_is_named_though_others_are_told(stage: Stage) -> None:
    day = await next_day(stage)
    duty = await duty_of_rows(stage)
    await plan_for(stage, day, audience="coordinator")
    assert duty not in reasons(await preview(stage, f"date={day}"))
    await stage.connection.execute(
        text("INSERT INTO suppressed_addresses (id, address, reason) VALUES (:id, :address, 'x')"),
        {"id": uuid4(), "address": "SO-GDDT@example.org"},
    )
    assert reasons(await preview(stage, f"date={day}"))[duty] == "suppressed_address"
    await stage.connection.execute(text("UPDATE contacts SET active = false"))
    assert reasons(await preview(stage, f"date={day}"))[duty] == "no_contact"


async def test_a_step_of_that_day_for_people_who_are_not_there_is_named(stage: Stage) -> None:
    day = await next_day(stage)
    duty = await duty_of_rows(stage)
    await stage.connection.execute(
        text("UPDATE assignments SET due_on = :day, extended_due_on = NULL WHERE id = :id"),
        {"day": day, "id": UUID(duty)},
    )
    await stage.connection.execute(
        text("UPDATE reminder_steps SET offset_days = offset_days + 300")
    )
    for audience in ("officer", "head", "deputy"):
        await stage.connection.execute(
            text(
                "INSERT INTO reminder_steps (id, policy_id, offset_days, days, audience) "
                "SELECT gen_random_uuid(), id, 0, 'working', :audience FROM reminder_policies"
            ),
            {"audience": audience},
        )
    found = (await preview(stage, f"date={day}&limit=500"))["empty_audiences"]
    assert [entry["audience"] for entry in found if entry["id"] == duty] == ["head"]
    await stage.connection.execute(
        text(
            "UPDATE responsibilities SET role = 'requested' WHERE id = "
            "(SELECT responsibility_id FROM assignments WHERE id = :id)"
        ),
        {"id": UUID(duty)},
    )
    found = (await preview(stage, f"date={day}&limit=500"))["empty_audiences"]
    assert duty not in {entry["id"] for entry in found}


async def test_a_row_that_is_left_out_says_to_whom_it_would_have_gone_and_why(
    stage: Stage,
) -> None:
    day = await next_day(stage)
    await plan_for(stage, day, state="skipped", reason="Hạn đã thay đổi. / The deadline has moved.")
    found = (await preview(stage, f"date={day}"))["left_out"]
    assert {row["recipient"] for row in found} >= {"so-gddt@example.org", "so-ct@example.org"}
    assert {row["why"]["en"] for row in found} == {"The deadline has moved."}
