"""People and keys, as shown to those who manage them."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, and_, bindparam, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from services.api.deps.caller import Caller
from services.api.deps.paging import PageQuery, page, start_of
from services.api.identity.schemas import UserQuery
from shared.db import Reader
from shared.duty import today
from shared.models import ApiKey, Membership, Organisation, User
from shared.text import searched

_memberships = (
    select(
        func.coalesce(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_object(
                        "id",
                        Membership.id,
                        "organisation",
                        Organisation.code,
                        "role",
                        Membership.role,
                        "valid_from",
                        Membership.valid_from,
                        "valid_to",
                        Membership.valid_to,
                    ),
                    Membership.id,
                )
            ),
            func.jsonb_build_array(),
        ).label("memberships")
    )
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(Membership.user_id == User.id)
    .scalar_subquery()
)
_in_force = and_(
    Membership.valid_from <= today,
    func.coalesce(Membership.valid_to, text("'infinity'::date")) >= today,
)
_Admin = aliased(User)
_other_administrators = (
    exists()
    .where(
        Membership.user_id == _Admin.id,
        Membership.role == "admin",
        _in_force,
        _Admin.active,
        _Admin.id != User.id,
    )
    .correlate(User)
)
_Role = aliased(Membership)
# Nobody takes his own rights of an administrator away, nor those of the last one.
_endable = exists().where(
    _Role.user_id == User.id,
    func.coalesce(_Role.valid_to, text("'infinity'::date")) >= today,
    or_(_Role.role != "admin", and_(User.id != bindparam("caller"), _other_administrators)),
)
_USER = select(
    User.id,
    User.login,
    User.name,
    User.email,
    User.active,
    User.locked_until,
    User.created_at,
    _memberships.label("memberships"),
    _endable.label("endable"),
    # Erasing is refused where nobody would be left to look after accounts; whoever asks is no exception.
    and_(User.id != bindparam("caller"), _other_administrators).label("erasable"),
)
ONE_USER = _USER.where(User.id == bindparam("id"))
_KEY = select(
    ApiKey.id,
    ApiKey.name,
    ApiKey.prefix,
    ApiKey.scopes,
    Organisation.code.label("organisation"),
    ApiKey.created_at,
    ApiKey.expires_at,
    ApiKey.last_used_at,
    ApiKey.revoked_at,
).outerjoin(Organisation, Organisation.id == ApiKey.organisation_id)
ONE_KEY = _KEY.where(ApiKey.id == bindparam("id"))


@lru_cache
def users_statement(*, after: bool, search: bool) -> Executable:
    statement = _USER.order_by(User.login).limit(bindparam("limit"))
    if after:
        statement = statement.where(User.login > bindparam("after"))
    if search:
        # Logins are plain ASCII; names are found by the login's letters as well.
        statement = statement.where(User.login.contains(bindparam("q"), autoescape=False))
    return statement


@lru_cache
def keys_statement(*, after: bool) -> Executable:
    statement = _KEY.order_by(ApiKey.id).limit(bindparam("limit"))
    return statement.where(ApiKey.id > bindparam("after")) if after else statement


def _shown_user(row: Any) -> dict[str, Any]:
    shown = dict(row)
    optional = {"end_membership": shown.pop("endable"), "erase": shown.pop("erasable")}
    allowed = [action for action, may in optional.items() if may]
    return {**shown, "allowed_actions": ["edit", "add_membership", *allowed]}


def _shown_key(row: Any) -> dict[str, Any]:
    return {**dict(row), "allowed_actions": [] if row["revoked_at"] else ["revoke"]}


async def users_page(read: Reader, caller: Caller, query: UserQuery) -> dict[str, Any]:
    after = start_of(query, str)
    rows = await read.all(
        users_statement(after=after is not None, search=query.q is not None),
        limit=query.limit + 1,
        after=after[0] if after else None,
        q=searched(query.q or ""),
        caller=caller.id,
    )
    return page(query, rows, _shown_user, lambda row: [row["login"]])


async def user_shown(read: Reader, caller: Caller, user_id: UUID) -> dict[str, Any] | None:
    row = await read.first(ONE_USER, id=user_id, caller=caller.id)
    return _shown_user(row) if row else None


async def keys_page(read: Reader, query: PageQuery) -> dict[str, Any]:
    after = start_of(query, UUID)
    rows = await read.all(
        keys_statement(after=after is not None),
        limit=query.limit + 1,
        after=after[0] if after else None,
    )
    return page(query, rows, _shown_key, lambda row: [row["id"]])


async def key_shown(read: Reader, key_id: UUID) -> dict[str, Any] | None:
    row = await read.first(ONE_KEY, id=key_id)
    return _shown_key(row) if row else None
