"""Take a duty, or a submission and its duty, for this transaction: one change of a duty at a time."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError
from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.periods.queries import PeriodNotOpenError
from services.api.submissions.figures import CONTENT, Rules
from services.api.submissions.holding import hold_period_of, hold_period_of_duty
from services.api.submissions.queries import SubmissionNotFoundError
from services.api.submissions.rows import two_step
from services.api.submissions.states import (
    TRANSITIONS,
    WRITE,
    Review,
    may,
    reviews_for,
)
from services.api.submissions.words import ACTS, states_vi
from shared import outbox
from shared.duty import decidable, writable
from shared.errors import ConflictError, ForbiddenError
from shared.events import (
    Event,
    SubmissionAccepted,
    SubmissionRejected,
    SubmissionReopened,
    SubmissionReturned,
    SubmissionSubmitted,
    SubmissionWithdrawn,
)
from shared.models import (
    Assignment,
    HandoverMove,
    IndicatorRule,
    Node,
    Organisation,
    Period,
    ReviewRule,
    Submission,
)

NO_MORE: Mapping[str, Any] = MappingProxyType({})
ANNOUNCED: dict[str, type[Event]] = {
    "submit": SubmissionSubmitted,
    "withdraw": SubmissionWithdrawn,
    "accept": SubmissionAccepted,
    "return": SubmissionReturned,
    "reject": SubmissionRejected,
    "reopen": SubmissionReopened,
}


class StateError(ConflictError):
    """Its state does not allow that."""

    of_state = True


class OwnSubmissionError(ForbiddenError):
    """Whoever wrote or submitted a figure, or a part of it or of its evidence, does not accept it.

    Người đã lập, sửa hoặc gửi số liệu hay tài liệu minh chứng không được tự tiếp nhận.
    """


class PassedOnError(ConflictError):
    """The duty has passed to another body; its hand-over's receipt says to whom.

    Nhiệm vụ đã chuyển cho cơ quan khác; biên nhận bàn giao ghi rõ cơ quan tiếp nhận.
    """


class SecondReviewerError(ForbiddenError):
    """It needs a second person to accept it, and you were the first.

    Cần người thứ hai tiếp nhận; bạn là người thứ nhất.
    """


class ReviewingBodyError(ForbiddenError):
    """It waits for the body that reviews it, or for the coordinator before that.

    Đang chờ cơ quan thẩm định, hoặc cơ quan điều phối trước đó.
    """


class Circumstances(NamedTuple):
    """What is true of a duty whatever has been submitted to it."""

    assignment: Assignment
    node: Node
    rule: IndicatorRule | None
    writable: bool
    decidable: bool
    year: int  # that the figure is of
    made_up: bool

    @property
    def rules(self) -> Rules:
        return Rules.of(self.rule, self.node.unit)

    @property
    def needs_evidence(self) -> bool:
        return self.node.evidence_required and self.assignment.kind == "figure"

    def require_open(self, permission: str = WRITE) -> None:
        if not (self.writable if permission == WRITE else self.decidable):
            raise PeriodNotOpenError


class Duty(NamedTuple):
    about: Circumstances
    newest_revision: int
    pending: UUID | None  # the draft or submission that waits


class Taken(NamedTuple):
    """A submission and its duty, locked until the transaction ends."""

    submission: Submission
    about: Circumstances
    two_step: bool = False
    reviewing_body: UUID | None = None

    @property
    def review(self) -> Review:
        submission = self.submission
        return Review(
            self.about.assignment.organisation_id,
            submission.created_by,
            submission.submitted_by,
            submission.written_by,
            submission.first_accepted_by,
            self.two_step,
            self.reviewing_body,
        )

    @property
    def content(self) -> dict[str, Any]:
        return {name: getattr(self.submission, name) for name in CONTENT}


# Statements are made once: building them costs as much as reading a row.
_ABOUT = (
    Assignment,
    Node,
    IndicatorRule,
    writable,
    decidable,
    Period.reference_year,
    Period.made_up,
)
_newest = (
    select(
        func.coalesce(func.max(Submission.revision), 0).label("revision"),
        # No aggregate but this takes the id of one: the database allows one.
        func.array_agg(Submission.id)
        .filter(Submission.state.in_(("draft", "submitted")))[1]
        .label("pending"),
    )
    .where(Submission.assignment_id == bindparam("id"))
    .subquery()
)
_DUTY = (
    select(*_ABOUT, _newest.c.revision, _newest.c.pending)
    .select_from(Assignment)
    .join(Node, Node.id == Assignment.node_id)
    .join(Period, Period.id == Assignment.period_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Node.id)
    .join(_newest, true())
    .where(Assignment.id == bindparam("id"))
    .with_for_update(of=Assignment, key_share=True)
)
_SUBMISSION = (
    select(*_ABOUT, Submission, two_step, ReviewRule.reviewer_id)
    .select_from(Submission)
    .join(Assignment, Assignment.id == Submission.assignment_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Period, Period.id == Assignment.period_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Node.id)
    .outerjoin(ReviewRule, ReviewRule.organisation_id == Assignment.organisation_id)
    .where(Submission.id == bindparam("id"))
    .with_for_update(of=[Assignment, Submission], key_share=True)
    .execution_options(populate_existing=True)
)


_MANY = (
    select(Submission.id)
    .join(Assignment, Assignment.id == Submission.assignment_id)
    .where(Submission.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .order_by(Assignment.id, Submission.id)
    .with_for_update(of=[Assignment, Submission], key_share=True)
)


async def duty_in_hand(session: AsyncSession, assignment_id: UUID) -> Duty:
    """Take the duty. Of two who draft at once the second meets the database's own rule: 409."""
    await hold_period_of_duty(session, assignment_id)
    found = (await session.execute(_DUTY, {"id": assignment_id})).one_or_none()
    if found is None:
        raise AssignmentNotFoundError
    return Duty(Circumstances(*found[:-2]), *found[-2:])


async def refuse_passed_on(
    session: AsyncSession, caller: Caller, assignment: Assignment, permission: str
) -> None:
    """Tell whoever had the right that the duty left his body, perhaps while he was at it."""
    if permission not in caller.reaches or caller.may(permission, assignment.organisation_id):
        return
    left = select(HandoverMove.id).where(
        HandoverMove.kind == "assignment",
        HandoverMove.object_id == assignment.id,
        HandoverMove.from_id.in_(caller.own_only(permission) or ()),
    )
    if await session.scalar(left.limit(1)):
        raise PassedOnError


async def submission_in_hand(
    session: AsyncSession, caller: Caller, submission_id: UUID, action: str
) -> Taken:
    """Take a submission and its duty, and check right and state of ``action``."""
    await hold_period_of(session, submission_id)
    found = (await session.execute(_SUBMISSION, {"id": submission_id})).one_or_none()
    # Who waited for a hand-over meets the duty in another body, whose row the statement had not joined.
    found = found or (await session.execute(_SUBMISSION, {"id": submission_id})).one_or_none()
    if found is None:
        raise SubmissionNotFoundError
    row: tuple[Any, ...] = tuple(found)
    taken = Taken(row[-3], Circumstances(*row[:-3]), *row[-2:])
    submission, transition = taken.submission, TRANSITIONS[action]
    await refuse_passed_on(session, caller, taken.about.assignment, transition.permission)
    _require_right(caller, action, taken)
    taken.about.require_open(transition.permission)
    if submission.state not in transition.before:
        raise StateError(
            f"It is {submission.state}; to {action} it must be {' or '.join(sorted(transition.before))}.",
            vi=f"Đang ở trạng thái {states_vi([submission.state])}; muốn {ACTS[action]} thì phải ở trạng thái "
            f"{states_vi(transition.before)}.",
        )
    return taken


def _require_right(caller: Caller, action: str, taken: Taken) -> None:
    review, transition = taken.review, TRANSITIONS[action]
    if may(caller, action, review):
        return
    reviews = transition.by_reviewing_body and reviews_for(caller, review.reviewing_body)
    if not reviews:
        caller.require(transition.permission, review.organisation_id)
    # What is not waiting is refused for its state, which says more.
    if not caller.accounts.isdisjoint(review.authors):
        raise OwnSubmissionError
    if taken.submission.state == "submitted":
        raise (
            SecondReviewerError
            if review.first_accepted_by in caller.accounts
            else ReviewingBodyError
        )


def sign(submission: Submission, caller: Caller) -> None:
    """Write down that the caller had a hand in it: he is not the one to accept it."""
    if caller.id not in submission.written_by:
        submission.written_by = [*submission.written_by, caller.id]


async def take_many(session: AsyncSession, ids: list[UUID]) -> None:
    """Take many at once, in one order, so that two who decide the same ones do not wait for each other."""
    await session.execute(_MANY, {"ids": ids})


def move(
    session: AsyncSession,
    caller: Caller,
    taken: Taken,
    action: str,
    *,
    now: datetime,
    reason: str | None = None,
    more: Mapping[str, Any] = NO_MORE,
) -> None:
    """Take the step: state, audit and event in one."""
    submission, assignment = taken.submission, taken.about.assignment
    after = TRANSITIONS[action].after
    record(
        session,
        caller,
        action,
        ("submission", submission.id),
        changes={"state": [submission.state, after], **more},
        reason=reason,
    )
    submission.state, submission.updated_at = after, now
    outbox.emit(
        session,
        ANNOUNCED[action](
            period_id=assignment.period_id, submission_id=submission.id, assignment_id=assignment.id
        ),
    )
