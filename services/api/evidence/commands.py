"""Attach a document to a draft, or take it off again."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.evidence.queries import EvidenceNotFoundError
from services.api.submissions.hand import submission_in_hand
from shared.errors import ConflictError
from shared.models import Evidence

MOST_PIECES = 20


class TooManyPiecesError(ConflictError):
    """A submission takes at most 20 documents.

    Mỗi báo cáo số liệu có nhiều nhất 20 tài liệu.
    """


async def attach_evidence(
    session: AsyncSession,
    caller: Caller,
    submission_id: UUID,
    *,
    filename: str,
    media_type: str,
    size: int,
    sha256: str,
    document: tuple[str, date | None, str],
) -> Evidence:
    """Add the row; the caller stores the bytes under its ``storage_key``."""
    await submission_in_hand(session, caller, submission_id, "edit")
    pieces = select(func.count()).where(Evidence.submission_id == submission_id)
    if (await session.scalar(pieces) or 0) >= MOST_PIECES:
        raise TooManyPiecesError
    number, dated, issuer = document
    evidence = Evidence(
        id=uuid4(),
        submission_id=submission_id,
        filename=filename,
        media_type=media_type,
        size=size,
        sha256=sha256,
        document_number=number,
        document_date=dated,
        issuer=issuer,
        uploaded_by=caller.id,
        uploaded_by_name=caller.name,
    )
    evidence.storage_key = f"{submission_id}/{evidence.id}"
    session.add(evidence)
    record(
        session,
        caller,
        "attached",
        ("evidence", evidence.id),
        changes={
            "filename": [None, filename],
            "sha256": [None, sha256],
            "submission": [None, submission_id],
        },
    )
    return evidence


async def remove_evidence(session: AsyncSession, caller: Caller, evidence_id: UUID) -> None:
    """Take it off a draft. Its bytes stay in the store, named by the audit log."""
    evidence = await session.get(Evidence, evidence_id)
    if evidence is None:
        raise EvidenceNotFoundError
    await submission_in_hand(session, caller, evidence.submission_id, "edit")
    await session.delete(evidence)
    record(
        session,
        caller,
        "removed",
        ("evidence", evidence_id),
        changes={
            "filename": [evidence.filename, None],
            "storage_key": [evidence.storage_key, None],
        },
    )
