"""The contract between services: what can happen, and who must hear of it."""

from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """A fact that was committed. It says what changed, never by how much."""

    model_config = ConfigDict(frozen=True)

    # Null: it concerns every period.
    period_id: UUID | None


class OfPeriod(Event):
    """What happened in one period."""

    period_id: UUID


class OfAllPeriods(Event):
    """What concerns every period at once."""

    period_id: None = None


class SubmissionAccepted(OfPeriod):
    submission_id: UUID
    assignment_id: UUID


class SubmissionSubmitted(OfPeriod):
    submission_id: UUID
    assignment_id: UUID


class SubmissionReturned(OfPeriod):
    submission_id: UUID
    assignment_id: UUID


class SubmissionRejected(OfPeriod):
    submission_id: UUID
    assignment_id: UUID


class SubmissionWithdrawn(OfPeriod):
    submission_id: UUID
    assignment_id: UUID


class SubmissionReopened(OfPeriod):
    submission_id: UUID
    assignment_id: UUID


class PanelLoaded(OfPeriod):
    panel_id: UUID


class AnalysisAsked(OfPeriod):
    analysis_id: UUID


class FrameworkChanged(OfPeriod):
    framework_id: UUID


class PeriodOpened(OfPeriod):
    pass


class PeriodClosed(OfPeriod):
    pass


class DeadlineMoved(OfPeriod):
    assignment_id: UUID


class DutyExcused(OfPeriod):
    """Excused, or owed again after all."""

    assignment_id: UUID


class ExplanationAsked(OfPeriod):
    explanation_id: UUID


class ExplanationAnswered(OfPeriod):
    explanation_id: UUID


class ExplanationClosed(OfPeriod):
    explanation_id: UUID


class ContactsChanged(OfPeriod):
    organisation_id: UUID


class HandedOver(OfPeriod):
    handover_id: UUID


class PolicyChanged(OfAllPeriods):
    """Made, changed or removed: other steps may govern any duty."""

    policy_id: UUID


class TemplateChanged(OfAllPeriods):
    """The words that steps with this template say are others."""

    code: str


class SettingsChanged(OfAllPeriods):
    """When mail may go out and how much of it, or whether any does."""


class HoldDecided(OfAllPeriods):
    hold_id: UUID


class MailAsked(OfAllPeriods):
    """Somebody asked for a mail of its own, such as a test."""

    mail_id: UUID


class AddressLifted(OfAllPeriods):
    """Mail may go to an address again."""

    address_id: UUID


class Subscription(NamedTuple):
    """A task to run when the event has been committed; it is given the period, or null, and the trace id."""

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
    PolicyChanged: (REMIND,),
    TemplateChanged: (REMIND,),
    SettingsChanged: (REMIND,),
    HoldDecided: (REMIND,),
    MailAsked: (REMIND,),
    AddressLifted: (REMIND,),
}
