"""Figures that stand and that somebody should look at again: far from what was, or proved by what proves others."""

from typing import Any

import orjson
from sqlalchemy import (
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db import Reader
from shared.models import (
    Assignment,
    Evidence,
    EvidenceUse,
    Node,
    Organisation,
    Period,
    Submission,
)

mine = or_(bindparam("everybody"), Organisation.id == any_(bindparam("bodies", type_=ARRAY(Uuid))))
"""Duties of the caller's own bodies, or of all."""

_stands = or_(Submission.state == "submitted", Submission.state == "accepted")
# What an indicator's rules found when the figure was submitted.
_FAR = '$[*] ? (@.code == "outside_expected" || @.code == "change_from_last_year" || @.code == "far_from_history")'
_found = func.jsonb_path_query_array(Submission.findings, literal_column(f"'{_FAR}'::jsonpath"))


def _figures(*columns: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .select_from(Submission)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Period, Period.id == Assignment.period_id)
        .join(Node, Node.id == Assignment.node_id)
        .join(Organisation, Organisation.id == Assignment.organisation_id)
        .where(Period.code == bindparam("code"), mine, _stands, Submission.value.is_not(None))
    )


OUTLIERS = (
    _figures(
        Assignment.id.label("assignment"),
        Submission.id.label("submission"),
        Node.code.label("indicator"),
        Organisation.code.label("organisation"),
        Submission.state,
        Submission.value,
        cast(_found, Text).label("findings"),
    )
    .where(_found != literal_column("'[]'::jsonb"))
    .order_by(Assignment.sort_key, Assignment.id, Submission.revision)
)
_figure = func.jsonb_build_object(
    "assignment",
    Assignment.id,
    "submission",
    Submission.id,
    "indicator",
    Node.code,
    "organisation",
    Organisation.code,
)
# By content: one file that was sent several times is one file.
SHARED = (
    _figures(
        func.min(Evidence.filename).label("filename"),
        func.min(Evidence.document_number).label("document_number"),
        func.count(Assignment.id.distinct()).label("figures"),
        # Its order is made below: by the same expression again it would be another parameter.
        cast(func.jsonb_agg(_figure.distinct()), Text).label("serves"),
        Evidence.sha256,
    )
    .join(EvidenceUse, EvidenceUse.submission_id == Submission.id)
    .join(Evidence, Evidence.id == EvidenceUse.evidence_id)
    .group_by(Evidence.sha256)
    .having(func.count(Assignment.id.distinct()) > 1)
    .order_by(func.count(Assignment.id.distinct()).desc(), Evidence.sha256)
)


async def outliers(read: Reader, values: dict[str, Any]) -> list[dict[str, Any]]:
    """List figures that a rule finds far from last year's, from earlier years', or from what is expected."""
    return [
        {**row, "findings": orjson.loads(row["findings"])}
        for row in await read.all(OUTLIERS, **values)
    ]


async def shared_evidence(read: Reader, values: dict[str, Any]) -> list[dict[str, Any]]:
    """List files that prove the figures of several duties, those of most duties first."""
    return [
        {**row, "serves": sorted(orjson.loads(row["serves"]), key=_place)}
        for row in await read.all(SHARED, **values)
    ]


def _place(figure: dict[str, str]) -> tuple[str, ...]:
    return figure["indicator"], figure["organisation"], figure["submission"]
