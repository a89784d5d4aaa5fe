"""Every table of the system, by subject. The comment above a class names its one writer."""

from shared.models.asked import Contribution, ExplanationRequest, Extension
from shared.models.audit import AuditHead, AuditLink, AuditPersonal, AuditWaiting, AuditWords
from shared.models.calendar import CalendarDay, CalendarYear
from shared.models.feeds import Feed
from shared.models.handovers import Handover, HandoverMove, Succession
from shared.models.identity import ApiKey, Deputy, Membership, SignIn, User
from shared.models.index import Analysis, Locality, Panel, PanelValue, Run, RunNode
from shared.models.mails import Alarm, Mail, NotifierRun, SuppressedAddress
from shared.models.packs import Pack, PackFile
from shared.models.plan import (
    Contact,
    Framework,
    FrameworkVersion,
    Node,
    OfficialResult,
    Organisation,
    Responsibility,
)
from shared.models.reminders import (
    Hold,
    Reminder,
    ReminderPolicy,
    ReminderSettings,
    ReminderStep,
    ReminderTemplate,
)
from shared.models.review import Comment, IndicatorRule, ReviewRule, Tick
from shared.models.round import (
    Assignment,
    Evidence,
    EvidenceUse,
    Period,
    PeriodDeadline,
    PeriodScope,
    Submission,
)
from shared.models.system import AuditEntry, Heartbeat, IdempotencyKey, OutboxMessage
from shared.models.webhooks import (
    PublicEvent,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)

__all__ = [
    "Alarm",
    "Analysis",
    "ApiKey",
    "Assignment",
    "AuditEntry",
    "AuditHead",
    "AuditLink",
    "AuditPersonal",
    "AuditWaiting",
    "AuditWords",
    "CalendarDay",
    "CalendarYear",
    "Comment",
    "Contact",
    "Contribution",
    "Deputy",
    "Evidence",
    "EvidenceUse",
    "ExplanationRequest",
    "Extension",
    "Feed",
    "Framework",
    "FrameworkVersion",
    "Handover",
    "HandoverMove",
    "Heartbeat",
    "Hold",
    "IdempotencyKey",
    "IndicatorRule",
    "Locality",
    "Mail",
    "Membership",
    "Node",
    "NotifierRun",
    "OfficialResult",
    "Organisation",
    "OutboxMessage",
    "Pack",
    "PackFile",
    "Panel",
    "PanelValue",
    "Period",
    "PeriodDeadline",
    "PeriodScope",
    "PublicEvent",
    "Reminder",
    "ReminderPolicy",
    "ReminderSettings",
    "ReminderStep",
    "ReminderTemplate",
    "Responsibility",
    "ReviewRule",
    "Run",
    "RunNode",
    "SignIn",
    "Submission",
    "Succession",
    "SuppressedAddress",
    "Tick",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookSecret",
]
