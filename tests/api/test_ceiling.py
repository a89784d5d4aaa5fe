"""The ceiling that the benches hold the API against still makes the very same answers."""

from datetime import UTC, datetime

from httpx import ASGITransport, AsyncClient
from sqlalchemy import select

from services.scoring.commands import recalculate
from shared.models import Period
from tests.api.conftest import Real
from tests.bench.measures import LIMIT
from tests.bench.peer import peer_of
from tests.factories import PERIOD, body, officers_duty, submitted


async def test_the_ceiling_makes_the_same_bytes(real: Real) -> None:
    client, headers = real.client, real.cast.coordinator.headers
    duty = await officers_duty(client, real.cast)
    await submitted(client, real.cast.officer, duty["id"])
    async with real.database.transaction() as session:
        period = await session.scalar(select(Period.id).where(Period.code == PERIOD))
        assert period
        await recalculate(session, period, now=datetime.now(UTC), trigger="event")
    lists = {noun: f"/v1/{noun}?limit={LIMIT}" for noun in ("indicators", "assignments")}
    cursors = {
        noun: body(await client.get(path, headers=headers))["next_cursor"]
        for noun, path in lists.items()
    }
    url = real.database.engine.url.set(drivername="postgresql").render_as_string(
        hide_password=False
    )
    peer = peer_of(url)
    async with (
        peer.router.lifespan_context(peer),
        AsyncClient(transport=ASGITransport(peer), base_url="http://peer") as ceiling,
    ):
        (await ceiling.put("/cursors", json=cursors)).raise_for_status()
        for path in (f"/v1/index?period={PERIOD}", *lists.values()):
            ours = await client.get(path, headers=headers)
            theirs = await ceiling.get(path, headers=headers)
            assert theirs.content == ours.content, path
