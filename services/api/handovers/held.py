"""What hangs on a body beside its work and its people: read once, like the other facts of a hand-over."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from shared.db import Reader
from shared.models import (
    Deputy,
    ExplanationRequest,
    Feed,
    Membership,
    Node,
    Organisation,
    Period,
    PeriodDeadline,
    ReminderPolicy,
    ReviewRule,
    User,
    WebhookEndpoint,
)

Held = Mapping[str, Sequence[Mapping[str, Any]]]  # kind → rows
# What one body has once: two rows with the same of these cannot both be one body's.
KEYS = {"deadline": ("period_id", "node_id"), "policy": ("kind", "indicator", "period_id")}
# What changes hands by its column of the body alone.
BOUND = {
    "explanation": ExplanationRequest,
    "deadline": PeriodDeadline,
    "policy": ReminderPolicy,
    "feed": Feed,
    "webhook": WebhookEndpoint,
}


def in_bodies(column: Any, name: str = "bodies") -> ColumnElement[bool]:
    return column == any_(bindparam(name, type_=ARRAY(Uuid)))  # type: ignore[no-any-return]


EXPLANATIONS = (
    select(
        ExplanationRequest.id,
        ExplanationRequest.organisation_id,
        ExplanationRequest.assignment_id,
        ExplanationRequest.period_id,
        Period.code.label("period"),
        Node.code.label("node"),
        Node.name_vi.label("node_name_vi"),
        ExplanationRequest.due_on,
    )
    .join(Period, Period.id == ExplanationRequest.period_id)
    .join(Node, Node.id == ExplanationRequest.node_id)
    .where(in_bodies(ExplanationRequest.organisation_id), ExplanationRequest.state == "asked")
    .order_by(ExplanationRequest.due_on, ExplanationRequest.id)
)
DEADLINES = (
    select(
        PeriodDeadline.id,
        PeriodDeadline.organisation_id,
        PeriodDeadline.period_id,
        PeriodDeadline.node_id,
        Period.code.label("period"),
        Node.code.label("node"),
        Node.name_vi.label("node_name_vi"),
        PeriodDeadline.due_on,
    )
    .join(Period, Period.id == PeriodDeadline.period_id)
    .outerjoin(Node, Node.id == PeriodDeadline.node_id)
    .where(in_bodies(PeriodDeadline.organisation_id), Period.state != "closed")
    .order_by(Period.code, Node.sort_key, PeriodDeadline.id)
)
POLICIES = (
    select(
        ReminderPolicy.id,
        ReminderPolicy.organisation_id,
        ReminderPolicy.kind,
        ReminderPolicy.indicator,
        ReminderPolicy.indicator.label("node"),
        ReminderPolicy.period_id,
        Period.code.label("period"),
        ReminderPolicy.name.label("title"),
    )
    .outerjoin(Period, Period.id == ReminderPolicy.period_id)
    .where(in_bodies(ReminderPolicy.organisation_id))
    .order_by(ReminderPolicy.created_at, ReminderPolicy.id)
)
FEEDS = (
    select(Feed.id, Feed.organisation_id, User.login, User.name)
    .join(User, User.id == Feed.user_id)
    .where(in_bodies(Feed.organisation_id), Feed.revoked_at.is_(None))
    .order_by(Feed.created_at, Feed.id)
)
WEBHOOKS = (
    select(
        WebhookEndpoint.id,
        WebhookEndpoint.organisation_id,
        WebhookEndpoint.description.label("title"),
    )
    .where(in_bodies(WebhookEndpoint.organisation_id))
    .order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
)
DEPUTIES = (
    select(
        Deputy.id,
        Membership.organisation_id,
        Deputy.membership_id,
        User.login,
        User.name,
        Deputy.valid_from,
        Deputy.valid_to,
    )
    .join(Membership, Membership.id == Deputy.membership_id)
    .join(User, User.id == Deputy.deputy_id)
    .where(
        in_bodies(Membership.organisation_id),
        Deputy.ended_at.is_(None),
        Deputy.valid_to >= bindparam("today"),
    )
    .order_by(Deputy.created_at, Deputy.id)
)
_Reviewer = aliased(Organisation)
REVIEW_RULES = (
    select(
        ReviewRule.organisation_id.label("id"),
        ReviewRule.organisation_id,
        Organisation.code,
        Organisation.valid_to,
        ReviewRule.kind.label("review"),
        ReviewRule.reviewer_id,
        _Reviewer.code.label("reviewer"),
    )
    .join(Organisation, Organisation.id == ReviewRule.organisation_id)
    .outerjoin(_Reviewer, _Reviewer.id == ReviewRule.reviewer_id)
    .where(or_(in_bodies(ReviewRule.organisation_id), in_bodies(ReviewRule.reviewer_id)))
    .order_by(Organisation.code)
)


async def held_by(read: Reader, bodies: Collection[UUID], *, today: date) -> Held:
    """Read it for these bodies: of the rules of review also those that name one of them."""
    own = sorted(bodies)
    return {
        "explanation": await read.all(EXPLANATIONS, bodies=own),
        "deadline": await read.all(DEADLINES, bodies=own),
        "policy": await read.all(POLICIES, bodies=own),
        "feed": await read.all(FEEDS, bodies=own),
        "webhook": await read.all(WEBHOOKS, bodies=own),
        "deputy": await read.all(DEPUTIES, bodies=own, today=today),
        "review_rule": await read.all(REVIEW_RULES, bodies=own),
    }
