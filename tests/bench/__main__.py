"""Measure speed: ``make bench``, or ``python -m tests.bench --quick --only reads``.

``--only engine`` measures the arithmetic alone, ``--only mailing`` the sending of mail; neither starts a server.
``--only webhooks`` and ``--only reminding`` start PostgreSQL alone.

Ratios are against a ceiling that runs beside it on the same machine in the same minute, so they mean the
same on a fast machine and on a slow one.
"""

import argparse
import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path

import uvloop
from httpx import AsyncClient
from rich.console import Console
from rich.table import Table

from tests.bench.engine import engine
from tests.bench.filling import fill
from tests.bench.mailing import mailing
from tests.bench.measures import FULL, MEASURES, QUICK, Bench, Effort
from tests.bench.reminding import reminding
from tests.bench.row import Row
from tests.bench.system import running_system
from tests.bench.webhooks import webhooks
from tests.bench.years import years

ALONE = {"engine": engine, "mailing": mailing}
SYSTEM = {**MEASURES, "years": years}
APART = {"webhooks": webhooks, "reminding": reminding}  # with a PostgreSQL of their own
NAMES = (*ALONE, *APART, *SYSTEM)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument(
        "--only", choices=NAMES, action="append", metavar="NAME", help=", ".join(NAMES)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    return parser.parse_args()


def measure(arguments: argparse.Namespace, console: Console) -> list[Row]:
    names = arguments.only or NAMES
    effort = QUICK if arguments.quick else FULL
    rows = []
    # Before the servers, so that nothing else is going on.
    for name in [name for name in names if name in ALONE]:
        with console.status(name):
            for row in ALONE[name](effort.rounds):
                _say(console, row)
                rows.append(row)
    for name in [name for name in names if name in APART]:
        rows += uvloop.run(measure_apart(name, effort, console))  # as the notifier is run
    if chosen := [name for name in names if name in SYSTEM]:
        rows += asyncio.run(measure_system(chosen, effort, console))
    return rows


async def measure_apart(name: str, effort: Effort, console: Console) -> list[Row]:
    rows = []
    with console.status(name):
        async for row in APART[name](effort.rounds, effort.seconds):
            _say(console, row)
            rows.append(row)
    return rows


async def measure_system(names: list[str], effort: Effort, console: Console) -> list[Row]:
    rows = []
    async with running_system() as system:
        url = f"http://127.0.0.1:{system.port}"
        async with AsyncClient(base_url=url, timeout=30) as client:
            with console.status("people and plan"):
                city = await fill(system, client)
            bench = Bench(system, client, city, effort)
            for name in names:
                with console.status(name):
                    async for row in SYSTEM[name](bench):
                        _say(console, row)
                        rows.append(row)
    return rows


def _say(console: Console, row: Row) -> None:
    console.print(f"{'✓' if row.good else '✗'} {row.name}: {row.reached}")


def table(rows: list[Row]) -> Table:
    made = Table(title=f"{os.cpu_count()} cores")
    for title in ("", "target", "reached", ""):
        made.add_column(title)
    for row in rows:
        made.add_row(row.name, row.target, row.reached, "✓" if row.good else "✗")
    return made


def main() -> None:
    arguments = _arguments()
    console = Console()
    rows = measure(arguments, console)
    console.print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    raise SystemExit(not all(row.good for row in rows))


if __name__ == "__main__":
    main()
