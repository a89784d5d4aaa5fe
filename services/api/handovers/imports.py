"""A list of changes becomes planned hand-overs: one for each receiver and day, all of them or none."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.fields import Body, Day, Line, OptionalLine
from services.api.deps.paging import Code
from services.api.errors import pointer_to
from services.api.handovers.commands import record_planned
from services.api.handovers.conflicts import Conflict
from services.api.handovers.plans import Act, Plan, plan_of
from services.api.handovers.preview import preview_of
from services.api.handovers.schemas import Basis, NewBody, NewHandover
from services.api.handovers.wishes import wished
from services.api.words import in_english, in_vietnamese
from shared.db import session_reader
from shared.errors import DomainError, Fault, InvalidError
from shared.models import Handover, Organisation
from shared.text import nfc

MOST_ROWS = 200
NEEDED = ("from", "to", "to_name_vi", "effective_on", "kind")


class Listed(Body):
    """One row: this body's work goes to that body on this day."""

    giver: Code = Field(alias="from")
    to: Code
    to_name_vi: Line
    effective_on: Day
    kind: Literal["merged into", "merged into new", "reorganised"]
    basis: OptionalLine = ""


class Numbered(NamedTuple):
    number: int
    row: Listed


@dataclass
class Checked:
    rows: int = 0
    faults: list[Fault] = field(default_factory=list)
    handovers: list[dict[str, Any]] = field(default_factory=list)

    def add(self, pointer: str, english: str, vietnamese: str) -> None:
        self.faults.append(Fault(pointer, english, vietnamese))

    def refuse(self) -> None:
        if self.faults:
            first = self.faults[0]
            raise InvalidError(first.english, vi=first.vietnamese, faults=self.faults)


async def import_handovers(
    session: AsyncSession,
    caller: Caller,
    *,
    content: bytes,
    basis: str,
    dry_run: bool,
    now: datetime,
) -> Checked:
    """Check the list and plan what it says; a dry run raises nothing for what is in the file."""
    checked = Checked()
    rows = list(_rows(content, checked))
    checked.rows = len(rows)
    groups = _groups(rows, checked)
    made: list[tuple[Handover, Plan]] = []
    bodies = await _bodies(session, rows)
    for group in groups:
        if wish := _wish(group, bodies, basis, checked):
            planned = await _planned(session, caller, wish, group, checked, now=now)
            if planned is not None:
                made.append(planned)
    if not dry_run:
        checked.refuse()
        for handover, _ in made:
            session.add(handover)
            record_planned(session, caller, handover)
    checked.handovers = _shown(made, dry_run=dry_run, today=today_in_hanoi(now))
    return checked


def _rows(content: bytes, checked: Checked) -> Iterator[Numbered]:
    """Read the rows, each with its number in the file; what is wrong is told, never raised."""
    try:
        text = nfc(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        checked.add("/file", "The text is not UTF-8.", "Văn bản không phải UTF-8.")
        return
    listed = _json(text, checked) if text.lstrip()[:1] in {"[", "{"} else _csv(text, checked)
    if len(listed) > MOST_ROWS:
        checked.add("/file", f"There are more than {MOST_ROWS} rows.", f"Có hơn {MOST_ROWS} dòng.")
        return
    if not listed and not checked.faults:
        checked.add("/file", "There are no rows.", "Không có dòng nào.")
    for number, raw in listed:
        try:
            yield Numbered(number, _LISTED.validate_python(raw))
        except ValidationError as error:
            for entry in error.errors():
                where = pointer_to(number, *entry["loc"])
                checked.add(where, in_english(dict(entry)), in_vietnamese(dict(entry)))


_LISTED: TypeAdapter[Listed] = TypeAdapter(Annotated[Listed, Field()])


def _csv(text: str, checked: Checked) -> list[tuple[int, Any]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = [name.strip() for name in next(reader, [])]
        if set(heading) - {"basis"} != set(NEEDED) or len(set(heading)) < len(heading):
            columns = ", ".join(NEEDED)
            checked.add(
                "/1",
                f"The columns must be {columns} and may be basis.",
                f"Các cột phải là {columns}, có thể thêm basis.",
            )
            return []
        rows = []
        for cells in filter(None, reader):
            if len(cells) != len(heading):
                number = reader.line_num
                checked.add(
                    pointer_to(number), "Cells are missing or too many.", "Thiếu hoặc thừa ô."
                )
                continue
            rows.append((reader.line_num, dict(zip(heading, map(str.strip, cells), strict=True))))
    except csv.Error as error:
        checked.add(pointer_to(reader.line_num), f"{error}.", f"Dòng không đọc được: {error}.")
        return []
    return rows


def _json(text: str, checked: Checked) -> list[tuple[int, Any]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        checked.add("/file", "This is no JSON.", "JSON không hợp lệ.")
        return []
    if not isinstance(data, list):
        checked.add("/file", "This must be a list of rows.", "Phải là một danh sách các dòng.")
        return []
    return list(enumerate(data))


def _groups(rows: Sequence[Numbered], checked: Checked) -> list[list[Numbered]]:
    """Put together what goes to the same body on the same day: it is one act."""
    groups: dict[tuple[str, date], list[Numbered]] = {}
    seen: set[str] = set()
    for number, row in rows:
        if row.giver in seen:
            checked.add(
                pointer_to(number, "from"), f"{row.giver} stands twice.", f"{row.giver} bị lặp."
            )
        seen.add(row.giver)
        group = groups.setdefault((row.to, row.effective_on), [])
        first = group[0].row if group else row
        if (row.to_name_vi, row.basis) != (first.to_name_vi, first.basis):
            checked.add(
                pointer_to(number, "to_name_vi"),
                f"{row.to} has another name or basis above.",
                f"{row.to} có tên hoặc căn cứ khác với dòng trên.",
            )
        group.append(Numbered(number, row))
    return list(groups.values())


async def _bodies(session: AsyncSession, rows: Sequence[Numbered]) -> dict[str, Organisation]:
    codes = {code for _, row in rows for code in (row.giver, row.to)}
    found = await session.scalars(select(Organisation).where(Organisation.code.in_(codes)))
    return {body.code: body for body in found}


def _wish(
    group: Sequence[Numbered],
    bodies: Mapping[str, Organisation],
    basis: str,
    checked: Checked,
) -> NewHandover | None:
    first = group[0].row
    known = bodies.get(first.to)
    if not _bodies_fit(group, bodies, checked):
        return None
    title = first.basis or basis
    kinds: set[str] = {row.kind for _, row in group}
    renamed = kinds == {"reorganised"} and len(group) == 1 and known is None
    return NewHandover.model_validate(
        {
            "kind": "rename" if renamed else "merge",
            "from": [row.giver for _, row in group],
            "to": known.code if known else None,
            "new_body": None if known else _new_body(first, kinds, bodies),
            "effective_on": first.effective_on,
            "basis": Basis(title=title) if title else None,
        }
    )


def _bodies_fit(
    group: Sequence[Numbered], bodies: Mapping[str, Organisation], checked: Checked
) -> bool:
    before = len(checked.faults)
    for number, row in group:
        if row.giver not in bodies:
            checked.add(
                pointer_to(number, "from"),
                f"There is no organisation {row.giver}.",
                f"Không có cơ quan {row.giver}.",
            )
    first = group[0]
    known = bodies.get(first.row.to)
    if known is not None and nfc(known.name_vi) != first.row.to_name_vi:
        checked.add(
            pointer_to(first.number, "to_name_vi"),
            f"{known.code} is called {known.name_vi} here.",
            f"{known.code} ở đây có tên là {known.name_vi}.",
        )
    return len(checked.faults) == before


def _new_body(row: Listed, kinds: set[str], bodies: Mapping[str, Organisation]) -> NewBody:
    # It stood before where the list calls none of it new: only the plan did not know it.
    return NewBody(
        code=row.to,
        name_vi=row.to_name_vi,
        kind=bodies[row.giver].kind,
        existed_before=kinds == {"merged into"},
    )


async def _planned(
    session: AsyncSession,
    caller: Caller,
    wish: NewHandover,
    group: Sequence[Numbered],
    checked: Checked,
    *,
    now: datetime,
) -> tuple[Handover, Plan] | None:
    try:
        handover = await wished(session, caller, new=wish, now=now)
    except DomainError as error:
        where = pointer_to(group[0].number, error.pointer.split("/")[-1] or "to")
        checked.add(where, error.english, error.vietnamese)
        return None
    read = await session_reader(session)
    return handover, await plan_of(read, Act.of(handover), today=today_in_hanoi(now))


def _shown(
    made: Sequence[tuple[Handover, Plan]], *, dry_run: bool, today: date
) -> list[dict[str, Any]]:
    shown = []
    for handover, alone in made:
        others = [other for other, _ in made if other is not handover]
        plan = alone._replace(conflicts=[*alone.conflicts, *_chained(handover, others)])
        facts = plan.facts
        assert plan.act.to_id is not None
        shown.append(
            {
                "id": None if dry_run else handover.id,
                "kind": handover.kind,
                "from": [facts.code(body) for body in handover.from_ids],
                "to": facts.code(plan.act.to_id),
                "makes_new_body": handover.new_body is not None,
                "effective_on": handover.effective_on,
                "preview": preview_of(plan, today=today),
            }
        )
    return shown


def _chained(handover: Handover, others: Sequence[Handover]) -> Iterator[Conflict]:
    """Tell where the receiver itself hands over by the same list: the order then counts."""
    for other in others:
        if handover.to_id in other.from_ids:
            yield Conflict(
                "chained",
                blocks=False,
                english="The receiver hands over itself by this list: carry this one out first.",
                vietnamese="Cơ quan tiếp nhận cũng bàn giao trong danh sách này: hãy thực hiện việc này trước.",
                kind="handover",
                object_id=other.id,
            )
