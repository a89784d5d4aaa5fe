"""Lists that show the newest first lose nothing and repeat nothing, also where many things came at one moment."""

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.cast import Cast
from tests.factories import body, drafted_period


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_follow_each_other_through_equal_moments(
    client: AsyncClient, cast: Cast, session: AsyncSession, limit: int
) -> None:
    for number in range(6):
        await drafted_period(client, cast, code=f"ky-{number}")
    # Three at one moment, two at an earlier one, one at the latest.
    await session.execute(
        text(
            "UPDATE periods SET created_at = timestamptz '2026-01-01 00:00Z' + CASE code "
            "WHEN 'ky-3' THEN interval '2 microseconds' "
            "WHEN 'ky-0' THEN interval '0' WHEN 'ky-5' THEN interval '0' "
            "ELSE interval '1 microsecond' END"
        )
    )
    await session.commit()
    newest = "SELECT code FROM periods ORDER BY created_at DESC, id DESC"
    wanted = list(await session.scalars(text(newest)))
    seen: list[str] = []
    params: dict[str, str | int] = {"limit": limit, "state": "draft"}
    while True:
        answer = await client.get("/v1/periods", params=params, headers=cast.viewer.headers)
        page = body(answer)
        seen += [item["code"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == limit
        params["cursor"] = page["next_cursor"]
    assert seen == wanted
    assert seen[0] == "ky-3"
