"""Run the migrations from code."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config

ROOT = Path(__file__).resolve().parent.parent


def alembic_config(database_url: str) -> Config:
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    # "%" is Alembic's own sign in settings.
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


async def migrate(database_url: str) -> None:
    """Bring the schema up to date; two at once wait for each other."""
    await asyncio.to_thread(command.upgrade, alembic_config(database_url), "head")
