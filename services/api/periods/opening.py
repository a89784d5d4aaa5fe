"""What opening a period would make, for whom and until when; opening itself makes just that."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, exists, func, select, text

from services.api.calendar.queries import working_calendar
from services.api.deps.clock import today_in_hanoi
from services.api.periods.queries import PERIOD_ROW, PeriodNotFoundError, in_scope, scope_of
from services.api.periods.spans import planned_back
from shared.db import Reader
from shared.models import (
    Assignment,
    Framework,
    HandoverMove,
    Node,
    Organisation,
    Period,
    PeriodDeadline,
    PeriodScope,
    Responsibility,
)
from shared.reach import is_reachable


class Rule(NamedTuple):
    """A row of ``period_deadlines``."""

    organisation_id: UUID | None
    node_id: UUID | None
    due_on: date


class Deadlines(NamedTuple):
    """The period's own deadline and those that differ, with the tree that they hang on."""

    default: date
    rules: Sequence[Rule]
    parents: Mapping[UUID, UUID | None]

    def of(self, organisation_id: UUID, node_id: UUID) -> date:
        """Choose the nearest: the node itself before what it lies under, at each a body's own before all's.

        A rule of a body alone comes after those of nodes, the period's own deadline last.
        """
        said = {(rule.organisation_id, rule.node_id): rule.due_on for rule in self.rules}
        if said:
            place: UUID | None = node_id
            while place is not None:
                for key in ((organisation_id, place), (None, place)):
                    if key in said:
                        return said[key]
                place = self.parents.get(place)
        return said.get((organisation_id, None), self.default)


class Missing(NamedTuple):
    """A duty that the period ought to have and has not."""

    responsibility_id: UUID
    node_id: UUID
    organisation_id: UUID
    indicator: str
    name_vi: str
    organisation: str
    role: str
    kind: str
    due_on: date
    reachable: bool
    sort_key: str


_has_one = exists().where(
    Assignment.period_id == Period.id, Assignment.responsibility_id == Responsibility.id
)


def _continued(responsibilities: Select[UUID]) -> Select[UUID]:
    """Choose the responsibilities that go on with one of these, by any number of hand-overs."""
    move = select(HandoverMove.new_object_id.label("heir"), HandoverMove.object_id.label("first"))
    move = move.where(HandoverMove.kind == "responsibility", HandoverMove.action != "joined")
    line = move.where(HandoverMove.object_id.in_(responsibilities)).cte("line", recursive=True)
    line = line.union(move.where(HandoverMove.object_id == line.c.heir))
    return select(line.c.heir).where(line.c.heir.is_not(None))


_held = select(Assignment.responsibility_id).where(Assignment.period_id == bindparam("period_id"))
_MISSING = (
    select(
        Responsibility.id.label("responsibility_id"),
        Node.id.label("node_id"),
        Responsibility.organisation_id,
        Node.code.label("indicator"),
        Node.name_vi,
        Organisation.code.label("organisation"),
        Responsibility.role,
        Responsibility.kind,
        Node.supply,
        is_reachable(Responsibility.organisation_id).label("reachable"),
        Node.sort_key,
    )
    .select_from(Period)
    .join(Node, Node.framework_id == Period.framework_id)
    .join(Responsibility, Responsibility.node_id == Node.id)
    .join(Organisation, Organisation.id == Responsibility.organisation_id)
    .where(
        Period.id == bindparam("period_id"),
        Responsibility.valid_from <= bindparam("today"),
        func.coalesce(Responsibility.valid_to, text("'infinity'::date")) >= bindparam("today"),
        in_scope(
            PeriodScope.period_id == bindparam("period_id"),
            node=Node.id,
            body=Responsibility.organisation_id,
        ),
        ~_has_one,
        # What was done before a hand-over is not owed again by whoever took over.
        Responsibility.id.not_in(_continued(_held)),
    )
    .order_by(Node.sort_key, Organisation.code, Responsibility.id)
)
_RULES = select(
    PeriodDeadline.organisation_id, PeriodDeadline.node_id, PeriodDeadline.due_on
).where(PeriodDeadline.period_id == bindparam("period_id"))
_PARENTS = (
    select(Node.id, Node.parent_id)
    .join(Period, Period.framework_id == Node.framework_id)
    .where(Period.id == bindparam("period_id"))
)
_FRAMEWORK_STATE = (
    select(Framework.state)
    .join(Period, Period.framework_id == Framework.id)
    .where(Period.id == bindparam("period_id"))
)


def kind_of_duty(*, role: str, supply: str | None, stated: str | None = None) -> str:
    """Say what is owed: what is stated; or else leads supply a figure unless central bodies do, others report."""
    derived = "figure" if role in {"lead", "joint_lead"} and supply != "central" else "report"
    return stated or derived


async def deadlines_of(read: Reader, period_id: UUID, default: date) -> Deadlines:
    rules = [Rule(*row) for row in await read.all(_RULES, period_id=period_id)]
    parents = dict(await read.all(_PARENTS, period_id=period_id)) if rules else {}
    return Deadlines(default, rules, parents)


async def missing_duties(
    read: Reader, period_id: UUID, due_on: date, *, period_kind: str, today: date
) -> list[Missing]:
    """List the duties of who answers ``today`` that the period has not; preview and opening both ask this."""
    rows = await read.all(_MISSING, period_id=period_id, today=today)
    deadlines = await deadlines_of(read, period_id, due_on)
    return [
        Missing(
            responsibility_id=row["responsibility_id"],
            node_id=row["node_id"],
            organisation_id=row["organisation_id"],
            indicator=row["indicator"],
            name_vi=row["name_vi"],
            organisation=row["organisation"],
            role=row["role"],
            # Progress is told of the measures, whoever supplies the figures.
            kind="report"
            if period_kind == "progress"
            else kind_of_duty(role=row["role"], supply=row["supply"], stated=row["kind"]),
            due_on=deadlines.of(row["organisation_id"], row["node_id"]),
            reachable=row["reachable"],
            sort_key=f"{row['sort_key']} {row['organisation']}",
        )
        for row in rows
    ]


_SHOWN = ("indicator", "name_vi", "organisation", "role", "kind", "due_on", "reachable")


async def opening_shown(read: Reader, code: str, *, now: datetime) -> dict[str, Any]:
    """Show what opening, or opening again, would make; nothing is changed."""
    period = await read.first(PERIOD_ROW, code=code)
    if period is None:
        raise PeriodNotFoundError
    missing: list[Missing] = []
    if period["state"] != "closed":
        missing = await missing_duties(
            read,
            period["id"],
            period["due_on"],
            period_kind=period["kind"],
            today=today_in_hanoi(now),
        )
    framework_state = await read.value(_FRAMEWORK_STATE, period_id=period["id"])
    return {
        "period": code,
        "state": period["state"],
        "can_open": period["state"] == "open"
        or (period["state"] == "draft" and framework_state == "published"),
        "due_on": period["due_on"],
        "scope": scope_of(period),
        "deadline": await deadline_proposed(
            read, period["ministry_due_on"], period["working_days_before"]
        ),
        "existing": period["assignments"],
        "to_create": [{name: getattr(duty, name) for name in _SHOWN} for duty in missing],
        "unreachable": sorted({duty.organisation for duty in missing if not duty.reachable}),
    }


async def deadline_proposed(
    read: Reader, ministry_due_on: date | None, working_days: int | None
) -> dict[str, Any] | None:
    """Plan the city's deadline back from the ministry's; None where either is not known."""
    if ministry_due_on is None or working_days is None:
        return None
    # Two calendar days hold at least one working day, but for a long Tết: twice that, and a month.
    calendar = await working_calendar(
        read, date.fromordinal(ministry_due_on.toordinal() - 2 * working_days - 60), ministry_due_on
    )
    planned = planned_back(calendar, ministry_due_on, working_days)
    return {
        "ministry_due_on": planned.ministry_due_on,
        "working_days_before": planned.working_days_before,
        "proposed_due_on": planned.proposed_due_on,
        "days_off_passed_over": planned.passed_over,
        "calendar_confirmed": planned.calendar_confirmed,
        "arithmetic": planned.arithmetic,
    }
