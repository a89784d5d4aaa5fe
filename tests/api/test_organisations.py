from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import OutboxMessage
from shared.suppression import suppress
from tests.api.conftest import Stage
from tests.factories import PERIOD, body


async def test_a_body_without_an_active_contact_is_not_reachable(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    path = "/v1/organisations/so-gddt"
    assert body(await stage.client.get(path, headers=headers))["reachable"] is True
    contact = f"/v1/contacts/{stage.mine['contact']}"
    body(await stage.client.patch(contact, json={"active": False}, headers=headers))
    assert body(await stage.client.get(path, headers=headers))["reachable"] is False


async def test_an_ended_contact_may_be_entered_anew_and_not_revived_beside_it(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    contact = f"/v1/contacts/{stage.mine['contact']}"
    body(await stage.client.patch(contact, json={"active": False}, headers=headers))
    same = {"name": "Khác", "email": "so-gddt@example.org"}
    body(
        await stage.client.post("/v1/organisations/so-gddt/contacts", json=same, headers=headers),
        201,
    )
    revived = await stage.client.patch(contact, json={"active": True}, headers=headers)
    assert revived.status_code == 409


async def test_a_changed_contact_is_announced_for_every_open_period(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    count = select(OutboxMessage.id).where(OutboxMessage.event == "ContactsChanged")
    before = len((await stage.connection.scalars(count)).all())
    contact = f"/v1/contacts/{stage.mine['contact']}"
    body(await stage.client.patch(contact, json={"email": "moi@example.org"}, headers=headers))
    assert len((await stage.connection.scalars(count)).all()) == before + 2


async def test_bodies_are_found_without_accents_and_by_their_new_name(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    found = await stage.client.get("/v1/organisations?q=giao duc", headers=headers)
    assert [item["code"] for item in body(found)["items"]] == ["so-gddt"]
    renamed = {"name_vi": "Sở Học tập"}
    body(await stage.client.patch("/v1/organisations/so-gddt", json=renamed, headers=headers))
    for query, codes in {"hoc tap": ["so-gddt"], "giao duc": [], "%": [], "_": []}.items():
        found = await stage.client.get("/v1/organisations", params={"q": query}, headers=headers)
        assert [i["code"] for i in body(found)["items"] if i["code"] == "so-gddt"] == codes, query


async def test_a_contacts_language_is_vietnamese_until_another_is_chosen(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    path = "/v1/organisations/so-gddt/contacts"
    new = {"name": "Jane", "email": "jane@example.org"}
    made = body(await stage.client.post(path, json=new, headers=headers), 201)
    assert made["language"] == "vi"
    one = f"/v1/contacts/{made['id']}"
    changed = await stage.client.patch(one, json={"language": "en"}, headers=headers)
    assert body(changed)["language"] == "en"
    english = new | {"email": "other@example.org", "language": "en"}
    assert (
        body(await stage.client.post(path, json=english, headers=headers), 201)["language"] == "en"
    )
    other = await stage.client.patch(one, json={"language": "fr"}, headers=headers)
    assert other.status_code == 422


async def test_a_bodys_kind_and_days_are_changed(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    new = {"code": "so-moi", "name_vi": "Sở mới", "kind": "department"}
    body(await stage.client.post("/v1/organisations", json=new, headers=headers), 201)
    path = "/v1/organisations/so-moi"
    days = {"kind": "agency", "valid_from": "2024-01-01", "valid_to": "2025-12-31"}
    assert body(await stage.client.patch(path, json=days, headers=headers)).items() >= days.items()
    backwards = await stage.client.patch(path, json={"valid_to": "2023-12-31"}, headers=headers)
    assert body(backwards, 422)["errors"][0]["pointer"] == "/valid_to"
    again = body(await stage.client.patch(path, json={"valid_to": None}, headers=headers))
    assert again["valid_to"] is None


async def test_a_body_that_answers_for_something_or_owes_it_does_not_end(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*", "accept-language": "en"}
    path = "/v1/organisations/so-gddt"
    refused = await stage.client.patch(path, json={"valid_to": "2030-12-31"}, headers=headers)
    messages = {fault["message"] for fault in body(refused, 409)["errors"]}
    assert "It answers for 2.1.1 of 2024 (lead) outside these days." in messages
    late = await stage.client.patch(path, json={"valid_from": "2025-01-01"}, headers=headers)
    assert body(late, 409)["errors"][0]["pointer"] == "/valid_from"
    years = body(await stage.client.get("/v1/frameworks", headers=headers))["items"]
    for year in (framework["year"] for framework in years):
        asked = f"/v1/responsibilities?organisation=so-gddt&framework={year}"
        for one in body(await stage.client.get(asked, headers=headers))["items"]:
            end = f"/v1/responsibilities/{one['id']}/end"
            body(await stage.client.post(end, json={"valid_to": "2030-12-31"}, headers=headers))
    refused = await stage.client.patch(path, json={"valid_to": "2030-12-31"}, headers=headers)
    messages = {fault["message"] for fault in body(refused, 409)["errors"]}
    assert any("still owes 2.1" in message for message in messages), messages


async def test_a_body_is_not_reachable_outside_its_contacts_days_or_at_a_dead_address(
    stage: Stage,
) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    path, contact = "/v1/organisations/so-gddt", f"/v1/contacts/{stage.mine['contact']}"
    places = (path, f"/v1/board?period={PERIOD}")

    async def reachable() -> set[bool]:
        shown, board = [body(await stage.client.get(place, headers=headers)) for place in places]
        (line,) = (one for one in board["bodies"] if one["organisation"] == "so-gddt")
        return {shown["reachable"], line["reachable"]}

    assert await reachable() == {True}
    for days, reached in (
        ({"valid_to": "2020-01-01"}, False),
        ({"valid_to": "2199-01-01"}, True),
        ({"valid_from": "2198-01-01"}, False),
        ({"valid_from": None, "valid_to": None}, True),
    ):
        body(await stage.client.patch(contact, json=days, headers=headers))
        assert await reachable() == {reached}, days
    backwards = {"valid_from": "2025-01-02", "valid_to": "2025-01-01"}
    refused = await stage.client.patch(contact, json=backwards, headers=headers)
    assert body(refused, 422)["errors"][0]["pointer"] == "/valid_to"
    async with (
        AsyncSession(stage.connection, join_transaction_mode="create_savepoint") as session,
        session.begin(),
    ):
        await suppress(session, "SO-GDDT@example.org", reason="550", now=datetime.now(UTC))
    assert await reachable() == {False}
    follow = await stage.client.get(f"/v1/board/follow-up?period={PERIOD}", headers=headers)
    unreachable = {one["organisation"] for one in body(follow)["unreachable"]}
    assert "so-gddt" in unreachable
