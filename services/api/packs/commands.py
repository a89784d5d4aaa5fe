"""Freeze what is accepted as a pack, after every document in it was read and found whole."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.evidence.queries import kept
from services.api.evidence.store import DamagedError, GoneError, Store
from services.api.packs import queries
from services.api.packs.contents import Contents, contents_of
from services.api.packs.freezing import Frozen, freeze
from services.api.packs.head import Head
from services.api.periods.queries import PeriodNotFoundError
from shared.db import session_reader
from shared.errors import ConflictError
from shared.models import Pack, PackFile, Period

log = structlog.get_logger()

AT_ONCE = 4  # documents that are read beside each other, a MiB of each in memory
MOST_NAMED = 10


class PeriodNotBegunError(ConflictError):
    """The period was never opened: there is nothing to send.

    Kỳ báo cáo chưa từng mở nên chưa có gì để gửi.
    """


class DamagedEvidenceError(ConflictError):
    """A document of the pack is not the one that was sent.

    Có tài liệu trong gói không còn nguyên như khi gửi.
    """


async def make_pack(
    session: AsyncSession, caller: Caller, store: Store, *, code: str, note: str, now: datetime
) -> UUID:
    """Freeze the accepted figures of a period; files that are gone become gaps, damaged ones refuse it."""
    read = await session_reader(session)
    period = await read.first(queries.OF_PERIOD, code=code)
    if period is None:
        raise PeriodNotFoundError
    if period["state"] == "draft":
        raise PeriodNotBegunError
    duties = await queries.standing_duties(read, period["id"])
    wanted = [one for one in freeze(duties).evidence if one["path"] is not None]
    missing = await _missing(store, wanted, await queries.stored_files(read, wanted))
    frozen = freeze(duties, missing=missing)
    # Held only now: reading much must not keep anybody else waiting.
    head = _head(period, number=await _number(session, period["id"]), note=note, now=now)
    contents = await asyncio.to_thread(contents_of, head, frozen)
    await _keep(session, caller, period, head, frozen, contents)
    return head.id


async def _number(session: AsyncSession, period_id: UUID) -> int:
    held = select(Period.id).where(Period.id == period_id)
    await session.execute(held.with_for_update(key_share=True))
    newest = select(func.max(Pack.number)).where(Pack.period_id == period_id)
    return (await session.scalar(newest) or 0) + 1


def _head(period: Mapping[str, Any], *, number: int, note: str, now: datetime) -> Head:
    return Head(
        id=uuid4(),
        number=number,
        period=period["code"],
        period_name=period["name"],
        reference_year=period["reference_year"],
        framework=period["framework"],
        framework_revision=period["framework_revision"],
        run=period["run"],
        made_at=now,
        made_up=period["made_up"],
        note=note,
    )


async def _missing(
    store: Store, wanted: Sequence[Mapping[str, Any]], stored: Mapping[str, Any]
) -> set[str]:
    """Read every document to its end. Return the ids of those that are gone, refuse those that changed."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def found(document: Mapping[str, Any]) -> str:
        async with gate:
            return await _state(store, stored.get(document["id"]))

    states = await asyncio.gather(*(found(document) for document in wanted))
    told = list(zip(wanted, states, strict=True))
    _refuse([document for document, state in told if state == "damaged"])
    return {document["id"] for document, state in told if state == "gone"}


async def _state(store: Store, row: Any) -> str:
    if row is None:
        return "gone"
    size = 0
    try:
        async for piece in store.read(kept(row)):
            size += len(piece)
    except GoneError:
        return "gone"
    except DamagedError:
        return "damaged"
    return "whole" if size == row["size"] else "damaged"


def _refuse(damaged: Sequence[Mapping[str, Any]]) -> None:
    if not damaged:
        return
    log.error("evidence_damaged", evidence=[document["id"] for document in damaged])
    names = ", ".join(_names(damaged[:MOST_NAMED]))
    more = len(damaged) - MOST_NAMED
    names += f" … (+{more})" if more > 0 else ""
    raise DamagedEvidenceError(
        f"Not the files that were sent, tell the administrator: {names}.",
        vi=f"Các tệp sau không còn nguyên như khi gửi, hãy báo quản trị: {names}.",
    )


def _names(documents: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (f"{one['number']} {one['filename']} ({one['id']})" for one in documents)


async def _keep(
    session: AsyncSession,
    caller: Caller,
    period: Mapping[str, Any],
    head: Head,
    frozen: Frozen,
    contents: Contents,
) -> None:
    session.add(
        Pack(
            id=head.id,
            period_id=period["id"],
            number=head.number,
            note=head.note,
            framework_id=period["framework_id"],
            framework_revision=head.framework_revision,
            run_id=head.run,
            made_up=head.made_up,
            rows=frozen.rows,
            gaps=frozen.gaps,
            evidence=frozen.evidence,
            size=contents.size,
            manifest_sha256=contents.manifest_sha256,
            made_by=caller.id,
            made_by_name=caller.name,
            made_at=head.made_at,
        )
    )
    await session.flush()
    for place, (path, content) in enumerate(contents.files.items()):
        session.add(PackFile(pack_id=head.id, path=path, place=place, content=content))
    changes = {
        "period": [None, head.period],
        "number": [None, head.number],
        "figures": [None, len(frozen.rows)],
        "gaps": [None, len(frozen.gaps)],
        "manifest_sha256": [None, contents.manifest_sha256],
    }
    record(session, caller, "made", ("pack", head.id), changes=changes)
