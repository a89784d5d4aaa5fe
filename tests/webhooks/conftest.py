"""Real Postgres with real commits, because the notifier locks; receivers on loopback."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from deploy.embedded import Servers
from services.notifier.webhooks.fanout import fan_out
from services.notifier.webhooks.office import Limits, Office
from services.notifier.webhooks.sender import Sender
from shared.db import PooledDatabase
from shared.models import (
    Alarm,
    Organisation,
    PublicEvent,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from shared.outward import Outward
from tests.api.conftest import real
from tests.conftest import copied_database, settings_for
from tests.webhooks.receiver import Receiver

__all__ = ["real"]  # a fixture of the API's

KEY = bytes(range(32))
START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LOOPBACK = Outward.of(["127.0.0.0/8"], plain_http=True)


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Desk:
    """What a test of the notifier's webhooks works with."""

    database: PooledDatabase
    clock: Clock
    sender: Sender
    offices: list[Office] = field(default_factory=list)

    def office(self, **limits: Any) -> Office:
        return Office(
            self.database,
            self.sender,
            clock=self.clock,
            public_url="https://pii.example.vn/",
            limits=Limits(**limits),
        )

    async def endpoint(
        self, url: str, *wanted: str, body: str | None = None, keys: tuple[bytes, ...] = (KEY,)
    ) -> UUID:
        """Register an address; of several keys the last stands."""
        async with self.database.transaction() as session:
            of = select(Organisation.id).where(Organisation.code == body)
            made = WebhookEndpoint(
                id=uuid4(),
                url=url,
                description="",
                event_types=list(wanted or ("*",)),
                organisation_id=await session.scalar(of) if body else None,
                owner_email="a@example.org",
            )
            session.add(made)
            await session.flush()
            for age, key in enumerate(reversed(keys)):
                session.add(
                    WebhookSecret(
                        endpoint_id=made.id,
                        key=key,
                        created_at=self.clock() - timedelta(hours=age),
                        expires_at=self.clock() + timedelta(hours=24) if age else None,
                    )
                )
        return made.id

    async def happened(self, number: int = 1, kind: str = "submission.accepted") -> list[UUID]:
        """Let something happen, and plan its deliveries."""
        async with self.database.transaction() as session:
            rows = [
                PublicEvent(
                    id=uuid4(),
                    type=kind,
                    version=1,
                    occurred_at=self.clock(),
                    data={"n": n, "link": f"/v1/things/{n}"},
                    trace_id="",
                )
                for n in range(number)
            ]
            session.add_all(rows)
        await self.fan_out()
        return [row.id for row in rows]

    async def fan_out(self) -> int:
        async with self.database.transaction() as session:
            return await fan_out(session, now=self.clock())

    async def deliveries(self) -> list[WebhookDelivery]:
        async with self.database.transaction() as session:
            rows = await session.scalars(
                select(WebhookDelivery).order_by(WebhookDelivery.created_at, WebhookDelivery.id)
            )
            return list(rows)

    async def states(self) -> dict[str, int]:
        async with self.database.transaction() as session:
            found = await session.execute(
                select(WebhookDelivery.state, func.count()).group_by(WebhookDelivery.state)
            )
            return {state: number for state, number in found}  # noqa: C416 rows are not pairs to mypy

    async def attempts(self) -> list[WebhookAttempt]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(WebhookAttempt).order_by(WebhookAttempt.at)))

    async def found(self, endpoint: UUID) -> WebhookEndpoint:
        async with self.database.transaction() as session:
            return await session.get_one(WebhookEndpoint, endpoint)

    async def alarms(self) -> list[Alarm]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(Alarm)))


@pytest.fixture
async def committed(servers: Servers, template: str) -> AsyncIterator[PooledDatabase]:
    async with copied_database(servers, template) as url:
        database = PooledDatabase(settings_for(servers, url).database_url, pool=6)
        yield database
        await database.close()


@pytest.fixture
async def desk(committed: PooledDatabase) -> AsyncIterator[Desk]:
    sender = Sender(LOOPBACK)
    yield Desk(committed, Clock(), sender)
    await sender.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def receivers() -> AsyncIterator[Callable[[], Any]]:
    """Give further receivers, all closed afterwards."""
    opened: list[Receiver] = []

    async def another() -> Receiver:
        made = await Receiver().__aenter__()
        opened.append(made)
        return made

    yield another
    for one in opened:
        await one.__aexit__()
