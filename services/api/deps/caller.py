"""Who is calling, and what the caller may do: one vocabulary for people's roles and systems' scopes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Uuid,
    and_,
    any_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import aliased

from services.api.deps.grants import ALL, GRANTS, OF_THE_CITY
from shared.db import Reader
from shared.errors import ForbiddenError, UnauthenticatedError
from shared.models import ApiKey, Deputy, Membership, Organisation, SignIn, User

ACCESS_PREFIX = "piia_"
KEY_PREFIX = "piik_"

Reach = frozenset[UUID] | None  # None: every body


class OneBodyError(ForbiddenError):
    """This concerns every body; the key acts for one.

    Việc này liên quan mọi cơ quan; khóa chỉ dùng cho một cơ quan.
    """


@lru_cache(maxsize=4096)
def _reaches(memberships: tuple[tuple[str, UUID], ...]) -> Mapping[str, Reach]:
    reaches: dict[str, Reach] = {}
    for role, organisation in memberships:
        for permission, where in GRANTS[role].items():
            known = reaches.get(permission, frozenset())
            reaches[permission] = None if where == ALL or known is None else known | {organisation}
    return reaches


@dataclass(frozen=True, slots=True)
class Caller:
    id: UUID
    kind: Literal["user", "api_key", "link"]
    name: str
    login: str
    memberships: tuple[tuple[str, UUID, str], ...]
    reaches: Mapping[str, Reach]
    expires_at: datetime | None = None
    sign_in_id: UUID | None = None
    # Other accounts of the same address: whoever has two is still one person.
    also: frozenset[UUID] = frozenset()

    @property
    def accounts(self) -> frozenset[UUID]:
        return self.also | {self.id}

    def may(self, permission: str, organisation: UUID | None = None) -> bool:
        """Tell whether the caller may do it at all, or in this body when one is given.

        What concerns the whole city is never done for one body: whose right ends there has none.
        """
        if permission not in self.reaches:
            return False
        reach = self.reaches[permission]
        if reach is None:
            return True
        return permission not in OF_THE_CITY and (organisation is None or organisation in reach)

    def require(self, permission: str, organisation: UUID | None = None) -> None:
        if not self.may(permission, organisation):
            if permission in OF_THE_CITY and permission in self.reaches:
                raise OneBodyError
            raise ForbiddenError(
                f"This needs the permission {permission}.",
                vi=f"Thao tác này cần quyền {permission}.",
            )

    def own_only(self, permission: str) -> list[UUID] | None:
        """List the bodies to which the caller's reading is limited; None means every body."""
        self.require(permission)
        reach = self.reaches[permission]
        return None if reach is None else sorted(reach)


NOBODY = Caller(UUID(int=0), "user", "", "", (), {})

_TODAY = text("(now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date")


def _valid(membership: type[Membership]) -> ColumnElement[bool]:
    return and_(
        membership.valid_from <= _TODAY,
        func.coalesce(membership.valid_to, text("'infinity'::date")) >= _TODAY,
    )


_Lent, _Own, _Principal = aliased(Membership), aliased(Membership), aliased(User)
# What others let this user do while they are away, as long as he is of the same body himself. It is an array,
# so that each side of the OR below has its index.
_lent = func.array(
    select(Deputy.membership_id)
    .join(_Lent, _Lent.id == Deputy.membership_id)
    .join(_Principal, _Principal.id == _Lent.user_id)
    .where(
        Deputy.deputy_id == User.id,
        Deputy.ended_at.is_(None),
        Deputy.valid_from <= _TODAY,
        Deputy.valid_to >= _TODAY,
        _Principal.active,
        exists().where(
            _Own.user_id == Deputy.deputy_id,
            _Own.organisation_id == _Lent.organisation_id,
            _valid(_Own),
        ),
    )
    .correlate(User)
    .scalar_subquery(),
    type_=ARRAY(Uuid),
)
_Same = aliased(User)
SAME_PERSON = func.array(
    select(_Same.id)
    .where(func.lower(_Same.email) == func.lower(User.email), User.email != "")
    .correlate(User)
    .scalar_subquery(),
    type_=ARRAY(Uuid),
).label("also")
HELD = (
    select(
        func.array_agg(aggregate_order_by(Membership.role, Membership.id)).label("roles"),
        func.array_agg(aggregate_order_by(Membership.organisation_id, Membership.id)).label(
            "bodies"
        ),
        func.array_agg(aggregate_order_by(Organisation.code, Membership.id)).label("codes"),
    )
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(
        or_(Membership.user_id == User.id, Membership.id == any_(_lent)),
        _valid(Membership),
    )
    .lateral("held")
)
BY_ACCESS_TOKEN = (
    select(
        User.id,
        User.name,
        User.login,
        SignIn.id.label("sign_in_id"),
        SignIn.access_expires_at.label("expires_at"),
        SAME_PERSON,
        HELD.c.roles,
        HELD.c.bodies,
        HELD.c.codes,
    )
    .select_from(SignIn)
    .join(User, User.id == SignIn.user_id)
    .join(HELD, text("true"))
    .where(
        SignIn.access_hash == bindparam("token_hash"),
        SignIn.access_expires_at > func.now(),
        SignIn.ended_at.is_(None),
        User.active,
    )
)
BY_API_KEY = (
    select(
        ApiKey.id,
        ApiKey.name,
        ApiKey.prefix,
        ApiKey.scopes,
        ApiKey.organisation_id,
        ApiKey.expires_at,
        (
            func.coalesce(ApiKey.last_used_at, text("'-infinity'"))
            < func.now() - text("interval '1 minute'")
        ).label("unseen"),
        Organisation.code,
    )
    .outerjoin(Organisation, Organisation.id == ApiKey.organisation_id)
    .where(
        ApiKey.key_hash == bindparam("token_hash"),
        ApiKey.expires_at > func.now(),
        ApiKey.revoked_at.is_(None),
    )
)
TOUCH_API_KEY = text("UPDATE api_keys SET last_used_at = now() WHERE id = :id")


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def authenticate(read: Reader, authorization: str | None) -> Caller:
    """Find the caller by his bearer token; the same refusal for unknown, expired and revoked."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnauthenticatedError
    found = await (_system if token.startswith(KEY_PREFIX) else _person)(read, token.strip())
    if found is None:
        raise UnauthenticatedError
    return found


async def _person(read: Reader, token: str) -> Caller | None:
    row = await read.first(BY_ACCESS_TOKEN, token_hash=token_hash(token))
    if row is None:
        return None
    return person_of(row, expires_at=row["expires_at"], sign_in_id=row["sign_in_id"])


def person_of(row: Any, **signed_in: Any) -> Caller:
    """Make the caller of a row with ``HELD``."""
    memberships = tuple(
        zip(row["roles"] or (), row["bodies"] or (), row["codes"] or (), strict=True)
    )
    return Caller(
        id=row["id"],
        kind="user",
        name=row["name"],
        login=row["login"],
        memberships=memberships,
        reaches=_reaches(tuple((role, body) for role, body, _ in memberships)),
        also=frozenset(row["also"]),
        **signed_in,
    )


async def _system(read: Reader, token: str) -> Caller | None:
    row = await read.first(BY_API_KEY, token_hash=token_hash(token))
    if row is None:
        return None
    if row["unseen"]:
        await read.all(TOUCH_API_KEY, id=row["id"])
    body = row["organisation_id"]
    reach: Reach = None if body is None else frozenset({body})
    return Caller(
        id=row["id"],
        kind="api_key",
        name=row["name"],
        login=row["prefix"],
        memberships=() if body is None else (("system", body, row["code"]),),
        reaches=dict.fromkeys(row["scopes"], reach),
        expires_at=row["expires_at"],
    )


def describe(caller: Caller) -> dict[str, Any]:
    return {
        "id": caller.id,
        "kind": caller.kind,
        "login": caller.login,
        "name": caller.name,
        "memberships": [
            {"role": role, "organisation": code} for role, _, code in caller.memberships
        ],
        "permissions": {
            permission: "all" if reach is None else "own"
            for permission, reach in sorted(caller.reaches.items())
            if caller.may(permission)
        },
        "token_expires_at": caller.expires_at,
    }
