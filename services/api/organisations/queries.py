"""Bodies and their contacts."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, and_, bindparam, func, or_, select, text, true

from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.paging import PageQuery, page, start_of
from services.api.organisations.schemas import OrganisationQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Contact, Organisation, Succession
from shared.reach import is_reachable
from shared.text import searched


class OrganisationNotFoundError(NotFoundError):
    """There is no organisation with this code.

    Không có cơ quan nào mang mã này.
    """


class ContactNotFoundError(NotFoundError):
    """There is no such contact.

    Không có đầu mối liên hệ này.
    """


_ORGANISATION = select(
    Organisation.id,
    Organisation.code,
    Organisation.name_vi,
    Organisation.name_en,
    Organisation.kind,
    Organisation.part_in_the_plan,
    Organisation.plan_section,
    Organisation.is_coordinator,
    is_reachable(Organisation.id).label("reachable"),
    Organisation.valid_from,
    Organisation.valid_to,
    Organisation.updated_at,
)
ONE_ORGANISATION = _ORGANISATION.where(Organisation.code == bindparam("code"))
_FILTERS = {
    "q": Organisation.search.contains(bindparam("q"), autoescape=False),
    "kind": Organisation.kind == bindparam("kind"),
    "on": and_(
        func.coalesce(Organisation.valid_from, text("'-infinity'::date")) <= bindparam("on"),
        func.coalesce(Organisation.valid_to, text("'infinity'::date")) >= bindparam("on"),
    ),
    "begun": func.coalesce(Organisation.valid_from, text("'-infinity'::date")) <= bindparam("on"),
    "after": Organisation.code > bindparam("after"),
}
SUCCESSIONS = (
    select(
        Succession.from_id,
        Organisation.code.label("organisation"),
        Organisation.name_vi,
        Succession.effective_on,
        Succession.kind,
        Succession.basis,
        Succession.handover_id.label("handover"),
    )
    .join(
        Organisation,
        or_(
            and_(Succession.from_id == bindparam("id"), Organisation.id == Succession.to_id),
            and_(Succession.to_id == bindparam("id"), Organisation.id == Succession.from_id),
        ),
    )
    .order_by(Succession.effective_on, Succession.created_at, Organisation.code)
)
_CONTACT = select(
    Contact.id,
    Organisation.code.label("organisation"),
    Contact.name,
    Contact.role,
    Contact.email,
    Contact.phone,
    Contact.language,
    Contact.active,
    Contact.valid_from,
    Contact.valid_to,
    Contact.updated_at,
    Contact.organisation_id,
).join(Organisation, Organisation.id == Contact.organisation_id)
ONE_CONTACT = _CONTACT.where(Contact.id == bindparam("id"))


@lru_cache
def organisations_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_FILTERS[name] for name in sorted(filters)))
    return _ORGANISATION.where(chosen).order_by(Organisation.code).limit(bindparam("limit"))


@lru_cache
def contacts_statement(*, after: bool) -> Executable:
    statement = _CONTACT.where(Organisation.code == bindparam("code")).order_by(Contact.id)
    if after:
        statement = statement.where(Contact.id > bindparam("after"))
    return statement.limit(bindparam("limit"))


def _shown(row: Any, caller: Caller) -> dict[str, Any]:
    actions = ["edit"] if caller.may("plan:write") else []
    if caller.may("contacts:write", row["id"]):
        actions.append("add_contact")
    return {**row, "allowed_actions": actions}


def _contact(row: Any, caller: Caller) -> dict[str, Any]:
    shown = dict(row)
    writes = caller.may("contacts:write", shown.pop("organisation_id"))
    return {**shown, "allowed_actions": ["edit"] if writes else []}


async def organisations_page(
    read: Reader, caller: Caller, query: OrganisationQuery
) -> dict[str, Any]:
    """List those that stand on a day; with the former ones, those that stood until then."""
    values: dict[str, Any] = query.filters()
    values["on"] = query.on or today_in_hanoi()
    names = frozenset(values)
    if values.pop("include", None):
        names = names - {"include", "on"} | {"begun"}
    if "q" in values:
        values["q"] = searched(values["q"])
    if after := start_of(query, str):
        values["after"] = after[0]
        names |= {"after"}
    rows = await read.all(organisations_statement(names), limit=query.limit + 1, **values)
    return page(query, rows, lambda row: _shown(row, caller), lambda row: [row["code"]])


async def organisation_shown(read: Reader, caller: Caller, code: str) -> dict[str, Any]:
    row = await read.first(ONE_ORGANISATION, code=code)
    if row is None:
        raise OrganisationNotFoundError
    related: dict[str, list[dict[str, Any]]] = {"successors": [], "predecessors": []}
    for found in await read.all(SUCCESSIONS, id=row["id"]):
        succession = dict(found)
        follows = succession.pop("from_id") == row["id"]
        related["successors" if follows else "predecessors"].append(succession)
    return {**_shown(row, caller), **related}


async def contacts_page(
    read: Reader, caller: Caller, code: str, query: PageQuery
) -> dict[str, Any]:
    organisation = await read.first(ONE_ORGANISATION, code=code)
    if organisation is None:
        raise OrganisationNotFoundError
    caller.require("contacts:read", organisation["id"])
    after = start_of(query, UUID)
    rows = await read.all(
        contacts_statement(after=after is not None),
        code=code,
        limit=query.limit + 1,
        after=after[0] if after else None,
    )
    return page(query, rows, lambda row: _contact(row, caller), lambda row: [row["id"]])


async def contact_shown(read: Reader, caller: Caller, contact_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_CONTACT, id=contact_id)
    if row is None or not caller.may("contacts:read", row["organisation_id"]):
        raise ContactNotFoundError
    return _contact(row, caller)
