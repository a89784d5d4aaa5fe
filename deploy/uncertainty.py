"""``pii uncertainty``: how sure the ranks of an analyst's files are, with no server and no database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import Progress

from deploy.scoring import DataPath, FrameworkPath, ResultPath, scored, write_output
from shared.composite import CompositeError
from shared.composite.plan import LARGEST_SEED, MOST_DRAWS, Plan
from shared.exchange.errors import FileError
from shared.exchange.framework import nfc
from shared.exchange.uncertainty import uncertainty_document
from shared.sensitivity import LEAST_SAMPLES, MOST_SAMPLES

Draws = Annotated[
    int, typer.Option(min=1, max=MOST_DRAWS, help="How often the index is computed again.")
]
Seed = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="The same seed gives the same file.")
]
Spread = Annotated[
    float, typer.Option(min=0, max=0.99, help="A weight w is drawn from w(1 - s) to w(1 + s).")
]
Unit = Annotated[str | None, typer.Option(help="Look closely at this unit.")]
Sobol = Annotated[
    bool, typer.Option("--sobol/--no-sobol", help="Also which factor the ranks hang on.")
]
Samples = Annotated[int, typer.Option(min=LEAST_SAMPLES, max=MOST_SAMPLES, help="A power of two.")]
PLAIN_LINES = 10


def uncertainty(  # noqa: PLR0913, PLR0917 an argument is an option
    framework: FrameworkPath,
    data: DataPath,
    output: ResultPath,
    draws: Draws = 10_000,
    seed: Seed = 1,
    spread: Spread = 0.25,
    unit: Unit = None,
    sobol: Sobol = False,  # noqa: FBT002 typer makes an option of it
    sobol_samples: Samples = 256,
) -> None:
    """Say how sure each rank is when weights and methods could have been others, and what it hangs on."""
    try:
        scores = scored(framework, data)
        unit = None if unit is None else nfc(unit)
        with _progress() as progress:
            document = uncertainty_document(
                scores.result,
                Plan(draws, seed, spread),
                own=unit,
                sobol_samples=sobol_samples if sobol else None,
                progress=progress,
            )
        content = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
        write_output(output, content, inputs=(framework, data))
    except FileError as error:
        for line in error.lines():
            typer.echo(line, err=True)
        raise typer.Exit(2) from error
    except CompositeError as error:
        # The files were fit for the index itself, so it is what was asked of them.
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{draws} draws of {len(document['units'])} units: {document['hash']}", err=True)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal; elsewhere a line for each tenth, for a log."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("draws", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines() -> Callable[[int, int], None]:
    said = 0

    def line(done: int, total: int) -> None:
        nonlocal said
        if done * PLAIN_LINES // total > said:
            said = done * PLAIN_LINES // total
            typer.echo(f"{done:,} of {total:,} draws", err=True)

    return line
