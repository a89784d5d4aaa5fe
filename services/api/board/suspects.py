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
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from services.api.board.duties import DUTIES
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
# Each by itself and by index: joined as tables, those of all years would be read through.
_standing = (
    select(Submission.id, Submission.revision, Submission.submitted_at)
    .where(Submission.assignment_id == DUTIES.c.assignment, stands, _is_figure)
    .offset(0)
    .lateral("standing")
)
_use = (
    select(EvidenceUse.evidence_id)
    .where(EvidenceUse.submission_id == _standing.c.id)
    .offset(0)
    .lateral("use")
)
_year = DUTIES.c.reference_year
_submitted_on = func.date(func.timezone("Asia/Ho_Chi_Minh", _standing.c.submitted_at))
# Why a document proves little; a report of a year closes on 14 December (decree 09/2019).
WEAK: dict[str, ColumnElement[bool]] = {
    "no_number": Evidence.document_number == "",
    "not_signed_or_copy": and_(Evidence.level != "signed", Evidence.level != "copy"),
    "not_clean": or_(Evidence.scan == "waiting", Evidence.scan == "infected"),
    "expired": func.coalesce(Evidence.valid_until < _submitted_on, false()),
    "other_time": or_(
        func.coalesce(Evidence.covers_from > func.make_date(_year, 1, 1), false()),
        func.coalesce(Evidence.covers_to < func.make_date(_year, 12, 14), false()),
    ),
}
_said: list[ColumnElement[str]] = [
    case((is_so, literal_column(f"'{name}'", Text))) for name, is_so in WEAK.items()
]
_words: array[Any] = array(_said)
_faults = func.array_remove(_words, null(), type_=ARRAY(Text))
USES = (
    select(
        DUTIES.c.assignment,
        DUTIES.c.sort_key,
        DUTIES.c.indicator,
        DUTIES.c.organisation,
        _standing.c.id.label("submission"),
        _standing.c.revision,
        Evidence.sha256,
        Evidence.filename,
        Evidence.document_number,
        _faults.label("faults"),
    )
    .select_from(DUTIES)
    .join(_standing, true())
    .join(_use, true())
    .join(Evidence, Evidence.id == _use.c.evidence_id)
    .cte("uses")
    .prefix_with("MATERIALIZED")
)
"""Every document of every figure that stands."""

# By content: one file that was sent several times is one file.
_files = (
    select(
        USES.c.sha256,
        func.min(USES.c.filename).label("filename"),
        func.min(USES.c.document_number).label("document_number"),
        func.count(USES.c.assignment.distinct()).label("figures"),
        func.count().over().label("total"),
    )
    .group_by(USES.c.sha256)
    .having(func.count(USES.c.assignment.distinct()) > 1)
    .order_by(func.count(USES.c.assignment.distinct()).desc(), USES.c.sha256)
    .limit(LIMIT)
    .subquery("files")
)
_FIGURE = ("assignment", "submission", "indicator", "organisation")
SERVED = (
    select(
        *_files.c,
        *(USES.c[name] for name in _FIGURE),
        func.row_number()
        .over(
            partition_by=_files.c.sha256,
            order_by=(USES.c.sort_key, USES.c.organisation, USES.c.revision),
        )
        .label("place"),
    )
    .join(USES, USES.c.sha256 == _files.c.sha256)
    .subquery("served")
)
"""The files that prove the figures of several duties, with the figures, each in its ``place``."""


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
