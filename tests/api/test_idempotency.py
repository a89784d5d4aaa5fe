"""A POST sent twice is carried out once; its first answer is given again."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from deploy.embedded import Servers
from services.api.deps.idempotency import forget_old
from shared.db import PooledDatabase
from shared.models import AuditEntry, IdempotencyKey
from tests.api.conftest import Stage
from tests.cast import Person, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import PDF, body, drafted_period
from tests.waiting import until_waiting

PERIOD = {
    "code": "ky-2027",
    "name": "Kỳ",
    "framework": 2024,
    "reference_year": 2024,
    "due_on": "2030-01-01",
}


def keyed(who: Person, key: str = "lan-dau") -> dict[str, str]:
    return {**who.headers, "idempotency-key": key}


async def test_the_same_request_twice_is_carried_out_once(stage: Stage) -> None:
    headers = keyed(stage.cast.coordinator)
    first = await stage.client.post("/v1/periods", json=PERIOD, headers=headers)
    before = await stage.counts()
    second = await stage.client.post("/v1/periods", json=PERIOD, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    for name in ("etag", "location", "content-type"):
        assert first.headers[name] == second.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await stage.counts() == before


@pytest.mark.parametrize("change", [{"name": "Khác"}, {"code": "ky-2028"}])
async def test_the_same_key_with_another_body_is_refused(
    stage: Stage, change: dict[str, str]
) -> None:
    headers = keyed(stage.cast.coordinator)
    body(await stage.client.post("/v1/periods", json=PERIOD, headers=headers), 201)
    before = await stage.counts()
    answer = await stage.client.post("/v1/periods", json=PERIOD | change, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pii:problem:key-reused"
    assert await stage.counts() == before


async def test_the_same_key_on_another_path_is_refused(stage: Stage) -> None:
    headers = keyed(stage.cast.coordinator)
    body(await stage.client.post("/v1/periods/ky-nhap/open", headers=headers))
    answer = await stage.client.post("/v1/periods/ky-nhap/close", headers=headers)
    assert answer.json()["type"] == "urn:pii:problem:key-reused"


async def test_a_key_is_its_callers_own(stage: Stage) -> None:
    first = await stage.client.post(
        "/v1/periods", json=PERIOD, headers=keyed(stage.cast.coordinator)
    )
    body(first, 201)
    other = await stage.client.post(
        "/v1/periods", json=PERIOD, headers=keyed(stage.cast.second_coordinator)
    )
    assert other.status_code == 409
    assert other.json()["type"] == "urn:pii:problem:period-code-taken"


async def test_a_refusal_by_the_domain_is_replayed_and_changed_nothing(stage: Stage) -> None:
    headers = keyed(stage.cast.coordinator)
    path = "/v1/periods/ky-nhap/close"
    first = await stage.client.post(path, headers=headers)
    assert first.status_code == 409
    body(
        await stage.client.post("/v1/periods/ky-nhap/open", headers=stage.cast.coordinator.headers)
    )
    second = await stage.client.post(path, headers=headers)
    assert second.status_code == 409
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"
    knowingly = {"leave_unfinished": True}
    third = keyed(stage.cast.coordinator, "lan-hai")
    body(await stage.client.post(path, json=knowingly, headers=third))


async def test_a_refused_request_leaves_nothing_behind_but_its_answer(stage: Stage) -> None:
    before = await stage.counts()
    answer = await stage.client.post(
        "/v1/users",
        json={
            "login": "moi",
            "name": "Mới",
            "email": "m@example.org",
            "password": "mot-mat-khau-dai",
            "memberships": [{"organisation": "so-gi", "role": "officer"}],
        },
        headers=keyed(stage.cast.admin),
    )
    assert answer.status_code == 422
    after = await stage.counts()
    assert after.pop("idempotency_keys") == before.pop("idempotency_keys") + 1
    assert after == before


async def test_a_body_that_cannot_be_read_does_not_use_up_the_key(stage: Stage) -> None:
    headers = keyed(stage.cast.coordinator)
    broken = await stage.client.post("/v1/periods", json={"code": 5}, headers=headers)
    assert broken.status_code == 422
    body(await stage.client.post("/v1/periods", json=PERIOD, headers=headers), 201)


async def test_a_decision_is_taken_once(stage: Stage) -> None:
    headers = keyed(stage.cast.coordinator)
    path = f"/v1/submissions/{stage.mine['waiting']}/accept"
    seen = {"evidence_seen": True}
    first = body(await stage.client.post(path, json=seen, headers=headers))
    before = await stage.counts()
    assert body(await stage.client.post(path, json=seen, headers=headers)) == first
    assert await stage.counts() == before
    again = await stage.client.post(path, headers=stage.cast.coordinator.headers)
    assert again.status_code == 409


async def test_an_upload_is_taken_once_whatever_its_boundary(stage: Stage) -> None:
    headers = keyed(stage.cast.officer)
    path = f"/v1/submissions/{stage.mine['draft']}/evidence"

    async def upload(content: bytes = PDF, **fields: str) -> Any:
        return await stage.client.post(
            path, files={"file": ("a.pdf", content)}, data=fields, headers=headers
        )

    first = body(await upload(issuer="Sở"), 201)
    assert body(await upload(issuer="Sở"), 201) == first
    for other in (await upload(PDF + b" ", issuer="Sở"), await upload(issuer="Bộ")):
        assert other.json()["type"] == "urn:pii:problem:key-reused"
    shown = await stage.client.get(
        f"/v1/submissions/{stage.mine['draft']}", headers=stage.cast.officer.headers
    )
    assert len(body(shown)["evidence"]) == 2  # one was there before


async def test_an_upload_under_another_name_is_another_upload(stage: Stage) -> None:
    headers = keyed(stage.cast.officer)
    path = f"/v1/submissions/{stage.mine['draft']}/evidence"
    body(await stage.client.post(path, files={"file": ("a.pdf", PDF)}, headers=headers), 201)
    other = await stage.client.post(path, files={"file": ("b.pdf", PDF)}, headers=headers)
    assert other.json()["type"] == "urn:pii:problem:key-reused"


async def test_the_secret_of_an_api_key_is_told_once_and_kept_nowhere(stage: Stage) -> None:
    headers = keyed(stage.cast.admin)
    new = {"name": "k", "scopes": ["plan:read"], "expires_on": "2030-01-01"}
    first = body(await stage.client.post("/v1/api-keys", json=new, headers=headers), 201)
    second = body(await stage.client.post("/v1/api-keys", json=new, headers=headers), 201)
    assert first["key"].startswith("piik_")
    assert second == first | {"key": None}
    kept = await stage.connection.execute(select(IdempotencyKey.body, IdempotencyKey.headers))
    secret = first["key"].rpartition("_")[2]
    assert all(secret.encode() not in row.body and secret not in str(row.headers) for row in kept)
    changes = await stage.connection.scalars(select(AuditEntry.changes))
    assert all(secret not in str(entry) for entry in changes)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\x7f"])
async def test_a_key_that_is_none_is_refused(stage: Stage, key: str) -> None:
    answer = await stage.client.post(
        "/v1/periods", json=PERIOD, headers=keyed(stage.cast.coordinator, key)
    )
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]


async def test_the_second_of_two_at_once_is_told_to_wait(servers: Servers, template: str) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url, pool=2)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            await drafted_period(client, cast)
            headers = keyed(cast.coordinator)
            async with database.transaction() as holder:
                # Holds the period, so that the first request waits inside its transaction.
                await holder.execute(text("SELECT 1 FROM periods FOR UPDATE"))
                first = asyncio.create_task(
                    client.post("/v1/periods/ky-2024/open", headers=headers)
                )
                await until_waiting(database)
                second = await client.post("/v1/periods/ky-2024/open", headers=headers)
                assert second.status_code == 409
                assert second.json()["type"] == "urn:pii:problem:still-running"
            opened = body(await first)
            replayed = await client.post("/v1/periods/ky-2024/open", headers=headers)
            assert body(replayed) == opened
        await database.close()


async def test_many_at_once_make_one(servers: Servers, template: str) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url, pool=1)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            headers = keyed(cast.coordinator)
            answers = await asyncio.gather(
                *(client.post("/v1/periods", json=PERIOD, headers=headers) for _ in range(8))
            )
            codes = [answer.status_code for answer in answers]
            assert set(codes) <= {201, 409}
            assert 201 in codes
            listed = body(await client.get("/v1/periods", headers=cast.coordinator.headers))
            assert len(listed["items"]) == 1
        await database.close()


async def test_keys_are_forgotten_after_a_day(
    session: AsyncSession, connection: AsyncConnection
) -> None:
    now = await session.scalar(select(func.now()))
    assert now is not None
    for hours in (23, 25):
        await connection.execute(
            text(
                "INSERT INTO idempotency_keys (caller_id, key, request_hash, status, headers, body, created_at) "
                "VALUES (gen_random_uuid(), :key, '', 200, '{}', '', now() - make_interval(hours => :hours))"
            ),
            {"key": str(hours), "hours": hours},
        )
    await forget_old(session, now=now)
    assert (await session.scalars(select(IdempotencyKey.key))).all() == ["23"]
