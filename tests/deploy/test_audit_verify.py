"""``pii audit`` as it is called: whatever is tampered with is named, and what it hands on can be checked elsewhere."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.embedded import Servers
from services.api.audit.hand import erase_person
from services.api.audit.sealing import close_days
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from shared.db import PooledDatabase
from tests.chain import SOMEBODY, committed_log, sealed, signer, tampered, written

TODAY = today_in_hanoi()
GUIDE = Path("docs/operating/audit.md")


@dataclass(frozen=True)
class Log:
    """Five entries of a day that is over and signed, and four of today."""

    database: PooledDatabase
    folder: Path
    ids: list[int]

    async def pii(self, *arguments: str | Path) -> Result:
        url = self.database.engine.url.render_as_string(hide_password=False)
        environment = {
            "DATABASE_URL": url,
            "REDIS_URL": "redis://127.0.0.1:1",
            "SMTP_URL": "smtp://127.0.0.1:1",
            "AUDIT_KEY_FILE": str(self.folder / "audit-key.pem"),
        }
        words = ["audit", *map(str, arguments)]
        return await asyncio.to_thread(CliRunner(env=environment).invoke, app, words)

    async def kept(self, *arguments: str) -> Path:
        """Keep a head elsewhere."""
        file = self.folder / f"head{len(list(self.folder.iterdir()))}.json"
        shown = await self.pii("head", *arguments)
        assert shown.exit_code == 0, shown.output
        file.write_text(shown.stdout)
        return file


@pytest.fixture
async def log(servers: Servers, blank: str, tmp_path: Path) -> AsyncIterator[Log]:
    async with committed_log(servers, blank) as database:
        ids = await written(database, 5)
        await sealed(database, day=TODAY - timedelta(days=1))
        async with database.transaction() as session:
            await close_days(session, signer(tmp_path), today=TODAY, now=datetime.now(UTC))
        ids += await written(database, 4)
        await sealed(database, day=TODAY)
        yield Log(database, tmp_path, ids)


async def test_a_log_that_nobody_touched_is_intact(log: Log) -> None:
    done = await log.pii("verify")
    assert done.exit_code == 0, done.output
    assert "intact: 9 links, 1 heads, signed by " in done.stdout


@pytest.mark.parametrize(
    ("statement", "named", "said"),
    [
        ("UPDATE audit_log SET reason = 'x' WHERE id = {3}", 3, "no longer what was linked"),
        ("UPDATE audit_log SET reason = NULL WHERE id = {9}", 9, "no longer what was linked"),
        ("UPDATE audit_log SET at = at + interval '1 us' WHERE id = {1}", 1, "no longer what was"),
        ("UPDATE audit_log SET actor_id = gen_random_uuid() WHERE id = {2}", 2, "no longer what"),
        (
            "UPDATE audit_log SET changes = changes || '{{\"weight\": [0.1, 7.5]}}' WHERE id = {4}",
            4,
            "no longer",
        ),
        ("UPDATE audit_log SET actor_name = 'Trần B' WHERE id = {3}", 3, "(differs: /actor_name)"),
        (
            'UPDATE audit_log SET changes = changes || \'{{"email": ["x", "y"]}}\' WHERE id = {3}',
            3,
            "(differs: /changes/email)",
        ),
        (
            "UPDATE audit_log SET actor_name = '(đã xóa / erased)' WHERE id = {3}",
            3,
            "(differs: /actor_name)",
        ),
        ("UPDATE audit_personal SET digest = '\\x00' WHERE audit_id = {3}", 3, "no longer what"),
        ("DELETE FROM audit_personal WHERE audit_id = {3}", 3, "(differs: /actor_name)"),
        ("DELETE FROM audit_log WHERE id = {3}", 3, "the entry was removed"),
        ("DELETE FROM audit_log WHERE id = {9}", 9, "the entry was removed"),
        ("UPDATE audit_links SET hash = '\\x00' WHERE seq = 3", 3, "the link's hash was rewritten"),
        ("UPDATE audit_links SET day = day - 1 WHERE seq = 3", 3, "no longer what was linked"),
    ],
)
async def test_what_was_tampered_with_is_named(
    log: Log, statement: str, named: int, said: str
) -> None:
    await tampered(log.database, statement.format(None, *log.ids))
    done = await log.pii("verify")
    assert done.exit_code == 1
    first = done.stdout.splitlines()[0]
    assert f"link {named}, audit entry {log.ids[named - 1]}" in first
    assert said in first
    assert "NOT intact: 9 links" in done.stdout
    if "no longer" in said:
        assert ", changed: " in first  # its action
        assert len(re.findall("audit entry", done.stdout)) == 1  # the others still fit


async def test_an_entry_that_was_put_in_past_the_system_is_named(log: Log) -> None:
    columns = "at, actor_kind, actor_name, action, object_type, object_id, changes, trace_id"
    await tampered(
        log.database,
        f"INSERT INTO audit_log ({columns}) VALUES (now(), 'system', 's', 'accept', 'x', 'y', '{{}}', '')",  # noqa: S608
    )
    done = await log.pii("verify")
    assert done.exit_code == 1
    assert "accept: the entry was put in past the system" in done.stdout.splitlines()[0]


async def test_a_link_that_was_removed_is_named_and_its_entry_too(log: Log) -> None:
    await tampered(log.database, "DELETE FROM audit_links WHERE seq = 4")
    done = await log.pii("verify")
    assert done.exit_code == 1
    first, second, *_ = done.stdout.splitlines()
    assert first == "link 4: the link was removed"
    assert f"audit entry {log.ids[3]}" in second


async def test_an_entry_that_has_just_been_written_is_no_fault(log: Log) -> None:
    await written(log.database, 2)
    assert (await log.pii("verify")).exit_code == 0


async def rewritten(log: Log) -> None:
    """Change an entry of the day that is signed, and link all anew, as who knows the code would."""
    statements = [
        "UPDATE audit_log SET reason = 'x' WHERE id = {3}",
        "DELETE FROM audit_links",
        "DELETE FROM audit_personal",
        "INSERT INTO audit_waiting SELECT id FROM audit_log ORDER BY id LIMIT 5",
    ]
    await tampered(log.database, *(each.format(None, *log.ids) for each in statements))
    heads = "ALTER TABLE audit_heads DISABLE TRIGGER never_changed"
    await tampered(
        log.database, heads, "CREATE TABLE kept AS TABLE audit_heads", "DELETE FROM audit_heads"
    )
    await sealed(log.database, day=TODAY - timedelta(days=1))
    await tampered(
        log.database,
        "INSERT INTO audit_heads SELECT * FROM kept",
        "INSERT INTO audit_waiting SELECT id FROM audit_log ORDER BY id OFFSET 5",
    )
    await sealed(log.database, day=TODAY)


async def test_a_chain_that_was_made_anew_does_not_meet_the_signed_head(log: Log) -> None:
    await rewritten(log)
    done = await log.pii("verify")
    assert done.exit_code == 1
    yesterday = TODAY - timedelta(days=1)
    assert (
        f"head of {yesterday}, link 5: the chain at the end of this day is not what was signed"
        in done.stdout
    )


async def test_a_head_kept_elsewhere_shows_what_no_head_of_ours_shows(log: Log) -> None:
    yesterday = str(TODAY - timedelta(days=1))
    kept = [await log.kept("--day", yesterday), await log.kept()]
    arguments: list[str | Path] = ["--head", kept[0], "--head", kept[1]]
    await written(log.database, 1)
    await sealed(log.database, day=TODAY)
    assert (await log.pii("verify", *arguments)).exit_code == 0
    await rewritten(log)
    # Signed anew with the system's own key: inside nothing is wrong any more.
    await tampered(log.database, "DELETE FROM audit_heads")
    async with log.database.transaction() as session:
        await close_days(session, signer(log.folder), today=TODAY, now=datetime.now(UTC))
    assert (await log.pii("verify")).exit_code == 0
    done = await log.pii("verify", *arguments)
    assert done.exit_code == 1
    assert done.stdout.count("is not what was signed") == 2


async def test_an_end_that_was_cut_off_is_missed_by_a_kept_head_alone(log: Log) -> None:
    kept = await log.kept()
    await tampered(
        log.database,
        "DELETE FROM audit_links WHERE seq > 7",
        f"DELETE FROM audit_log WHERE id > {log.ids[6]}",  # noqa: S608
    )
    assert (await log.pii("verify")).exit_code == 0
    done = await log.pii("verify", "--head", kept)
    assert done.exit_code == 1
    assert "link 9: the chain is shorter than this head: its end was removed" in done.stdout


async def test_a_head_is_believed_only_if_a_key_that_may_sign_signed_it(
    log: Log, tmp_path: Path
) -> None:
    ours = tmp_path / "ours.pub"
    shown = await log.pii("key")
    ours.write_text(shown.stdout)
    assert shown.stdout.startswith("-----BEGIN PUBLIC KEY-----")
    assert (await log.pii("verify", "--public-key", ours)).exit_code == 0
    other = tmp_path / "other.pub"
    other.write_text(signer(tmp_path / "other").public_key)
    done = await log.pii("verify", "--public-key", other)
    assert done.exit_code == 1
    assert "the head's signature is not by a key that may sign" in done.stdout
    assert (await log.pii("verify", "--public-key", other, "--public-key", ours)).exit_code == 0
    await tampered(log.database, "UPDATE audit_heads SET sealed_at = sealed_at - interval '1 day'")
    assert (await log.pii("verify")).exit_code == 1


async def test_a_head_that_was_removed_between_others_is_missed(log: Log) -> None:
    await written(log.database, 1)
    await sealed(log.database, day=TODAY + timedelta(days=1))
    async with log.database.transaction() as session:
        later = TODAY + timedelta(days=2)
        await close_days(session, signer(log.folder), today=later, now=datetime.now(UTC))
    yesterday = TODAY - timedelta(days=1)
    await tampered(log.database, f"DELETE FROM audit_heads WHERE day = '{yesterday}'")  # noqa: S608
    done = await log.pii("verify")
    assert done.exit_code == 1
    assert (
        done.stdout.splitlines()[0]
        == f"head of {yesterday}: the signed head of this day was removed"
    )


@pytest.mark.parametrize("content", ["", "{}", '{"kind": "pii-audit-head"}', "[1]"])
async def test_a_file_that_is_no_head_is_refused(log: Log, content: str) -> None:
    file = log.folder / "wrong.json"
    file.write_text(content)
    done = await log.pii("verify", "--head", file)
    assert (done.exit_code, done.stderr) == (2, f"{file} is no head of an audit log.\n")


async def test_a_day_without_links_has_no_head(log: Log) -> None:
    done = await log.pii("head", "--day", "2020-01-01")
    assert (done.exit_code, done.stderr) == (2, "There is no link of 2020-01-01.\n")


async def export(log: Log, *more: str) -> Path:
    file = log.folder / "audit.jsonl"
    yesterday = str(TODAY - timedelta(days=1))
    done = await log.pii("export", "--from", yesterday, "--to", str(TODAY), "--output", file, *more)
    assert (done.exit_code, done.stderr) == (0, f"wrote 9 links to {file}\n")
    return file


def recipe(file: Path) -> subprocess.CompletedProcess[str]:
    """Run what the guide tells a third party to run, with Python alone."""
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return subprocess.run(
        [sys.executable, "-I", "-c", code, str(file)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("more", [(), ("--without-names",)])
async def test_an_export_is_verified_by_the_guides_recipe(log: Log, more: tuple[str, ...]) -> None:
    file = await export(log, *more)
    assert file.stat().st_mode & 0o777 == 0o600
    done = await asyncio.to_thread(recipe, file)
    assert done.returncode == 0, done.stderr
    head = json.loads((await log.pii("head")).stdout)
    assert done.stdout == f"9 links fit, the last hash is {head['hash']}\n"
    assert ("Nguyễn Văn Đổi" in file.read_text("utf-8")) == (not more)


def other_reason(link: dict[str, Any]) -> None:
    link["linked"]["entry"]["reason"] = "khác"


def other_name(link: dict[str, Any]) -> None:
    link["personal"]["/actor_name"]["value"] = "Trần B"


@pytest.mark.parametrize("change", [other_reason, other_name])
async def test_a_line_that_was_changed_is_named_by_the_recipe(
    log: Log, change: Callable[[dict[str, Any]], None]
) -> None:
    file = await export(log)
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    change(lines[3])
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = await asyncio.to_thread(recipe, file)
    assert done.returncode == 1
    assert "link 4" in done.stderr


async def test_an_export_of_a_day_in_the_middle_starts_from_the_hash_before(log: Log) -> None:
    file = log.folder / "today.jsonl"
    done = await log.pii("export", "--from", str(TODAY), "--to", str(TODAY), "--output", file)
    assert done.exit_code == 0
    assert (await asyncio.to_thread(recipe, file)).stdout.startswith("4 links fit")


async def test_a_broken_chain_is_not_exported(log: Log) -> None:
    await tampered(log.database, f"DELETE FROM audit_log WHERE id = {log.ids[2]}")  # noqa: S608
    file = log.folder / "audit.jsonl"
    done = await log.pii("export", "--from", "2020-01-01", "--to", str(TODAY), "--output", file)
    assert done.exit_code == 2
    assert "link 3" in done.stderr
    assert not file.exists()


async def test_a_log_of_which_a_person_was_erased_is_intact_and_so_is_its_export(log: Log) -> None:
    await written(log.database, 1)  # not linked yet
    nobody = Caller(UUID(int=0), "user", "", "", (), {})
    async with log.database.transaction() as session:
        places = await erase_person(session, nobody, ("user", SOMEBODY), contacts=[], reason="x")
    assert places == 10
    assert await sealed(log.database, day=TODAY) == 2
    done = await log.pii("verify")
    assert done.exit_code == 0, done.output
    file = log.folder / "audit.jsonl"
    await log.pii("export", "--from", "2020-01-01", "--to", str(TODAY), "--output", file)
    assert "Nguyễn" not in file.read_text("utf-8")
    assert (await asyncio.to_thread(recipe, file)).stdout.startswith("11 links fit")
    await tampered(log.database, f"DELETE FROM audit_log WHERE id = {log.ids[8] + 2}")  # noqa: S608
    done = await log.pii("verify")
    assert done.exit_code == 1
    assert "names were erased that this entry does not tell of" in done.stdout


async def test_the_key_is_made_once_and_its_public_half_shown(log: Log) -> None:
    file = log.folder / "audit-key.pem"
    file.unlink()
    first = await log.pii("key")
    assert f"made {file}" in first.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    second = await log.pii("key")
    assert second.stdout == first.stdout
    assert "made" not in second.stderr
    file.write_text("no key")
    for words in (["key"], ["head"], ["verify"]):
        refused = await log.pii(*words)
        assert (refused.exit_code, refused.stderr) == (2, f"{file} holds no Ed25519 key in PEM.\n")


async def test_a_long_chain_tells_how_far_it_is(log: Log) -> None:
    await tampered(
        log.database,
        "INSERT INTO audit_links (seq, audit_id, day, hash) "
        "SELECT n, -n, current_date, '\\x00' FROM generate_series(10, 20100) AS n",
    )
    done = await log.pii("verify")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == ["10,000 of 20,100 links", "20,000 of 20,100 links"]
    assert "… and" in done.stdout
