"""The proof sheet as a page to print: A4, nothing loaded from elsewhere, all that people typed escaped."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.api.deps.clock import HANOI
from services.api.reminders import words

TEMPLATES = Path(__file__).parent / "templates"
# The page is its own: no script, no picture, no address is asked for anything.
SAFE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _day(value: date | None) -> str:
    return value.strftime("%d/%m/%Y") if value else ""


def _moment(value: datetime | None) -> str:
    return value.astimezone(HANOI).strftime("%d/%m/%Y %H:%M") if value else ""


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = _day
    environment.filters["moment"] = _moment
    environment.globals.update(
        states=words.STATES,
        audiences=words.AUDIENCES,
        topics=words.TOPICS,
        statuses=words.STATUSES,
        extensions=words.EXTENSIONS,
        roles=words.ROLES,
        step_said=words.step_said,
    )
    return environment


def page(sheet: Mapping[str, Any], *, today: date) -> bytes:
    """Write the sheet of that day; Vietnamese first, English second."""
    return _templates().get_template("proof.html.j2").render(sheet, today=today).encode()
