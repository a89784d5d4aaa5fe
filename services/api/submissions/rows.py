"""What is read of a submission: itself, its documents, what was submitted before it, and what its reviewer ticked."""

from sqlalchemy import ColumnElement, Text, case, cast, false, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from shared.duty import decidable, late, writable
from shared.models import (
    Assignment,
    Evidence,
    EvidenceUse,
    IndicatorRule,
    Node,
    Organisation,
    Period,
    ReviewRule,
    Submission,
    Tick,
)

two_step: ColumnElement[bool] = or_(
    func.coalesce(IndicatorRule.two_step, false()),
    ReviewRule.organisation_id.is_not(None),
    Organisation.is_coordinator,
)
"""True where two must accept. Whoever coordinates does not accept his own body's figures alone."""


_SAID = (
    "id",
    "level",
    "filename",
    "media_type",
    "size",
    "sha256",
    "url",
    "scan",
    "document_number",
    "document_date",
    "issuer",
    "pages",
    "covers_from",
    "covers_to",
    "valid_until",
)
EVIDENCE = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object(
                    *(part for name in _SAID for part in (name, getattr(Evidence, name))),
                    "stated",
                    EvidenceUse.stated,
                    "place",
                    EvidenceUse.place,
                ),
                EvidenceUse.added_at,
                Evidence.id,
            )
        )
    )
    .select_from(Evidence)
    .join(EvidenceUse, EvidenceUse.evidence_id == Evidence.id)
    .where(EvidenceUse.submission_id == Submission.id)
    .correlate(Submission)
    .scalar_subquery()
)
"""The documents of a ``Submission`` of the statement around it, as JSON."""
_Prior = aliased(Submission)
# What was submitted before it, and lay before a reviewer.
_prior = (
    select(
        func.jsonb_build_object(
            "id",
            _Prior.id,
            *(
                part
                for name in ("answer", "value", "numerator", "denominator", "note", "source")
                for part in (name, getattr(_Prior, name))
            ),
            "nil_reason",
            _Prior.nil_reason,
            "evidence",
            select(func.jsonb_agg(aggregate_order_by(Evidence.sha256, Evidence.sha256)))
            .select_from(Evidence)
            .join(EvidenceUse, EvidenceUse.evidence_id == Evidence.id)
            .where(EvidenceUse.submission_id == _Prior.id)
            .scalar_subquery(),
        )
    )
    .where(
        _Prior.assignment_id == Submission.assignment_id,
        _Prior.revision < Submission.revision,
        _Prior.submitted_at.is_not(None),
    )
    .order_by(_Prior.revision.desc())
    .limit(1)
    .scalar_subquery()
)
_ticks = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object(
                    "step",
                    Tick.step,
                    "tick",
                    Tick.tick,
                    "by",
                    Tick.ticked_by_name,
                    "at",
                    Tick.ticked_at,
                ),
                Tick.ticked_at,
                Tick.tick.desc(),
            )
        )
    )
    .where(Tick.submission_id == Submission.id)
    .correlate(Submission)
    .scalar_subquery()
)
SUBMISSION = (
    select(
        Submission.id,
        Submission.assignment_id.label("assignment"),
        Period.code.label("period"),
        Period.made_up,
        writable.label("writable"),
        decidable.label("decidable"),
        Node.code.label("indicator"),
        Node.name_vi.label("indicator_name_vi"),
        Node.unit,
        Organisation.code.label("organisation"),
        Organisation.name_vi.label("organisation_name_vi"),
        Assignment.organisation_id,
        Assignment.kind,
        Submission.revision,
        (Submission.revision > 1).label("resubmission"),
        case((Submission.revision > 1, cast(_prior, Text))).label("prior"),
        Submission.answer,
        Submission.value,
        Submission.numerator,
        Submission.denominator,
        Submission.nil_reason,
        Submission.note,
        Submission.source,
        cast(Submission.findings, Text).label("findings"),
        cast(Submission.explanations, Text).label("explanations"),
        Submission.state,
        late.label("late"),
        Submission.created_by,
        Submission.created_by_name,
        Submission.created_at,
        Submission.written_by,
        Submission.submitted_by,
        Submission.submitted_by_name,
        Submission.submitted_at,
        two_step.label("two_step"),
        ReviewRule.reviewer_id.label("reviewing_body"),
        Submission.first_accepted_by,
        Submission.first_accepted_by_name,
        Submission.first_accepted_at,
        Submission.decided_by,
        Submission.decided_by_name,
        Submission.decided_at,
        Submission.decision_reason,
        cast(_ticks, Text).label("acknowledged"),
        cast(EVIDENCE, Text).label("evidence"),
        Submission.updated_at,
    )
    .join(Assignment, Assignment.id == Submission.assignment_id)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Assignment.node_id)
    .outerjoin(ReviewRule, ReviewRule.organisation_id == Assignment.organisation_id)
)
