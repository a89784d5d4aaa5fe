"""What a feed's owner may see in it now; pure."""

from collections.abc import Sequence
from uuid import UUID

from services.api.deps.caller import Caller

WRITERS = frozenset({"officer", "head"})


def own_bodies(caller: Caller) -> list[UUID]:
    """List the bodies that he writes for, those included where he stands in for somebody."""
    return sorted({body for role, body, _ in caller.memberships if role in WRITERS})


def bodies_of_feed(caller: Caller | None, organisation_id: UUID | None) -> Sequence[UUID]:
    """List whose deadlines a feed gives; none where its owner left, or lost the body."""
    if caller is None:
        return ()
    if organisation_id is None:
        return own_bodies(caller)
    return (organisation_id,) if caller.may("assignments:read", organisation_id) else ()
