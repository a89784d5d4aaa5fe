"""Keys for systems: scopes, one body where it acts for one, expiry, revocation."""

from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import ApiKey, AuditEntry
from tests.cast import Cast
from tests.factories import assignment_of, body, opened_period


async def made_key(
    client: AsyncClient, cast: Cast, **values: Any
) -> tuple[dict[str, Any], dict[str, str]]:
    new = {"name": "Hệ thống A", "scopes": ["plan:read"], "expires_on": "2199-01-01"} | values
    key = body(await client.post("/v1/api-keys", json=new, headers=cast.admin.headers), 201)
    return key, {"authorization": f"Bearer {key['key']}", "accept-language": "en"}


async def test_a_key_may_do_what_its_scopes_say_and_nothing_else(
    client: AsyncClient, cast: Cast
) -> None:
    _, system = await made_key(client, cast)
    body(await client.get("/v1/indicators", headers=system))
    assert (await client.get("/v1/index", headers=system)).status_code == 403
    assert (await client.get("/v1/assignments", headers=system)).status_code == 403


async def test_a_key_of_one_body_reaches_that_body_only(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    scopes = ["assignments:read", "submissions:read", "submissions:write"]
    _, system = await made_key(client, cast, scopes=scopes, organisation="so-gddt")
    own, foreign = (
        await assignment_of(client, cast),
        await assignment_of(client, cast, "5.2.3", organisation="so-ct"),
    )
    listed = body(await client.get("/v1/assignments", headers=system))["items"]
    assert {item["organisation"]["code"] for item in listed} == {"so-gddt"}
    for duty, status in ((own, 201), (foreign, 404)):
        answer = await client.post(
            f"/v1/assignments/{duty['id']}/submissions", json={"value": 5}, headers=system
        )
        assert answer.status_code == status


async def test_what_a_key_did_is_written_down_under_its_name(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    scopes = ["assignments:read", "submissions:read", "submissions:write"]
    key, system = await made_key(client, cast, scopes=scopes, organisation="so-gddt")
    duty = await assignment_of(client, cast)
    path = f"/v1/assignments/{duty['id']}/submissions"
    assert (
        body(await client.post(path, json={"value": 5}, headers=system), 201)["created_by"]
        == key["name"]
    )
    entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "drafted"))
    assert entry is not None
    assert (entry.actor_kind, str(entry.actor_id)) == ("api_key", key["id"])


@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_a_key_that_is_revoked_or_expired_is_refused_as_if_unknown(
    client: AsyncClient, cast: Cast, session: AsyncSession, how: str
) -> None:
    key, system = await made_key(client, cast)
    body(await client.get("/v1/me", headers=system))
    if how == "revoked":
        path = f"/v1/api-keys/{key['id']}/revoke"
        shown = body(await client.post(path, headers=cast.admin.headers))
        assert shown["allowed_actions"] == []
        body(await client.post(path, headers=cast.admin.headers))  # repeating it does no harm
    else:
        await session.execute(text("UPDATE api_keys SET expires_at = now()"))
        await session.commit()
    refused = await client.get("/v1/me", headers=system)
    unknown = await client.get(
        "/v1/me", headers=system | {"authorization": "Bearer piik_00000000_x"}
    )
    assert refused.status_code == unknown.status_code == 401
    assert refused.json()["detail"] == unknown.json()["detail"]


async def test_the_last_use_of_a_key_is_shown(client: AsyncClient, cast: Cast) -> None:
    key, system = await made_key(client, cast)
    assert key["last_used_at"] is None
    await client.get("/v1/me", headers=system)
    shown = body(await client.get(f"/v1/api-keys/{key['id']}", headers=cast.admin.headers))
    assert shown["last_used_at"] is not None
    assert "key" not in shown


async def test_a_key_is_kept_as_a_hash_only(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    key, _ = await made_key(client, cast)
    row = (await session.execute(select(ApiKey.__table__))).one()
    assert key["key"] not in str(row)
    assert key["prefix"] == row.prefix
