"""Figures that stand and that somebody should look at again: far from what was, or proved by what proves others."""

from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from services.api.board.duties import DUTIES, STANDING, any_of, mine
from shared.db import Reader
from shared.duty import day_in_hanoi, stands
from shared.models import (
    Assignment,
    Evidence,
    EvidenceUse,
    Node,
    Organisation,
    Period,
    Submission,
)

LIMIT = bindparam("limit", type_=Integer)
_is_figure = Submission.value.is_not(None)
# What an indicator's rules found when the figure was submitted.
_FAR = '$[*] ? (@.code == "outside_expected" || @.code == "change_from_last_year" || @.code == "far_from_history" || @.code == "unit_scale")'
_found = func.jsonb_path_query_array(Submission.findings, literal_column(f"'{_FAR}'::jsonpath"))
_NOTHING: ColumnElement[Any] = literal_column("'[]'::jsonb")

_FIGURE = ("assignment", "submission", "indicator", "organisation")
_OUTLIER = ("assignment", "submission", "indicator", "organisation", "state", "value")
_OUTLIERS = (
    select(
        Assignment.id.label("assignment"),
        Submission.id.label("submission"),
        Node.code.label("indicator"),
        Organisation.code.label("organisation"),
        Submission.state,
        Submission.value,
        cast(_found, Text).label("findings"),
        func.count().over().label("total"),
    )
    .select_from(Submission)
    .join(Assignment, Assignment.id == Submission.assignment_id)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .where(
        Period.code == bindparam("code"),
        mine,
        stands,
        _is_figure,
        Submission.findings != _NOTHING,  # by index: most have none
        _found != _NOTHING,
    )
    .order_by(Assignment.sort_key, Assignment.id, Submission.revision)
    .limit(LIMIT)
)
_s = STANDING.c
_year = select(Period.reference_year).where(Period.code == bindparam("code")).scalar_subquery()
# Looked up only for a document whose validity ends.
_submitted_on = (
    select(day_in_hanoi(Submission.submitted_at))
    .where(Submission.id == EvidenceUse.submission_id)
    .correlate(EvidenceUse)
    .scalar_subquery()
)
# Why a document proves little; a report of a year closes on 14 December (decree 09/2019).
WEAK: dict[str, ColumnElement[bool]] = {
    "no_number": Evidence.document_number == "",
    "not_signed_or_copy": and_(Evidence.level != "signed", Evidence.level != "copy"),
    "not_clean": or_(Evidence.scan == "waiting", Evidence.scan == "infected"),
    "expired": case(
        (Evidence.valid_until.is_not(None), Evidence.valid_until < _submitted_on), else_=false()
    ),
    "other_time": or_(
        func.coalesce(Evidence.covers_from > func.make_date(_year, 1, 1), false()),
        func.coalesce(Evidence.covers_to < func.make_date(_year, 12, 14), false()),
    ),
}
_said: list[ColumnElement[str]] = [
    case((is_so, literal_column(f"'{name}'", Text))) for name, is_so in WEAK.items()
]
_words: array[Any] = array(_said)
# Of most documents nothing is to be said: for them no list is made.
_faults: ColumnElement[Any] = case(
    (or_(*WEAK.values()), func.array_remove(_words, null(), type_=ARRAY(Text))),
    else_=literal_column("'{}'::text[]", ARRAY(Text)),
)
USES = (
    select(
        EvidenceUse.submission_id.label("submission"),
        EvidenceUse.evidence_id,
        Evidence.sha256,
        _faults.label("faults"),
    )
    .join(Evidence, Evidence.id == EvidenceUse.evidence_id)
    .where(EvidenceUse.submission_id == any_of(select(_s.submission).where(_s.is_figure)))
    .cte("uses")
    .prefix_with("MATERIALIZED")
)
"""Every document of every figure that stands."""

_u = USES.c
# By content: one file that was sent several times is one file. Most serve once, and are left out at once.
_used_often = select(_u.sha256).group_by(_u.sha256).having(func.count() > 1)
_served = (
    select(
        _s.assignment,
        _u.submission,
        _u.sha256,
        DUTIES.c.sort_key,
        _s.revision,
        Node.code.label("indicator"),
        Organisation.code.label("organisation"),
        func.min(Evidence.filename).over(partition_by=_u.sha256).label("filename"),
        func.min(Evidence.document_number).over(partition_by=_u.sha256).label("document_number"),
        # Of several revisions one duty is one: its rank from both ends, less itself, counts the different ones.
        (
            func.dense_rank().over(partition_by=_u.sha256, order_by=_s.assignment)
            + func.dense_rank().over(partition_by=_u.sha256, order_by=_s.assignment.desc())
            - 1
        ).label("figures"),
    )
    .join(STANDING, _s.submission == _u.submission)
    .join(Evidence, Evidence.id == _u.evidence_id)
    .join(DUTIES, DUTIES.c.assignment == _s.assignment)
    .join(Node, Node.id == DUTIES.c.node_id)
    .join(Organisation, Organisation.id == DUTIES.c.organisation_id)
    .where(_u.sha256.in_(_used_often))
    .subquery("served")
)
_c = _served.c
_ranked = (
    select(
        _served,
        func.dense_rank().over(order_by=(_c.figures.desc(), _c.sha256)).label("file"),
        func.row_number()
        .over(partition_by=_c.sha256, order_by=(_c.sort_key, _c.organisation, _c.revision))
        .label("place"),
    )
    .where(_c.figures > 1)
    .subquery("ranked")
)
SERVED = select(_ranked, func.max(_ranked.c.file).over().label("total")).subquery("numbered")
"""The files that prove the figures of several duties, numbered (``file``), with the figures, each in its ``place``."""


async def outliers(
    read: Reader, values: dict[str, Any], *, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """List figures that a rule finds far from last year's, from earlier years', or from what is expected.

    Returns the first so many, and how many there are.
    """
    rows = await read.all(_OUTLIERS, **values, limit=limit)
    listed = [
        {name: row[name] for name in _OUTLIER} | {"findings": orjson.loads(row["findings"])}
        for row in rows
    ]
    return listed, rows[0]["total"] if rows else 0
