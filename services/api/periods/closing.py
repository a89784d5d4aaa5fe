"""A period is closed knowingly, and opened again with a reason."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.periods.commands import locked_period
from services.api.periods.queries import PeriodNotOpenError
from shared import outbox
from shared.duty import is_done
from shared.errors import ConflictError
from shared.events import PeriodClosed, PeriodOpened
from shared.models import Assignment, Extension, Period, Submission
from shared.public import announce_period

UNFINISHED = {
    "open": ("duties are unanswered", "nhiệm vụ chưa nộp"),
    "drafts": ("drafts were never submitted", "bản nháp chưa gửi"),
    "waiting": ("submissions wait for a decision", "bản đã gửi đang chờ duyệt"),
    "extensions": ("requests for more time wait", "đề nghị gia hạn chưa quyết định"),
}


class UnfinishedError(ConflictError):
    """Something is unfinished in this period."""


class PeriodNotClosedError(ConflictError):
    """The period is not closed.

    Kỳ báo cáo chưa đóng.
    """


async def unfinished(session: AsyncSession, period_id: UUID) -> dict[str, int]:
    """Count what closing would leave as it is; nothing of what is done or excused."""
    of_period = Assignment.period_id == period_id
    duties = select(func.count()).select_from(Assignment).where(of_period, ~is_done)

    def figures(state: str) -> ScalarSelect[int]:
        return (
            select(func.count())
            .select_from(Submission)
            .join(Assignment, Assignment.id == Submission.assignment_id)
            .where(of_period, Submission.state == state)
            .scalar_subquery()
        )

    asked = (
        select(func.count())
        .select_from(Extension)
        .join(Assignment, Assignment.id == Extension.assignment_id)
        .where(of_period, Extension.state == "asked")
    )
    counts = (
        await session.execute(
            select(
                duties.scalar_subquery(),
                figures("draft"),
                figures("submitted"),
                asked.scalar_subquery(),
            )
        )
    ).one()
    return dict(zip(UNFINISHED, counts, strict=True))


async def close_period(
    session: AsyncSession, caller: Caller, *, code: str, leave_unfinished: bool, now: datetime
) -> None:
    """Lock it; what is unfinished stays so only where the coordinator says that he knows."""
    period = await locked_period(session, code, ends_writing=True)
    if period.state != "open":
        raise PeriodNotOpenError
    left = {name: count for name, count in (await unfinished(session, period.id)).items() if count}
    if left and not leave_unfinished:
        raise _refusal(left)
    changes = apply(period, {"state": "closed", "closed_at": now})
    period.updated_at = now
    said = ", ".join(f"{name} {count}" for name, count in left.items())
    reason = f"leave_unfinished: {said}" if left else None
    record(session, caller, "closed", ("period", code), changes=changes, reason=reason)
    outbox.emit(session, PeriodClosed(period_id=period.id))


def _refusal(left: dict[str, int]) -> UnfinishedError:
    english = ", ".join(f"{count} {UNFINISHED[name][0]}" for name, count in left.items())
    vietnamese = ", ".join(f"{count} {UNFINISHED[name][1]}" for name, count in left.items())
    return UnfinishedError(
        f"Something is unfinished: {english}. Finish it, or say leave_unfinished.",
        vi=f"Còn việc chưa xong: {vietnamese}. Hãy hoàn tất, hoặc ghi leave_unfinished.",
        pointer="/leave_unfinished",
    )


async def reopen_period(
    session: AsyncSession, caller: Caller, *, code: str, reason: str, now: datetime
) -> None:
    """Open it again: figures are taken and decided on as before, and people are reminded of what is owed."""
    period: Period = await locked_period(session, code)
    if period.state != "closed":
        raise PeriodNotClosedError
    changes = apply(period, {"state": "open", "closed_at": None})
    period.updated_at = now
    record(session, caller, "reopened", ("period", code), changes=changes, reason=reason)
    outbox.emit(session, PeriodOpened(period_id=period.id))
    announce_period(session, period.id, period.state)
