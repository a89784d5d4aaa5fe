"""Whom of each body a mail of a day would reach: the same people that the notifier plans for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import Date, bindparam, func, select

from services.api.reminders.missing import Reach
from shared.db import Reader
from shared.recipients import OWN_AUDIENCES, recipients
from shared.suppression import is_suppressed

_people = recipients()
_PEOPLE = (
    select(
        _people.c.organisation_id,
        _people.c.audience,
        func.count(_people.c.recipient.distinct()).label("active"),
        func.count(_people.c.recipient.distinct())
        .filter(~is_suppressed(_people.c.recipient))
        .label("reachable"),
    )
    .where(
        bindparam("day", type_=Date()).between(_people.c.valid_from, _people.c.valid_to),
    )
    .group_by(_people.c.organisation_id, _people.c.audience)
)


@dataclass
class Bodies:
    """The people of every body, by audience."""

    by_audience: dict[UUID, dict[str, Reach]] = field(default_factory=dict)

    def own(self, body: UUID) -> Reach:
        """Count those of the body itself; one in two audiences counts twice, which nobody asks."""
        found: Mapping[str, Reach] = self.by_audience.get(body, {})
        own = [found[name] for name in OWN_AUDIENCES if name in found]
        return Reach(sum(one.active for one in own), sum(one.reachable for one in own))

    def reached(self, body: UUID) -> frozenset[str]:
        """Name the audiences of which somebody can be written to."""
        found = self.by_audience.get(body, {})
        return frozenset(name for name, reach in found.items() if reach.reachable)


async def bodies_on(read: Reader, day: date) -> Bodies:
    bodies = Bodies()
    for row in await read.all(_PEOPLE, day=day):
        audiences = bodies.by_audience.setdefault(row["organisation_id"], {})
        audiences[row["audience"]] = Reach(row["active"], row["reachable"])
    return bodies
