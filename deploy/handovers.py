"""``pii handovers plan``: plan a list of changes of bodies from a file; people carry them out over the API."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from shared.db import PooledDatabase
from shared.settings import Settings

if TYPE_CHECKING:
    from services.api.handovers.imports import Checked

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
    checked = asyncio.run(
        plan_list(Settings().database_url, file.read_bytes(), basis=basis, dry_run=dry_run)
    )
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


async def plan_list(url: str, content: bytes, *, basis: str, dry_run: bool) -> Checked:
    """Check the list, and store what it plans if nothing is wrong with it."""
    # Nothing else of the command needs the API, which takes its time to load.
    from services.api.deps.caller import Caller  # noqa: PLC0415
    from services.api.handovers.imports import import_handovers  # noqa: PLC0415

    operator = Caller(UUID(int=0), "user", "pii handovers", "", (), {})
    database = PooledDatabase(url, name="pii", pool=1)
    try:
        async with database.transaction() as session:
            now = datetime.now(UTC)
            for storing in (False, True):
                checked = await import_handovers(
                    session, operator, content=content, basis=basis, dry_run=not storing, now=now
                )
                if dry_run or checked.faults:
                    break
            return checked
    finally:
        await database.close()
