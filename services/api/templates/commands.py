"""The coordinator writes what reminders say beside the facts; planned mail takes the new words at once."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.templates.queries import TemplateNotFoundError
from services.api.templates.schemas import NewTemplate, TemplatePatch
from shared.errors import ConflictError
from shared.events import TemplateChanged
from shared.models import ReminderTemplate
from shared.outbox import emit

_SAID = ("name", "words_vi", "words_en")


class CodeTakenError(ConflictError):
    """There is a template with this code already: change that one.

    Đã có mẫu lời nhắc mang mã này: hãy sửa mẫu đó.
    """


async def template_in_hand(session: AsyncSession, code: str) -> None:
    """Lock a template until the end, by the one version that it always has."""
    found = await session.scalar(
        select(ReminderTemplate.id)
        .where(ReminderTemplate.code == code, ReminderTemplate.version == 1)
        .with_for_update()
    )
    if found is None:
        raise TemplateNotFoundError


async def create_template(
    session: AsyncSession, caller: Caller, *, new: NewTemplate, now: datetime
) -> None:
    if await session.scalar(select(exists().where(ReminderTemplate.code == new.code))):
        raise CodeTakenError(pointer="/code")
    _add(session, caller, "created", version=1, code=new.code, now=now, said=new.model_dump())


async def change_template(
    session: AsyncSession, caller: Caller, code: str, *, patch: TemplatePatch, now: datetime
) -> None:
    """Add a version; what was sent keeps its own."""
    versions = await session.scalars(
        select(ReminderTemplate)
        .where(ReminderTemplate.code == code)
        .order_by(ReminderTemplate.version.desc())
        .limit(1)
    )
    newest = versions.one()
    before = {name: getattr(newest, name) for name in _SAID}
    said = before | patch.model_dump(exclude_none=True)
    if said != before:
        _add(
            session, caller, "changed", version=newest.version + 1, code=code, now=now, said=said,
            before=before,
        )  # fmt: skip


def _add(
    session: AsyncSession,
    caller: Caller,
    action: str,
    *,
    version: int,
    code: str,
    now: datetime,
    said: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    values = {name: said[name] for name in _SAID}
    session.add(ReminderTemplate(id=uuid4(), code=code, version=version, created_at=now, **values))
    was = before or dict.fromkeys(_SAID)
    changes = {name: [was[name], values[name]] for name in _SAID if was[name] != values[name]}
    changes["version"] = [version - 1 or None, version]
    record(session, caller, action, ("reminder_template", code), changes=changes)
    emit(session, TemplateChanged(code=code))
