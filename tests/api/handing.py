"""Small steps of hand-overs, through the API as the coordinator takes them."""

from typing import Any

from httpx import AsyncClient, Response

from tests.cast import Cast, Person
from tests.factories import body

BASIS = {
    "title": "Nghị quyết về sắp xếp cơ quan (thử nghiệm)",
    "number": "01/NQ",
    "date": "2025-02-20",
}
MERGE: dict[str, Any] = {
    "kind": "merge",
    "from": ["so-gddt"],
    "to": "so-nv",
    "effective_on": "2025-03-01",
    "basis": BASIS,
}
NEW_BODY = {"code": "so-moi", "name_vi": "Sở Mới", "name_en": "New", "kind": "department"}
HANDOVERS = "/v1/handovers"


async def add_contact(
    client: AsyncClient, cast: Cast, code: str, email: str, role: str = "officer"
) -> dict[str, Any]:
    made: dict[str, Any] = body(
        await client.post(
            f"/v1/organisations/{code}/contacts",
            json={"name": f"Đầu mối {code}", "email": email, "role": role},
            headers=cast.coordinator.headers,
        ),
        201,
    )
    return made


async def plan(client: AsyncClient, cast: Cast, **values: Any) -> dict[str, Any]:
    made: dict[str, Any] = body(
        await client.post(HANDOVERS, json=MERGE | values, headers=cast.coordinator.headers), 201
    )
    return made


async def carry(client: AsyncClient, cast: Cast, handover: str) -> Response:
    return await client.post(f"{HANDOVERS}/{handover}/carry-out", headers=cast.coordinator.headers)


async def handed_over(client: AsyncClient, cast: Cast, **values: Any) -> dict[str, Any]:
    """Plan and carry out."""
    planned = await plan(client, cast, **values)
    done: dict[str, Any] = body(await carry(client, cast, planned["id"]))
    return done


async def reverse(
    client: AsyncClient, cast: Cast, handover: str, *, effective_on: str, status: int = 201
) -> dict[str, Any]:
    asked = {"reason": "Quyết định bị thu hồi", "effective_on": effective_on}
    answer = await client.post(
        f"{HANDOVERS}/{handover}/reverse", json=asked, headers=cast.coordinator.headers
    )
    made: dict[str, Any] = body(answer, status)
    return made


async def read(client: AsyncClient, who: Person, path: str, **params: Any) -> Any:
    return body(await client.get(path, params=params, headers=who.headers))


async def receipt(client: AsyncClient, who: Person, handover: str) -> dict[str, Any]:
    found: dict[str, Any] = await read(client, who, f"{HANDOVERS}/{handover}/receipt")
    return found


def codes(preview: dict[str, Any]) -> set[str]:
    return {conflict["code"] for conflict in preview["conflicts"]}
