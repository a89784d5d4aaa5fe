"""Every table of the system, by subject. The comment above a class names its one writer."""

from shared.models.identity import ApiKey, Membership, SignIn, User
from shared.models.index import Analysis, Locality, Panel, PanelValue, Run, RunNode
from shared.models.plan import (
    Contact,
    Framework,
    FrameworkVersion,
    Node,
    OfficialResult,
    Organisation,
    Responsibility,
)
from shared.models.reminders import Alarm, Reminder, ReminderPolicy
from shared.models.review import Comment, IndicatorRule, ReviewRule
from shared.models.round import Assignment, Evidence, EvidenceUse, Period, Submission
from shared.models.system import AuditEntry, Heartbeat, IdempotencyKey, OutboxMessage

__all__ = [
    "Alarm",
    "Analysis",
    "ApiKey",
    "Assignment",
    "AuditEntry",
    "Comment",
    "Contact",
    "Evidence",
    "EvidenceUse",
    "Framework",
    "FrameworkVersion",
    "Heartbeat",
    "IdempotencyKey",
    "IndicatorRule",
    "Locality",
    "Membership",
    "Node",
    "OfficialResult",
    "Organisation",
    "OutboxMessage",
    "Panel",
    "PanelValue",
    "Period",
    "Reminder",
    "ReminderPolicy",
    "Responsibility",
    "ReviewRule",
    "Run",
    "RunNode",
    "SignIn",
    "Submission",
    "User",
]
