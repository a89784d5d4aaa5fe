"""Calendars that people subscribe to: what their owner may see at that moment, and no figure."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from icalendar import Calendar
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.caller import token_hash
from services.api.deps.clock import today_in_hanoi
from services.api.feeds.table import calendar
from shared.models import Feed, Membership, Period, User
from tests.cast import Cast, Person
from tests.factories import (
    assignment_of,
    body,
    closed_period,
    done,
    officers_duty,
    opened_period,
    submitted,
)

TODAY = today_in_hanoi()


async def made(client: AsyncClient, person: Person, organisation: str | None = None) -> Any:
    content = {"organisation": organisation}
    return body(await client.post("/v1/feeds", json=content, headers=person.headers), 201)


def path_of(feed: dict[str, Any]) -> str:
    return f"/feeds/{feed['url'].rpartition('/')[2]}"


async def read(client: AsyncClient, feed: dict[str, Any], **headers: str) -> Response:
    return await client.get(path_of(feed), headers=headers)


def events(answer: Response) -> dict[str, Any]:
    """Parse it back; the entries by the thing that they are about."""
    assert answer.status_code == 200, answer.text
    parsed = Calendar.from_ical(answer.content)
    assert not parsed.errors
    found = {str(event["uid"]): event for event in parsed.walk("VEVENT")}
    assert all(not event.errors for event in found.values())
    return found


async def test_ones_own_feed_has_the_deadlines_of_the_bodies_one_writes_for(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    answer = await read(client, await made(client, cast.officer))
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"].startswith("private")
    found = events(answer)
    listed = await client.get(
        "/v1/assignments", params={"limit": 200}, headers=cast.officer.headers
    )
    assert found.keys() == {f"duty-{each['id']}@localhost" for each in body(listed)["items"]}
    event = found[f"duty-{duty['id']}@localhost"]
    assert event["dtstart"].dt == date(2030, 6, 30)
    assert event["dtend"].dt == date(2030, 7, 1)
    assert event["sequence"] == 0
    assert "2.1.1" in event["summary"]
    for told in (duty["legal_basis"], "Kỳ ky-2024", "Sở Giáo dục và Đào tạo"):
        assert told in event["description"]
    # Whoever opens an entry has no token of the API: it leads nowhere rather than to a refusal.
    assert "://" not in answer.text
    assert "URL" not in event
    lines = answer.text.split("\r\n")
    assert {"REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"} <= {*lines}


async def test_lines_are_as_rfc_5545_has_them(client: AsyncClient, cast: Cast) -> None:
    await officers_duty(client, cast)
    content = (await read(client, await made(client, cast.officer))).content
    lines = content.split(b"\r\n")
    assert (lines[0], lines[-2], lines[-1]) == (b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(len(line) for line in lines) <= 75
    assert all(line.decode() is not None for line in lines)
    for once in (b"VERSION:2.0", b"METHOD:PUBLISH"):
        assert lines.count(once) == 1
    assert lines.count(b"BEGIN:VEVENT") == len([each for each in lines if each[:8] == b"DTSTAMP:"])


async def test_what_is_done_drops_out_and_comes_back_when_it_is_returned(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    feed = await made(client, cast.officer)
    uid = f"duty-{duty['id']}@localhost"
    assert uid in events(await read(client, feed))
    sent = await submitted(client, cast.officer, duty["id"], value=6.54321)
    assert uid not in events(await read(client, feed))
    await done(client, cast.coordinator, sent["id"], "return", "Thiếu trang 2")
    answer = await read(client, feed)
    assert uid in events(answer)
    assert "6.54321" not in answer.text
    await closed_period(client, cast)
    assert events(await read(client, feed)) == {}


async def test_a_deadline_that_moves_keeps_its_entry_and_outranks_the_earlier(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    feed = await made(client, cast.officer)
    uid = f"duty-{duty['id']}@localhost"
    path = f"/v1/assignments/{duty['id']}"
    first = await client.get(path, headers=cast.coordinator.headers)
    headers = cast.coordinator.headers | {"if-match": first.headers["etag"]}
    body(
        await client.patch(
            path, json={"due_on": "2030-06-20", "reason": "Bộ lùi hạn"}, headers=headers
        )
    )
    event = events(await read(client, feed))[uid]
    assert (event["dtstart"].dt, event["sequence"]) == (date(2030, 6, 20), 1)
    asked = await client.post(
        f"{path}/extensions",
        json={"reason": "Chờ số liệu", "wished_on": "2030-07-10"},
        headers=cast.officer.headers,
    )
    granted = f"/v1/extensions/{body(asked, 201)['id']}/grant"
    body(await client.post(granted, json={"reason": "Đồng ý"}, headers=cast.coordinator.headers))
    event = events(await read(client, feed))[uid]
    assert (event["dtstart"].dt, event["sequence"]) == (date(2030, 7, 10), 2)


async def test_requests_for_an_explanation_are_in_it_until_they_are_answered(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    feed = await made(client, cast.officer)
    question = {
        "assignment": duty["id"],
        "question": "Vì sao; giảm,\nmạnh?",
        "due_on": "2030-07-10",
    }
    asked = body(
        await client.post("/v1/explanations", json=question, headers=cast.coordinator.headers), 201
    )
    uid = f"explanation-{asked['id']}@localhost"
    event = events(await read(client, feed))[uid]
    assert event["dtstart"].dt == date(2030, 7, 10)
    assert "Vì sao; giảm,\nmạnh?" in event["description"]
    answered = f"/v1/explanations/{asked['id']}/answer"
    body(await client.post(answered, json={"answer": "Đổi mẫu"}, headers=cast.officer.headers))
    assert uid not in events(await read(client, feed))


async def test_what_has_not_changed_is_not_sent_again(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await officers_duty(client, cast)
    feed = await made(client, cast.officer)
    etag = (await read(client, feed)).headers["etag"]
    again = await read(client, feed, **{"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    await session.execute(update(Period).values(name="Kỳ khác"))
    await session.commit()
    assert (await read(client, feed, **{"if-none-match": etag})).status_code == 200


async def test_the_address_is_shown_once_and_kept_as_a_hash(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    headers = cast.officer.headers | {"idempotency-key": "mot-lan"}
    first = await client.post("/v1/feeds", json={}, headers=headers)
    feed = body(first, 201)
    assert first.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/feeds/[\w-]{43}\.ics", feed["url"])
    again = body(await client.post("/v1/feeds", json={}, headers=headers), 201)
    assert (again["id"], again["url"]) == (feed["id"], None)
    token = feed["url"].rpartition("/")[2].removesuffix(".ics")
    assert await session.scalar(select(Feed.token_hash)) == token_hash(token)
    listed = await client.get("/v1/feeds", headers=cast.officer.headers)
    (item,) = body(listed)["items"]
    assert token not in listed.text
    assert (item["last_used_at"], item["active"]) == (None, True)
    await read(client, feed)
    item = body(await client.get(f"/v1/feeds/{feed['id']}", headers=cast.officer.headers))
    assert item["last_used_at"] is not None


async def test_a_feed_that_is_ended_gives_nothing_from_then_on(
    client: AsyncClient, cast: Cast
) -> None:
    await officers_duty(client, cast)
    feed = await made(client, cast.officer)
    etag = (await read(client, feed)).headers["etag"]
    path = f"/v1/feeds/{feed['id']}"
    assert (await client.delete(path, headers=cast.head.headers)).status_code == 404
    assert (await client.delete(path, headers=cast.officer.headers)).status_code == 204
    for headers in ({}, {"if-none-match": etag}):
        assert (await client.get(path_of(feed), headers=headers)).status_code == 404
    assert (await client.delete(path, headers=cast.officer.headers)).status_code == 404
    assert body(await client.get("/v1/feeds", headers=cast.officer.headers))["items"] == []


@pytest.mark.parametrize("organisation", [None, "so-gddt"])
@pytest.mark.parametrize("why", ["he left", "he lost the body"])
async def test_a_feed_dies_with_its_owners_rights(
    client: AsyncClient, cast: Cast, session: AsyncSession, organisation: str | None, why: str
) -> None:
    await officers_duty(client, cast)
    feed = await made(client, cast.officer, organisation)
    assert events(await read(client, feed))
    mine = cast.officer.id
    if why == "he left":
        await session.execute(update(User).where(User.id == mine).values(active=False))
    else:
        ended = update(Membership).where(Membership.user_id == mine)
        yesterday = TODAY - timedelta(days=1)
        await session.execute(ended.values(valid_from=yesterday, valid_to=yesterday))
    await session.commit()
    assert (await read(client, feed)).status_code == 404


async def test_whoever_stands_in_sees_those_deadlines_in_his_own_feed(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    uid = f"duty-{duty['id']}@localhost"
    feed = await made(client, cast.foreign_officer)
    assert uid not in events(await read(client, feed))
    home = await session.scalar(
        select(Membership.organisation_id).where(Membership.user_id == cast.officer.id)
    )
    session.add(Membership(user_id=cast.foreign_officer.id, organisation_id=home, role="viewer"))
    await session.commit()
    assert uid not in events(await read(client, feed))
    named = {
        "deputy": "foreign_officer",
        "valid_from": str(TODAY),
        "valid_to": str(TODAY + timedelta(days=3)),
    }
    lent = await client.post("/v1/deputies", json=named, headers=cast.officer.headers)
    assert uid in events(await read(client, feed))
    ended = f"/v1/deputies/{body(lent, 201)['id']}/end"
    body(await client.post(ended, headers=cast.officer.headers))
    assert uid not in events(await read(client, feed))


async def test_a_bodys_feed_is_for_those_who_read_the_body(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    theirs = await assignment_of(client, cast, "5.2.3", organisation="so-ct")
    answer = await read(client, await made(client, cast.coordinator, "so-ct"))
    found = events(answer)
    assert f"duty-{theirs['id']}@localhost" in found
    assert all("Sở Công Thương" in event["description"] for event in found.values())
    foreign = await client.post(
        "/v1/feeds", json={"organisation": "so-ct"}, headers=cast.officer.headers
    )
    assert foreign.status_code == 403


async def test_a_person_has_twenty_feeds_and_no_more(client: AsyncClient, cast: Cast) -> None:
    for _ in range(20):
        await made(client, cast.officer)
    refused = await client.post("/v1/feeds", json={}, headers=cast.officer.headers)
    assert refused.status_code == 409
    page = body(await client.get("/v1/feeds?limit=15", headers=cast.officer.headers))
    rest = body(
        await client.get(
            "/v1/feeds",
            params={"limit": 15, "cursor": page["next_cursor"]},
            headers=cast.officer.headers,
        )
    )
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (15, 5, None)


async def test_a_system_has_no_feed(client: AsyncClient, cast: Cast) -> None:
    new = {"name": "k", "scopes": ["assignments:read"], "expires_on": "2199-01-01"}
    key = body(await client.post("/v1/api-keys", json=new, headers=cast.admin.headers), 201)["key"]
    headers = {"authorization": f"Bearer {key}"}
    refused = await client.post("/v1/feeds", json={"organisation": "so-gddt"}, headers=headers)
    assert refused.status_code == 403


async def test_made_up_deadlines_say_so(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await officers_duty(client, cast)
    feed = await made(client, cast.officer)
    for made_up in (True, False):
        await session.execute(update(Period).values(made_up=made_up))
        await session.commit()
        for event in events(await read(client, feed)).values():
            assert ("MADE-UP DATA" in event["summary"]) is made_up
            assert ("MADE-UP DATA" in event["description"]) is made_up


async def test_erasing_a_person_ends_his_feeds_and_they_are_among_what_is_kept_of_him(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await made(client, cast.officer)
    path = f"/v1/users/{cast.officer.id}"
    kept = body(await client.get(f"{path}/personal-data", headers=cast.admin.headers))
    assert [feed["revoked_at"] for feed in kept["feeds"]] == [None]
    reason = {"reason": "Theo yêu cầu"}
    body(await client.post(f"{path}/erase", json=reason, headers=cast.admin.headers))
    standing = text("SELECT count(*) FROM feeds WHERE revoked_at IS NULL")
    assert await session.scalar(standing) == 0


def test_nothing_owed_is_an_empty_calendar_that_is_valid() -> None:
    content = calendar([], [], name="A; B, C\nD", domain="x")
    parsed = Calendar.from_ical(content)
    assert b"X-WR-CALNAME:PII: A\\; B\\, C\\nD\r\n" in content
    assert (parsed.errors, parsed.walk("VEVENT")) == ([], [])
