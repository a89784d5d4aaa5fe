"""What is made by the thousand has an id in the order of time, so that what is read together lies together."""

from typing import Any
from uuid import UUID

from httpx import AsyncClient

from tests.cast import Cast
from tests.factories import assignment_of, attached, body, drafted, opened_period


async def test_duties_figures_documents_and_comments_have_ids_in_the_order_of_time(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    draft = await drafted(client, cast.officer, duty["id"])
    document = await attached(client, cast.officer, draft["id"])
    said = await client.post(
        f"/v1/submissions/{draft['id']}/comments",
        json={"text": "Số liệu tạm"},
        headers=cast.officer.headers,
    )
    made: list[dict[str, Any]] = [duty, draft, document, body(said, 201)]
    ids = [UUID(one["id"]) for one in made]
    assert [one.version for one in ids] == [7] * 4
    moments = [one.int >> 80 for one in ids]
    assert moments == sorted(moments)
