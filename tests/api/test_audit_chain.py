"""Entries are linked apart from those who write them: none is lost, none twice, and nobody waits."""

import asyncio
import hashlib
import json
import stat
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import func, insert, select, text

from deploy.embedded import Servers
from deploy.migrate import alembic_config
from services.api.audit import heads
from services.api.audit.form import FORM, GENESIS, canonical, digest, instant, linked
from services.api.audit.sealing import WAITING, close_days, seal, seal_forever
from services.api.audit.signing import (
    AuditKeyError,
    is_signed,
    load_public,
    load_signer,
    make_key,
)
from shared.db import PooledDatabase
from shared.models import AuditEntry, AuditHead, AuditLink, AuditPersonal, AuditWaiting
from tests.chain import DAY, SOMEBODY, committed_log, entry, found_in, sealed, signer, written
from tests.conftest import copied_database, settings_for


@pytest.fixture
async def log(servers: Servers, blank: str) -> AsyncIterator[PooledDatabase]:
    async with committed_log(servers, blank) as database:
        yield database


async def order(log: PooledDatabase) -> list[int]:
    """List the linked entries in the chain's order; it has no gaps."""
    async with log.transaction() as session:
        links = (await session.scalars(select(AuditLink).order_by(AuditLink.seq))).all()
    assert [link.seq for link in links] == list(range(1, len(links) + 1))
    return [link.audit_id for link in links]


async def test_every_entry_is_linked_once_in_order(log: PooledDatabase) -> None:
    ids = await written(log, 1_234)
    assert await sealed(log) == 1_234
    assert await order(log) == ids
    assert await found_in(log) == []
    assert await sealed(log) == 0


async def test_a_link_is_the_hash_of_the_form_that_is_documented(log: PooledDatabase) -> None:
    """Written out by hand: who changes the form makes every chain that exists invalid."""
    moment = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
    (number,) = await written(log, 1, at=moment)
    await sealed(log)
    async with log.transaction() as session:
        kept = (await session.scalars(select(AuditPersonal).order_by(AuditPersonal.place))).all()
        link = (await session.scalars(select(AuditLink))).one()
    name, email = kept
    assert name.salt is not None
    assert len(name.salt) == 16
    assert name.digest == hashlib.sha256(name.salt + '"Nguyễn Văn Đổi"'.encode()).digest()
    written_out = (
        f'{{"day":"2026-11-23","entry":{{"action":"changed","actor_id":"{SOMEBODY}","actor_kind":"user",'
        f'"actor_name":{{"sha256":"{name.digest.hex()}"}},"at":"2026-11-23T01:02:03.000000Z",'
        f'"changes":{{"email":{{"sha256":"{email.digest.hex()}"}},"weight":[0.1,7.0]}},"id":{number},'
        '"object_id":"so-gddt","object_type":"contact","reason":"Đổi người phụ trách",'
        f'"trace_id":"{"0" * 32}"}},"form":1,"seq":1}}'
    )
    genesis = hashlib.sha256(b"PII audit log, form 1").digest()
    assert link.hash == hashlib.sha256(genesis + written_out.encode()).digest()


async def test_an_entry_that_commits_late_is_linked_late_and_not_lost(log: PooledDatabase) -> None:
    async with log.sessions() as slow:
        first = entry()
        slow.add(first)
        await slow.flush()
        (second,) = await written(log, 1)
        assert first.id < second
        assert await sealed(log) == 1
        assert await order(log) == [second]
        await slow.commit()
    assert await sealed(log) == 1
    assert await order(log) == [second, first.id]
    assert await found_in(log) == []


async def test_what_is_rolled_back_leaves_nothing_that_waits(log: PooledDatabase) -> None:
    async with log.sessions() as session:
        session.add(entry())
        await session.flush()
        await session.rollback()
    assert await sealed(log) == 0


async def test_two_that_seal_at_once_link_each_entry_once(log: PooledDatabase) -> None:
    ids = await written(log, 200)

    counts: list[int] = []

    async def some() -> None:
        while sum(counts) < len(ids):
            async with log.transaction() as session:
                count = await seal(session, today=DAY, limit=10)
            counts.append(count)

    async with asyncio.timeout(30):
        await asyncio.gather(some(), some(), some())
    assert sum(counts) == 200
    assert sorted(await order(log)) == ids
    assert await found_in(log) == []


async def test_nobody_who_writes_waits_for_the_sealing(log: PooledDatabase) -> None:
    await written(log, 3)
    async with log.sessions() as sealing:
        assert await seal(sealing, today=DAY) == 3
        async with log.transaction() as session:
            await session.execute(text("SET LOCAL lock_timeout = '100ms'"))
            session.add(entry())
        async with log.transaction() as session:
            assert await seal(session, today=DAY) == 0  # another one is at it
        await sealing.commit()
    assert await sealed(log) == 1


async def test_what_waits_is_found_without_a_search_through_the_log(log: PooledDatabase) -> None:
    await written(log, 5_000)
    await sealed(log)
    await written(log, 20)
    async with log.transaction() as session:
        for table in ("audit_log", "audit_waiting", "audit_links"):
            await session.execute(text(f"ANALYZE {table}"))
    async with log.transaction() as session:
        statement = WAITING.limit(500).compile(compile_kwargs={"literal_binds": True})
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {statement}")))
    assert "pk_audit_log" in plan
    assert "Seq Scan on audit_log" not in plan


async def test_entries_that_were_there_before_the_chain_are_linked(
    servers: Servers, blank: str
) -> None:
    async with copied_database(servers, blank) as url:
        database_url = settings_for(servers, url).database_url
        config = alembic_config(database_url)
        await asyncio.to_thread(command.downgrade, config, "e5f3c2d4a6b7")
        database = PooledDatabase(database_url, pool=2)
        await written(database, 3)
        await asyncio.to_thread(command.upgrade, config, "head")
        assert await sealed(database) == 3
        assert await found_in(database) == []
        await database.close()


async def test_a_day_that_is_over_gets_one_signed_head(log: PooledDatabase, tmp_path: Path) -> None:
    key, now = signer(tmp_path), datetime(2026, 11, 25, 1, tzinfo=UTC)
    await written(log, 2)
    await sealed(log, day=DAY - timedelta(days=3))
    await written(log, 3)
    await sealed(log, day=DAY)
    async with log.transaction() as session:
        assert await close_days(session, key, today=DAY, now=now) == [DAY - timedelta(days=3)]
    async with log.transaction() as session:
        assert await close_days(session, key, today=DAY + timedelta(days=2), now=now) == [DAY]
    async with log.transaction() as session:
        assert await close_days(session, key, today=DAY + timedelta(days=2), now=now) == []
        rows = await session.execute(select(*AuditHead.__table__.columns))
        first, second = (dict(row) for row in rows.mappings())
    assert (first["links"], first["last_seq"], first["previous_hash"]) == (2, 2, GENESIS)
    assert (second["links"], second["last_seq"], second["previous_hash"]) == (3, 5, first["hash"])
    shown = json.loads(json.dumps(heads.document(second)))
    assert is_signed(shown, load_public(key.public_key))
    assert not is_signed({**shown, "links": 4}, load_public(key.public_key))
    assert not is_signed({**shown, "signature": "no"}, load_public(key.public_key))


async def test_a_clock_that_goes_back_adds_nothing_to_a_day_that_was_signed(
    log: PooledDatabase, tmp_path: Path
) -> None:
    await written(log, 1)
    await sealed(log)
    async with log.transaction() as session:
        await close_days(
            session, signer(tmp_path), today=DAY + timedelta(days=1), now=datetime.now(UTC)
        )
    await written(log, 1)
    await sealed(log, day=DAY - timedelta(days=5))
    async with log.transaction() as session:
        days = (await session.scalars(select(AuditLink.day).order_by(AuditLink.seq))).all()
    assert days == [DAY, DAY + timedelta(days=1)]


async def test_the_loop_links_and_signs_and_goes_on_without_a_key(
    log: PooledDatabase, tmp_path: Path
) -> None:
    await written(log, 2)
    await sealed(log, day=date(2020, 1, 1))
    await written(log, 700)
    file = tmp_path / "audit-key.pem"
    file.write_text("no key")
    loop = asyncio.create_task(seal_forever(log, file, pause=0.02))

    async def until(statement: str) -> None:
        async with asyncio.timeout(20):
            while True:
                async with log.transaction() as session:
                    if await session.scalar(text(statement)):
                        return
                await asyncio.sleep(0.02)

    await until("SELECT count(*) = 702 FROM audit_links")
    file.unlink()
    make_key(file)
    await until("SELECT count(*) = 1 FROM audit_heads")
    loop.cancel()
    async with log.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(AuditWaiting)) == 0


def test_the_key_is_its_owners_alone_and_never_made_twice(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "audit-key.pem"
    assert load_signer(file) is None
    assert make_key(file)
    first = file.read_bytes()
    assert not make_key(file)
    assert file.read_bytes() == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", ["", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key.pem"
    file.write_text(content)
    with pytest.raises(AuditKeyError):
        load_signer(file)
    with pytest.raises(AuditKeyError):
        load_public(content)


def test_the_canonical_form_is_one_for_what_is_equal() -> None:
    moment = datetime.fromisoformat("2026-11-23T08:02:03+07:00")
    row = {
        "id": 1,
        "at": moment,
        "actor_kind": "user",
        "actor_id": UUID(int=1),
        "actor_name": "A",
        "action": "changed",
        "object_type": "user",
        "object_id": "x",
        "changes": {"b": [None, "ổ"], "a": [1.0, 2]},
        "reason": None,
        "trace_id": "",
    }
    digests = {"/actor_name": digest(b"salt", "A")}
    content = linked(row, digests, seq=1, day=DAY)
    assert content["form"] == FORM
    turned = {**row, "changes": {"a": [1.0, 2], "b": [None, "ổ"]}, "at": moment.astimezone(UTC)}
    assert canonical(content) == canonical(linked(turned, digests, seq=1, day=DAY))
    assert instant(moment) == "2026-11-23T01:02:03.000000Z"
    assert "ổ".encode() in canonical(content)


async def test_the_database_keeps_links_heads_and_salts_as_they_are(log: PooledDatabase) -> None:
    await written(log, 1)
    await sealed(log)
    for statement in (
        "UPDATE audit_personal SET salt = NULL, erased_by = 1",
        "UPDATE audit_personal SET salt = '\\x00'",
        "DELETE FROM audit_personal",
        "UPDATE audit_links SET hash = '\\x00'",
        "DELETE FROM audit_links",
    ):
        with pytest.raises(Exception, match="is history"):
            async with log.transaction() as session:
                await session.execute(text(statement))
    with pytest.raises(Exception, match="ck_audit_personal_place"):
        async with log.transaction() as session:
            await session.execute(
                insert(AuditPersonal).values(audit_id=1, place="/reason", digest=b"", salt=b"")
            )
    async with log.transaction() as session:
        assert (await session.scalars(select(AuditEntry))).one().actor_name == "Nguyễn Văn Đổi"
