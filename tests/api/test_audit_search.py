"""The audit log is found by what one knows of it, fast, and handed on as a table that runs nothing."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from deploy.embedded import Servers
from services.api.audit.queries import audit_statement
from shared.db import PooledDatabase, compiled
from tests.api.conftest import Stage
from tests.chain import committed_log, entry, linked_within
from tests.conftest import UndoneDatabase
from tests.factories import body

THEN = datetime(2026, 3, 1, tzinfo=UTC)
NEW = {"action": "stamped", "object_type": "letter"}


async def put(stage: Stage, *entries: dict[str, Any]) -> None:
    """Add entries to the stage's log, and link all of it."""
    async with UndoneDatabase(stage.connection).transaction() as session:
        for values in entries:
            session.add(entry(**{**NEW, **values}))
            await session.flush()
    await linked_within(stage.connection)


async def found(stage: Stage, question: str) -> list[Any]:
    headers = stage.cast.coordinator.headers
    return list(body(await stage.client.get(f"/v1/audit?{question}", headers=headers))["items"])


def objects(entries: list[Any]) -> list[str]:
    return [each["object_id"] for each in entries]


async def test_each_filter_finds_its_entries_latest_first(stage: Stage) -> None:
    trace, other = "a" * 32, "b" * 32
    await put(
        stage,
        {"object_id": "1", "at": THEN, "trace_id": trace, "reason": "Thiếu chữ ký của Giám đốc"},
        {"object_id": "2", "at": THEN + timedelta(hours=1), "action": "signed", "trace_id": other},
        {
            "object_id": "3",
            "at": THEN + timedelta(hours=2),
            "changes": {"note": [None, "Đổi mới"]},
            "reason": None,
            "trace_id": trace,
        },
    )
    for question, expected in {
        "object_type=letter": "321",
        "object_type=letter&object_id=2": "2",
        "action=stamped": "31",
        "action=signed&object_type=letter": "2",
        f"trace_id={trace}": "31",
        "object_type=letter&from=2026-03-01T01:00:00Z": "32",
        "object_type=letter&to=2026-03-01T01:00:00Z": "1",
        "object_type=letter&from=2026-03-01T07:30:00%2B07:00&to=2026-03-01T02:00:00Z": "2",
        "object_type=letter&from=2026-03-01&to=2026-03-01": "321",
        "object_type=letter&from=2026-03-02": "",
        "object_type=letter&to=2026-02-28": "",
        "q=chu+ky": "1",
        "q=CHỮ": "1",
        "q=doi+moi&object_type=letter": "3",
        "q=ky+chu+thieu&action=stamped": "1",
        "q=khong+co": "",
        "q=!!!": "",
        "q=note+'+|+:*&object_type=letter": "3",
        "actor=00000000-0000-0000-0000-000000000007&object_type=letter": "321",
    }.items():
        assert "".join(objects(await found(stage, question))) == expected, question


async def test_an_actor_is_found_by_part_of_his_name_or_login_as_they_are_today(
    stage: Stage,
) -> None:
    cast = stage.cast
    await put(
        stage,
        {"object_id": "1", "actor_id": cast.officer.id},
        {"object_id": "2", "actor_id": cast.viewer.id},
        {"object_id": "3", "actor_id": cast.head.id},
        {"object_id": "4", "actor_id": cast.officer.id},
    )
    filters = "&object_type=letter"
    assert objects(await found(stage, f"actor=OFFICER (thu nghiem){filters}")) == ["4", "1"]
    assert objects(await found(stage, f"actor=thử nghiệm{filters}")) == ["4", "3", "2", "1"]
    assert objects(await found(stage, f"actor=nobody{filters}")) == []
    first = f"/v1/audit?actor=nghiem{filters}&limit=3"
    page = body(await stage.client.get(first, headers=cast.admin.headers))
    assert objects(page["items"]) == ["4", "3", "2"]
    rest = f"{first}&cursor={page['next_cursor']}"
    page = body(await stage.client.get(rest, headers=cast.admin.headers))
    assert (objects(page["items"]), page["next_cursor"]) == (["1"], None)


async def test_a_name_that_too_many_have_is_refused(stage: Stage) -> None:
    await stage.connection.execute(
        text(
            "INSERT INTO users (id, login, name, email, password_hash) "
            "SELECT gen_random_uuid(), 'nhieu' || n, 'Nhiều', '', '' FROM generate_series(1, 101) AS n"
        )
    )
    answer = await stage.client.get("/v1/audit?actor=nhieu", headers=stage.cast.admin.headers)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pii:problem:too-many-actors"


async def test_a_persons_name_and_address_are_not_among_the_words(stage: Stage) -> None:
    changes = {"email": [None, "bimat@example.org"], "role": [None, "officer"]}
    await put(stage, {"object_type": "contact", "object_id": "9", "changes": changes})
    assert await found(stage, "q=bimat") == []
    assert objects(await found(stage, "q=email&object_id=9&object_type=contact")) == ["9"]


@pytest.mark.parametrize(
    "question",
    [
        "from=1700000000",
        "from=2026-3-1",
        "from=2026-02-30",
        "to=9999-12-31",
        "from=2026-03-01T00:00:00",
        "to=0001-01-01T00:00:00Z",
        "from=9999-12-31T23:59:59Z",
        "action=a b",
        "q=",
        "format=xml",
        "actor=",
        "since=2026-03-01T00:00:00Z",
    ],
)
async def test_a_wrong_question_is_refused(stage: Stage, question: str) -> None:
    answer = await stage.client.get(f"/v1/audit?{question}", headers=stage.cast.admin.headers)
    assert answer.status_code == 422, answer.text


def table(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("way", ["format", "accept"])
async def test_the_log_comes_as_a_table_in_which_nothing_is_run(stage: Stage, way: str) -> None:
    await put(
        stage,
        {"object_id": "=1+1", "reason": '@SUM("x"),\n;', "at": THEN},
        {"object_id": "2", "actor_name": "+84 Đào", "reason": None},
    )
    headers = stage.cast.admin.headers
    path = "/v1/audit?object_type=letter"
    if way == "format":
        answer = await stage.client.get(f"{path}&format=csv", headers=headers)
        assert "vary" not in answer.headers
    else:
        answer = await stage.client.get(path, headers=headers | {"accept": "text/csv"})
        assert answer.headers["vary"] == "accept"
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert "link" not in answer.headers
    second, first = table(answer.content)
    assert (first["object_id"], first["reason"]) == ("'=1+1", '\'@SUM("x"),\n;')
    assert first["at"] == "2026-03-01T00:00:00.000000Z"
    assert (second["actor_name"], second["reason"]) == ("'+84 Đào", "")
    assert second["changes"].startswith('{"email":')


async def test_a_long_table_leads_on_to_its_next_part(stage: Stage) -> None:
    await stage.connection.execute(
        text(
            "INSERT INTO audit_log (actor_kind, actor_name, action, object_type, object_id, changes, trace_id) "
            "SELECT 'system', 's', 'x', 'heap', n::text, '{}', '' FROM generate_series(1, 5001) AS n"
        )
    )
    path, headers = "/v1/audit?object_type=heap&format=csv", stage.cast.admin.headers
    answer = await stage.client.get(path, headers=headers)
    assert len(table(answer.content)) == 5_000
    target, _, relation = answer.headers["link"].partition("; ")
    assert relation == 'rel="next"'
    answer = await stage.client.get(target.strip("<>"), headers=headers)
    assert [row["object_id"] for row in table(answer.content)] == ["1"]
    assert "link" not in answer.headers


async def test_other_media_are_refused(stage: Stage) -> None:
    headers = stage.cast.admin.headers | {"accept": "image/png"}
    assert (await stage.client.get("/v1/audit", headers=headers)).status_code == 406


MANY = """
    INSERT INTO audit_log
      (at, actor_kind, actor_id, actor_name, action, object_type, object_id, changes, trace_id)
    SELECT timestamptz '2026-01-01' + n * interval '1 minute', 'user',
      md5('actor' || n % 100)::uuid, 'Người ' || n % 100, 'action' || n % 20, 'type' || n % 10,
      (n % 500)::text, '{}', md5(n::text)
    FROM generate_series(1, 60000) AS n
"""
VALUES: dict[str, Any] = {
    "object_type": "type3",
    "object_id": "3",
    "actor": "00000000-0000-0000-0000-000000000001",
    "action": "action3",
    "trace_id": "a" * 32,
    "since": datetime(2026, 1, 20, tzinfo=UTC),
    "until": datetime(2026, 1, 21, tzinfo=UTC),
    "actors": [entry().actor_id],
    "q": "'abc':*",
    "limit": 51,
    "before_at": datetime(2026, 1, 25, tzinfo=UTC),
    "before_id": 30_000,
}


@pytest.fixture(scope="module")
async def many(servers: Servers, blank: str) -> AsyncIterator[PooledDatabase]:
    async with committed_log(servers, blank) as database:
        async with database.transaction() as session:
            await session.execute(text(MANY))
        async with database.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO audit_words SELECT id, array_to_tsvector(ARRAY['w' || id % 9, 'abc' || id % 7000]) "
                    "FROM audit_log"
                )
            )
        async with database.transaction() as session:
            await session.execute(text("ANALYZE audit_log, audit_words"))
        yield database


@pytest.mark.parametrize(
    "filters",
    [
        {"object_type"},
        {"object_type", "object_id"},
        {"actor"},
        {"actors"},
        {"action"},
        {"trace_id"},
        {"since"},
        {"until"},
        {"since", "until"},
        {"since", "until", "action"},
        {"q"},
        {"q", "since"},
        {"actor", "action", "before_at"},
        {"actors", "object_type", "until"},
        {"before_at"},
    ],
    ids=lambda filters: "+".join(sorted(filters)),
)
async def test_no_list_searches_through_the_whole_log(
    many: PooledDatabase, filters: set[str]
) -> None:
    sql, names, defaults = compiled(audit_statement(frozenset(filters)))
    async with many.reading() as read:
        rows = await read._connection.fetch(  # noqa: SLF001 EXPLAIN is no select()
            f"EXPLAIN {sql}", *({**defaults, **VALUES}[name] for name in names)
        )
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan on audit_log" not in plan, plan
    assert "Seq Scan on audit_words" not in plan, plan
