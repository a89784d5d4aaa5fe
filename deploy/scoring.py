"""``pii score`` and ``pii schemas``: the index of an analyst's files, with no server and no database."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from pydantic import BaseModel

from shared.exchange.analysis import UncertaintyFile
from shared.exchange.data import read_data
from shared.exchange.errors import MOST_MISTAKES, FileError
from shared.exchange.framework import FrameworkFile, read_framework
from shared.exchange.output import write_whole
from shared.exchange.result import ResultFile, result_json
from shared.exchange.schemas import json_schema
from shared.exchange.score import Scores, beyond_bounds
from shared.exchange.score import score as score_figures

SCHEMAS: dict[str, type[BaseModel]] = {
    "framework.schema.json": FrameworkFile,
    "result.schema.json": ResultFile,
    "uncertainty.schema.json": UncertaintyFile,
}

FrameworkPath = Annotated[
    Path, typer.Argument(metavar="FRAMEWORK.json", help="The tree and the method.")
]
DataPath = Annotated[
    Path, typer.Argument(metavar="DATA.csv", help="A row per unit, a column per leaf.")
]
ResultPath = Annotated[
    Path, typer.Option(metavar="RESULT.json", help="Where the result goes; - is standard output.")
]


def score(framework: FrameworkPath, data: DataPath, output: ResultPath) -> None:
    """Compute the index of every unit of a table. A mistake in a file is named with its place; then nothing is written."""
    try:
        scores = scored(framework, data)
        write_output(output, result_json(scores), inputs=(framework, data))
    except FileError as error:
        for line in error.lines():
            typer.echo(line, err=True)
        raise typer.Exit(2) from error
    result = scores.result
    typer.echo(
        f"scored {len(result.units)} units on {len(result.framework.leaves)} leaves: {scores.hash}",
        err=True,
    )


def schemas(folder: Annotated[Path, typer.Option()] = Path("docs/api")) -> None:
    """Write the JSON Schemas of the files that analysts exchange."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in SCHEMAS.items():
        text = orjson.dumps(json_schema(model), option=orjson.OPT_INDENT_2)
        (folder / name).write_bytes(text + b"\n")
        typer.echo(f"wrote {folder / name}")


def scored(framework: Path, data: Path) -> Scores:
    plan = read_framework(framework)
    figures = read_data(data, plan.framework)
    scores = score_figures(plan, figures)
    beyond = beyond_bounds(plan, figures)
    for line in beyond[:MOST_MISTAKES]:
        typer.echo(line, err=True)
    if len(beyond) > MOST_MISTAKES:
        typer.echo(f"{data}: {len(beyond)} figures are beyond their bounds.", err=True)
    return scores


def write_output(output: Path, content: bytes, *, inputs: tuple[Path, ...]) -> None:
    if output == Path("-"):
        typer.get_binary_stream("stdout").write(content)
        return
    if output.resolve() in {path.resolve() for path in inputs}:
        raise typer.BadParameter(f"{output} is one of the files that are read.")
    write_whole(output, content)
