"""A period whose index fails however often it is tried is told to a person, and to whoever watches the system."""

from datetime import UTC, datetime

from httpx import AsyncClient
from sqlalchemy import select, text

from deploy.embedded import Servers
from services.scoring.worker import Recalculation
from shared.db import PooledDatabase
from shared.models import Alarm
from tests.cast import make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import accepted, assignment_of, body
from tests.scoring.test_recalculate import load_panel, the_period


async def told(client: AsyncClient) -> list[str]:
    periods: list[str] = (await client.get("/readyz")).json()["index"]["not_calculated"]
    return periods


async def put_value(database: PooledDatabase, value: float) -> None:
    """Put a figure below the API, as if it had been taken before figures had their bounds."""
    async with database.transaction() as session:
        await session.execute(text("UPDATE submissions SET value = :value"), {"value": value})


async def test_an_index_that_cannot_be_calculated_is_an_alarm_until_it_can(
    servers: Servers, template: str
) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url, pool=5)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            period_id = await the_period(client, cast)
            await load_panel(client, cast, {"hue": {"2.1.1": 6.0}, "da-nang": {"2.1.1": 4.0}})
            await accepted(client, cast, (await assignment_of(client, cast))["id"], value=8)
            await put_value(database, 1.7e308)
            recalculation = Recalculation(database, interval=0)
            before = datetime.now(UTC)
            await recalculation.sweep()
            await recalculation.on_event(period_id)
            async with database.transaction() as session:
                (alarm,) = await session.scalars(select(Alarm))
            assert (alarm.kind, alarm.subject) == ("index_not_calculated", str(period_id))
            assert alarm.raised_at >= before
            # The notifier writes to the coordinator about what is not mailed yet.
            assert (alarm.mailed_at, alarm.cleared_at) == (None, None)
            assert "ky-2024" in alarm.detail
            assert await told(client) == ["ky-2024"]
            headers = cast.coordinator.headers
            (shown,) = body(await client.get("/v1/alarms", headers=headers))["items"]
            assert shown["kind"] == "index_not_calculated"
            await put_value(database, 8.0)
            await recalculation.sweep()
            async with database.transaction() as session:
                assert await session.scalar(select(Alarm.cleared_at)) is not None
            assert await told(client) == []
        await database.close()
