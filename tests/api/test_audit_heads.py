"""The chain over the API: its heads, and the check of a stretch of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from deploy.embedded import Servers
from services.api.audit.sealing import close_days
from services.api.audit.signing import is_signed, load_public
from services.api.deps.clock import today_in_hanoi
from shared.db import PooledDatabase
from tests.cast import Cast, make_cast
from tests.chain import committed_log, sealed, signer, tampered, written
from tests.conftest import serving, settings_for
from tests.factories import body

TODAY = today_in_hanoi()
DAYS = [TODAY - timedelta(days=days) for days in (4, 2, 1)]


@dataclass(frozen=True)
class Office:
    client: AsyncClient
    cast: Cast
    database: PooledDatabase
    folder: Path


@pytest.fixture
async def office(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Office]:
    """Three days that are over and signed, with two entries each, and three of today."""
    async with committed_log(servers, template) as database:
        await tampered(database, "DELETE FROM audit_waiting")  # what the plan's loading left
        async with database.transaction() as session:
            cast = await make_cast(session)
        for day in DAYS:
            await written(database, 2)
            await sealed(database, day=day)
        async with database.transaction() as session:
            await close_days(session, signer(tmp_path), today=TODAY, now=datetime.now(UTC))
        await written(database, 3)
        await sealed(database, day=TODAY)
        settings = settings_for(
            servers,
            database.engine.url.render_as_string(hide_password=False),
            audit_key_file=tmp_path / "audit-key.pem",
        )
        async with serving(settings) as client:
            yield Office(client, cast, database, tmp_path)


async def test_heads_are_listed_latest_first_in_pages(office: Office) -> None:
    headers = office.cast.leader.headers
    first = body(await office.client.get("/v1/audit/heads?limit=2", headers=headers))
    assert [head["day"] for head in first["items"]] == [str(DAYS[2]), str(DAYS[1])]
    path = f"/v1/audit/heads?limit=2&cursor={first['next_cursor']}"
    second = body(await office.client.get(path, headers=headers))
    assert [head["day"] for head in second["items"]] == [str(DAYS[0])]
    assert second["next_cursor"] is None
    assert first["items"][0]["previous_hash"] == first["items"][1]["hash"]


async def test_a_head_can_be_checked_with_the_public_key_alone(office: Office) -> None:
    path = f"/v1/audit/heads/{DAYS[1]}"
    answer = await office.client.get(path, headers=office.cast.admin.headers)
    head = body(answer)
    assert (head["links"], head["last_seq"], head["provisional"]) == (2, 4, False)
    assert is_signed(head, load_public(signer(office.folder).public_key))
    again = office.cast.admin.headers | {"if-none-match": answer.headers["etag"]}
    assert (await office.client.get(path, headers=again)).status_code == 304


async def test_todays_head_is_provisional_and_signed(office: Office) -> None:
    answer = await office.client.get(f"/v1/audit/heads/{TODAY}", headers=office.cast.admin.headers)
    head = body(answer)
    assert (head["links"], head["last_seq"], head["provisional"]) == (3, 9, True)
    assert head["sealed_at"] is None
    assert is_signed(head, load_public(head["public_key"]))


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (str(TODAY - timedelta(days=3)), 404),
        (str(TODAY + timedelta(days=1)), 404),
        ("2020-01-01", 404),
        ("today", 422),
        ("1700000000", 422),
    ],
)
async def test_a_day_without_links_has_no_head(office: Office, day: str, status: int) -> None:
    answer = await office.client.get(f"/v1/audit/heads/{day}", headers=office.cast.admin.headers)
    assert answer.status_code == status


@pytest.mark.parametrize("content", [None, "no key"])
async def test_without_a_key_a_head_is_shown_unsigned(office: Office, content: str | None) -> None:
    file = office.folder / "audit-key.pem"
    file.unlink()
    if content:
        file.write_text(content)
    answer = await office.client.get(f"/v1/audit/heads/{TODAY}", headers=office.cast.admin.headers)
    head = body(answer)
    assert (head["signature"], head["key_id"], head["public_key"]) == (None, None, None)


async def test_links_that_fit_are_said_to(office: Office) -> None:
    headers = office.cast.admin.headers
    whole = body(await office.client.get("/v1/audit/verification", headers=headers))
    assert (whole["from"], whole["to"], whole["links"]) == (1, 9, 9)
    assert (whole["intact"], whole["findings"]) == (True, [])
    assert whole["oldest_unlinked_seconds"] == 0
    part = body(await office.client.get("/v1/audit/verification?from=3&to=5", headers=headers))
    assert (part["from"], part["to"], part["links"], part["intact"]) == (3, 5, 3, True)


async def test_an_entry_that_was_changed_is_named(office: Office) -> None:
    await tampered(
        office.database,
        "UPDATE audit_log SET actor_name = 'x' WHERE id = (SELECT audit_id FROM audit_links WHERE seq = 4)",
        "DELETE FROM audit_links WHERE seq > 8",
    )
    path = "/v1/audit/verification?from=2&to=9"
    found = body(await office.client.get(path, headers=office.cast.admin.headers))
    assert (found["to"], found["intact"]) == (8, False)
    (finding,) = found["findings"]
    assert (finding["problem"], finding["seq"], finding["action"]) == ("changed", 4, "changed")
    assert finding["differs"] == ["/actor_name"]
    clean = "/v1/audit/verification?from=5&to=8"
    assert body(await office.client.get(clean, headers=office.cast.admin.headers))["intact"]


@pytest.mark.parametrize(
    "question", ["from=0", "from=x", "to=-1", "from=9223372036854775807", "x=1"]
)
async def test_a_wrong_stretch_is_refused(office: Office, question: str) -> None:
    answer = await office.client.get(
        f"/v1/audit/verification?{question}", headers=office.cast.admin.headers
    )
    assert answer.status_code == 422


async def test_a_stretch_is_at_most_ten_thousand_links(office: Office) -> None:
    await tampered(
        office.database,
        "INSERT INTO audit_links SELECT n, -n, current_date, '\\x00' FROM generate_series(10, 10010) AS n",
    )
    headers = office.cast.admin.headers
    refused = await office.client.get("/v1/audit/verification?from=1&to=10001", headers=headers)
    assert refused.status_code == 422
    assert "10,000" in refused.json()["detail"]
    taken = await office.client.get("/v1/audit/verification?from=11&to=10010", headers=headers)
    assert body(taken)["links"] == 10_000
    assert len(taken.json()["findings"]) == 100


async def test_a_stretch_beyond_the_end_holds_nothing(office: Office) -> None:
    path = "/v1/audit/verification?from=50&to=60"
    found = body(await office.client.get(path, headers=office.cast.admin.headers))
    assert (found["links"], found["intact"]) == (0, True)


async def test_the_age_of_what_is_not_linked_is_measured(office: Office) -> None:
    await written(office.database, 1, at=datetime.now(UTC) - timedelta(seconds=90))
    answer = await office.client.get("/metrics")
    (line,) = (
        line
        for line in answer.text.splitlines()
        if line.startswith("pii_audit_oldest_unlinked_seconds ")
    )
    assert 90 <= float(line.split()[1]) < 120 or float(line.split()[1]) == 0  # linked meanwhile
    async with office.database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM audit_heads")) == 3
