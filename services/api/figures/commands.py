"""Takes in a sheet of figures, row by row, by the commands of submissions: whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError
from services.api.deps.caller import Caller
from services.api.evidence.commands import Proof, state_figure
from services.api.figures.columns import BY_NAME, STATEMENT, column_of
from services.api.figures.comparing import differences
from services.api.figures.queries import CONTENT, shown, some_figures
from services.api.figures.reading import SentRow, Wrong
from services.api.sheets.faults import Faults, Said
from services.api.submissions import commands
from services.api.submissions.figures import settled
from services.api.submissions.hand import duty_in_hand, refuse_passed_on
from shared.db import session_reader
from shared.errors import ConflictError, DomainError, Fault, InvalidError
from shared.models import Assignment

_TAKE_ANY = (
    select(Assignment.id)
    .where(Assignment.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .order_by(Assignment.id)
    .with_for_update(key_share=True)
)
_TAKE_OWN = _TAKE_ANY.where(
    Assignment.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid)))
)


class StaleRowError(ConflictError):
    """The figure has changed since the file was exported; export again.

    Số liệu đã thay đổi kể từ khi xuất tệp; hãy xuất lại.
    """


class MovedRowError(InvalidError):
    """The row names another body or indicator than its duty has: a column was moved or sorted by itself.

    Dòng nêu cơ quan hoặc chỉ số khác với nhiệm vụ: có cột đã bị dời hoặc sắp xếp riêng.
    """


@dataclass(slots=True)
class RowDone:
    """What became of a row."""

    sent: SentRow
    outcome: str = "skipped"
    submitted: bool = False
    wrong: list[Wrong] = field(default_factory=list)
    after: dict[str, Any] | None = None  # as it is now, or would be

    @property
    def unexplained(self) -> list[dict[str, Any]]:
        """List what the soft rules find odd, and nobody has explained."""
        after = self.after or {"findings": [], "explanations": {}}
        return [odd for odd in after["findings"] if odd["code"] not in after["explanations"]]


class Import(NamedTuple):
    rows: list[RowDone]

    @property
    def refused(self) -> bool:
        return any(row.outcome == "refused" for row in self.rows)

    def faults(self, of_file: Faults) -> Faults:
        """Gather what is wrong with the file and with its rows."""
        for row in self.rows:
            for wrong in row.wrong:
                of_file.add(row.sent.place(wrong.member), wrong.said)
        return of_file


class NoDocumentError(InvalidError):
    """No document is attached to this draft yet: attach it, then say what it states.

    Bản nháp này chưa có tài liệu: hãy đính kèm tài liệu trước rồi ghi số liệu nêu trong đó.
    """


class _UndoneError(Exception):
    """Leaves the savepoint of an import that must not stay, with what it came to."""

    def __init__(self, done: Import) -> None:
        self.done = done


async def import_figures(
    session: AsyncSession,
    caller: Caller,
    *,
    period: str,
    rows: list[SentRow],
    submit: bool,
    dry_run: bool,
    now: datetime,
) -> Import:
    """Write every row that says something new. A dry run does the same and undoes it, as one refused row does."""
    try:
        async with session.begin_nested():
            done = await _carry_out(session, caller, period, rows, submit=submit, now=now)
            _undo(done, when=dry_run or done.refused)
    except _UndoneError as undone:
        return undone.done
    return done


def _undo(done: Import, *, when: bool) -> None:
    if when:
        raise _UndoneError(done)


async def _carry_out(
    session: AsyncSession,
    caller: Caller,
    period: str,
    rows: list[SentRow],
    *,
    submit: bool,
    now: datetime,
) -> Import:
    ids = sorted({row.assignment for row in rows if row.assignment and not row.empty})
    # All of them in one order: two files with the same rows do not wait for each other in a circle.
    bodies = caller.own_only("submissions:write")
    take = _TAKE_ANY if bodies is None else _TAKE_OWN
    await session.execute(take, {"ids": ids} | ({} if bodies is None else {"bodies": bodies}))
    known = await some_figures(await session_reader(session), period, ids)
    done = []
    met: set[UUID | None] = set()
    for row in rows:
        one = RowDone(row)
        done.append(one)
        if row.empty:
            continue
        one.wrong = list(row.wrong)
        if row.assignment in met and not one.wrong:
            one.wrong.append(Wrong("assignment", _TWICE))
        met.add(row.assignment)
        if not one.wrong:
            await _try(session, caller, one, known, submit=submit, now=now)
        if one.wrong:
            one.outcome, one.submitted = "refused", False
    after = await some_figures(await session_reader(session), period, ids)
    for one in done:
        if one.outcome in {"created", "updated", "unchanged"} and one.sent.assignment:
            one.after = shown(after[one.sent.assignment], caller)
    return Import(done)


async def _try(
    session: AsyncSession,
    caller: Caller,
    one: RowDone,
    known: Mapping[UUID, Any],
    *,
    submit: bool,
    now: datetime,
) -> None:
    """Take one row, whole or not at all, and note why not."""
    try:
        async with session.begin_nested():
            found = await _duty(session, caller, one.sent, known)
            await _write(session, caller, one, found, submit=submit, now=now)
    except DomainError as error:
        one.wrong = _wrong(error)


async def _duty(
    session: AsyncSession, caller: Caller, sent: SentRow, known: Mapping[UUID, Any]
) -> Any:
    """Find the row's duty; a foreign one is not betrayed."""
    found = known.get(sent.assignment) if sent.assignment else None
    if found is None:
        raise AssignmentNotFoundError(pointer="/assignment")
    body = found["organisation_id"]
    if not (caller.may("submissions:write", body) or caller.may("assignments:read", body)):
        assignment = await session.get_one(Assignment, sent.assignment)
        await refuse_passed_on(session, caller, assignment, "submissions:write")
        raise AssignmentNotFoundError(pointer="/assignment")
    caller.require("submissions:write", body)
    for name in ("organisation", "indicator"):
        if sent.keys.get(name, found[name]) != found[name]:
            raise MovedRowError(pointer=f"/{name}")
    return found


async def _write(
    session: AsyncSession,
    caller: Caller,
    one: RowDone,
    found: Any,
    *,
    submit: bool,
    now: datetime,
) -> None:
    row = shown(found, caller)
    sent, is_draft = one.sent, row["state"] == "draft"
    differing = differences(sent.content, row)
    if differing and sent.keys.get("version") != row["version"]:
        raise StaleRowError(faults=_stale(sent, row, differing))
    changed = {name: value for name, value in differing.items() if name not in STATEMENT}
    one.outcome = "unchanged"
    if changed.keys() != differing.keys():
        one.outcome = "updated"
        await _state(session, caller, row, differing, found["evidence"])
    if changed and is_draft:
        one.outcome = "updated"
        await commands.change_submission(session, caller, row["submission"], sent=changed, now=now)
    elif changed:
        one.outcome = "created"
        await commands.create_submission(
            session,
            caller,
            assignment_id=row["assignment"],
            sent=await _next_revision(session, row, changed),
            submit_now=submit,
            now=now,
        )
        one.submitted = submit
    if submit and is_draft:
        await commands.submit(session, caller, row["submission"], now=now)
        one.submitted = True


async def _state(
    session: AsyncSession,
    caller: Caller,
    row: Mapping[str, Any],
    changed: Mapping[str, Any],
    evidence_id: UUID | None,
) -> None:
    """Note what the draft's document states."""
    if row["state"] != "draft" or evidence_id is None:
        name = next(name for name in STATEMENT if name in changed)
        raise NoDocumentError(pointer=f"/{name}")
    stated, place = (changed.get(name, row[name]) for name in STATEMENT)
    await state_figure(
        session, caller, row["submission"], evidence_id, proof=Proof(stated, place or "")
    )


async def _next_revision(
    session: AsyncSession, row: Mapping[str, Any], changed: dict[str, Any]
) -> dict[str, Any]:
    """Carry over what the row leaves as it was; a figure that followed from its fraction follows again."""
    stored = {name: row[name] for name in CONTENT}
    if stored == CONTENT:
        return changed
    duty = await duty_in_hand(session, row["assignment"])
    return settled(stored, changed, duty.about.rules)


def _stale(sent: SentRow, row: Mapping[str, Any], changed: Mapping[str, Any]) -> list[Fault]:
    taken = sent.keys.get("version", "-")
    state = row["state"] or "-"
    told = [
        Fault(
            "/version",
            f"{StaleRowError().english} The file has {taken}; now it is {row['version']}, {state}.",
            f"{StaleRowError().vietnamese} Tệp ghi {taken}; hiện là {row['version']}, {state}.",
        )
    ]
    for name in changed:
        if name in BY_NAME:
            now = _said(row[name])
            told.append(Fault(f"/{name}", f"it is {now} now", f"hiện là {now}"))
    return told


def _said(value: Any) -> str:
    return "∅" if value in (None, "") else str(value)[:200]


def _wrong(error: DomainError) -> list[Wrong]:
    if error.faults:
        return [
            Wrong(_member(fault.pointer), Said(fault.english, fault.vietnamese))
            for fault in error.faults
        ]
    return [Wrong(_member(error.pointer), Said(error.english, error.vietnamese))]


def _member(pointer: str) -> str:
    member = pointer.lstrip("/")
    return member if column_of(member) else ""


_TWICE = Said("this duty stands in a row above", "nhiệm vụ này đã có ở dòng trên")
