"""Whom and what to follow up in a period: each list its first so many, and how many there are."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.board.duties import ANSWERED, DUTIES, any_of, status_of
from services.api.board.queries import REACHABLE, definitions, sight
from services.api.board.suspects import LIMIT, SERVED, USES, outliers
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.periods.queries import PeriodNotFoundError
from shared.db import Reader
from shared.models import Node, Organisation, Period, Submission

_PERIOD = select(Period.id).where(Period.code == bindparam("code"))
OFTEN = 2
ALL = 1_000_000  # more than any period has of anything

_returned = (
    select(Submission.assignment_id, func.count().label("times"))
    .where(
        Submission.assignment_id == any_of(select(DUTIES.c.assignment)),
        # Written out: as a parameter no index fits it once the statement is planned for any value.
        Submission.state.in_((literal_column("'returned'"), literal_column("'rejected'"))),
    )
    .group_by(Submission.assignment_id)
    .subquery("returned")
)
_u = USES.c
_proved = select(_u.submission).where(func.cardinality(_u.faults) == 0)
_fault = (
    select(_u.submission, func.unnest(_u.faults).label("fault"))
    .where(func.cardinality(_u.faults) > 0)
    .subquery("fault")
)
_faulty = (
    select(
        _fault.c.submission,
        func.array_agg(_fault.c.fault.distinct(), type_=ARRAY(Text)).label("faults"),
    )
    .group_by(_fault.c.submission)
    .cte("faulty")
    .prefix_with("MATERIALIZED")
)
_NO_DOCUMENT = literal_column("ARRAY['no_document']", ARRAY(Text))
_a = ANSWERED.c
_facts = (
    select(
        *(_a[name] for name in ("assignment", "sort_key", "node_id", "organisation_id")),
        *(_a[name] for name in ("asked", "effective_due_on", "status", "submission", "is_nil")),
        func.coalesce(_returned.c.times, 0).label("times_returned"),
        and_(_a.to_prove, _a.submission.not_in(_proved)).label("unproved"),
        _a.not_accepted,
    )
    .select_from(ANSWERED)
    .outerjoin(_returned, _returned.c.assignment_id == _a.assignment)
    .cte("facts")
    .prefix_with("MATERIALIZED")
)
_f = _facts.c
_today = cast(bindparam("today"), Date)
_is_unfinished = _f.status == ""
# By name: which duties, and by what they are ordered before their own order.
_LISTS: dict[str, tuple[ColumnElement[bool], Callable[[Any], tuple[Any, ...]]]] = {
    "returned_often": (_f.times_returned >= OFTEN, lambda f: (f.times_returned.desc(),)),
    "overdue": (
        and_(_is_unfinished, ~_f.asked, _f.effective_due_on < _today),
        lambda f: (f.effective_due_on,),
    ),
    "nil_returns": (and_(_f.is_nil, _f.status != "excused"), lambda _: ()),
    "weak_evidence": (or_(_f.unproved, _f.not_accepted), lambda _: ()),
}
_bodies = (
    select(
        Organisation.code.label("organisation"),
        Organisation.name_vi.label("organisation_name_vi"),
        func.count().label("unfinished"),
    )
    .join(_facts, _f.organisation_id == Organisation.id)
    .where(_is_unfinished, ~REACHABLE)
    .group_by(Organisation.code, Organisation.name_vi)
    .subquery("bodies")
)
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
_FILE = ("filename", "document_number", "figures", "sha256")
_FIGURE = ("assignment", "submission", "indicator", "organisation")
_COLUMNS: dict[str, Any] = {
    "assignment": Uuid,
    "submission": Uuid,
    "indicator": Text,
    "organisation": Text,
    "status": Text,
    "effective_due_on": Date,
    "days_overdue": Integer,
    "times_returned": BigInteger,
    "nil_reason": Text,
    "weak_because": ARRAY(Text),
    "organisation_name_vi": Text,
    "unfinished": BigInteger,
    "filename": Text,
    "document_number": Text,
    "figures": BigInteger,
    "sha256": Text,
}


def _rows(why: str, source: Any, total: Any, **made: Any) -> Select[Any]:
    """Give all lists the same columns, of which each has its own, so that one statement finds all of them."""
    columns = {name: made.get(name, source.c.get(name)) for name in _COLUMNS}
    return select(
        literal(why).label("why"),
        *(
            (null().cast(_COLUMNS[name]) if found is None else found).label(name)
            for name, found in columns.items()
        ),
        total.label("total"),
    )


# Counted in one pass: a window over each list would carry all of its rows.
_totals = (
    select(*(func.count().filter(which).label(name) for name, (which, _) in _LISTS.items()))
    .select_from(_facts)
    .cte("totals")
    .prefix_with("MATERIALIZED")
)


def _listed(name: str) -> Select[Any]:
    """Choose the first of a list, and only of these look up what is shown."""
    condition, before = _LISTS[name]

    def order(facts: Any) -> tuple[Any, ...]:
        return (*before(facts), facts.sort_key, facts.assignment)

    first = select(_facts).where(condition).order_by(*order(_f)).limit(LIMIT).subquery(name)
    c = first.c
    is_overdue = and_(c.status == "", ~c.asked)
    days = func.greatest(_today - c.effective_due_on, 0)
    rows = _rows(
        name,
        first,
        select(_totals.c[name]).scalar_subquery(),
        indicator=_code_of(Node, c.node_id),
        organisation=_code_of(Organisation, c.organisation_id),
        status=status_of(c),
        days_overdue=case((is_overdue, days), else_=0),
        nil_reason=_nil_reason_of(c.submission),
        weak_because=case((c.unproved, func.coalesce(_faulty.c.faults, _NO_DOCUMENT))),
    )
    return rows.outerjoin_from(first, _faulty, _faulty.c.submission == c.submission).order_by(
        *order(c)
    )


def _code_of(model: type[Node | Organisation], key: Any) -> Any:
    return select(model.code).where(model.id == key).scalar_subquery()


def _nil_reason_of(submission: Any) -> Any:
    found = select(Submission.nil_reason).where(Submission.id == submission).scalar_subquery()
    return func.coalesce(found, "")


FOUND = union_all(
    *map(_listed, _LISTS),
    _rows("unreachable", _bodies, func.count().over())
    .order_by(_bodies.c.organisation)
    .limit(LIMIT),
    _rows("shared_evidence", SERVED, SERVED.c.total)
    .where(SERVED.c.file <= LIMIT, SERVED.c.place <= LIMIT)
    .order_by(SERVED.c.file, SERVED.c.place),
)

DEFINITIONS = {
    "returned_often": (
        "Bị trả lại hoặc từ chối từ hai lần.",
        "Returned or rejected twice or more.",
    ),
    "overdue": (
        "Quá hạn, lâu nhất trước; cơ quan được đề nghị phối hợp không có trong danh sách này.",
        "Overdue, the longest first; bodies that are asked, never ordered, do not stand here.",
    ),
    "nil_returns": (
        "Báo không có số liệu: đang chờ duyệt hoặc đã tiếp nhận.",
        "Nil returns that wait or were accepted.",
    ),
    "weak_evidence": (
        "Số liệu cần minh chứng mà không có bản ký hoặc bản sao nào có số văn bản, không chờ quét hay nhiễm vi-rút, còn hiệu lực khi gửi và bao trùm năm số liệu (từ 01/01 đến ít nhất 14/12, nếu có khai).",
        "A figure that needs evidence, without any signed document or copy that has a number, neither waits for its virus scan nor is infected, was valid when it was submitted and covers the reference year (1 January to 14 December at least, where said).",
    ),
    "outliers": (
        "Số liệu đã gửi hoặc đã tiếp nhận vượt quy tắc của chỉ số khi gửi: mức chênh hoặc số lần độ lệch chuẩn so với năm trước, khoảng dự kiến, hoặc lệch khoảng 10, 100, 1.000 lần (sai đơn vị tính).",
        "Figures submitted or accepted that broke a rule of their indicator when they were submitted: change or standard deviations from last year, expected range, or about 10, 100 or 1,000 times what it is held against.",
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


async def follow_up(read: Reader, caller: Caller, code: str, *, limit: int = ALL) -> dict[str, Any]:
    """List what needs a person, of the caller's own bodies or of all: of each list so many, the worst first."""
    values = sight(caller, code)
    if await read.value(_PERIOD, code=code) is None:
        raise PeriodNotFoundError
    today: date = today_in_hanoi()
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    totals = dict.fromkeys(DEFINITIONS, 0)
    rows = await read.all(FOUND, **values, today=today, limit=limit)
    for why, of_list in groupby(rows, key=itemgetter("why")):
        listed = list(of_list)
        totals[why] = listed[0]["total"]
        found[why] = _SHOWN[why](listed)
    found["outliers"], totals["outliers"] = await outliers(read, values, limit=limit)
    return {
        "period": code,
        "on": today,
        "totals": totals,
        **{name: found[name] for name in DEFINITIONS},
        "definitions": definitions(DEFINITIONS),
    }


Rows = Sequence[Mapping[str, Any]]


def _duties_of(rows: Rows) -> list[dict[str, Any]]:
    return [
        {name: row[name] for name in FOLLOWED} | {"weak_because": row["weak_because"] or []}
        for row in rows
    ]


def _bodies_of(rows: Rows) -> list[dict[str, Any]]:
    names = ("organisation", "organisation_name_vi", "unfinished")
    return [{name: row[name] for name in names} for row in rows]


def _files_of(rows: Rows) -> list[dict[str, Any]]:
    files = []
    for _, of_file in groupby(rows, key=itemgetter("sha256")):
        figures = list(of_file)
        serves = [{name: figure[name] for name in _FIGURE} for figure in figures]
        files.append({name: figures[0][name] for name in _FILE} | {"serves": serves})
    return files


_SHOWN: dict[str, Callable[[Rows], list[dict[str, Any]]]] = {
    **dict.fromkeys(_LISTS, _duties_of),
    "unreachable": _bodies_of,
    "shared_evidence": _files_of,
}
