"""What ``pii`` works on: the servers that the environment names, or those that ``make up`` runs here."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import typer
from pydantic import SecretStr, ValidationError

from deploy.state import read_state
from shared.db import CONNECTION_LOST, PooledDatabase
from shared.settings import Settings

T = TypeVar("T")
LOCAL = Path(".local")


class OperatorSettings(Settings):
    """Of an operator's command, which needs the database and the documents alone."""

    redis_url: str = ""
    smtp_url: SecretStr = SecretStr("")


def operator_settings() -> OperatorSettings:
    """Read the settings; where none names a database, the one that was started in this folder is meant."""
    if "DATABASE_URL" not in os.environ:
        for name, value in read_state(LOCAL).get("environment", {}).items():
            os.environ.setdefault(name, value)
    try:
        return OperatorSettings()
    except ValidationError as error:
        for fault in error.errors():
            variable = "_".join(str(step) for step in fault["loc"]).upper()
            typer.echo(f"error: {variable}: {fault['msg'].lower()}", err=True)
        typer.echo("Set DATABASE_URL, or run this in the folder in which `make up` runs.", err=True)
        raise typer.Exit(2) from error


def with_database(work: Callable[[PooledDatabase], Awaitable[T]], *, name: str = "pii") -> T:
    """Run it on the database, and say in one line where that cannot be reached."""
    url = operator_settings().database_url

    async def run() -> T:
        database = PooledDatabase(url, name=name, pool=2)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except CONNECTION_LOST as error:
        typer.echo(f"error: the database cannot be reached: {error}", err=True)
        typer.echo(
            "Start it (here: make up), or set DATABASE_URL to the one that is meant.", err=True
        )
        raise typer.Exit(2) from error
