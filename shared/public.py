"""Public events: what other systems may hear of, as a contract with versions.

An event is thin: ids, codes, a state and a link. It has no figure and no person in it, so whoever hears of it
learns nothing that he could not be told; the rest is asked for through the link, with rights.

Codes and bodies are looked up by the database in the very statement that writes the row, as they are at that
moment. Nothing here can make the change itself fail: a subject that is not there leaves the data empty, and
an empty event is told to nobody.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, Text, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from shared import events
from shared.events import Event
from shared.log import trace_id
from shared.models import (
    Assignment,
    ExplanationRequest,
    Handover,
    Node,
    Organisation,
    Period,
    PublicEvent,
    Run,
)


class Data(BaseModel):
    """What every event has: where to ask for more."""

    model_config = ConfigDict(extra="forbid")

    link: str = Field(description="Where to read more, with an API key of one's own.")


class AssignmentData(Data):
    assignment: UUID
    period: str
    organisation: str
    indicator: str
    due_on: date = Field(description="The last day, an extension included.")
    state: Literal["due", "overdue", "done"]


class SubmissionData(Data):
    submission: UUID
    assignment: UUID
    period: str
    organisation: str
    indicator: str
    state: Literal["submitted", "returned", "rejected", "accepted", "reopened", "withdrawn"]


class RunData(Data):
    run: UUID
    number: int = Field(description="The how-manieth run of the period it is.")
    period: str


class HandoverData(Data):
    handover: UUID
    kind: str
    from_: list[str] = Field(alias="from", description="Codes of the bodies that gave.")
    to: list[str]
    effective_on: date
    state: Literal["carried_out"]


class PeriodData(Data):
    period: str
    state: Literal["open", "closed"]


class ExplanationData(Data):
    explanation: UUID
    assignment: UUID | None = Field(description="Null where it is about an indicator, not a duty.")
    period: str
    organisation: str
    indicator: str
    due_on: date
    state: Literal["asked", "answered"]


class PingData(Data):
    endpoint: UUID


VERSION = 1
SUBMISSION_STATES = ("submitted", "returned", "rejected", "accepted", "reopened", "withdrawn")
TYPES: dict[str, type[Data]] = {
    "assignment.due": AssignmentData,
    "assignment.overdue": AssignmentData,
    "assignment.done": AssignmentData,
    **{f"submission.{state}": SubmissionData for state in SUBMISSION_STATES},
    "index.recalculated": RunData,
    "handover.carried_out": HandoverData,
    "period.opened": PeriodData,
    "period.closed": PeriodData,
    "explanation.asked": ExplanationData,
    "explanation.answered": ExplanationData,
    "webhook.ping": PingData,
}
PING = "webhook.ping"


def schemas() -> dict[str, Any]:
    """Describe every type: its version and the JSON Schema of its data."""
    return {
        name: {"version": VERSION, "data": data.model_json_schema(by_alias=True)}
        for name, data in TYPES.items()
    }


def choices() -> list[str]:
    """List what an endpoint may ask for: every type, every group, everything."""
    names = [name for name in TYPES if name != PING]
    return ["*", *sorted({f"{name.partition('.')[0]}.*" for name in names}), *names]


def is_wanted(event_type: str, wanted: Sequence[str]) -> bool:
    group = f"{event_type.partition('.')[0]}.*"
    return bool({"*", group, event_type} & set(wanted))


def made(**parts: Any) -> ColumnElement[Any]:
    """Make a JSON object of columns and words, in the database."""
    flat: list[Any] = []
    for name, value in parts.items():
        # Names are our own; a word needs a type of its own to be put into an object.
        flat += [literal_column(f"'{name.rstrip('_')}'"), _typed(value)]
    return func.jsonb_build_object(*flat, type_=JSONB)


def _typed(value: Any) -> Any:
    return cast(literal(value), Text) if isinstance(value, str) else value


def _link(path: str, key: Any) -> ColumnElement[str]:
    return func.concat(literal(path, Text), cast(_typed(key), Text))


def announce(
    session: AsyncSession,
    event_type: str,
    *,
    data: Select[Any],
    organisations: Select[Any] | Sequence[UUID] = (),
    period_id: UUID | None = None,
) -> PublicEvent:
    """Write it down beside the change; the notifier tells whoever asked for it."""
    bodies: Any = list(organisations) if isinstance(organisations, Sequence) else None
    if bodies is None:
        found = organisations.scalar_subquery()  # type: ignore[union-attr]
        bodies = func.array_remove(func.array_append(literal_column("'{}'::uuid[]"), found), None)
    row = PublicEvent(
        type=event_type,
        version=VERSION,
        period_id=period_id,
        organisation_ids=bodies,
        data=func.coalesce(data.scalar_subquery(), literal_column("'{}'::jsonb")),
        trace_id=trace_id.get(),
    )
    session.add(row)
    return row


def of_duty(event_state: str) -> ColumnElement[Any]:
    """Say what an ``assignment.*`` event says; ``Assignment`` is joined with period, body and node."""
    return made(
        assignment=Assignment.id,
        period=Period.code,
        organisation=Organisation.code,
        indicator=Node.code,
        due_on=func.coalesce(Assignment.extended_due_on, Assignment.due_on),
        state=event_state,
        link=_link("/v1/assignments/", Assignment.id),
    )


def joined(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Assignment)
        .join(Period, Period.id == Assignment.period_id)
        .join(Organisation, Organisation.id == Assignment.organisation_id)
        .join(Node, Node.id == Assignment.node_id)
    )


def _of_submission(session: AsyncSession, event: Any, state: str) -> None:
    chosen = Assignment.id == event.assignment_id
    submission = made(
        submission=str(event.submission_id),
        assignment=Assignment.id,
        period=Period.code,
        organisation=Organisation.code,
        indicator=Node.code,
        state=state,
        link=_link("/v1/submissions/", str(event.submission_id)),
    )
    about: dict[str, Any] = {
        "organisations": select(Assignment.organisation_id).where(chosen),
        "period_id": event.period_id,
    }
    announce(session, f"submission.{state}", data=joined(submission).where(chosen), **about)
    if state == "accepted":
        announce(session, "assignment.done", data=joined(of_duty("done")).where(chosen), **about)


def _of_explanation(session: AsyncSession, event: Any, state: str) -> None:
    chosen = ExplanationRequest.id == event.explanation_id
    data = made(
        explanation=ExplanationRequest.id,
        assignment=ExplanationRequest.assignment_id,
        period=Period.code,
        organisation=Organisation.code,
        indicator=Node.code,
        due_on=ExplanationRequest.due_on,
        state=state,
        link=_link("/v1/explanations/", ExplanationRequest.id),
    )
    announce(
        session,
        f"explanation.{state}",
        data=select(data)
        .select_from(ExplanationRequest)
        .join(Period, Period.id == ExplanationRequest.period_id)
        .join(Organisation, Organisation.id == ExplanationRequest.organisation_id)
        .join(Node, Node.id == ExplanationRequest.node_id)
        .where(chosen),
        organisations=select(ExplanationRequest.organisation_id).where(chosen),
        period_id=event.period_id,
    )


def announce_period(session: AsyncSession, period_id: UUID, state: str) -> None:
    """Tell of an opening or a closing; an opening that only adds duties is none."""
    data = made(period=Period.code, state=state, link=_link("/v1/periods/", Period.code))
    announce(
        session,
        f"period.{'opened' if state == 'open' else state}",
        data=select(data).where(Period.id == period_id),
        period_id=period_id,
    )


def announce_run(session: AsyncSession, run: Run) -> None:
    data = made(
        run=str(run.id),
        number=literal(run.number),
        period=Period.code,
        link=_link("/v1/index/runs/", str(run.id)),
    )
    announce(
        session,
        "index.recalculated",
        data=select(data).where(Period.id == run.period_id),
        period_id=run.period_id,
    )


def announce_handover(session: AsyncSession, handover: Handover, to_ids: Sequence[UUID]) -> None:
    """Tell of a hand-over that was carried out: once, however many periods it touches."""
    data = made(
        handover=str(handover.id),
        kind=handover.kind,
        from_=_codes(handover.from_ids),
        to=_codes(to_ids),
        effective_on=handover.effective_on.isoformat(),
        state="carried_out",
        link=_link("/v1/handovers/", str(handover.id)),
    )
    bodies = sorted({*handover.from_ids, *to_ids})
    announce(session, "handover.carried_out", data=select(data), organisations=bodies)


def _codes(bodies: Sequence[UUID]) -> Any:
    found = (
        select(func.jsonb_agg(aggregate_order_by(Organisation.code, Organisation.code)))
        .where(Organisation.id.in_(list(bodies)))
        .scalar_subquery()
    )
    return func.coalesce(found, literal_column("'[]'::jsonb"))


_SUBMISSIONS: dict[type[Event], str] = {
    events.SubmissionSubmitted: "submitted",
    events.SubmissionReturned: "returned",
    events.SubmissionRejected: "rejected",
    events.SubmissionAccepted: "accepted",
    events.SubmissionReopened: "reopened",
    events.SubmissionWithdrawn: "withdrawn",
}
_EXPLANATIONS: dict[type[Event], str] = {
    events.ExplanationAsked: "asked",
    events.ExplanationAnswered: "answered",
}


def announce_event(session: AsyncSession, event: Event) -> None:
    """Announce what of our own events is of interest to others."""
    kind = type(event)
    if kind in _SUBMISSIONS:
        _of_submission(session, event, _SUBMISSIONS[kind])
    elif kind in _EXPLANATIONS:
        _of_explanation(session, event, _EXPLANATIONS[kind])
    elif isinstance(event, events.PeriodClosed):
        announce_period(session, event.period_id, "closed")
