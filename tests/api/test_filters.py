"""Whatever filters are put together, a list is what they leave of all, in the same order, page by page."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.api.deps.clock import HANOI
from tests.api.conftest import Stage
from tests.factories import body

Item = dict[str, Any]
Fits = Callable[[Item, str], bool]
COMBINATIONS = 120
_LINES = """
INSERT INTO mails (id, key, kind, recipient, recipient_name, day, message_id, state, next_at, claimed_at, sent_at,
    trace_id, created_at)
  SELECT gen_random_uuid(), 'k' || n, (ARRAY['digest', 'digest', 'separate', 'notice', 'summary'])[n % 5 + 1],
    'p' || n % 4 || '@example.org', '', date '2027-01-04' + n % 9, '<' || n || '@x>', state, '2027-01-04', NULL,
    CASE WHEN state IN ('sent', 'delivered') THEN timestamptz '2027-01-04T01:00Z' + n % 9 * interval '17 hours' END,
    '', timestamptz '2027-01-04' + n % 9 * interval '1 day'
  FROM (SELECT n, (ARRAY['sent', 'sent', 'delivered', 'failed'])[n % 4 + 1] AS state FROM generate_series(1, 60) n) m;
INSERT INTO reminders (kind, topic, subject_id, assignment_id, organisation_id, period_id, due_on, step, audience,
    recipient, recipient_name, planned_at, send_at, state, mail_id, sent_at, trace_id)
  SELECT CASE WHEN notice THEN 'notice' ELSE 'step' END, CASE WHEN notice THEN 'returned' ELSE 'due' END,
    CASE WHEN notice THEN gen_random_uuid() ELSE a.id END, a.id, a.organisation_id, a.period_id,
    CASE WHEN NOT notice THEN date '2030-06-30' END, CASE WHEN notice THEN '' ELSE '+' || n || 'c' END, 'officer',
    coalesce(m.recipient, 'p' || n % 4 || '@example.org'), '',
    t.at, t.at,
    coalesce(m.state, (ARRAY['planned', 'skipped'])[n % 2 + 1]), m.id, m.sent_at, ''
  FROM generate_series(1, 90) n
    CROSS JOIN LATERAL (SELECT n % 3 = 0 AS notice) k
    CROSS JOIN LATERAL (SELECT * FROM assignments ORDER BY id OFFSET n % 5 LIMIT 1) a
    LEFT JOIN mails m ON n % 3 < 2 AND m.key = 'k' || n
    CROSS JOIN LATERAL (SELECT coalesce(m.sent_at, timestamptz '2027-01-03T20:00Z' + n % 7 * interval '11 hours')
      - n % 5 * interval '7 hours' AS at) t
"""
_FIGURES = """
INSERT INTO submissions (id, assignment_id, revision, value, nil_reason, note, source, state, created_by, created_by_name,
    submitted_by, submitted_by_name, submitted_at, decided_by, decided_by_name, decided_at, created_at, updated_at)
  SELECT gen_random_uuid(), a.id, 10 + r, r, '', '', '', s.state, gen_random_uuid(), 'An', gen_random_uuid(), 'An',
    CASE WHEN s.state <> 'draft' THEN timestamptz '2027-01-03T20:00Z' + r * interval '13 hours' END, gen_random_uuid(), '',
    now(), timestamptz '2027-01-03T20:00Z' + (r * a.place % 7) * interval '11 hours', now()
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM assignments
      WHERE id NOT IN (SELECT assignment_id FROM submissions)) a
    CROSS JOIN generate_series(1, 5) r
    CROSS JOIN LATERAL (SELECT CASE WHEN r < 4 THEN (ARRAY['returned', 'rejected', 'withdrawn'])[(r + a.place) % 3 + 1]
      WHEN r = 4 THEN 'accepted' ELSE (ARRAY['draft', 'submitted'])[a.place % 2 + 1] END AS state) s
"""


def _day(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(HANOI).date().isoformat()


def _equal(name: str) -> Fits:
    return lambda item, value: item[name] == value


LEDGER: Mapping[str, Fits] = {
    **{
        name: _equal(name)
        for name in (
            "period", "organisation", "assignment", "recipient", "state", "topic", "kind",
        )
    },
    "planned_from": lambda item, day: _day(item["send_at"]) >= day,
    "planned_to": lambda item, day: _day(item["send_at"]) <= day,
    "sent_from": lambda item, day: item["sent_at"] is not None and _day(item["sent_at"]) >= day,
    "sent_to": lambda item, day: item["sent_at"] is not None and _day(item["sent_at"]) <= day,
}  # fmt: skip
MAILS: Mapping[str, Fits] = {name: _equal(name) for name in ("kind", "state", "recipient", "day")}
FIGURES: Mapping[str, Fits] = {
    **{
        name: _equal(name)
        for name in ("period", "state", "assignment", "organisation", "indicator")
    },
    "submitted_since": lambda item, day: (
        item["submitted_at"] is not None and _day(item["submitted_at"]) >= day
    ),
}
LISTS = {"/v1/reminders": LEDGER, "/v1/mails": MAILS, "/v1/submissions": FIGURES}
WHO = ("coordinator", "officer", "foreign_officer", "head", "leader")


async def _all(client: AsyncClient, path: str, headers: dict[str, str], **query: str) -> list[Item]:
    found: list[Item] = []
    cursor: str | None = ""
    while cursor is not None:
        page = {"limit": "7", **query} | ({"cursor": cursor} if cursor else {})
        answer = body(await client.get(path, params=page, headers=headers))
        found += answer["items"]
        cursor = answer["next_cursor"]
    return found


def _value_of(item: Item, name: str, random: Random) -> str:
    """Take a value that the item has, so that something is found, or a day nearby."""
    source = {"planned_from": "send_at", "planned_to": "send_at", "sent_from": "sent_at",
              "sent_to": "sent_at", "submitted_since": "submitted_at"}.get(name)  # fmt: skip
    if source:
        moment = datetime.fromisoformat(item[source] or "2027-01-05T00:00:00+00:00")
        return _day((moment + timedelta(days=random.randint(-1, 1))).isoformat())
    return str(item[name])


async def _fill(connection: AsyncConnection) -> None:
    for statement in (*_LINES.split(";"), _FIGURES):
        await connection.execute(text(statement))


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("who", WHO)
async def test_a_list_is_what_its_filters_leave_of_all(stage: Stage, path: str, who: str) -> None:
    await _fill(stage.connection)
    headers = getattr(stage.cast, who).headers
    filters = LISTS[path]
    whole = await _all(stage.client, path, headers)
    assert len({item["id"] for item in whole}) == len(whole) > 0
    random = Random(f"{path} {who}")
    for _ in range(COMBINATIONS):
        item = random.choice(whole)
        chosen = random.sample(sorted(filters), random.randint(1, 3))
        query = {name: _value_of(item, name, random) for name in chosen}
        expected = [
            one["id"] for one in whole if all(filters[name](one, query[name]) for name in query)
        ]
        found = await _all(stage.client, path, headers, **query)
        assert [one["id"] for one in found] == expected, query
