"""Evidence, as far as its submission may be seen."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from services.api.deps.caller import Caller
from services.api.submissions.queries import SubmissionNotFoundError, visible_submission
from services.api.submissions.states import allowed_actions
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Evidence


class EvidenceNotFoundError(NotFoundError):
    """There is no such evidence, or it is not yours to see.

    Không có tài liệu minh chứng này, hoặc tài liệu không thuộc phạm vi của bạn.
    """


ONE_EVIDENCE = select(
    Evidence.id,
    Evidence.submission_id.label("submission"),
    Evidence.filename,
    Evidence.media_type,
    Evidence.size,
    Evidence.sha256,
    Evidence.storage_key,
    Evidence.document_number,
    Evidence.document_date,
    Evidence.issuer,
    Evidence.uploaded_by_name.label("uploaded_by"),
    Evidence.uploaded_at,
).where(Evidence.id == bindparam("id"))


async def visible_evidence(read: Reader, caller: Caller, evidence_id: UUID) -> tuple[Any, Any]:
    """Find the evidence and its submission."""
    row = await read.first(ONE_EVIDENCE, id=evidence_id)
    if row is None:
        raise EvidenceNotFoundError
    try:
        submission = await visible_submission(read, caller, row["submission"])
    except SubmissionNotFoundError:
        raise EvidenceNotFoundError from None
    return row, submission


async def evidence_shown(read: Reader, caller: Caller, evidence_id: UUID) -> dict[str, Any]:
    row, submission = await visible_evidence(read, caller, evidence_id)
    removable = "edit" in allowed_actions(caller, submission)
    shown = {**row, "allowed_actions": ["download", "remove"] if removable else ["download"]}
    del shown["storage_key"]
    return shown
