from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.cast import Cast
from tests.factories import body

NEW = {
    "login": "moi.nguoi",
    "name": "Người Mới",
    "email": "moi@example.org",
    "password": "mot-mat-khau-dai",
    "memberships": [{"organisation": "so-gddt", "role": "officer"}],
}


async def test_a_person_is_created_with_roles_and_can_sign_in(
    client: AsyncClient, cast: Cast
) -> None:
    made = await client.post("/v1/users", json=NEW, headers=cast.admin.headers)
    user = body(made, 201)
    assert made.headers["location"] == f"/v1/users/{user['id']}"
    assert "password" not in made.text
    assert [(m["organisation"], m["role"]) for m in user["memberships"]] == [("so-gddt", "officer")]
    credentials = {"login": NEW["login"], "password": NEW["password"]}
    body(await client.post("/v1/auth/token", json=credentials))


async def test_who_is_switched_off_is_out_at_once(client: AsyncClient, cast: Cast) -> None:
    path, headers = f"/v1/users/{cast.officer.id}", {**cast.admin.headers, "if-match": "*"}
    body(await client.patch(path, json={"active": False}, headers=headers))
    assert (await client.get("/v1/me", headers=cast.officer.headers)).status_code == 401
    body(await client.patch(path, json={"active": True}, headers=headers))
    assert (await client.get("/v1/me", headers=cast.officer.headers)).status_code == 401


async def test_a_membership_counts_from_its_first_to_its_last_day(
    client: AsyncClient, cast: Cast
) -> None:
    path = f"/v1/users/{cast.viewer.id}/memberships"
    for dates in (
        {"valid_from": "2199-01-01"},
        {"valid_from": "2020-01-01", "valid_to": "2020-12-31"},
    ):
        role = {"organisation": "so-gddt", "role": "officer", **dates}
        body(await client.post(path, json=role, headers=cast.admin.headers), 201)
    mine = body(await client.get("/v1/me", headers=cast.viewer.headers))
    assert [held["role"] for held in mine["memberships"]] == ["viewer"]


async def test_a_membership_that_ended_long_ago_is_not_made_longer_by_ending_it(
    client: AsyncClient, cast: Cast
) -> None:
    path = f"/v1/users/{cast.viewer.id}/memberships"
    role = {
        "organisation": "so-ct",
        "role": "officer",
        "valid_from": "2020-01-01",
        "valid_to": "2020-12-31",
    }
    user = body(await client.post(path, json=role, headers=cast.admin.headers), 201)
    old = next(m for m in user["memberships"] if m["organisation"] == "so-ct")
    again = await client.post(f"{path}/{old['id']}/end", headers=cast.admin.headers)
    assert again.status_code == 409
    kept = body(await client.get(f"/v1/users/{cast.viewer.id}", headers=cast.admin.headers))
    assert old in kept["memberships"]


async def test_an_ended_membership_stays_on_record(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await session.execute(text("UPDATE memberships SET valid_from = '2024-01-01'"))
    await session.commit()
    path = f"/v1/users/{cast.officer.id}"
    (held,) = body(await client.get(path, headers=cast.admin.headers))["memberships"]
    user = body(
        await client.post(f"{path}/memberships/{held['id']}/end", headers=cast.admin.headers)
    )
    assert user["memberships"][0]["valid_to"] is not None
    foreign = await client.post(
        f"/v1/users/{cast.head.id}/memberships/{held['id']}/end", headers=cast.admin.headers
    )
    assert foreign.status_code == 404


async def test_people_are_found_by_their_login_and_signs_of_like_mean_themselves(
    client: AsyncClient, cast: Cast
) -> None:
    for query, found in {"offic": 3, "%": 0, "_": 3, "zzz": 0}.items():
        listed = await client.get("/v1/users", params={"q": query}, headers=cast.admin.headers)
        logins = [user["login"] for user in body(listed)["items"]]
        assert len(logins) == found, (query, logins)
        assert all(query in login for login in logins)


async def test_an_administrator_does_not_shut_himself_out(client: AsyncClient, cast: Cast) -> None:
    own = f"/v1/users/{cast.admin.id}"
    read = await client.get(own, headers=cast.admin.headers)
    closed = await client.patch(
        own,
        json={"active": False},
        headers={**cast.admin.headers, "if-match": read.headers["etag"]},
    )
    assert closed.status_code == 409
    (membership,) = read.json()["memberships"]
    ended = await client.post(
        f"{own}/memberships/{membership['id']}/end", headers=cast.admin.headers
    )
    assert ended.status_code == 409
    assert (await client.get(own, headers=cast.admin.headers)).json()["active"]


async def test_a_name_that_turns_the_direction_of_reading_is_refused(
    client: AsyncClient, cast: Cast
) -> None:
    for mark in ("\u202e", "\u2066", "\u2028"):
        refused = await client.post(
            "/v1/organisations/so-tp/contacts",
            json={"name": f"An{mark}nh", "email": "an@example.org"},
            headers=cast.coordinator.headers,
        )
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/name"
