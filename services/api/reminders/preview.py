"""Who gets what on a day, and about what nobody is written to and why: from the ledger and the facts alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.api.calendar.queries import working_calendar
from services.api.deps.caller import Caller
from services.api.deps.clock import HANOI, today_in_hanoi
from services.api.reminders.days import (
    ASKED,
    DUTIES,
    HOLDS,
    LEFT_OUT,
    MOST_DUTIES,
    MOST_ROWS,
    ROWS,
    STEPS,
)
from services.api.reminders.foretold import Run, foretell
from services.api.reminders.missing import (
    Open,
    PolicyStep,
    ThatDay,
    empty_audiences,
    first_beyond,
    why_not,
)
from services.api.reminders.queries import DAY, begins, shown
from services.api.reminders.reach import bodies_on
from services.api.reminders.schemas import PreviewQuery
from services.api.reminders.words import NOT_TOLD
from services.api.sending.queries import settings_now
from shared.db import Reader, records
from shared.errors import InvalidError

HORIZON = timedelta(days=30)  # how far ahead the ledger is planned


class BeyondHorizonError(InvalidError):
    """Mail is planned from today on for 30 days: choose one of these days.

    Thư được lập kế hoạch từ hôm nay trong 30 ngày: hãy chọn một ngày trong khoảng đó.
    """


async def preview(
    read: Reader, caller: Caller, query: PreviewQuery, *, now: datetime
) -> dict[str, Any]:
    """Say what goes out on a day as things stand, and about what nothing does."""
    bodies = caller.own_only("reminders:read")
    begun = today_in_hanoi(now)
    horizon = begun + HORIZON
    if query.date and not begun <= query.date <= horizon:
        raise BeyondHorizonError
    values = {"bodies": bodies, "organisation": query.organisation}
    calendar = await working_calendar(read, begun - 12 * HORIZON, horizon + 12 * HORIZON)
    day = query.date or calendar.add(begun, 1)
    settings = await settings_now(read)
    that = ThatDay(day, horizon, calendar, settings["paused"])
    span = {"from": begins(day), "to": begins(day + DAY)}
    rows = await read.all(ROWS, **values, **span)
    duties = [
        *await read.all(DUTIES, **values, **span),
        *await read.all(ASKED, **values, **span),
    ]
    recipients = _by_recipient(rows[:MOST_ROWS])
    not_told, nobody = await _not_told(read, duties, that)
    foretold = await foretell(read, Run(day, span, now, calendar, settings))
    unconfirmed = calendar.unconfirmed(day, *(row["due_on"] for row in rows if row["due_on"]))
    left_out = await read.all(LEFT_OUT, limit=query.limit + 1, **values, **span)
    lists = (recipients, not_told, nobody, left_out)
    return {
        "date": day,
        "working_day": calendar.is_working(day),
        "calendar_confirmed": not unconfirmed,
        "unconfirmed_years": unconfirmed,
        "paused": settings["paused"],
        "pause_reason": settings["pause_reason"],
        "holds": records(await read.all(HOLDS)) if bodies is None else [],
        "would_be_held": foretold.holds if bodies is None else [],
        "goes_out": foretold.goes_out,
        "recipients": recipients[: query.limit],
        "not_told": not_told[: query.limit],
        "empty_audiences": nobody[: query.limit],
        "left_out": [_left(row) for row in left_out[: query.limit]],
        "counts": _counts(recipients, not_told),
        "complete": max(map(len, lists)) <= query.limit
        and len(rows) <= MOST_ROWS
        and len(duties) <= MOST_DUTIES,
    }


def _by_recipient(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Gather the rows as they go into envelopes: one digest, notices together, each separate one alone."""
    people: dict[str, dict[str, Any]] = {}
    mails: dict[str, dict[tuple[str, UUID | None], list[dict[str, Any]]]] = {}
    for row in rows:
        name = row["recipient"]
        kind = "notice" if row["kind"] == "notice" else "digest"
        key = ("separate", row["id"]) if kind == "digest" and row["separate"] else (kind, None)
        people.setdefault(name, {"recipient": name, "recipient_name": row["recipient_name"]})
        mails.setdefault(name, {}).setdefault(key, []).append(_row(row))
    return [
        {
            **person,
            "mails": [{"kind": kind, "rows": told} for (kind, _), told in mails[name].items()],
        }
        for name, person in people.items()
    ]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "id", "kind", "topic", "state", "assignment", "explanation", "period", "indicator",
        "organisation", "due_on", "step", "audience", "send_at",
    )  # fmt: skip
    return {name: row[name] for name in names}


def _left(row: Mapping[str, Any]) -> dict[str, Any]:
    made = shown(row)
    return _row(row) | {name: made[name] for name in ("recipient", "recipient_name", "why")}


_NAMES = ("id", "kind", "period", "indicator", "organisation", "due_on")


async def _not_told(
    read: Reader, duties: Sequence[Any], that: ThatDay
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """List what nobody is written to about, and the steps of that day that are for nobody."""
    bodies = await bodies_on(read, that.day)
    steps: dict[UUID, list[PolicyStep]] = defaultdict(list)
    for row in await read.all(STEPS):
        policy, *fields = row
        steps[policy].append(PolicyStep(*fields))
    beyond: dict[tuple[UUID | None, date], date | None] = {}
    found, nobody = [], []
    for row in duties:
        own, plan = steps.get(row["policy"], []), (row["policy"], row["due_on"])
        if plan not in beyond:  # many duties share a policy and a deadline
            beyond[plan] = first_beyond(row["due_on"], own, that)
        about = {name: row[name] for name in _NAMES}
        reach = bodies.own(row["organisation_id"])
        reason = why_not(_open(row, own), reach, that, beyond=beyond[plan])
        if reason is not None:
            code, next_on = reason
            why = NOT_TOLD[code]._asdict()
            found.append(about | {"reason": code, "why": why, "next_on": next_on})
        reached = bodies.reached(row["organisation_id"])
        nobody += [about | {"audience": name} for name in _for_nobody(row, own, reached, that)]
    return found, nobody


def _for_nobody(
    row: Any, steps: Sequence[PolicyStep], reached: frozenset[str], that: ThatDay
) -> list[str]:
    """Name the empty audiences of a duty on that day; nobody is escalated to of a body that is only asked."""
    is_over = row["done"] or row["excused"] or (row["closed"] and that.day > row["due_on"])
    if is_over or not that.calendar.is_working(that.day):
        return []
    asked = row["role"] == "requested"
    chosen = [step for step in steps if step.audience == "officer" or not asked]
    return empty_audiences(row["due_on"], chosen, reached, that)


def _open(row: Any, steps: Sequence[PolicyStep]) -> Open:
    following: datetime | None = row["next_at"]
    return Open(
        done=row["done"],
        excused=row["excused"],
        silent=not steps,
        states=frozenset(row["states"] or ()),
        own=row["own"],
        next_on=following.astimezone(HANOI).date() if following else None,
    )


def _counts(recipients: Sequence[Any], not_told: Sequence[Any]) -> dict[str, int]:
    mails = [mail for person in recipients for mail in person["mails"]]
    return {
        "recipients": len(recipients),
        "mails": len(mails),
        "rows": sum(len(mail["rows"]) for mail in mails),
        **Counter(thing["reason"] for thing in not_told),
    }
