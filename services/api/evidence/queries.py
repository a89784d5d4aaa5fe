"""Evidence, as far as what it proves may be seen, and for the body whose document it is."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from services.api.deps.caller import Caller
from services.api.evidence.store import Kept
from services.api.submissions.queries import visible
from services.api.submissions.states import TRANSITIONS, WRITE
from shared.db import Reader
from shared.duty import decidable, writable
from shared.errors import NotFoundError
from shared.models import (
    Assignment,
    Evidence,
    EvidenceUse,
    Organisation,
    Period,
    ReviewRule,
    Submission,
)


class EvidenceNotFoundError(NotFoundError):
    """There is no such evidence, or it is not yours to see.

    Không có tài liệu minh chứng này, hoặc tài liệu không thuộc phạm vi của bạn.
    """


ONE_EVIDENCE = (
    select(
        Evidence.id,
        Organisation.code.label("organisation"),
        Evidence.organisation_id,
        Evidence.level,
        Evidence.filename,
        Evidence.media_type,
        Evidence.size,
        Evidence.sha256,
        Evidence.blocks,
        Evidence.storage_key,
        Evidence.url,
        Evidence.scan,
        Evidence.document_number,
        Evidence.document_date,
        Evidence.issuer,
        Evidence.pages,
        Evidence.covers_from,
        Evidence.covers_to,
        Evidence.valid_until,
        Evidence.uploaded_by_name.label("uploaded_by"),
        Evidence.uploaded_at,
    )
    .join(Organisation, Organisation.id == Evidence.organisation_id)
    .where(Evidence.id == bindparam("id"))
)
USES = (
    select(
        EvidenceUse.submission_id.label("submission"),
        EvidenceUse.stated,
        EvidenceUse.place,
        Submission.state,
        Assignment.organisation_id,
        ReviewRule.reviewer_id.label("reviewing_body"),
        writable.label("writable"),
        decidable.label("decidable"),
    )
    .join(Submission, Submission.id == EvidenceUse.submission_id)
    .join(Assignment, Assignment.id == Submission.assignment_id)
    .join(Period, Period.id == Assignment.period_id)
    .outerjoin(ReviewRule, ReviewRule.organisation_id == Assignment.organisation_id)
    .where(EvidenceUse.evidence_id == bindparam("id"))
    .order_by(EvidenceUse.added_at, EvidenceUse.submission_id)
)
_HIDDEN = ("organisation_id", "blocks", "storage_key")


async def uses_of(read: Reader, evidence_id: UUID) -> list[Any]:
    return await read.all(USES, id=evidence_id)


async def visible_evidence(
    read: Reader, caller: Caller, evidence_id: UUID
) -> tuple[Any, list[Any]]:
    """Find the evidence, and of what it proves what the caller may see."""
    row = await read.first(ONE_EVIDENCE, id=evidence_id)
    if row is None:
        raise EvidenceNotFoundError
    uses = [use for use in await uses_of(read, evidence_id) if visible(caller, use)]
    if not uses and not caller.may(WRITE, row["organisation_id"]):
        raise EvidenceNotFoundError
    return row, uses


def _editable(caller: Caller, use: Any) -> bool:
    return (
        use["state"] in TRANSITIONS["edit"].before
        and use["writable"]
        and caller.may(WRITE, use["organisation_id"])
    )


async def evidence_shown(read: Reader, caller: Caller, evidence_id: UUID) -> dict[str, Any]:
    row, uses = await visible_evidence(read, caller, evidence_id)
    shown = {**row}
    for name in _HIDDEN:
        del shown[name]
    actions = ["download"] if row["storage_key"] and row["scan"] in {"clean", "not_scanned"} else []
    # After a hand-over some of it may be another body's, which the caller does not see.
    if all(_editable(caller, use) for use in await uses_of(read, evidence_id)):
        actions.append("remove")
    return {
        **shown,
        "uses": [{name: use[name] for name in ("submission", "stated", "place")} for use in uses],
        "allowed_actions": actions,
    }


def kept(row: Any) -> Kept:
    return Kept(row["storage_key"], row["size"], row["sha256"], row["blocks"])
