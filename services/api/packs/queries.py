"""What is accepted now, and the packs that were made of it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    Executable,
    String,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from services.api.assignments.states import NEWEST, STATUS
from services.api.deps.paging import page, start_of
from services.api.packs.contents import LETTER, MANIFEST
from services.api.packs.difference import changes_since
from services.api.packs.freezing import Frozen, freeze
from services.api.packs.schemas import PackQuery
from services.api.periods.queries import PERIOD_ROW, PeriodNotFoundError
from services.api.submissions.rows import EVIDENCE
from shared.db import Reader
from shared.errors import NotFoundError
from shared.freshness import newest_run_id
from shared.models import (
    Assignment,
    Evidence,
    Framework,
    IndicatorRule,
    Node,
    Organisation,
    Pack,
    PackFile,
    Period,
    Responsibility,
    Submission,
)


class PackNotFoundError(NotFoundError):
    """There is no such pack.

    Không có gói số liệu này.
    """


_Parent = aliased(Node)
# One statement, and so one moment: what is accepted in it is what the pack holds.
STANDING = (
    select(
        Assignment.id.label("assignment"),
        Node.code.label("node"),
        Node.kind.label("node_kind"),
        _Parent.code.label("parent"),
        Node.name_vi,
        Node.unit,
        IndicatorRule.decimals,
        Node.evidence_required,
        Node.accepted_evidence,
        Node.combination,
        Organisation.code.label("organisation"),
        Organisation.name_vi.label("organisation_name_vi"),
        Responsibility.role,
        Assignment.excused_reason,
        STATUS.label("status"),
        NEWEST.c.state.label("newest_state"),
        func.coalesce(IndicatorRule.tolerance, 0.005).label("tolerance"),
        Submission.id.label("submission"),
        Submission.revision,
        Submission.answer,
        Submission.value,
        Submission.numerator,
        Submission.denominator,
        Submission.nil_reason,
        Submission.note,
        Submission.source,
        cast(EVIDENCE, Text).label("evidence"),
    )
    .select_from(Assignment)
    .join(Node, Node.id == Assignment.node_id)
    .outerjoin(_Parent, _Parent.id == Node.parent_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Assignment.node_id)
    .outerjoin(NEWEST, true())
    .outerjoin(
        Submission,
        and_(Submission.assignment_id == Assignment.id, Submission.state == "accepted"),
    )
    .where(Assignment.period_id == bindparam("period"), Assignment.kind == "figure")
    .order_by(Assignment.sort_key, Organisation.code, Assignment.id)
)
OF_PERIOD = (
    select(
        Period.id,
        Period.code,
        Period.name,
        Period.state,
        Period.reference_year,
        Period.made_up,
        Framework.id.label("framework_id"),
        Framework.year.label("framework"),
        Framework.revision.label("framework_revision"),
        newest_run_id.label("run"),
    )
    .join(Framework, Framework.id == Period.framework_id)
    .where(Period.code == bindparam("code"))
)
KEPT = select(
    Evidence.id,
    Evidence.filename,
    Evidence.storage_key,
    Evidence.size,
    Evidence.sha256,
    Evidence.blocks,
).where(Evidence.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
_OVERVIEW = (
    select(
        Pack.id,
        Period.code.label("period"),
        Pack.number,
        Pack.note,
        Pack.made_up,
        Framework.year.label("framework"),
        Pack.framework_revision,
        Pack.run_id.label("run"),
        func.jsonb_array_length(Pack.rows).label("figures"),
        func.jsonb_array_length(Pack.gaps).label("gaps"),
        func.jsonb_array_length(Pack.evidence).label("documents"),
        Pack.size,
        Pack.manifest_sha256,
        Pack.made_by_name.label("made_by"),
        Pack.made_at,
    )
    .join(Period, Period.id == Pack.period_id)
    .join(Framework, Framework.id == Pack.framework_id)
)
ONE_PACK = _OVERVIEW.add_columns(
    Pack.period_id,
    cast(Pack.rows, Text).label("rows"),
    cast(Pack.gaps, Text).label("lacking"),
    cast(Pack.evidence, Text).label("evidence"),
).where(Pack.id == bindparam("id"))
FILES = (
    select(PackFile.path, PackFile.content)
    .where(PackFile.pack_id == bindparam("id"))
    .order_by(PackFile.place)
)
ONE_FILE = select(PackFile.content).where(
    PackFile.pack_id == bindparam("id"), PackFile.path == bindparam("path", type_=String)
)


@lru_cache
def packs_statement(*, after: bool) -> Executable:
    chosen = _OVERVIEW.where(Period.code == bindparam("code"))
    if after:
        chosen = chosen.where(Pack.number < bindparam("after"))
    return chosen.order_by(Pack.number.desc()).limit(bindparam("limit"))


async def standing_duties(read: Reader, period_id: UUID) -> list[dict[str, Any]]:
    """Read the figures that are owed in a period, each with what is accepted of it now."""
    rows = await read.all(STANDING, period=period_id)
    return [{**row, "evidence": orjson.loads(row["evidence"] or "[]")} for row in rows]


async def packs_page(read: Reader, code: str, query: PackQuery) -> dict[str, Any]:
    """List a period's packs, newest first."""
    if await read.first(PERIOD_ROW, code=code) is None:
        raise PeriodNotFoundError
    values: dict[str, Any] = {"code": code, "limit": query.limit + 1}
    if after := start_of(query, int):
        (values["after"],) = after
    rows = await read.all(packs_statement(after=bool(after)), **values)
    return page(query, rows, _overview, lambda row: [row["number"]])


def _overview(row: Any) -> dict[str, Any]:
    return {**row, "allowed_actions": ["download"]}


async def one_pack(read: Reader, pack_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_PACK, id=pack_id)
    if row is None:
        raise PackNotFoundError
    frozen = {name: orjson.loads(row[name]) for name in ("rows", "lacking", "evidence")}
    return {**row, **frozen}


async def pack_shown(read: Reader, pack_id: UUID) -> dict[str, Any]:
    """Show what was frozen, and what is accepted otherwise by now."""
    pack = await one_pack(read, pack_id)
    then = Frozen(pack["rows"], pack["evidence"], pack["lacking"])
    now = freeze(await standing_duties(read, pack.pop("period_id")))
    changes = changes_since(then, now)
    manifest = await read.value(ONE_FILE, id=pack_id, path=MANIFEST)
    return {
        **_overview(pack),
        "manifest": orjson.Fragment(manifest.rstrip()),
        "stale": bool(changes),
        "changes": changes,
    }


async def letter_of(read: Reader, pack_id: UUID) -> bytes:
    content: bytes | None = await read.value(ONE_FILE, id=pack_id, path=LETTER)
    if content is None:
        raise PackNotFoundError
    return content


async def stored_files(read: Reader, evidence: Sequence[Any]) -> dict[str, Any]:
    """Find where the bytes of these documents are kept, by the documents' ids."""
    ids = [UUID(document["id"]) for document in evidence]
    return {str(row["id"]): row for row in await read.all(KEPT, ids=ids)}
