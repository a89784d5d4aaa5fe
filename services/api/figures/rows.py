"""What is read of a duty that asks for a figure: its newest revision, its proof, and the figure before it."""

from typing import Any

from sqlalchemy import Text, and_, case, cast, exists, func, select, true
from sqlalchemy.orm import aliased

from services.api.assignments.states import NEWEST, STATUS
from services.api.submissions.history import counts
from shared.duty import effective_due_on, writable
from shared.models import (
    Assignment,
    Evidence,
    EvidenceUse,
    IndicatorRule,
    Node,
    Organisation,
    Period,
    Responsibility,
    Submission,
)

_Was, _WasDuty = aliased(Submission), aliased(Assignment)
_WasNode, _WasPeriod, _Earlier = aliased(Node), aliased(Period), aliased(Period)


def _figures_of(duty: Any, period: Any) -> Any:
    """Choose what was accepted of the same indicator in an earlier period like this one."""
    return and_(
        _WasNode.code == Node.code,
        duty.period_id == period.id,
        period.kind == Period.kind,
        period.reference_year < Period.reference_year,
        period.made_up == Period.made_up,
        _Was.state == "accepted",
        _Was.value.is_not(None),
    )


# The newest year that has one, before who gave which: of each earlier year one is enough.
_has_one = (
    exists()
    .where(
        _WasNode.id == _WasDuty.node_id,
        _Was.assignment_id == _WasDuty.id,
        _figures_of(_WasDuty, _Earlier),
    )
    .correlate(Node, Period, _Earlier)
)
_YEAR = (
    select(func.max(_Earlier.reference_year).label("newest"))
    .where(_has_one)
    .correlate(Node, Period)
    .lateral("earlier_year")
)
_LAST = (
    select(
        _WasPeriod.code.label("period"),
        _WasPeriod.reference_year,
        _Was.value,
        _Was.numerator,
        _Was.denominator,
    )
    .select_from(_YEAR)
    .join(_WasPeriod, _WasPeriod.reference_year == _YEAR.c.newest)
    .join(_WasDuty, _WasDuty.period_id == _WasPeriod.id)
    .join(_WasNode, _WasNode.id == _WasDuty.node_id)
    .join(_Was, _Was.assignment_id == _WasDuty.id)
    .where(_figures_of(_WasDuty, _WasPeriod))
    .order_by(_Was.decided_at.desc(), _Was.id)
    .limit(1)
    .correlate(Node, Period)
    .lateral("last_year")
)
# One that states the figure, or else the first; what may be infected states nothing.
_PROOF = (
    select(
        EvidenceUse.evidence_id,
        func.coalesce(func.nullif(Evidence.filename, ""), Evidence.url).label("document"),
        EvidenceUse.stated,
        EvidenceUse.place,
    )
    .join(Evidence, Evidence.id == EvidenceUse.evidence_id)
    .where(EvidenceUse.submission_id == NEWEST.c.id, counts)
    .order_by(EvidenceUse.stated.is_(None), EvidenceUse.added_at, Evidence.id)
    .limit(1)
    .lateral("proof")
)
_Parent = aliased(Node)
FIGURE = (
    select(
        Assignment.id.label("assignment"),
        Assignment.organisation_id,
        Assignment.sort_key,
        Period.code.label("period"),
        Period.made_up,
        Organisation.code.label("organisation"),
        Organisation.name_vi.label("organisation_name_vi"),
        Node.code.label("indicator"),
        Node.name_vi.label("indicator_name_vi"),
        Node.name_en.label("indicator_name_en"),
        case((Node.kind == "component", _Parent.code)).label("component_of"),
        Node.unit,
        Node.guidance_vi,
        Node.guidance_en,
        Node.source.label("data_source"),
        Node.lower_bound,
        Node.upper_bound,
        IndicatorRule.expected_low,
        IndicatorRule.expected_high,
        func.coalesce(IndicatorRule.integer_only, False).label("integer_only"),
        IndicatorRule.decimals,
        Responsibility.role,
        effective_due_on.label("due_on"),
        STATUS.label("status"),
        writable.label("open"),
        Node.evidence_required,
        Node.accepted_evidence,
        _LAST.c.period.label("last_period"),
        _LAST.c.reference_year.label("last_reference_year"),
        _LAST.c.value.label("last_value"),
        _LAST.c.numerator.label("last_numerator"),
        _LAST.c.denominator.label("last_denominator"),
        NEWEST.c.id.label("submission"),
        NEWEST.c.revision,
        NEWEST.c.state,
        NEWEST.c.answer,
        NEWEST.c.value,
        NEWEST.c.numerator,
        NEWEST.c.denominator,
        NEWEST.c.nil_reason,
        NEWEST.c.note,
        NEWEST.c.source,
        _PROOF.c.evidence_id.label("evidence"),
        _PROOF.c.document,
        _PROOF.c.stated,
        func.coalesce(_PROOF.c.place, "").label("place"),
        cast(NEWEST.c.explanations, Text).label("explanations"),
        cast(NEWEST.c.findings, Text).label("findings"),
        NEWEST.c.decision_reason,
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .outerjoin(_Parent, _Parent.id == Node.parent_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Node.id)
    .outerjoin(NEWEST, true())
    .outerjoin(_PROOF, true())
    .outerjoin(_LAST, true())
)
