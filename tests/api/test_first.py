from httpx import AsyncClient

from tests.cast import Cast


async def test_the_coordinator_is_told_what_he_may_do(client: AsyncClient, cast: Cast) -> None:
    response = await client.get("/v1/me", headers=cast.coordinator.headers)
    assert response.status_code == 200
    assert response.json()["permissions"]["submissions:review"] == "all"


async def test_nobody_comes_in_without_a_token(client: AsyncClient) -> None:
    response = await client.get("/v1/me")
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
