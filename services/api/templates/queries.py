"""The templates as they are sent now, and every version that ever was."""

from typing import Any

from sqlalchemy import Executable, Integer, bindparam, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from services.api.deps.caller import Caller
from services.api.deps.paging import page, start_of
from services.api.templates.schemas import TemplateQuery, VersionQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import ReminderStep, ReminderTemplate


class TemplateNotFoundError(NotFoundError):
    """There is no such reminder template.

    Không có mẫu lời nhắc này.
    """


_NEWEST = aliased(
    ReminderTemplate,
    select(ReminderTemplate)
    .ext(distinct_on(ReminderTemplate.code))
    .order_by(ReminderTemplate.code, ReminderTemplate.version.desc())
    .subquery("newest"),
)
_used = (
    select(func.count())
    .where(ReminderStep.template == _NEWEST.code)
    .correlate(_NEWEST)
    .scalar_subquery()
)
_COLUMNS = ("id", "code", "version", "name", "words_vi", "words_en", "created_at")
_TEMPLATE = select(*(getattr(_NEWEST, name) for name in _COLUMNS), _used.label("steps"))
_ONE = _TEMPLATE.where(_NEWEST.code == bindparam("code"))
_PAGE = _TEMPLATE.order_by(_NEWEST.code).limit(bindparam("limit"))
_REST = _PAGE.where(_NEWEST.code > bindparam("after"))
_OLDER = ReminderTemplate.version < bindparam("before", type_=Integer)
_VERSIONS: Executable = (
    select(*(getattr(ReminderTemplate, name) for name in _COLUMNS))
    .where(ReminderTemplate.code == bindparam("code"), _OLDER)
    .order_by(ReminderTemplate.version.desc())
    .limit(bindparam("limit"))
)
_ALL = 2**31 - 1  # more than there are versions of anything


def _shown(row: Any, caller: Caller) -> dict[str, Any]:
    return {**row, "allowed_actions": ["edit"] if caller.may("reminders:write") else []}


async def templates_page(read: Reader, caller: Caller, query: TemplateQuery) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if after := start_of(query, str):
        (values["after"],) = after
    rows = await read.all(_REST if values else _PAGE, limit=query.limit + 1, **values)
    return page(query, rows, lambda row: _shown(row, caller), lambda row: [row["code"]])


async def template_shown(read: Reader, caller: Caller, code: str) -> dict[str, Any]:
    row = await read.first(_ONE, code=code)
    if row is None:
        raise TemplateNotFoundError
    return _shown(row, caller)


async def versions_page(read: Reader, code: str, query: VersionQuery) -> dict[str, Any]:
    (before,) = start_of(query, int) or (_ALL,)
    rows = await read.all(_VERSIONS, code=code, before=before, limit=query.limit + 1)
    if not rows and query.cursor is None:
        raise TemplateNotFoundError
    return page(query, rows, dict, lambda row: [row["version"]])
