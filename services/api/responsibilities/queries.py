"""Who answers for what, on which day."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, and_, bindparam, func, literal_column, or_, select, text

from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.known import refuse_unknown
from services.api.deps.paging import page, start_of
from services.api.responsibilities.schemas import ResponsibilityQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Framework, Node, Organisation, Responsibility


class ResponsibilityNotFoundError(NotFoundError):
    """There is no such responsibility.

    Không có phân công này.
    """


_RESPONSIBILITY = (
    select(
        Responsibility.id,
        Framework.year.label("framework"),
        Node.code.label("node"),
        Node.name_vi.label("node_name_vi"),
        Organisation.code.label("organisation"),
        Organisation.name_vi.label("organisation_name_vi"),
        Responsibility.role,
        Responsibility.kind,
        Responsibility.legal_basis,
        Responsibility.plan_section,
        Responsibility.valid_from,
        Responsibility.valid_to,
        Responsibility.note,
        Node.sort_key,
    )
    .join(Node, Node.id == Responsibility.node_id)
    .join(Framework, Framework.id == Node.framework_id)
    .join(Organisation, Organisation.id == Responsibility.organisation_id)
)
ONE_RESPONSIBILITY = _RESPONSIBILITY.where(Responsibility.id == bindparam("id"))
_FILTERS = {
    "framework": Framework.year == bindparam("framework"),
    # A draft is seen by those who ask for its year.
    "in_force": Framework.state != literal_column("'draft'"),
    "organisation": Organisation.code == bindparam("organisation"),
    "indicator": or_(
        Node.code == bindparam("indicator"),
        Node.code.startswith(bindparam("below"), autoescape=False),
    ),
    "role": Responsibility.role == bindparam("role"),
    "on": and_(
        Responsibility.valid_from <= bindparam("on"),
        func.coalesce(Responsibility.valid_to, text("'infinity'::date")) >= bindparam("on"),
    ),
    "after": or_(
        Node.sort_key > bindparam("after_key"),
        and_(Node.sort_key == bindparam("after_key"), Responsibility.id > bindparam("after_id")),
    ),
}


@lru_cache
def responsibilities_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(*(_FILTERS[name] for name in sorted(filters)))
    return (
        _RESPONSIBILITY.where(chosen)
        .order_by(Node.sort_key, Responsibility.id)
        .limit(bindparam("limit"))
    )


def _shown(row: Any, caller: Caller) -> dict[str, Any]:
    actions = []
    if caller.may("plan:write"):
        actions = ["edit"] if row["valid_to"] is not None else ["edit", "end"]
    shown = {**row, "allowed_actions": actions}
    del shown["sort_key"]
    return shown


async def responsibilities_page(
    read: Reader, caller: Caller, query: ResponsibilityQuery
) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    values["on"] = query.on or today_in_hanoi()
    names = frozenset(values) | ({"in_force"} if query.framework is None else set())
    if query.indicator:
        values["below"] = query.indicator.replace("_", "\\_") + "."
    if after := start_of(query, str, UUID):
        values["after_key"], values["after_id"] = after
        names |= {"after"}
    rows = await read.all(responsibilities_statement(names), limit=query.limit + 1, **values)
    if not rows:
        await refuse_unknown(read, query)
    return page(
        query, rows, lambda row: _shown(row, caller), lambda row: [row["sort_key"], row["id"]]
    )


async def responsibility_shown(
    read: Reader, caller: Caller, responsibility_id: UUID
) -> dict[str, Any]:
    row = await read.first(ONE_RESPONSIBILITY, id=responsibility_id)
    if row is None:
        raise ResponsibilityNotFoundError
    return _shown(row, caller)
