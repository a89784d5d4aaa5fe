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
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from services.api.board.duties import DUTIES, any_of
from services.api.board.queries import mine
from shared.db import Reader
from shared.duty import stands
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
_DUTY = ("assignment", "sort_key", "indicator", "organisation", "reference_year")
# Beside the newest revision, whatever has become of it, one that was accepted before may stand.
_before = (
    select(Submission.id, Submission.revision, Submission.submitted_at)
    .where(
        DUTIES.c.newest_state != "accepted",
        Submission.assignment_id == DUTIES.c.assignment,
        Submission.state == literal_column("'accepted'"),
        _is_figure,
    )
    .lateral("before")
)
_own = tuple(DUTIES.c[name] for name in _DUTY)
_standing = (
    union_all(
        select(
            *_own, DUTIES.c.newest.label("submission"), DUTIES.c.revision, DUTIES.c.submitted_at
        ).where(
            or_(DUTIES.c.newest_state == "submitted", DUTIES.c.newest_state == "accepted"),
            DUTIES.c.is_figure,
        ),
        select(*_own, *_before.c).join(_before, true()),
    )
    .cte("standing")
    .prefix_with("MATERIALIZED")
)
# All of them by one search of the index each: joined as tables, those of all years would be read through.
_used = (
    select(EvidenceUse.submission_id, EvidenceUse.evidence_id)
    .where(EvidenceUse.submission_id == any_of(select(_standing.c.submission)))
    .cte("used")
    .prefix_with("MATERIALIZED")
)
_document = (
    select(Evidence).where(Evidence.id == any_of(select(_used.c.evidence_id))).subquery("document")
)
_year = _standing.c.reference_year
_submitted_on = func.date(func.timezone("Asia/Ho_Chi_Minh", _standing.c.submitted_at))
_d = _document.c
# Why a document proves little; a report of a year closes on 14 December (decree 09/2019).
WEAK: dict[str, ColumnElement[bool]] = {
    "no_number": _d.document_number == "",
    "not_signed_or_copy": and_(_d.level != "signed", _d.level != "copy"),
    "not_clean": or_(_d.scan == "waiting", _d.scan == "infected"),
    "expired": func.coalesce(_d.valid_until < _submitted_on, false()),
    "other_time": or_(
        func.coalesce(_d.covers_from > func.make_date(_year, 1, 1), false()),
        func.coalesce(_d.covers_to < func.make_date(_year, 12, 14), false()),
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
        _standing.c.assignment,
        _standing.c.sort_key,
        _standing.c.indicator,
        _standing.c.organisation,
        _standing.c.submission,
        _standing.c.revision,
        _document.c.sha256,
        _document.c.filename,
        _document.c.document_number,
        _faults.label("faults"),
    )
    .select_from(_standing)
    .join(_used, _used.c.submission_id == _standing.c.submission)
    .join(_document, _document.c.id == _used.c.evidence_id)
    .cte("uses")
    .prefix_with("MATERIALIZED")
)
"""Every document of every figure that stands."""

# By content: one file that was sent several times is one file. By windows, not by a join of the uses with
# themselves, which Postgres would do row by row where it expects few of them.
_used_often = select(USES, func.count().over(partition_by=USES.c.sha256).label("times")).subquery(
    "used_often"
)
_u = _used_often.c
_counted = (
    select(
        *(_u[name] for name in (*_FIGURE, "sha256", "sort_key", "revision")),
        func.min(_u.filename).over(partition_by=_u.sha256).label("filename"),
        func.min(_u.document_number).over(partition_by=_u.sha256).label("document_number"),
        # Of several revisions one duty is one: its rank from both ends, less itself, counts the different ones.
        (
            func.dense_rank().over(partition_by=_u.sha256, order_by=_u.assignment)
            + func.dense_rank().over(partition_by=_u.sha256, order_by=_u.assignment.desc())
            - 1
        ).label("figures"),
    )
    .where(_u.times > 1)
    .subquery("counted")
)
_c = _counted.c
_ranked = (
    select(
        _counted,
        func.dense_rank().over(order_by=(_c.figures.desc(), _c.sha256)).label("file"),
        func.row_number()
        .over(partition_by=_c.sha256, order_by=(_c.sort_key, _c.organisation, _c.revision))
        .label("place"),
    )
    .where(_c.figures > 1)
    .subquery("ranked")
)
SERVED = select(_ranked, func.max(_ranked.c.file).over().label("total")).subquery("served")
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
