"""``pii audit``: verify the whole log, print its signed head, export it, show the key."""

import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from deploy.audit_chain import BrokenChainError, Report, examine, exported
from deploy.operator import with_database
from services.api.audit.form import instant
from services.api.audit.heads import KIND, head_of
from services.api.audit.signing import AuditKeyError, load_public, load_signer, make_key
from services.api.audit.verification import Finding
from services.api.deps.clock import today_in_hanoi
from shared.db import PooledDatabase, Reader
from shared.settings import KeyFiles

app = typer.Typer(
    help="The audit log: verify it, sign it, hand it on.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they hold names
)
T = TypeVar("T")

Files = Annotated[list[Path] | None, typer.Option(exists=True, dir_okay=False)]
DAY = "%Y-%m-%d"
MOST_LINES = 50
SAID = {
    "changed": "the entry is no longer what was linked",
    "removed": "the entry was removed",
    "not_linked": "the entry was put in past the system: it has no link",
    "link_changed": "the link's hash was rewritten; its entry is what was linked",
    "link_removed": "the link was removed",
    "erasure_unproven": "names were erased that this entry does not tell of",
    "head_changed": "the chain at the end of this day is not what was signed",
    "head_not_met": "the chain is shorter than this head: its end was removed",
    "head_removed": "the signed head of this day was removed",
    "signature_wrong": "the head's signature is not by a key that may sign",
}


def _reading(work: Callable[[Reader], Awaitable[T]]) -> T:
    async def read(database: PooledDatabase) -> T:
        async with database.reading() as read:
            return await work(read)

    return with_database(read, name="pii audit")


@app.command()
def key() -> None:
    """Make the key that signs the heads, unless there is one, and show its public half."""
    file = KeyFiles().audit_key_file
    if make_key(file):
        typer.echo(
            f"made {file}: keep a copy where this machine's administrators are not", err=True
        )
    try:
        signer = load_signer(file)
    except AuditKeyError as error:
        raise _refusal(str(error)) from error
    assert signer is not None
    typer.echo(f"key {signer.key_id}", err=True)
    typer.echo(signer.public_key, nl=False)


@app.command()
def head(
    day: Annotated[
        datetime | None, typer.Option(formats=[DAY], help="A day in Hanoi; else today.")
    ] = None,
) -> None:
    """Print a day's signed head, to be mailed, printed or published; today's is provisional."""
    today = today_in_hanoi()
    try:
        signer = load_signer(KeyFiles().audit_key_file)
    except AuditKeyError as error:
        raise _refusal(str(error)) from error
    wanted = day.date() if day else today
    found = _reading(lambda read: head_of(read, wanted, signer, today=today))
    if found is None:
        raise _refusal(f"There is no link of {wanted}.")
    typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())


@app.command()
def verify(head: Files = None, public_key: Files = None) -> None:
    """Walk the whole chain, check the heads, and compare them with heads kept elsewhere; exit with 1 where something does not fit."""
    kept = [_kept_head(file) for file in head or ()]
    keys = _keys(public_key)
    report = _reading(
        lambda read: examine(read, kept=kept, keys=keys, today=today_in_hanoi(), tell=_progress)
    )
    for line in _lines(report, pinned=bool(keys)):
        typer.echo(line)
    if report.findings:
        raise typer.Exit(1)


def _kept_head(file: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(file.read_bytes())
        if found["kind"] != KIND:
            raise ValueError  # noqa: TRY301 one answer to all that is no head
        date.fromisoformat(found["day"])
        _ = int(found["last_seq"]), bytes.fromhex(found["hash"]), found["key_id"]
        _ = found["links"], found["previous_hash"], found["provisional"], found["public_key"]
    except (ValueError, TypeError, KeyError) as error:
        raise _refusal(f"{file} is no head of an audit log.") from error
    return dict(found)


def _keys(files: Sequence[Path] | None) -> list[Ed25519PublicKey]:
    """Read the keys that may have signed: those given, else this system's own."""
    try:
        if files:
            return [load_public(file.read_text("utf-8")) for file in files]
        signer = load_signer(KeyFiles().audit_key_file)
    except (AuditKeyError, OSError) as error:
        raise _refusal(str(error)) from error
    return [load_public(signer.public_key)] if signer else []


def _progress(done: int, of: int) -> None:
    if done % 10_000 == 0 and done < of:
        typer.echo(f"{done:,} of {of:,} links", err=True)


def _lines(report: Report, *, pinned: bool) -> list[str]:
    lines = [_line(finding) for finding in report.findings[:MOST_LINES]]
    if len(report.findings) > MOST_LINES:
        lines.append(f"… and {len(report.findings) - MOST_LINES:,} more")
    if report.unsigned_days:
        lines.append(
            f"not signed yet: {len(report.unsigned_days)} days from {report.unsigned_days[0]}"
        )
    if not pinned:
        lines.append("no key given and none of our own: signatures show only that heads are whole")
    verdict = "NOT intact" if report.findings else "intact"
    keys = f", signed by {', '.join(sorted(report.key_ids))}" if report.key_ids else ""
    lines.append(f"{verdict}: {report.links:,} links, {report.heads} heads{keys}")
    lines.append(f"the chain ends in {report.hash.hex()}")
    return lines


def _line(finding: Finding) -> str:
    where = []
    if finding.day:
        where.append(f"head of {finding.day}")
    if finding.seq:
        where.append(f"link {finding.seq}")
    if finding.audit_id:
        where.append(f"audit entry {finding.audit_id}")
    if finding.at:
        where.append(instant(finding.at))
    if finding.action:
        where.append(finding.action)
    differs = f" (differs: {', '.join(finding.differs)})" if finding.differs else ""
    return f"{', '.join(where)}: {SAID[finding.problem]}{differs}"


@app.command()
def export(
    first: Annotated[
        datetime, typer.Option("--from", formats=[DAY], help="The first day, as linked in Hanoi.")
    ],
    last: Annotated[datetime, typer.Option("--to", formats=[DAY], help="The last day.")],
    output: Annotated[Path, typer.Option(help="The file; readable by you alone.")],
    *,
    names: Annotated[
        bool, typer.Option("--names/--without-names", help="With what is a person's, or without.")
    ] = True,
) -> None:
    """Write the links of some days as JSON lines that anybody can verify with no access to this system."""

    async def work(read: Reader) -> int:
        temporary = output.with_name(f".{output.name}.new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        count = 0
        with os.fdopen(handle, "wb") as target:
            async for line in exported(read, first=first.date(), last=last.date(), names=names):
                target.write(line)
                count += 1
        temporary.replace(output)
        return count

    try:
        count = _reading(work)
    except BrokenChainError as error:
        raise _refusal(f"The entry of link {error} is gone: run `pii audit verify`.") from error
    typer.echo(f"wrote {count:,} links to {output}", err=True)


def _refusal(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)
