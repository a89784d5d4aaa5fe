"""Pages as people see them on a phone: one file, no script, nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.api.links import words
from services.api.links.office import Desk
from services.api.links.states import Letter, Matter
from services.api.links.words import Both
from shared.duty import HANOI
from shared.text import halves

TEMPLATES = Path(__file__).parent / "templates"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Forms:
    """Where the forms lead: matter → address; body → its name, address and who may be chosen."""

    acknowledge: Mapping[UUID, str]
    extension: Mapping[UUID, str]
    deputies: Sequence[tuple[str, str, Sequence[Any]]]


@lru_cache(maxsize=1)
def _style() -> str:
    return (TEMPLATES / "style.css").read_text("utf-8")


@lru_cache(maxsize=1)
def headers() -> Mapping[str, str]:
    """Give what every answer here carries: the one style, forms that lead here, and nothing else."""
    style = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "content-security-policy": (
            f"default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        # The address is a right: it is not kept, not indexed, and not told to where a page leads.
        "cache-control": "no-store",
        "x-robots-tag": "noindex, nofollow",
        "x-frame-options": "DENY",
    }


@lru_cache(maxsize=1)
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["day"] = lambda day: f"{day:%d/%m/%Y}"
    made.filters["moment"] = lambda moment: f"{moment.astimezone(HANOI):%H:%M %d/%m/%Y}"
    made.filters["share"] = words.share
    made.filters["score"] = words.score
    made.filters["change"] = words.change
    made.globals["words"] = words
    return made


def _page(name: str, status: int = 200, **facts: Any) -> Response:
    # Put in whole: as markup it is what the policy has the hash of.
    content = _templates().get_template(name).render(style=_style(), **facts)
    return Response(content, int(status), media_type=HTML)


def letter(shown: Letter, *, call: Mapping[str, Any] | None, forms: Forms, today: date) -> Response:
    """Show the matters of a mail as they are today, and what the recipient may do."""
    matters = [_told(matter, today) for matter in shown.matters]
    return _page(
        "letter.html.j2",
        HTTPStatus.OK if shown.is_his else HTTPStatus.GONE,
        letter=shown,
        matters=matters,
        call=call,
        forms=forms,
        today=today,
        made_up=shown.made_up,
    )


def _told(matter: Matter, today: date) -> dict[str, Any]:
    facts = matter.facts
    days = matter.days(today)
    topic = next(iter(matter.topics))
    return {
        "matter": matter,
        "facts": facts,
        "title": words.DUTIES.get(facts["duty"]) or words.TOPICS.get(topic, Both(topic, topic)),
        "topics": [words.TOPICS[each] for each in matter.topics if each in words.TOPICS],
        "role": words.ROLES.get(facts["role"]),
        "status": words.STATES.get(facts["status"]),
        "days": words.days_told(days) if days is not None and matter.unfinished else None,
        "late": days is not None and days < 0 and matter.unfinished,
        "passed": words.PASSED["duty" if matter.stands else "person"],
    }


def board(desk: Desk, periods: Sequence[Mapping[str, Any]], *, now: datetime) -> Response:
    """Show the open periods in short, counted now."""
    made_up = any(each["period"]["made_up"] for each in periods)
    return _page("board.html.j2", desk=desk, periods=periods, now=now, made_up=made_up)


def hold(
    desk: Desk, shown: Mapping[str, Any], *, forms: Mapping[str, str], now: datetime
) -> Response:
    """Show a held run, with the forms that decide of it where it waits and the recipient coordinates."""
    return _page("hold.html.j2", desk=desk, hold=shown, forms=forms, now=now, made_up=False)


def alarms(desk: Desk, standing: Sequence[Any], *, more: bool, now: datetime) -> Response:
    told = [_alarm(each) for each in standing]
    return _page("alarms.html.j2", desk=desk, alarms=told, more=more, now=now, made_up=False)


def _alarm(row: Mapping[str, Any]) -> dict[str, Any]:
    detail = words.HOLDS.get(row["detail"]) or Both(*halves(row["detail"]))
    return {
        "name": words.ALARMS.get(row["kind"], words.OTHER_ALARM),
        "body": row["organisation_name_vi"],
        "detail": detail,
        "raised_at": row["raised_at"],
    }


def done(what: Both, *, details: Sequence[Both] = (), back: str, made_up: bool) -> Response:
    return _page("done.html.j2", what=what, details=details, back=back, made_up=made_up)


def refusal(status: int, told: Sequence[Both]) -> Response:
    title = words.TITLES.get(status, words.UNTITLED)
    return _page("refusal.html.j2", int(status), title=title, told=told, made_up=False)
