"""Sign in, stay signed in, sign out; guessing passwords becomes slow."""

from datetime import UTC, datetime, timedelta

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.caller import token_hash
from services.api.identity.locking import locked_until
from services.api.identity.passwords import Passwords
from shared.models import SignIn, User
from tests.cast import Cast
from tests.factories import body

PASSWORD = "mot-mat-khau-dai"


@pytest.fixture
async def with_password(session: AsyncSession, cast: Cast) -> Cast:
    hashed = await Passwords().hash(PASSWORD)
    await session.execute(update(User).where(User.login == "officer").values(password_hash=hashed))
    await session.commit()
    return cast


async def sign_in(
    client: AsyncClient, login: str = "officer", password: str = PASSWORD
) -> Response:
    return await client.post(
        "/v1/auth/token",
        json={"login": login, "password": password},
        headers={"accept-language": "en"},
    )


async def me(client: AsyncClient, token: str) -> Response:
    return await client.get("/v1/me", headers={"authorization": f"Bearer {token}"})


async def refresh(client: AsyncClient, token: str) -> Response:
    return await client.post("/v1/auth/refresh", json={"refresh_token": token})


@pytest.mark.usefixtures("with_password")
async def test_the_right_password_opens_and_tells_who_one_is(client: AsyncClient) -> None:
    answer = await sign_in(client)
    tokens = body(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 1800)
    mine = body(await me(client, tokens["access_token"]))
    assert mine["login"] == "officer"
    assert mine["memberships"] == [{"role": "officer", "organisation": "so-gddt"}]
    assert mine["permissions"]["submissions:write"] == "own"
    assert "submissions:review" not in mine["permissions"]


@pytest.mark.usefixtures("with_password")
async def test_capitals_in_a_login_do_not_matter(client: AsyncClient) -> None:
    body(await sign_in(client, "OFFICER"))


@pytest.mark.usefixtures("with_password")
async def test_a_wrong_password_and_an_unknown_login_are_refused_alike(client: AsyncClient) -> None:
    wrong, unknown = await sign_in(client, password="x"), await sign_in(client, "nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["detail"] == unknown.json()["detail"]


@pytest.mark.usefixtures("with_password")
async def test_five_misses_lock_the_account_even_for_the_right_password(
    client: AsyncClient, session: AsyncSession
) -> None:
    assert [(await sign_in(client, password="x")).status_code for _ in range(5)] == [401] * 5
    locked = await sign_in(client)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 31
    await session.execute(text("UPDATE users SET locked_until = now() WHERE login = 'officer'"))
    await session.commit()
    body(await sign_in(client))
    assert (await session.scalar(select(User.failed_attempts).where(User.login == "officer"))) == 0


def test_each_further_miss_locks_twice_as_long_up_to_a_quarter_of_an_hour() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert locked_until(4, now=now) is None
    waits = [until - now for n in (5, 6, 7, 9, 10, 500) if (until := locked_until(n, now=now))]
    assert waits == [timedelta(seconds=s) for s in (30, 60, 120, 480, 900, 900)]


@pytest.mark.usefixtures("with_password")
async def test_a_refresh_token_works_once_and_its_return_ends_the_sign_in(
    client: AsyncClient,
) -> None:
    first = body(await sign_in(client))
    second = body(await refresh(client, first["refresh_token"]))
    assert (await me(client, first["access_token"])).status_code == 401
    body(await me(client, second["access_token"]))
    assert (await refresh(client, first["refresh_token"])).status_code == 401
    # Whoever stole it, neither goes on.
    assert (await me(client, second["access_token"])).status_code == 401
    assert (await refresh(client, second["refresh_token"])).status_code == 401


@pytest.mark.usefixtures("with_password")
async def test_signing_out_ends_both_tokens_at_once(client: AsyncClient) -> None:
    tokens = body(await sign_in(client))
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await client.post("/v1/auth/revoke", headers=headers)).status_code == 204
    assert (await me(client, tokens["access_token"])).status_code == 401
    assert (await refresh(client, tokens["refresh_token"])).status_code == 401


@pytest.mark.usefixtures("with_password")
async def test_a_new_password_ends_the_other_sign_ins_and_not_this_one(client: AsyncClient) -> None:
    here, elsewhere = body(await sign_in(client)), body(await sign_in(client))
    headers = {"authorization": f"Bearer {here['access_token']}"}
    change = {"current_password": PASSWORD, "new_password": "mot-mat-khau-khac"}
    wrong = await client.post(
        "/v1/me/password", json=change | {"current_password": "x"}, headers=headers
    )
    assert wrong.json()["errors"][0]["pointer"] == "/current_password"
    assert (await client.post("/v1/me/password", json=change, headers=headers)).status_code == 204
    body(await me(client, here["access_token"]))
    assert (await me(client, elsewhere["access_token"])).status_code == 401
    assert (await sign_in(client)).status_code == 401
    body(await sign_in(client, password="mot-mat-khau-khac"))


async def test_an_expired_token_opens_nothing(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    own = SignIn.access_hash == token_hash(cast.officer.token)
    await session.execute(
        update(SignIn).where(own).values(access_expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    )
    await session.commit()
    assert (await me(client, cast.officer.token)).status_code == 401


@pytest.mark.usefixtures("with_password")
async def test_tokens_and_passwords_are_kept_as_hashes_only(
    client: AsyncClient, session: AsyncSession
) -> None:
    tokens = body(await sign_in(client))
    kept = (await session.execute(select(SignIn.access_hash, SignIn.refresh_hash))).all()
    hashes = {value for row in kept for value in row}
    assert token_hash(tokens["access_token"]) in hashes
    assert tokens["access_token"].encode() not in hashes
    hashed = await session.scalar(select(User.password_hash).where(User.login == "officer"))
    assert str(hashed).startswith("$argon2id$")
