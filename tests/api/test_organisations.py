from sqlalchemy import select

from shared.models import OutboxMessage
from tests.api.conftest import Stage
from tests.factories import body


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
