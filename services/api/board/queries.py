"""Who has delivered and in time, and whom to follow up; counted from the duties at this moment."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, bindparam, exists, false, func, or_, select, true

from services.api.assignments.states import LATE, NEWEST, STATUS
from services.api.board.suspects import mine, outliers, shared_evidence
from services.api.board.tally import DEFINITIONS, EQUATIONS, Fact, total
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.periods.queries import PERIOD_ROW, PeriodNotFoundError
from shared.db import Reader
from shared.duty import effective_due_on
from shared.models import (
    Assignment,
    Contact,
    Evidence,
    EvidenceUse,
    Node,
    Organisation,
    Period,
    Responsibility,
    Submission,
)

_reachable = exists().where(Contact.organisation_id == Organisation.id, Contact.active)
_times_returned = (
    select(func.count())
    .select_from(Submission)
    .where(
        Submission.assignment_id == Assignment.id,
        or_(Submission.state == "returned", Submission.state == "rejected"),
    )
    .correlate(Assignment)
    .scalar_subquery()
)
_proved = (
    exists()
    .where(
        EvidenceUse.submission_id == NEWEST.c.id,
        Evidence.id == EvidenceUse.evidence_id,
        Evidence.document_number != "",
        or_(Evidence.level == "signed", Evidence.level == "copy"),
    )
    .correlate(NEWEST)
)
_DUTIES = (
    select(
        Assignment.id.label("assignment"),
        Organisation.code.label("organisation"),
        Node.id.label("node_id"),
        Node.code.label("indicator"),
        STATUS.label("status"),
        func.coalesce(LATE, false()).label("late"),
        effective_due_on.label("effective_due_on"),
        _times_returned.label("times_returned"),
        func.coalesce(NEWEST.c.nil_reason, "").label("nil_reason"),
        and_(
            Assignment.kind == "figure",
            Node.evidence_required,
            NEWEST.c.value.is_not(None),
            or_(NEWEST.c.state == "submitted", NEWEST.c.state == "accepted"),
            ~_proved,
        ).label("weak_evidence"),
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .outerjoin(NEWEST, true())
    .where(Period.code == bindparam("code"), mine)
    .order_by(Assignment.sort_key, Assignment.id)
)
_standing = (
    select(
        Organisation.code.label("organisation"),
        Assignment.node_id,
        STATUS.label("status"),
        func.coalesce(LATE, false()).label("late"),
        (effective_due_on < bindparam("today")).label("past_due"),
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .outerjoin(NEWEST, true())
    .where(Period.code == bindparam("code"), mine)
    .subquery("standing")
)
_STANDING = select(_standing, func.count().label("number")).group_by(*_standing.c)
_BODIES = (
    select(
        Organisation.code,
        Organisation.name_vi,
        _reachable.label("reachable"),
    )
    .where(
        mine,
        or_(
            exists()
            .where(Assignment.organisation_id == Organisation.id, Assignment.period_id == Period.id)
            .correlate(Organisation, Period),
            exists()
            .where(
                Responsibility.organisation_id == Organisation.id,
                Responsibility.node_id == Node.id,
                Node.framework_id == Period.framework_id,
                Responsibility.valid_from <= bindparam("today"),
                or_(
                    Responsibility.valid_to.is_(None), Responsibility.valid_to >= bindparam("today")
                ),
            )
            .correlate(Organisation, Period),
        ),
    )
    .join(Period, Period.code == bindparam("code"))
    .order_by(Organisation.code)
)
_NODES = (
    select(Node.id, Node.parent_id, Node.kind, Node.code, Node.name_vi)
    .join(Period, Period.framework_id == Node.framework_id)
    .where(Period.code == bindparam("code"))
    .order_by(Node.sort_key, Node.code)
)


async def _sight(read: Reader, caller: Caller, code: str) -> tuple[Any, dict[str, Any]]:
    bodies = caller.own_only("assignments:read")
    period = await read.first(PERIOD_ROW, code=code)
    if period is None:
        raise PeriodNotFoundError
    return period, {"code": code, "everybody": bodies is None, "bodies": bodies or []}


async def board(read: Reader, caller: Caller, code: str) -> dict[str, Any]:
    """Count the duties of a period: in all, by body, by pillar, and by both; of the caller's own bodies or all."""
    period, values = await _sight(read, caller, code)
    today = today_in_hanoi()
    bodies = await read.all(_BODIES, **values, today=today)
    pillars, pillar_of = _pillars(await read.all(_NODES, code=code))
    # By body and pillar, by each alone (the other is empty), and in all.
    facts: dict[tuple[str, str], Counter[Fact]] = defaultdict(Counter)
    for row in await read.all(_STANDING, **values, today=today):
        body, pillar = row["organisation"], pillar_of[row["node_id"]]
        fact = Fact(row["status"], row["late"], row["past_due"])
        for key in ((body, pillar), (body, ""), ("", pillar), ("", "")):
            facts[key][fact] += row["number"]

    def of(organisation: str = "", pillar: str = "") -> dict[str, Any]:
        return total(facts.get((organisation, pillar), {})).shown()

    shown = ("code", "name", "state", "due_on", "made_up")
    return {
        "period": {name: period[name] for name in shown},
        "on": today,
        "total": of(),
        "bodies": [
            {
                "organisation": body["code"],
                "organisation_name_vi": body["name_vi"],
                "reachable": body["reachable"],
                **of(body["code"]),
            }
            for body in bodies
        ],
        "pillars": [
            {"pillar": pillar, "pillar_name_vi": name, **of(pillar=pillar)}
            for pillar, name in pillars.items()
        ],
        "bodies_by_pillar": [
            {"organisation": body, "pillar": pillar, **of(body, pillar)}
            for body, pillar in sorted(facts)
            if body and pillar
        ],
        "equations": EQUATIONS,
        "definitions": definitions(DEFINITIONS),
    }


def _pillars(nodes: Sequence[Any]) -> tuple[dict[str, str], dict[Any, str]]:
    """Name the pillars in natural order, and say under which each node lies."""
    by_id = {node["id"]: node for node in nodes}
    pillar_of: dict[Any, str] = {}
    for node in nodes:
        above = node
        while above["kind"] != "pillar" and above["parent_id"] is not None:
            above = by_id[above["parent_id"]]
        pillar_of[node["id"]] = above["code"]
    names = {node["code"]: node["name_vi"] for node in nodes if node["kind"] == "pillar"}
    return names, pillar_of


def definitions(said: dict[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    return {name: {"vi": vi, "en": en} for name, (vi, en) in said.items()}


OFTEN = 2
FOLLOWED = (
    "assignment",
    "indicator",
    "organisation",
    "status",
    "effective_due_on",
    "days_overdue",
    "times_returned",
    "nil_reason",
)
FOLLOW_UP = {
    "returned_often": (
        "Bị trả lại hoặc từ chối từ hai lần.",
        "Returned or rejected twice or more.",
    ),
    "overdue": ("Quá hạn, lâu nhất trước.", "Overdue, the longest first."),
    "nil_returns": (
        "Báo không có số liệu: đang chờ duyệt hoặc đã tiếp nhận.",
        "Nil returns that wait or were accepted.",
    ),
    "weak_evidence": (
        "Số liệu cần minh chứng mà không có tài liệu nào có số văn bản.",
        "A figure that needs evidence, without any document that has a number.",
    ),
    "outliers": (
        "Số liệu đã gửi hoặc đã tiếp nhận vượt quy tắc của chỉ số khi gửi: mức chênh so với năm trước, số lần độ lệch chuẩn so với các năm trước, hoặc khoảng dự kiến.",
        "Figures submitted or accepted that broke a rule of their indicator when they were submitted: change from last year, standard deviations from earlier years, or expected range.",
    ),
    "shared_evidence": (
        "Một tệp (nội dung giống nhau) làm minh chứng cho số liệu của từ hai nhiệm vụ.",
        "One file, known by its content, that proves the figures of two duties or more.",
    ),
    "unreachable": (
        "Cơ quan còn nhiệm vụ chưa xong mà không có đầu mối liên hệ.",
        "Bodies with unfinished duties and nobody to write to.",
    ),
}


async def follow_up(read: Reader, caller: Caller, code: str) -> dict[str, Any]:
    """List what needs a person, of the caller's own bodies or of all."""
    _, values = await _sight(read, caller, code)
    today = today_in_hanoi()
    duties = [_followed(row, today) for row in await read.all(_DUTIES, **values)]
    bodies = await read.all(_BODIES, **values, today=today)
    stands = {"submitted", "accepted", "nil"}

    def shown(chosen: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: duty[name] for name in FOLLOWED} for duty in chosen]

    return {
        "period": code,
        "on": today,
        "returned_often": shown(
            _sorted((duty for duty in duties if duty["times_returned"] >= OFTEN), "times_returned")
        ),
        "overdue": shown(
            _sorted((duty for duty in duties if duty["days_overdue"]), "days_overdue")
        ),
        "nil_returns": shown(
            duty for duty in duties if duty["nil_reason"] and duty["status"] in stands
        ),
        "weak_evidence": shown(duty for duty in duties if duty["weak_evidence"]),
        "outliers": await outliers(read, values),
        "shared_evidence": await shared_evidence(read, values),
        "unreachable": [
            {
                "organisation": body["code"],
                "organisation_name_vi": body["name_vi"],
                "unfinished": unfinished,
            }
            for body in bodies
            if not body["reachable"]
            and (unfinished := sum(_unfinished(duty, body["code"]) for duty in duties))
        ],
        "definitions": definitions(FOLLOW_UP),
    }


def _followed(row: Any, today: date) -> dict[str, Any]:
    open_still = row["status"] in {"open", "returned"}
    days = (today - row["effective_due_on"]).days if open_still else 0
    return {**row, "days_overdue": max(days, 0)}


def _unfinished(duty: dict[str, Any], body: str) -> bool:
    return duty["organisation"] == body and duty["status"] in {"open", "returned"}


def _sorted(duties: Iterable[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return sorted(duties, key=lambda duty: -int(duty[name]))
