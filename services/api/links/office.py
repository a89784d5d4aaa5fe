"""What the mails to coordinator, leadership and operator lead to, and whether the recipient is still one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select

from services.api.board.queries import board
from services.api.deps.caller import Caller
from services.api.deps.owner import caller_of
from services.api.links.queries import BY_ADDRESS, NotYoursNowError, mail_opened
from services.api.sending.queries import alarms_statement, hold_shown
from shared.db import Reader
from shared.links import InvalidLinkError
from shared.models import Contact, Organisation, Period, ReminderSettings, Run

READS, DECIDES = "assignments:read", "reminders:write"
WEEK = timedelta(days=7)
MOST_PERIODS, MOST_LATE, MOST_ALARMS = 10, 20, 200

# The contact that was written to, by its address: of the coordinating body, or of the leadership.
AT_DESK = (
    select(Contact.id, Contact.name, Organisation.is_coordinator)
    .join(Organisation, Organisation.id == Contact.organisation_id)
    .where(
        Contact.active,
        func.lower(Contact.email) == func.lower(bindparam("recipient")),
        or_(
            and_(Organisation.is_coordinator, Contact.role == "officer"),
            Organisation.kind == "committee",
        ),
    )
    .order_by(Organisation.is_coordinator.desc(), Contact.created_at, Contact.id)
    .limit(1)
)
OPERATES = select(
    func.lower(ReminderSettings.operator_email) == func.lower(bindparam("recipient"))
).where(ReminderSettings.operator_email != "")
OPEN_PERIODS = (
    select(Period.code)
    .where(Period.state == "open")
    .order_by(Period.due_on, Period.code)
    .limit(MOST_PERIODS)
)

NEWEST_RUN = (
    select(Run.score, Run.rank, Run.units)
    .join(Period, Period.id == Run.period_id)
    .where(Period.code == bindparam("code"), Run.created_at <= bindparam("until"))
    .order_by(Run.number.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Desk:
    """A mail to the office and who reads it: ``reader`` may see what it leads to, and decide where he coordinates."""

    mail_id: UUID
    kind: str
    facts: Mapping[str, Any]
    recipient_name: str
    reader: Caller

    @property
    def decides(self) -> bool:
        return self.reader.may(DECIDES)


async def desk_opened(read: Reader, mail_id: UUID) -> Desk:
    """Read the mail and who its recipient is now. Raises NotYoursNowError for one it would not go to any more."""
    mail = await mail_opened(read, mail_id)
    reader = await _reader(read, mail)
    if reader is None:
        raise NotYoursNowError
    return Desk(mail_id, mail["kind"], mail["facts"], mail["recipient_name"], reader)


async def _reader(read: Reader, mail: Mapping[str, Any]) -> Caller | None:
    contact = await read.first(AT_DESK, recipient=mail["recipient"])
    coordinates = contact is not None and contact["is_coordinator"]
    if mail["kind"] == "summary":
        if contact is None:
            return None
    elif not coordinates:
        operates = await read.value(OPERATES, recipient=mail["recipient"])
        if mail["kind"] != "alarm" or not operates:
            return None
    return await _named(read, mail, contact, coordinates=coordinates)


async def _named(
    read: Reader, mail: Mapping[str, Any], contact: Mapping[str, Any] | None, *, coordinates: bool
) -> Caller:
    """Act as the one account with the address, else as the contact; an account needs the right itself."""
    people = await read.all(BY_ADDRESS, recipient=mail["recipient"])
    person = people[0] if len(people) == 1 else None
    account = await caller_of(read, person["id"]) if person else None
    decides = coordinates and (account is None or account.may(DECIDES))
    known = person or contact
    return Caller(
        id=known["id"] if known else mail["id"],
        kind="link",
        name=known["name"] if known else mail["recipient_name"],
        login="",
        memberships=(),
        reaches={READS: None, DECIDES: None} if decides else {READS: None},
    )


async def boards(read: Reader, desk: Desk, *, now: datetime) -> list[dict[str, Any]]:
    """Count each open period as the board does, with the bodies that have the most overdue and the index."""
    week_ago = now - WEEK
    found = []
    for row in await read.all(OPEN_PERIODS):
        code = row["code"]
        shown = await board(read, desk.reader, code)
        run = await read.first(NEWEST_RUN, code=code, until=now)
        before = await read.first(NEWEST_RUN, code=code, until=week_ago)
        found.append({**_in_short(shown), "run": run, "change": _change(run, before)})
    return found


def _change(
    run: Mapping[str, Any] | None, before: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Give what the score rose by in a week and the rank before it; none where there was no score."""
    if run is None or before is None or None in {run["score"], before["score"]}:
        return None
    rise = run["score"] - before["score"]
    return {"score": rise, "rank": before["rank"], "units": before["units"]}


def _in_short(shown: Mapping[str, Any]) -> dict[str, Any]:
    late = [body for body in shown["bodies"] if body["overdue"]]
    late.sort(key=lambda body: (-body["overdue"], body["organisation"]))
    return {
        "period": shown["period"],
        "total": shown["total"],
        "late": late[:MOST_LATE],
        "more": max(0, len(late) - MOST_LATE),
    }


async def hold_of(read: Reader, desk: Desk, hold_id: UUID | None = None) -> dict[str, Any]:
    """Read the run that the mail is about; a form is about the same one. Raises InvalidLinkError for another."""
    told = UUID(desk.facts["hold_id"]) if desk.kind == "hold" else None
    if told is None or hold_id not in {None, told}:
        raise InvalidLinkError
    return await hold_shown(read, desk.reader, told)


async def standing_alarms(read: Reader) -> tuple[list[Any], bool]:
    """List the alarms that stand, newest first; tell whether there are more."""
    rows = await read.all(alarms_statement(frozenset({"standing"})), limit=MOST_ALARMS + 1)
    return rows[:MOST_ALARMS], len(rows) > MOST_ALARMS
