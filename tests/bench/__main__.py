"""Measure speed: ``make bench``, or ``python -m tests.bench --quick --only reads``.

Ratios are against a ceiling that runs beside it on the same machine in the same minute, so they mean the
same on a fast machine and on a slow one.
"""

import argparse
import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path

from httpx import AsyncClient
from rich.console import Console
from rich.table import Table

from tests.bench.filling import fill
from tests.bench.measures import FULL, MEASURES, QUICK, Bench, Row
from tests.bench.system import running_system


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument(
        "--only", choices=MEASURES, action="append", metavar="NAME", help=", ".join(MEASURES)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    return parser.parse_args()


async def measure(arguments: argparse.Namespace, console: Console) -> list[Row]:
    rows = []
    async with running_system() as system:
        url = f"http://127.0.0.1:{system.port}"
        async with AsyncClient(base_url=url, timeout=30) as client:
            with console.status("people and plan"):
                city = await fill(system, client)
            bench = Bench(system, client, city, QUICK if arguments.quick else FULL)
            for name in arguments.only or MEASURES:
                with console.status(name):
                    async for row in MEASURES[name](bench):
                        console.print(f"{'✓' if row.good else '✗'} {row.name}: {row.reached}")
                        rows.append(row)
    return rows


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
    rows = asyncio.run(measure(arguments, console))
    console.print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    raise SystemExit(not all(row.good for row in rows))


if __name__ == "__main__":
    main()
