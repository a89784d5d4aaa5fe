"""``pii handovers plan``: plan a list of changes of bodies from a file; people carry them out over the API."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from deploy.operator import with_database

if TYPE_CHECKING:
    from services.api.handovers.imports import Checked
    from shared.db import PooledDatabase

handovers = typer.Typer(help="Hand-overs between bodies.", no_args_is_help=True)


@handovers.callback()
def _only_with_a_verb() -> None:
    """Hand-overs between bodies."""


@handovers.command()
def plan(
    file: Annotated[Path, typer.Argument(help="CSV or JSON.", exists=True, dir_okay=False)],
    *,
    basis: Annotated[str, typer.Option(help="The document, where the file names none.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and show; store nothing.")
    ] = False,
) -> None:
    """Plan one hand-over for each receiver and day, all or none."""
    content = file.read_bytes()
    checked = with_database(lambda found: plan_list(found, content, basis=basis, dry_run=dry_run))
    for fault in checked.faults:
        typer.echo(f"error: {file}: {fault.pointer}: {fault.english}", err=True)
    for made in checked.handovers:
        moved = ", ".join(f"{n} {what}" for what, n in made["preview"]["counts"].items() if n)
        typer.echo(f"{'+'.join(made['from'])} -> {made['to']} on {made['effective_on']}: {moved}")
        for conflict in made["preview"]["conflicts"]:
            mark = "blocks" if conflict["blocks"] else "note"
            typer.echo(f"  {mark}: {conflict['message_en']}")
    if checked.faults:
        raise typer.Exit(2)
    typer.echo("nothing stored" if dry_run else f"planned {len(checked.handovers)} hand-overs")


async def plan_list(
    database: PooledDatabase, content: bytes, *, basis: str, dry_run: bool
) -> Checked:
    """Check the list, and store what it plans if nothing is wrong with it."""
    # Nothing else of the command needs the API, which takes its time to load.
    from services.api.deps.caller import Caller  # noqa: PLC0415
    from services.api.handovers.imports import import_handovers  # noqa: PLC0415

    operator = Caller(UUID(int=0), "user", "pii handovers", "", (), {})
    async with database.transaction() as session:
        now = datetime.now(UTC)
        for storing in (False, True):
            checked = await import_handovers(
                session, operator, content=content, basis=basis, dry_run=not storing, now=now
            )
            if dry_run or checked.faults:
                break
        return checked
