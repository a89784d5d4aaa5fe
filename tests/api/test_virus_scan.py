"""With clamd in place a document is quarantined until it is found clean; without a verdict it waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy import update

from deploy.embedded import Servers
from services.api.evidence.scanner import quarantine, sweep, verdict
from services.api.evidence.store import Store
from shared.db import PooledDatabase
from shared.models import Evidence
from tests.cast import Cast, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import PDF, act, attached, body, done, drafted, officers_duty, pointers

VIRUS = PDF + b"X5O!P%@AP"
LARGE = PDF + b"\0" * 300_000


@dataclass
class Clamd:
    """A clamd that knows one virus; ``answer`` is said instead of a verdict."""

    answer: bytes | None = None
    scanned: list[int] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            content += await reader.readexactly(length)
        self.scanned.append(len(content))
        said = b"stream: Test-Signature FOUND\0" if b"X5O!P" in content else b"stream: OK\0"
        writer.write(said if self.answer is None else self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def clamd() -> AsyncIterator[Clamd]:
    made = Clamd()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()
    await server.wait_closed()


@dataclass(frozen=True)
class Guarded:
    client: AsyncClient
    cast: Cast
    database: PooledDatabase
    store: Store
    clamd: Clamd

    async def sweep(self) -> int:
        return await sweep(self.database, self.store, self.clamd.url, now=datetime.now(UTC))


@pytest.fixture
async def guarded(
    servers: Servers, template: str, clamd: Clamd, tmp_path: Path
) -> AsyncIterator[Guarded]:
    async with copied_database(servers, template) as url:
        place = f"file:{tmp_path}"
        settings = settings_for(servers, url, evidence_url=place, clamd_url=clamd.url)
        database = PooledDatabase(settings.database_url, pool=2)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            yield Guarded(client, cast, database, Store(place), clamd)
        await database.close()


async def scan_of(guarded: Guarded, evidence: str) -> str:
    read = await guarded.client.get(
        f"/v1/evidence/{evidence}", headers=guarded.cast.officer.headers
    )
    said: str = body(read)["scan"]
    return said


async def test_what_is_clean_is_given_out_and_counts(guarded: Guarded) -> None:
    client, cast = guarded.client, guarded.cast
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=5)
    sent = await attached(client, cast.officer, draft["id"], content=LARGE)
    assert sent["scan"] == "waiting"  # the verdict comes after the answer
    assert guarded.clamd.scanned == [len(LARGE)]
    assert await scan_of(guarded, sent["id"]) == "clean"
    content = await client.get(f"/v1/evidence/{sent['id']}/content", headers=cast.officer.headers)
    assert content.content == LARGE
    await done(client, cast.officer, draft["id"], "submit")
    audit = await client.get("/v1/audit?limit=200", headers=cast.coordinator.headers)
    assert "scanned" in [entry["action"] for entry in body(audit)["items"]]


async def test_a_virus_is_quarantined_and_proves_nothing(guarded: Guarded) -> None:
    client, cast = guarded.client, guarded.cast
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=5)
    sent = await attached(client, cast.officer, draft["id"], content=VIRUS)
    assert await scan_of(guarded, sent["id"]) == "infected"
    content = await client.get(f"/v1/evidence/{sent['id']}/content", headers=cast.officer.headers)
    assert content.json()["type"] == "urn:pii:problem:not-scanned"
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert refused.json()["type"] == "urn:pii:problem:quarantine"
    assert pointers(refused.json()) == ["/evidence"]
    assert await guarded.sweep() == 0


async def test_what_got_no_verdict_waits_for_the_next_sweep(guarded: Guarded) -> None:
    client, cast = guarded.client, guarded.cast
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=5)
    for answer in (b"INSTREAM size limit exceeded. ERROR\0", b""):
        guarded.clamd.answer = answer
        sent = await attached(client, cast.officer, draft["id"], content=PDF + answer)
        assert await scan_of(guarded, sent["id"]) == "waiting"
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert refused.json()["type"] == "urn:pii:problem:quarantine"
    assert await guarded.sweep() == 0
    guarded.clamd.answer = None
    assert await guarded.sweep() == 2
    assert await scan_of(guarded, sent["id"]) == "clean"
    await done(client, cast.officer, draft["id"], "submit")


async def test_what_came_before_there_was_a_scanner_is_quarantined_and_scanned(
    guarded: Guarded,
) -> None:
    client, cast = guarded.client, guarded.cast
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=5)
    old = [await attached(client, cast.officer, draft["id"], content=PDF + n) for n in (b"1", b"2")]
    link = {"url": "https://example.org"}
    path = f"/v1/submissions/{draft['id']}/evidence"
    kept = body(await client.post(path, json=link, headers=cast.officer.headers), 201)
    async with guarded.database.transaction() as session:
        await session.execute(update(Evidence).values(scan="not_scanned", scanned_at=None))
    assert await quarantine(guarded.database) == 2
    assert [await scan_of(guarded, one["id"]) for one in (*old, kept)] == [
        "waiting",
        "waiting",
        "not_scanned",
    ]
    path = f"/v1/evidence/{old[0]['id']}/content"
    assert (await client.get(path, headers=cast.officer.headers)).status_code == 409
    asked = {"object_type": "evidence", "object_id": old[0]["id"], "action": "quarantined"}
    log = await client.get("/v1/audit", params=asked, headers=cast.coordinator.headers)
    assert body(log)["items"][0]["changes"] == {"scan": ["not_scanned", "waiting"]}
    assert await guarded.sweep() == 2
    assert (await client.get(path, headers=cast.officer.headers)).status_code == 200
    async with guarded.database.transaction() as session:
        await session.execute(
            update(Evidence).where(Evidence.id == old[1]["id"]).values(scan="not_scanned")
        )
    assert await guarded.sweep() == 1  # the sweep itself takes what came before it


async def test_a_link_is_not_scanned(guarded: Guarded) -> None:
    client, cast = guarded.client, guarded.cast
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=5)
    answer = await client.post(
        f"/v1/submissions/{draft['id']}/evidence",
        json={"url": "http://10.0.0.1/"},
        headers=cast.officer.headers,
    )
    assert body(answer, 201)["scan"] == "not_scanned"
    assert guarded.clamd.scanned == []


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_clamd_is_asked_over_a_socket_file_too(tmp_path: Path) -> None:
    clamd = Clamd()
    place = tmp_path / "clamd.sock"

    @asynccontextmanager
    async def listening() -> AsyncIterator[None]:
        server = await asyncio.start_unix_server(clamd.serve, place)
        yield
        server.close()
        await server.wait_closed()

    async with listening():
        assert await verdict(f"unix:{place}", pieces(b"a" * 200_000, b"b")) == "clean"
        assert await verdict(f"unix:{place}", pieces(b"X5O", b"!P")) == "infected"
    assert clamd.scanned == [200_001, 5]
    with pytest.raises(OSError, match=r"refused|No such"):
        await verdict(f"unix:{place}", pieces(b""))
