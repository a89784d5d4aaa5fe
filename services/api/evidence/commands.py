"""Attach a document to a draft, or take it off again."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.deps.latest import existing
from services.api.evidence.queries import EvidenceNotFoundError
from services.api.submissions.hand import Taken, sign, submission_in_hand
from services.api.submissions.history import look_again
from shared.errors import ConflictError, InvalidError
from shared.ids import ordered_uuid
from shared.models import Assignment, Evidence, EvidenceUse, Submission

MOST_PIECES = 20


class TooManyPiecesError(ConflictError):
    """A submission takes at most 20 documents.

    Mỗi báo cáo số liệu có nhiều nhất 20 tài liệu.
    """


class UsedAlreadyError(ConflictError):
    """This document proves this submission already.

    Tài liệu này đã được dùng cho báo cáo số liệu này.
    """


class AttachedAlreadyError(ConflictError):
    """The very same file is attached to this submission already.

    Chính tệp này đã được đính kèm vào báo cáo số liệu này.
    """


class InfectedError(ConflictError):
    """A virus was found in this document.

    Tài liệu này bị nhiễm vi-rút.
    """


@dataclass(frozen=True)
class Document:
    """What is kept of a document, whether it is a file or a link."""

    level: str
    filename: str
    media_type: str
    size: int
    sha256: str
    document_number: str
    document_date: date | None
    issuer: str
    pages: int | None
    covers_from: date | None
    covers_to: date | None
    valid_until: date | None
    blocks: bytes | None = None
    url: str | None = None
    scan: str = "not_scanned"


@dataclass(frozen=True)
class Proof:
    """What a document proves of one figure."""

    stated: float | None
    place: str


async def add_document(
    session: AsyncSession, caller: Caller, submission_id: UUID, *, document: Document, proof: Proof
) -> Evidence:
    """Add the row; the caller stores the bytes under its ``storage_key``."""
    taken = await _with_room(session, caller, submission_id)
    await _refuse_twice(
        session, submission_id, document.sha256, pointer="/url" if document.url else "/file"
    )
    body = taken.about.assignment.organisation_id
    evidence = Evidence(
        id=ordered_uuid(),
        organisation_id=body,
        uploaded_by=caller.id,
        uploaded_by_name=caller.name,
        **vars(document),
    )
    if document.url is None:
        evidence.storage_key = f"{body}/{evidence.id}"
    session.add(evidence)
    await _use(session, caller, taken, evidence, proof)
    return evidence


async def use_document(
    session: AsyncSession, caller: Caller, submission_id: UUID, *, evidence_id: UUID, proof: Proof
) -> None:
    """Let a document of the same body, or one that proves a figure of its duties already, prove this figure too.

    After a hand-over a draft's documents stay filed under the body that had them: accepted figures that they prove
    remain its history, and one file cannot be two bodies'. Who owns the duty reuses what the duty brought along; what
    is handed back takes that right with it, so nothing has to be moved nor moved back.
    """
    taken = await _with_room(session, caller, submission_id)
    # Held, so that nobody takes it away meanwhile.
    evidence = await session.get(Evidence, evidence_id, with_for_update={"key_share": True})
    body = taken.about.assignment.organisation_id
    if evidence is None or not await _may_use(session, evidence, body):
        raise InvalidError(
            "This body has no such document.",
            vi="Cơ quan này không có tài liệu này.",
            pointer="/evidence",
        )
    if evidence.scan == "infected":
        raise InfectedError(pointer="/evidence")
    if await session.get(EvidenceUse, (submission_id, evidence_id)):
        raise existing(UsedAlreadyError(pointer="/evidence"), "evidence", evidence_id)
    await _refuse_twice(session, submission_id, evidence.sha256, pointer="/evidence")
    await _use(session, caller, taken, evidence, proof)


async def _refuse_twice(
    session: AsyncSession, submission_id: UUID, sha256: str, *, pointer: str
) -> None:
    """Refuse the same bytes, or the same link, a second time: a correction is said of the one that is there."""
    there = (
        select(Evidence.id, Evidence.filename, Evidence.url)
        .join(EvidenceUse, EvidenceUse.evidence_id == Evidence.id)
        .where(EvidenceUse.submission_id == submission_id, Evidence.sha256 == sha256)
        .limit(1)
    )
    if found := (await session.execute(there)).first():
        name = found.filename or found.url
        error = AttachedAlreadyError(
            f"The very same document is attached to this submission already: {name}.",
            vi=f"Chính tài liệu này đã được đính kèm vào báo cáo số liệu này: {name}.",
            pointer=pointer,
        )
        raise existing(error, "evidence", found.id)


async def _may_use(session: AsyncSession, evidence: Evidence, body: UUID) -> bool:
    if evidence.organisation_id == body:
        return True
    proves = (
        select(EvidenceUse.submission_id)
        .join(Submission, Submission.id == EvidenceUse.submission_id)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .where(EvidenceUse.evidence_id == evidence.id, Assignment.organisation_id == body)
    )
    return await session.scalar(proves.limit(1)) is not None


async def _with_room(session: AsyncSession, caller: Caller, submission_id: UUID) -> Taken:
    taken = await submission_in_hand(session, caller, submission_id, "edit")
    pieces = select(func.count()).where(EvidenceUse.submission_id == submission_id)
    if (await session.scalar(pieces) or 0) >= MOST_PIECES:
        raise TooManyPiecesError
    return taken


async def _use(
    session: AsyncSession, caller: Caller, taken: Taken, evidence: Evidence, proof: Proof
) -> None:
    await session.flush()
    sign(taken.submission, caller)
    session.add(
        EvidenceUse(
            submission_id=taken.submission.id,
            evidence_id=evidence.id,
            stated=proof.stated,
            place=proof.place,
            added_by=caller.id,
            added_by_name=caller.name,
        )
    )
    changes: dict[str, Any] = {
        "filename": [None, evidence.filename],
        "sha256": [None, evidence.sha256],
        "submission": [None, taken.submission.id],
    }
    if proof.stated is not None:
        changes["stated"] = [None, proof.stated]
    if proof.place:
        changes["place"] = ["", proof.place]
    record(session, caller, "attached", ("evidence", evidence.id), changes=changes)
    await session.flush()
    await look_again(session, taken)


async def state_figure(
    session: AsyncSession, caller: Caller, submission_id: UUID, evidence_id: UUID, *, proof: Proof
) -> None:
    """Say which figure a document of a draft states, and where."""
    taken = await submission_in_hand(session, caller, submission_id, "edit")
    use = await session.get(EvidenceUse, (submission_id, evidence_id))
    if use is None:
        raise EvidenceNotFoundError
    if changes := apply(use, vars(proof)):
        changes["submission"] = [submission_id, submission_id]
        record(session, caller, "stated", ("evidence", evidence_id), changes=changes)
        await session.flush()
        await look_again(session, taken)


async def stop_using(
    session: AsyncSession, caller: Caller, submission_id: UUID, evidence_id: UUID
) -> None:
    """Take it off one draft; with its last use the document is gone too."""
    taken = await submission_in_hand(session, caller, submission_id, "edit")
    evidence = await session.get(Evidence, evidence_id, with_for_update={"key_share": True})
    use = await session.get(EvidenceUse, (submission_id, evidence_id))
    if evidence is None or use is None:
        raise EvidenceNotFoundError
    await session.delete(use)
    sign(taken.submission, caller)
    await session.flush()
    await _forget_unused(session, caller, evidence, [submission_id])
    await look_again(session, taken)


async def remove_evidence(session: AsyncSession, caller: Caller, evidence_id: UUID) -> None:
    """Take it off all it proves, which must be drafts. Its bytes stay in the store until they are swept."""
    uses = select(EvidenceUse.submission_id).where(EvidenceUse.evidence_id == evidence_id)
    submissions = sorted(await session.scalars(uses))
    taken = [await submission_in_hand(session, caller, one, "edit") for one in submissions]
    evidence = await session.get(Evidence, evidence_id, with_for_update={"key_share": True})
    if evidence is None:
        raise EvidenceNotFoundError
    await session.execute(
        delete(EvidenceUse).where(
            EvidenceUse.evidence_id == evidence_id, EvidenceUse.submission_id.in_(submissions)
        )
    )
    await _forget_unused(session, caller, evidence, submissions)
    for one in taken:
        sign(one.submission, caller)
        await look_again(session, one)


async def _forget_unused(
    session: AsyncSession, caller: Caller, evidence: Evidence, submissions: list[UUID]
) -> None:
    uses = select(func.count()).where(EvidenceUse.evidence_id == evidence.id)
    left = await session.scalar(uses)
    record(
        session,
        caller,
        "detached" if left else "removed",
        ("evidence", evidence.id),
        changes={
            "filename": [evidence.filename, evidence.filename if left else None],
            "storage_key": [evidence.storage_key, evidence.storage_key if left else None],
            "submissions": [submissions, None],
        },
    )
    if not left:
        await session.delete(evidence)
        await session.flush()
