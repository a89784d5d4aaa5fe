"""What a figure is held against: the city's accepted figures of earlier years, and its neighbours' denominators."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from services.api.submissions.findings import Finding, Known, Neighbour, Past, findings
from services.api.submissions.hand import Circumstances, Taken
from shared.models import (
    Assignment,
    Evidence,
    EvidenceUse,
    IndicatorRule,
    Node,
    Period,
    Submission,
)

# The newest accepted figure of each year, whichever body gave it; made-up figures are held against their like.
_YEARS = (
    select(Period.reference_year, Submission.value, Submission.denominator)
    .join(Assignment, Assignment.id == Submission.assignment_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Period, Period.id == Assignment.period_id)
    .where(
        Node.code == bindparam("code"),
        Period.reference_year < bindparam("year"),
        Period.made_up == bindparam("made_up"),
        Submission.state == "accepted",
        Submission.value.is_not(None),
    )
    .ext(distinct_on(Period.reference_year))
    .order_by(Period.reference_year, Submission.decided_at.desc(), Submission.id)
)
# Those that this one must agree with, and those that must agree with this one: whoever comes second is asked.
_NEIGHBOURS = (
    select(
        Node.code,
        Submission.denominator,
        IndicatorRule.tolerance,
    )
    .select_from(Assignment)
    .join(Submission, Submission.assignment_id == Assignment.id)
    .join(Node, Node.id == Assignment.node_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Node.id)
    .where(
        Assignment.period_id == bindparam("period"),
        Node.code != bindparam("code"),
        or_(
            Node.code == any_(bindparam("codes", type_=ARRAY(Text))),
            bindparam("code", type_=Text) == any_(IndicatorRule.same_denominator_as),
        ),
        Submission.state.in_(("submitted", "accepted")),
        Submission.denominator.is_not(None),
    )
    .ext(distinct_on(Node.code))
    .order_by(Node.code, Submission.submitted_at.desc(), Submission.id)
)
_PIECES = (
    select(EvidenceUse.stated, EvidenceUse.place, Evidence.scan, Evidence.level)
    .join(Evidence, Evidence.id == EvidenceUse.evidence_id)
    .where(EvidenceUse.submission_id == bindparam("submission"))
    .order_by(EvidenceUse.added_at, Evidence.id)
)


counts: ColumnElement[bool] = or_(Evidence.scan == "clean", Evidence.scan == "not_scanned")
"""True where a document proves something: what may be infected proves nothing yet."""


class Piece(NamedTuple):
    """A document as far as a figure is concerned."""

    stated: float | None
    place: str
    scan: str
    level: str

    @property
    def counts(self) -> bool:
        """What may be infected proves nothing yet."""
        return self.scan in {"clean", "not_scanned"}

    @property
    def lacking(self) -> str:
        """Name what it does not say of the figure; "" where it says all."""
        if self.stated is None:
            return "stated"
        return "" if self.place else "place"


def unstated(about: Circumstances, pieces: Sequence[Piece]) -> str:
    """Point at what should say where the figure stands; "" where a document does, or none needs to."""
    if not (about.needs_evidence and about.rules.evidence_must_state):
        return ""
    lacking = {place: piece.lacking for place, piece in enumerate(pieces) if piece.counts}
    # Without a document the figure is not submitted at all, and nothing more is to be said.
    if "" in lacking.values() or not lacking:
        return ""
    # What is nearest to done is named.
    place = next((one for one, name in lacking.items() if name == "place"), min(lacking))
    return f"/evidence/{place}/{lacking[place]}"


async def pieces_of(session: AsyncSession, submission_id: UUID) -> list[Piece]:
    rows = await session.execute(_PIECES, {"submission": submission_id})
    return [Piece(*row) for row in rows]


async def findings_of(
    session: AsyncSession,
    about: Circumstances,
    content: dict[str, Any],
    pieces: Sequence[Piece] = (),
) -> list[Finding]:
    """Find what is odd about an answer; of what cannot be held against anything nothing is read."""
    said = content["value"] is not None
    past = Past(
        about.year,
        await _years(session, about) if said else {},
        await _neighbours(session, about) if said and content["denominator"] is not None else {},
        [piece.stated for piece in pieces if piece.stated is not None],
        about.node.accepted_evidence,
        [piece.level for piece in pieces if piece.counts],
        bool(unstated(about, pieces)),
    )
    return findings(content, about.rules, past)


async def look_again(session: AsyncSession, taken: Taken) -> None:
    """Note what is odd about a draft now that its evidence is another."""
    pieces = await pieces_of(session, taken.submission.id)
    found = await findings_of(session, taken.about, taken.content, pieces)
    taken.submission.findings = [finding.written() for finding in found]


async def _years(session: AsyncSession, about: Circumstances) -> dict[int, Known]:
    rows = await session.execute(
        _YEARS, {"code": about.node.code, "year": about.year, "made_up": about.made_up}
    )
    return {
        year: Known(value, denominator) for year, value, denominator in rows if value is not None
    }


async def _neighbours(session: AsyncSession, about: Circumstances) -> dict[str, Neighbour]:
    """Find the newest denominator of each; how far they may lie apart says whoever names the other."""
    own = about.rules
    rows = await session.execute(
        _NEIGHBOURS,
        {
            "period": about.assignment.period_id,
            "code": about.node.code,
            "codes": list(own.same_denominator_as),
        },
    )
    return {
        code: Neighbour(denominator, own.tolerance if code in own.same_denominator_as else theirs)
        for code, denominator, theirs in rows
        if denominator is not None
    }
