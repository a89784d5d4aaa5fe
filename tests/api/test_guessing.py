"""Guessing passwords: many at once get no further than one after another, and hold up nobody else."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select, text, update

from services.api.identity.passwords import BusyError, Passwords
from shared.models import AuditEntry, User
from tests.api.conftest import Real
from tests.cast import Person
from tests.factories import body
from tests.waiting import until_waiting

PASSWORD = "mot-mat-khau-dai"
CHANGE = {"current_password": "x", "new_password": "mot-mat-khau-khac"}


async def with_password(real: Real) -> None:
    hashed = await Passwords().hash(PASSWORD)
    async with real.database.transaction() as session:
        await session.execute(
            update(User).where(User.login == "officer").values(password_hash=hashed)
        )


async def sign_in(client: AsyncClient, password: str) -> Response:
    return await client.post("/v1/auth/token", json={"login": "officer", "password": password})


async def change(client: AsyncClient, who: Person, **values: str) -> Response:
    return await client.post("/v1/me/password", json=CHANGE | values, headers=who.headers)


async def failures(real: Real) -> tuple[int, list[Any]]:
    async with real.database.transaction() as session:
        number = await session.scalar(select(User.failed_attempts).where(User.login == "officer"))
        told = await session.scalars(
            select(AuditEntry.changes["attempts"]).where(
                AuditEntry.action.in_(("sign_in_failed", "password_change_failed"))
            )
        )
        return number or 0, sorted(told)


async def test_of_many_guesses_at_once_five_are_answered_and_the_account_is_locked(
    real: Real,
) -> None:
    await with_password(real)
    answers = await asyncio.gather(*(sign_in(real.client, f"sai-{n}") for n in range(16)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [401] * 5 + [429] * 11
    assert await failures(real) == (5, [[n, n + 1] for n in range(5)])
    assert (await sign_in(real.client, PASSWORD)).status_code == 429


async def test_the_right_guess_that_was_compared_before_the_account_was_locked_opens_nothing(
    real: Real,
) -> None:
    await with_password(real)
    locked = (
        update(User)
        .where(User.login == "officer")
        .values(failed_attempts=5, locked_until=datetime.now(UTC) + timedelta(minutes=1))
    )
    async with real.database.transaction() as guesser:
        await guesser.execute(text("SELECT 1 FROM users WHERE login = 'officer' FOR UPDATE"))
        right = asyncio.create_task(sign_in(real.client, PASSWORD))
        await until_waiting(real.database)  # it has been compared, and waits for the account
        await guesser.execute(locked)
    assert (await right).status_code == 429


async def test_ones_own_password_is_not_guessed_either(real: Real) -> None:
    await with_password(real)
    client, officer = real.client, real.cast.officer
    assert [(await change(client, officer)).status_code for _ in range(5)] == [422] * 5
    assert await failures(real) == (5, [[n, n + 1] for n in range(5)])
    locked = await change(client, officer, current_password=PASSWORD)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 31
    assert (await sign_in(client, PASSWORD)).status_code == 429


async def test_the_right_password_ends_the_count(real: Real) -> None:
    await with_password(real)
    client, officer = real.client, real.cast.officer
    for _ in range(4):
        await change(client, officer)
    done = await change(client, officer, current_password=PASSWORD)
    assert done.status_code == 204
    assert (await failures(real))[0] == 0


async def test_no_more_wait_for_their_password_than_can_be_answered_soon(real: Real) -> None:
    await with_password(real)
    answers = await asyncio.gather(
        *(
            real.client.post("/v1/auth/token", json={"login": f"ai-{n}", "password": "x"})
            for n in range(60)
        )
    )
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {401, 429}
    (busy, *_) = (answer for answer in answers if answer.status_code == 429)
    assert int(busy.headers["retry-after"]) > 0
    assert busy.json()["type"] == "urn:pii:problem:busy"
    body(await sign_in(real.client, PASSWORD))


async def test_whoever_waits_for_his_password_holds_no_transaction(real: Real) -> None:
    await with_password(real)
    open_now = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state = 'idle in transaction'"
    )
    attempts = [asyncio.create_task(sign_in(real.client, "x")) for _ in range(18)]
    seen = []
    while not all(attempt.done() for attempt in attempts):
        async with real.database.transaction() as session:
            seen.append(await session.scalar(open_now) or 0)
        await asyncio.sleep(0.02)
    await asyncio.gather(*attempts)
    # Two compare at a time; of those that are through, some may be writing at this moment.
    assert sorted(seen)[len(seen) // 2] <= 2


async def test_too_many_who_wait_are_refused_and_a_place_comes_free() -> None:
    passwords = Passwords(most_waiting=1)
    first = asyncio.create_task(passwords.verify("x", None))
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await passwords.verify("x", None)
    assert await first is False
    assert await passwords.verify("x", None) is False
