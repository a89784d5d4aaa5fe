"""A receipt to print and sign: all that was moved, Vietnamese first, standing alone, and nothing in it runs."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.handovers.printing import ACTIONS, KINDS, THINGS, receipt_page
from shared.models import Period
from shared.models.handovers import HANDOVER_KINDS, MOVE_ACTIONS, MOVE_KINDS
from tests.api.handing import BASIS, HANDOVERS, add_contact, handed_over, plan, receipt
from tests.cast import Cast, Person
from tests.factories import body, opened_period

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
EVIL = '<script src="https://example.org/x.js">alert(1)</script>'


class Page(HTMLParser):
    """What a page says, and what it would load or run."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


async def printed(client: AsyncClient, who: Person, handover: str) -> Response:
    headers = {**who.headers, "accept": "text/html"}
    return await client.get(f"{HANDOVERS}/{handover}/receipt", headers=headers)


async def test_a_receipt_is_a_page_that_says_what_the_data_say(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await add_contact(client, cast, "so-gddt", "a@example.org")
    basis = {**BASIS, "title": f"Nghị quyết {EVIL}"}
    done = await handed_over(client, cast, basis=basis, note=EVIL)
    answer = await printed(client, cast.coordinator, done["id"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"] == "accept"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    page = Page(answer.text)
    told = await receipt(client, cast.coordinator, done["id"])
    for item in told["items"]:
        assert item["object_id"] in page.text
    for kind, number in told["counts"].items():
        assert f"{THINGS[kind][0]}: {number}" in page.text
    for words in ("Biên nhận bàn giao", "01/03/2025", "01/NQ", "20/02/2025", done["id"], EVIL):
        assert words in page.text
    assert "2.1.1" in page.text
    assert "chủ trì" in page.text
    # Nothing is loaded, nothing runs, and what people wrote is text.
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "a"}
    assert not [attributes for _, attributes in page.tags if {"src", "href"} & attributes.keys()]
    assert not re.search(r"url\(|@import", answer.text)
    assert "A4 portrait" in answer.text
    assert answer.text.index("Bên giao") < answer.text.index("From")
    again = {**cast.coordinator.headers, "accept": "text/html"}
    again["if-none-match"] = answer.headers["etag"]
    same = await client.get(f"{HANDOVERS}/{done['id']}/receipt", headers=again)
    assert same.status_code == 304


async def test_made_up_duties_are_marked_on_the_page(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    done = await handed_over(client, cast)
    banner = "DỮ LIỆU MINH HỌA"
    assert banner not in (await printed(client, cast.coordinator, done["id"])).text
    await session.execute(update(Period).values(made_up=True))
    await session.commit()
    assert banner in (await printed(client, cast.coordinator, done["id"])).text


async def test_a_side_prints_what_it_gave_or_got_and_nothing_before_it_is_done(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    planned = await plan(client, cast)
    assert (await printed(client, cast.officer, planned["id"])).status_code == 409
    assert (await printed(client, cast.foreign_officer, planned["id"])).status_code == 404
    headers = {**cast.coordinator.headers, "accept": "application/pdf"}
    refused = await client.get(f"{HANDOVERS}/{planned['id']}/receipt", headers=headers)
    assert body(refused, 406)["type"] == "urn:pii:problem:not-acceptable"


def test_every_kind_of_hand_over_thing_and_action_has_its_words() -> None:
    assert KINDS.keys() == {*HANDOVER_KINDS}
    assert THINGS.keys() == {*MOVE_KINDS}
    assert ACTIONS.keys() == {*MOVE_ACTIONS}


@pytest.mark.parametrize("stays", [[], [{"facts": {"node": "2.1.1"}, "words": "Đã hoàn thành"}]])
def test_a_receipt_of_nothing_says_so(stays: list[dict[str, Any]]) -> None:
    handover: dict[str, Any] = {
        "id": "x",
        "kind": "reversal",
        "from": [],
        "receivers": [],
        "effective_on": "2025-03-01",
        "basis": {"title": "QĐ", "number": "", "date": None},
        "note": "",
        "carried_out_by": "A",
        "carried_out_at": NOON,
    }

    found = {"handover": handover, "trace_id": "t", "items": [], "stays": stays}
    text = Page(receipt_page(found, made_up=False).decode()).text
    assert "Không có nội dung nào được bàn giao." in text
    assert ("2.1.1: Đã hoàn thành" in text) == bool(stays)
    assert "19:00:00 ngày 01/03/2025" in text
