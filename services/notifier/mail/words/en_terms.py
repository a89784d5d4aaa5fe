"""English terms of mails: labels, titles, sentences."""

from typing import ClassVar

from services.notifier.mail.words.language import Language
from services.notifier.mail.words.terms import Table


class EnglishTerms(Language):
    """What is said in the same words each time."""

    language = "en"

    IN_SHORT = "In English, in short"
    DRAFTED = "drafted, not submitted"
    NO_BASIS = "(not entered yet)"
    COORDINATOR = "The coordinating body"
    SYSTEM = "The PII tracking system"
    OTHER_ALARM = "Something to look at"
    LINK_ABOVE = "The link stands above."
    DUTY: ClassVar[Table] = {
        "figure": "Provide the figure with its evidence",
        "report": "Report on the follow-up, tasks and measures",
        "explanation": "Give the explanation asked for",
    }
    THING: ClassVar[Table] = {
        "figure": "figure",
        "report": "report",
        "explanation": "explanation",
    }
    ROLE: ClassVar[Table] = {
        "lead": "lead",
        "joint_lead": "joint lead",
        "cooperating": "co-operating",
        "requested": "asked to help",
    }
    MISSING: ClassVar[Table] = {
        "figure": "the figure",
        "report": "the report",
        "evidence": "evidence",
        "explanation": "the explanation",
        "revision": "a corrected revision",
    }
    LABEL: ClassVar[Table] = {
        "what": "Duty",
        "component": "Component",
        "body": "Body",
        "basis": "Basis",
        "deadline": "Deadline",
        "wished": "Date asked for",
        "missing": "Still missing",
        "state": "State",
        "hoped": "Hoped for",
        "period": "Period",
        "kept": "Deadline stays",
        "new": "New deadline",
        "until": "Extension asked until",
        "by": "Handled by",
        "asked_by": "Asked by",
        "answered_by": "Answered by",
        "question": "Question",
        "person": "Deputy",
        "holder": "Stands in for",
        "validity": "From – to",
        "from": "Given by",
        "to": "Received by",
        "since": "From",
        "number": "Duties",
        "call": "In case of difficulty please contact",
        "phone": "phone",
        "mail": "mail",
    }
    ANSWER: ClassVar[Table] = {
        "nil": "nil return",
        "not_applicable": "return that the indicator does not apply",
        "central_source": "return that names the central source",
    }
    WORDS: ClassVar[Table] = {
        "due": "Returned because",
        "returned": "Reason of the return",
        "rejected": "Reason of the rejection",
        "accepted": "Remark",
        "reopened": "Reason",
        "extension_asked": "Reason given",
        "extension_granted": "Remark",
        "extension_refused": "Reason",
        "explanation_asked": "What to explain",
        "explanation_answered": "Answer",
        "deputy_named": "Reason",
        "handed_over": "Note",
    }
    TOPIC: ClassVar[Table] = {
        "due": "Reminder",
        "returned": "Returned for correction",
        "rejected": "Rejected",
        "accepted": "Accepted",
        "reopened": "Reopened",
        "extension_asked": "Extension asked for",
        "extension_granted": "Extension granted",
        "extension_refused": "Extension refused",
        "explanation_asked": "Explanation required",
        "explanation_answered": "Explanation given",
        "deputy_named": "Deputy named",
        "handed_over": "Duties handed over",
    }
    KIND: ClassVar[Table] = {
        "summary": "The week",
        "hold": "A run of mails is held",
        "alarm": "Operating alarm",
        "test": "Test mail",
    }
    HOLD: ClassVar[Table] = {
        "too_many": "too many mails",
        "calendar": "working calendar not confirmed",
    }
    ALARM: ClassVar[Table] = {
        "no_contact": "Body with nobody to write to",
        "address_dead": "Address that takes no mail",
        "mail_failed": "Mail that could not be sent",
        "index_not_calculated": "Index that cannot be calculated",
        "planning_silent": "No planning of reminders",
        "unsent": "Mail that is due was not sent",
        "webhook_disabled": "Webhook disabled",
        "hold": "Run of mails that is held",
    }
    OPEN: ClassVar[Table] = {
        "digest": "Open the list of duties",
        "separate": "Open the duty",
        "notice": "Open the details",
        "summary": "Open the board",
        "hold": "Look, release or discard",
        "alarm": "Open the alarms",
        "test": "Open the system",
    }
    BOARD: ClassVar[Table] = {
        "expected": "Expected",
        "received": "Received",
        "accepted": "Accepted",
        "late": "Late",
        "overdue": "Overdue",
        "asked": "Asked, not yet answered",
        "excused": "Excused",
        "on_time": "On time",
    }
    CHANGES: ClassVar[Table] = {
        "submitted": "Submitted",
        "accepted": "Accepted",
        "returned": "Returned",
        "reopened": "Reopened",
        "extensions": "Extended",
        "newly_overdue": "Newly overdue",
        "handovers": "Handed over",
        "explanations_asked": "Explanations asked for",
        "explanations_answered": "Explanations given",
    }
    SUMMARY: ClassVar[Table] = {
        "changes": "Changes of the last 7 days",
        "longest": "Overdue the longest",
        "nobody": "Nothing is overdue.",
        "unreachable": "Bodies with nobody to write to",
        "dead": "Addresses that take no mail",
        "holds": "Runs of mails that are held",
        "head": "Signed head of the audit log",
    }
    INDEX: ClassVar[Table] = {
        "score": "PII score (estimate)",
        "rank": "Rank (estimate)",
    }
    HELD: ClassVar[Table] = {
        "why": "Why",
        "mails": "Mails in the run",
        "recipients": "Recipients",
        "limit": "Most mails of a run",
        "usual": "Greatest day of the last 30",
    }
    WHAT_TO_DO: ClassVar[Table] = {
        "figure": "Figure: draft it in the system (value, time, source), attach evidence that agrees with it (number, date, issuing body), and submit it to the coordinating body.",
        "report": "Report: draft it in the system (how the indicator developed; tasks and measures done and planned), attach documents if there are any, and submit it to the coordinating body.",
        "explanation": "Explanation: answer in the system what was asked.",
    }
    SOME_THING = "file"
    TOPIC_ASKED: ClassVar[Table] = {
        "explanation_asked": "Explanation kindly asked for",
        "returned": "Addition kindly asked for",
    }
    SENTENCE: ClassVar[Table] = {
        "returned": "{who} returned the {thing} of {body}{revision} for correction.",
        "rejected": "{who} rejected the {thing} of {body}{revision}.",
        "accepted": "{who} accepted the {thing} of {body}{revision}.",
        "reopened": "{who} reopened the {thing} of {body}{revision} for a new revision.",
        "extension_asked": "{body} asks for more time.",
        "extension_granted": "{who} granted {body} an extension.",
        "extension_refused": "{who} granted {body} no extension; the deadline stays.",
        "explanation_asked": "{who} requires {body} to explain the following.",
        "explanation_answered": "{body} has given the explanation.",
        "deputy_named": "{person} was named deputy{holder} at {body}.",
        "due": "{body}: {duty}.",
        "handed_over": "Duties were handed over from {from_body} to {to_body}. This mail is the receipt of both sides.",
    }
    SENTENCE_ASKED: ClassVar[Table] = {
        "returned": "The {thing} of {body}{revision} was read; some additions are kindly asked for.",
        "accepted": "{who} accepted the {thing} of {body}{revision}. Thank you for your help.",
        "explanation_asked": "{who} kindly asks {body} to explain the following.",
    }
    REVISION = " (revision {})"
    HOLDER = " of {}"
    SOMEBODY = "Somebody"
    NEXT: ClassVar[Table] = {
        "extension_asked": "Please decide.",
        "explanation_answered": "Please read the answer, and close the request or ask again.",
    }
    NEXT_OWN: ClassVar[Table] = {
        "returned": "Please correct it and submit it again within the deadline.",
        "reopened": "Please correct it and submit it again within the deadline.",
        "explanation_asked": "Please answer in the system within the deadline.",
    }
    NEXT_ASKED: ClassVar[Table] = {
        "returned": "You are kindly asked to add to it and submit it again.",
        "reopened": "You are kindly asked to add to it and submit it again.",
        "explanation_asked": "You are kindly asked to answer in the system.",
    }
    ASK: ClassVar[Table] = {
        "follow": "Please follow up, guide and support these bodies so that the duties are completed.",
        "asked": "Your kind help is asked for:",
        "own": "What to do:",
    }
    ACTION: ClassVar[Table] = {
        "follow": "For follow-up",
        "asked": "Kind request",
        "urge": "Urgent reminder",
        "remind": "Reminder",
    }
    GROUP: ClassVar[Table] = {
        "overdue": "Overdue",
        "today": "Due today",
        "coming": "Coming",
        "undated": "Without a deadline",
    }
    GROUP_ASKED: ClassVar[Table] = {
        "overdue": "Past the date asked for",
        "today": "Asked for today",
        "coming": "Asked for soon",
        "undated": "No date asked for",
    }
    TALLY: ClassVar[Table] = {
        "overdue": "overdue",
        "today": "due today",
        "coming": "coming",
        "undated": "without a deadline",
    }
    TALLY_ASKED: ClassVar[Table] = {
        "overdue": "past the date asked for",
        "today": "asked for today",
        "coming": "asked for soon",
        "undated": "without a deadline",
    }
    BANNER: ClassVar[Table] = {
        "some": 'SOME DATA ARE MADE UP – periods marked "made up" are no real duties',
        "all": "MADE-UP DATA – an invented period, no real duty",
    }
    MARK: ClassVar[Table] = {"some": "[SOME DATA MADE UP] ", "all": "[MADE-UP DATA] "}
    NEWS = "News"
    NEWS_OF_DUTIES = "News of your duties"
    DEADLINE = "Due"
    DAY_ASKED_FOR = "Date asked for"
    MADE_UP = " (made up)"
    MADE_UP_ENTRY = "[MADE UP] "
    HEAD_WHY = (
        "Please keep this mail: a copy held elsewhere shows whether the log was changed later."
    )
    HOLD_INTRO = (
        "The system holds back a run of reminders. None of them was sent; "
        "they wait until somebody releases or discards them."
    )
    ALARM_INTRO = "The operator is asked to look at:"
    GREETING = "To"
    NO_SCORE = "not to be computed yet"
    SCORE_BEFORE = " ({} since a week ago)"
    NO_RANK = "none yet"
    RANK_BEFORE = " (a week ago {}/{})"
    SINCE = "since"
    UNTIL = " until {}"
    HOLD_WHY: ClassVar[Table] = {
        "calendar": "No decision has confirmed the working calendar of {year}, so the days of reminding may be wrong.",
        "too_many": "There are more mails than usual; a wrong deadline or a period opened by mistake may be the cause.",
    }
    HOLD_NEXT: ClassVar[Table] = {
        "calendar": "Confirm the calendar, or release the run by the calendar as it is, or discard it.",
        "too_many": "Look at the mails of the run, then release or discard it.",
    }
    AUTOMATIC = "This mail was sent automatically."
    WITH_CALENDAR = " The deadlines come with it as a calendar (han-nop.ics)."
    IF_DONE = " If all of it is done, please disregard this mail."
