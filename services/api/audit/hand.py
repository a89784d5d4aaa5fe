"""What of a person stands in the log: kept apart with salts, and erased without a trace in the chain."""

import secrets
from collections.abc import Collection, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, and_, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.audit.form import (
    ERASURE,
    Entry,
    digest,
    erased_value,
    erasure_digest,
    personal_values,
)
from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.deps.erased import ERASED
from shared.models import AuditEntry, AuditPersonal

SALT_BYTES = 16
# Who links and who erases take turns.
CHAIN = func.hashtext("audit chain")
_PERSONAL = cast("Table", AuditPersonal.__table__)  # without the ORM: half the time
PUT_AWAY = text(
    """
    UPDATE audit_log SET
      actor_name = CASE WHEN '/actor_name' = ANY(taken.places) THEN :mark ELSE actor_name END,
      changes = changes || coalesce((
        SELECT jsonb_object_agg(substr(place, 10), jsonb_build_array(CAST(:mark AS text), CAST(:mark AS text)))
        FROM unnest(taken.places) AS place WHERE place LIKE '/changes/%'), '{}')
    FROM (SELECT audit_id, array_agg(place) AS places FROM audit_personal
          WHERE erased_by = :told_by GROUP BY audit_id) AS taken
    WHERE id = taken.audit_id
    """
)


async def keep_personal(
    session: AsyncSession, rows: Sequence[Entry]
) -> dict[int, dict[str, bytes]]:
    """Give each entry's personal places their digests, salted anew where they have none; entry → place → digest."""
    ids = [row["id"] for row in rows]
    digests: dict[int, dict[str, bytes]] = {number: {} for number in ids}
    columns = (AuditPersonal.audit_id, AuditPersonal.place, AuditPersonal.digest)
    known = select(*columns).where(AuditPersonal.audit_id == func.any(ids))
    for audit_id, place, found in await session.execute(known):
        digests[audit_id][place] = found
    new: list[dict[str, Any]] = []
    for row in rows:
        mine = digests[row["id"]]
        for place, value in personal_values(row).items():
            if place not in mine:
                salt = secrets.token_bytes(SALT_BYTES)
                mine[place] = digest(salt, value)
                new.append(
                    {"audit_id": row["id"], "place": place, "digest": mine[place], "salt": salt}
                )
    if new:
        await session.execute(insert(_PERSONAL), new)
    return digests


async def erase_person(
    session: AsyncSession,
    caller: Caller,
    target: tuple[str, UUID],
    *,
    contacts: Collection[UUID],
    reason: str,
) -> int:
    """Erase the names and addresses of an account or a contact from the log; return from how many places.

    The entry that is added tells how many places and the digest of their list, so that nobody can take
    away a name and call it an erasure. In the chain stay digests whose salts are gone.
    """
    await session.execute(select(func.pg_advisory_xact_lock(CHAIN)))
    places = await _places(session, target, contacts)
    told = record(
        session,
        caller,
        ERASURE,
        target,
        changes={"places": len(places), "digest": erasure_digest(places)},
        reason=reason,
    )
    await session.flush()
    if places:
        erased = update(AuditPersonal).where(
            AuditPersonal.audit_id == func.any([audit_id for audit_id, _ in places]),
            or_(*(_of_place(kind, places) for kind in {place for _, place in places})),
        )
        await session.execute(
            erased.values(salt=None, erased_by=told.id),
            execution_options={"synchronize_session": False},
        )
        await session.execute(PUT_AWAY, {"mark": ERASED, "told_by": told.id})
    return len(places)


def _of_place(place: str, places: Sequence[tuple[int, str]]) -> Any:
    ids = [audit_id for audit_id, each in places if each == place]
    return and_(AuditPersonal.place == place, AuditPersonal.audit_id == func.any(ids))


async def _places(
    session: AsyncSession, target: tuple[str, UUID], contacts: Collection[UUID]
) -> list[tuple[int, str]]:
    """Find where the log holds what is this person's and not erased yet; each place has its digest then."""
    about = {(target[0], str(target[1])), *(("contact", str(contact)) for contact in contacts)}
    objects = [
        and_(AuditEntry.object_type == kind, AuditEntry.object_id == key) for kind, key in about
    ]
    # Whoever acted by a link without an account is known by the contact.
    actors = (target[1], *contacts)
    chosen = select(*AuditEntry.__table__.columns).where(
        or_(AuditEntry.actor_id.in_(actors), *objects)
    )
    rows = [dict(row) for row in (await session.execute(chosen)).mappings()]
    await keep_personal(session, rows)
    return sorted(
        (row["id"], place)
        for row in rows
        for place, value in personal_values(row).items()
        if value != erased_value(place)
        and (
            row["actor_id"] in actors
            if place == "/actor_name"
            else (row["object_type"], row["object_id"]) in about
        )
    )
