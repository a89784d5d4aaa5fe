"""A key made for one body acts for that body alone: on every route, whatever its scopes say."""

import secrets
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.caller import KEY_PREFIX, token_hash
from services.api.deps.grants import OF_THE_CITY, SCOPES
from shared.models import ApiKey, Organisation
from tests.api.conftest import Stage
from tests.api.scene import BODIES
from tests.api.test_rights import CALLS, COLUMNS, OF_A_BODY, OPERATIONS, Call, send
from tests.factories import body

REFUSED = {403, 404}
OWN, FOREIGN = COLUMNS.index("own"), COLUMNS.index("foreign")
OTHER = {"so-gddt": "so-ct", "so-ct": "so-gddt"}
# What a coordinator's or leader's scope lets a key do in its own body, though no officer may.
REVIEWS_ITS_OWN = {
    "accept",
    "askExplanation",
    "changeAssignment",
    "changeContact",
    "closeExplanation",
    "createContact",
    "decideMany",
    "excuseDuty",
    "grantExtension",
    "liftExcuse",
    "refuseExtension",
    "reject",
    "reopen",
    "returnForCorrection",
}
PERSONAL = {"changePassword"}  # a key has no password


async def key_for(
    stage: Stage, code: str, scopes: tuple[str, ...] = SCOPES
) -> tuple[UUID, dict[str, str]]:
    """Make a key of one body; give its id and what it sends."""
    token = f"{KEY_PREFIX}{secrets.token_urlsafe(32)}"
    async with AsyncSession(
        stage.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
    ) as session:
        home = await session.scalar(select(Organisation.id).where(Organisation.code == code))
        key = ApiKey(
            id=uuid4(),
            name="của một cơ quan",
            prefix=token[:13],
            key_hash=token_hash(token),
            scopes=sorted(scopes),
            organisation_id=home,
            created_by=stage.cast.admin.id,
            expires_at=datetime(2199, 1, 1, tzinfo=UTC),
        )
        session.add(key)
        await session.commit()
    return key.id, {"authorization": f"Bearer {token}", "accept-language": "en"}


def everybody_may(call: Call) -> bool:
    """Tell whether it is shown alike to all, or is a foreign officer's to do as well."""
    return call.may[FOREIGN] == "Y"


async def test_a_key_of_one_body_with_every_scope_does_nothing_to_another_or_to_the_city(
    stage: Stage,
) -> None:
    wrong = []
    for place in BODIES:
        _, headers = await key_for(stage, OTHER[place])
        for operation, calls in CALLS.items():
            for number, call in enumerate(calls):
                if everybody_may(call) or operation in PERSONAL:
                    continue
                async with stage.undone():
                    answer = await send(stage.client, operation, call, stage.scene[place], headers)
                refused = REFUSED | ({409} if operation == "decideMany" else set())
                about_it = bool(set(call.path.values()) & OF_A_BODY) or call.may[OWN] != "Y"
                # A call that names so-gddt in its body is foreign from so-ct only.
                if operation in {"askExplanation", "createFeed"} and place != "so-gddt":
                    continue
                if about_it and answer.status_code not in refused:
                    wrong.append((operation, number, place, answer.status_code, answer.text[:200]))
    assert wrong == []


async def test_a_key_of_one_body_does_nothing_of_the_city_from_its_own_body_either(
    stage: Stage,
) -> None:
    _, headers = await key_for(stage, "so-gddt")
    wrong = []
    for operation, calls in CALLS.items():
        for call in calls:
            if call.may[OWN] == "Y" or operation in REVIEWS_ITS_OWN | PERSONAL:
                continue
            async with stage.undone():
                answer = await send(stage.client, operation, call, stage.mine, headers)
            if answer.status_code not in REFUSED:
                wrong.append((operation, answer.status_code, answer.text[:200]))
    assert wrong == []


@pytest.mark.parametrize(
    "scopes", [SCOPES, *((scope,) for scope in SCOPES)], ids=["every scope", *SCOPES]
)
async def test_no_answer_to_a_key_of_one_body_holds_a_thing_of_another(
    stage: Stage, scopes: tuple[str, ...]
) -> None:
    _, headers = await key_for(stage, "so-gddt", scopes)
    foreign = {
        id_
        for thing, id_ in stage.foreign.items()
        if thing in OF_A_BODY - {"body"} and id_ not in stage.mine.values()
    }
    shown = []
    for operation, calls in CALLS.items():
        if OPERATIONS[operation][0] != "GET":
            continue
        for call in calls:
            things = stage.foreign if set(call.path.values()) & OF_A_BODY else stage.mine
            async with stage.undone():
                answer = await send(stage.client, operation, call, things, headers)
            if answer.status_code == 200 and any(id_ in answer.text for id_ in foreign):
                shown.append((operation, call.query))
    assert shown == []


async def test_what_a_key_of_one_body_may_is_told_without_what_is_the_citys(stage: Stage) -> None:
    _, headers = await key_for(stage, "so-gddt")
    me = body(await stage.client.get("/v1/me", headers=headers))
    assert me["permissions"].keys() == {*SCOPES} - OF_THE_CITY
    refused = await stage.client.post("/v1/periods/ky-2024/close", headers=headers)
    assert refused.json()["detail"] == "This concerns every body; the key acts for one."


async def test_a_key_of_one_body_that_reads_what_is_accepted_reads_its_own_alone(
    stage: Stage,
) -> None:
    _, headers = await key_for(stage, "so-gddt", ("accepted:read",))
    listed = body(await stage.client.get("/v1/submissions", headers=headers))["items"]
    assert {one["organisation"] for one in listed} == {"so-gddt"}
    for things, status in ((stage.mine, 200), (stage.foreign, 404)):
        for path in (
            f"/v1/submissions/{things['taken']}",
            f"/v1/evidence/{things['evidence_of_taken']}/content",
        ):
            assert (await stage.client.get(path, headers=headers)).status_code == status, path


async def test_a_key_of_one_body_with_every_scope_still_acts_for_that_body(stage: Stage) -> None:
    _, headers = await key_for(stage, "so-gddt")
    wrong = []
    for operation in sorted(REVIEWS_ITS_OWN - {"liftExcuse"}):
        call = CALLS[operation][0]
        async with stage.undone():
            answer = await send(stage.client, operation, call, stage.mine, headers)
        if answer.status_code not in {200, 201}:
            wrong.append((operation, answer.status_code, answer.text[:200]))
    assert wrong == []
