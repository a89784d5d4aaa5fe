"""Who gets what on a day, and about what nobody is written to and why: from the ledger and the facts alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.calendar.queries import working_calendar
from services.api.deps.caller import Caller
from services.api.deps.clock import HANOI, today_in_hanoi
from services.api.reminders.missing import Open, PolicyStep, Reach, ThatDay, first_beyond, why_not
from services.api.reminders.queries import DAY, REMINDER, begins
from services.api.reminders.schemas import PreviewQuery
from services.api.reminders.words import NOT_TOLD
from services.api.sending.queries import settings_now
from shared.db import Reader, records
from shared.duty import effective_due_on, is_done, reminds_of, today
from shared.errors import InvalidError
from shared.models import (
    Assignment,
    Contact,
    ExplanationRequest,
    Hold,
    Node,
    Organisation,
    Period,
    Reminder,
    ReminderStep,
)
from shared.policies import of_duty, of_explanation
from shared.reach import in_force
from shared.suppression import is_suppressed

HORIZON = timedelta(days=30)  # how far ahead the ledger is planned
MOST_ROWS = 10_000
MOST_DUTIES = 10_000


class BeyondHorizonError(InvalidError):
    """Mail is planned from today on for 30 days: choose one of these days.

    Thư được lập kế hoạch từ hôm nay trong 30 ngày: hãy chọn một ngày trong khoảng đó.
    """


_bodies = bindparam("bodies", type_=ARRAY(Uuid))
_code = bindparam("organisation", type_=Text)
_from: ColumnElement[datetime] = bindparam("from", type_=DateTime(timezone=True))
_to: ColumnElement[datetime] = bindparam("to", type_=DateTime(timezone=True))


def _chosen(organisation_id: Any) -> ColumnElement[bool]:
    """Keep to the bodies that the caller may read, and to the one that is asked for; null is all."""
    return and_(
        or_(_bodies.is_(None), organisation_id == any_(_bodies)),
        or_(_code.is_(None), Organisation.code == _code),
    )


_goes = or_(
    *(Reminder.state == state for state in ("planned", "held", "claimed", "sent", "delivered"))
)
_that_day = and_(Reminder.send_at >= _from, Reminder.send_at < _to)
ROWS = (
    REMINDER.where(_that_day, _goes, _chosen(Reminder.organisation_id))
    .order_by(Reminder.recipient, Reminder.send_at, Reminder.id)
    .limit(MOST_ROWS + 1)
)


def _ledger(about: ColumnElement[bool], source: Any) -> tuple[Any, Any]:
    """Give a duty's states on that day, and when it is reminded of next."""
    states = select(func.array_agg(Reminder.state.distinct())).where(about, _that_day)
    following = select(func.min(Reminder.send_at)).where(
        about, Reminder.state == "planned", Reminder.send_at >= _to
    )
    return (
        states.correlate(source).scalar_subquery().label("states"),
        following.correlate(source).scalar_subquery().label("next_at"),
    )


_named = (
    Period.code.label("period"),
    Node.code.label("indicator"),
    Organisation.code.label("organisation"),
)
DUTIES = (
    select(
        Assignment.id,
        Assignment.kind,
        *_named,
        Assignment.organisation_id,
        effective_due_on.label("due_on"),
        is_done.label("done"),
        Assignment.excused_at.is_not(None).label("excused"),
        of_duty().label("policy"),
        *_ledger(reminds_of(Assignment.id), Assignment),
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .where(
        or_(
            Period.state == "open",
            and_(Period.state == "closed", Assignment.extended_due_on >= today),
        ),
        _chosen(Assignment.organisation_id),
    )
    .order_by(Assignment.sort_key, Assignment.id)
    .limit(MOST_DUTIES + 1)
)
_Asked = ExplanationRequest
ASKED = (
    select(
        _Asked.id,
        literal("explanation").label("kind"),
        *_named,
        _Asked.organisation_id,
        _Asked.due_on,
        (_Asked.state == "answered").label("done"),
        literal(False).label("excused"),  # noqa: FBT003 a column's value
        of_explanation().label("policy"),
        *_ledger(Reminder.subject_id == _Asked.id, _Asked),
    )
    .select_from(_Asked)
    .join(Period, Period.id == _Asked.period_id)
    .join(Node, Node.id == _Asked.node_id)
    .join(Organisation, Organisation.id == _Asked.organisation_id)
    .where(_Asked.state != "closed", _chosen(_Asked.organisation_id))
    .order_by(_Asked.due_on, _Asked.id)
    .limit(MOST_DUTIES + 1)
)
REACH = (
    select(
        Contact.organisation_id,
        func.count().label("active"),
        func.count().filter(~is_suppressed(Contact.email)).label("reachable"),
    )
    .where(in_force(on=bindparam("day", type_=Date)))
    .group_by(Contact.organisation_id)
)
STEPS = select(
    ReminderStep.policy_id,
    ReminderStep.offset_days,
    ReminderStep.days,
    ReminderStep.repeat_every,
    ReminderStep.repeat_count,
)
HOLDS = (
    select(
        Hold.id,
        Hold.kind,
        func.count(Reminder.id).label("rows"),
    )
    .outerjoin(Reminder, and_(Reminder.hold_id == Hold.id, Reminder.state == "held"))
    .where(Hold.state == "waiting")
    .group_by(Hold.id)
    .order_by(Hold.created_at, Hold.id)
)


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
    not_told = await _not_told(read, duties, that)
    confirmed = calendar.confirms(day, day)
    blocked = settings["paused"] or (settings["calendar_required"] and not confirmed)
    return {
        "date": day,
        "working_day": calendar.is_working(day),
        "calendar_confirmed": confirmed,
        "paused": settings["paused"],
        "pause_reason": settings["pause_reason"],
        "holds": records(await read.all(HOLDS)) if bodies is None else [],
        "goes_out": calendar.is_working(day) and not blocked,
        "recipients": recipients[: query.limit],
        "not_told": not_told[: query.limit],
        "counts": _counts(recipients, not_told),
        "complete": max(len(recipients), len(not_told)) <= query.limit
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


async def _not_told(read: Reader, duties: Sequence[Any], that: ThatDay) -> list[dict[str, Any]]:
    reach = {
        row["organisation_id"]: Reach(row["active"], row["reachable"])
        for row in await read.all(REACH, day=that.day)
    }
    steps: dict[UUID, list[PolicyStep]] = defaultdict(list)
    for row in await read.all(STEPS):
        policy, *fields = row
        steps[policy].append(PolicyStep(*fields))
    beyond: dict[tuple[UUID | None, date], date | None] = {}
    found = []
    for row in duties:
        own, plan = steps.get(row["policy"], []), (row["policy"], row["due_on"])
        if plan not in beyond:  # many duties share a policy and a deadline
            beyond[plan] = first_beyond(row["due_on"], own, that)
        reached = reach.get(row["organisation_id"], Reach())
        reason = why_not(_open(row, own), reached, that, beyond=beyond[plan])
        if reason is not None:
            names = ("id", "kind", "period", "indicator", "organisation", "due_on")
            code, next_on = reason
            found.append(
                {name: row[name] for name in names}
                | {"reason": code, "why": NOT_TOLD[code]._asdict(), "next_on": next_on}
            )
    return found


def _open(row: Any, steps: Sequence[PolicyStep]) -> Open:
    following: datetime | None = row["next_at"]
    return Open(
        done=row["done"],
        excused=row["excused"],
        silent=not steps,
        states=frozenset(row["states"] or ()),
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
