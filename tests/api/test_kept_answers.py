"""Whom a kept answer is given to, what it is bound to, and what is not kept."""

import hashlib

import pytest
from sqlalchemy import select, text

from shared.models import IdempotencyKey
from tests.api.conftest import Stage
from tests.cast import Person
from tests.factories import body


def keyed(who: Person, **more: str) -> dict[str, str]:
    return {**who.headers, "idempotency-key": "lan-dau", "content-type": "application/json"} | more


@pytest.mark.parametrize("name", ['"password"', '"pass\\u0077ord"'])
async def test_the_same_key_with_another_password_is_refused(stage: Stage, name: str) -> None:
    def sent(password: str) -> bytes:
        told = f'{{"login":"moi","name":"M","email":"m@example.org",{name}:"{password}"}}'
        return told.encode()

    headers = keyed(stage.cast.admin)
    first = await stage.client.post("/v1/users", content=sent("mot-mat-khau-dai"), headers=headers)
    other = await stage.client.post("/v1/users", content=sent("mot-mat-khau-khac"), headers=headers)
    again = await stage.client.post("/v1/users", content=sent("mot-mat-khau-dai"), headers=headers)
    assert other.json()["type"] == "urn:pii:problem:key-reused"
    assert body(again, 201) == body(first, 201)
    (kept,) = await stage.connection.scalars(select(IdempotencyKey.request_hash))
    guess = hashlib.sha256(b"POST /v1/users?\n" + sent("mot-mat-khau-dai")).digest()
    assert kept != guess


async def test_an_answer_is_not_given_again_to_whoever_has_lost_the_right(stage: Stage) -> None:
    who = stage.cast.coordinator
    path = f"/v1/submissions/{stage.mine['waiting']}/accept"
    seen = {"evidence_seen": True}
    body(await stage.client.post(path, json=seen, headers=keyed(who)))
    assert (
        "idempotency-replayed"
        in (await stage.client.post(path, json=seen, headers=keyed(who))).headers
    )
    await stage.connection.execute(
        text("UPDATE memberships SET role = 'viewer' WHERE user_id = :id"), {"id": who.id}
    )
    refused = await stage.client.post(path, json=seen, headers=keyed(who))
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:pii:problem:rights-ended"


async def test_an_answer_is_given_again_to_whoever_may_more_by_now(stage: Stage) -> None:
    who = stage.cast.coordinator
    path = f"/v1/submissions/{stage.mine['waiting']}/accept"
    seen = {"evidence_seen": True}
    first = body(await stage.client.post(path, json=seen, headers=keyed(who)))
    joined = {"organisation": "so-ct", "role": "officer"}
    body(
        await stage.client.post(
            f"/v1/users/{who.id}/memberships", json=joined, headers=stage.cast.admin.headers
        ),
        201,
    )
    assert body(await stage.client.post(path, json=seen, headers=keyed(who))) == first


async def test_a_refusal_for_what_was_read_before_does_not_use_up_the_key(stage: Stage) -> None:
    who, path = stage.cast.officer, f"/v1/submissions/{stage.mine['draft']}"
    stale = await stage.client.post(f"{path}/submit", headers=keyed(who, **{"if-match": '"alt"'}))
    assert stale.status_code == 412
    etag = (await stage.client.get(path, headers=who.headers)).headers["etag"]
    sent = await stage.client.post(f"{path}/submit", headers=keyed(who, **{"if-match": etag}))
    assert body(sent)["state"] == "submitted"


async def test_a_refusal_for_what_was_not_said_to_have_been_read_does_not_either(
    stage: Stage,
) -> None:
    who = stage.cast.coordinator
    path = f"/v1/frameworks/{stage.mine['draft_year']}"
    first = await stage.client.post(f"{path}/publish", headers=keyed(who))
    assert first.status_code == 428
    etag = (await stage.client.get(path, headers=who.headers)).headers["etag"]
    body(await stage.client.post(f"{path}/publish", headers=keyed(who, **{"if-match": etag})))
