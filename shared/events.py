"""The contract between services: what can happen, and who must hear of it."""

from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """A fact that was committed. It says what changed, never by how much."""

    model_config = ConfigDict(frozen=True)

    period_id: UUID


class SubmissionAccepted(Event):
    submission_id: UUID
    assignment_id: UUID


class SubmissionSubmitted(Event):
    submission_id: UUID
    assignment_id: UUID


class SubmissionReturned(Event):
    submission_id: UUID
    assignment_id: UUID


class SubmissionRejected(Event):
    submission_id: UUID
    assignment_id: UUID


class SubmissionWithdrawn(Event):
    submission_id: UUID
    assignment_id: UUID


class SubmissionReopened(Event):
    submission_id: UUID
    assignment_id: UUID


class PanelLoaded(Event):
    panel_id: UUID


class AnalysisAsked(Event):
    analysis_id: UUID


class FrameworkChanged(Event):
    framework_id: UUID


class PeriodOpened(Event):
    pass


class PeriodClosed(Event):
    pass


class DeadlineMoved(Event):
    assignment_id: UUID


class DutyExcused(Event):
    """Excused, or owed again after all."""

    assignment_id: UUID


class ExplanationAsked(Event):
    explanation_id: UUID


class ExplanationAnswered(Event):
    explanation_id: UUID


class ExplanationClosed(Event):
    explanation_id: UUID


class ContactsChanged(Event):
    organisation_id: UUID


class HandedOver(Event):
    handover_id: UUID


class Subscription(NamedTuple):
    """A task to run when the event has been committed; it is given the period and the trace id."""

    queue: str
    task: str


RECALCULATE = Subscription("scoring", "recalculate_period")
ANALYSE = Subscription("scoring", "analyse")
REMIND = Subscription("notifier", "remind_period")

SUBSCRIBERS: dict[type[Event], tuple[Subscription, ...]] = {
    SubmissionAccepted: (RECALCULATE, REMIND),
    SubmissionSubmitted: (REMIND,),
    SubmissionReturned: (REMIND,),
    SubmissionRejected: (REMIND,),
    SubmissionWithdrawn: (REMIND,),
    SubmissionReopened: (RECALCULATE, REMIND),
    PanelLoaded: (RECALCULATE,),
    AnalysisAsked: (ANALYSE,),
    FrameworkChanged: (RECALCULATE,),
    PeriodOpened: (RECALCULATE, REMIND),
    PeriodClosed: (REMIND,),
    DeadlineMoved: (REMIND,),
    DutyExcused: (REMIND,),
    ExplanationAsked: (REMIND,),
    ExplanationAnswered: (REMIND,),
    ExplanationClosed: (REMIND,),
    ContactsChanged: (REMIND,),
    HandedOver: (REMIND,),
}
