"""Who must accept a body's figures is still said, and can still be done, after a hand-over."""

from typing import Any

from httpx import AsyncClient

from services.api.deps.clock import today_in_hanoi
from tests.api.handing import NEW_BODY, carry, codes, handed_over, plan, read, receipt, reverse
from tests.cast import Cast
from tests.factories import body, done, officers_duty, pointers, submitted

TODAY = str(today_in_hanoi())
SPLIT: dict[str, Any] = {
    "kind": "split",
    "exceptions": [{"node": "2.1.3", "from": "so-gddt", "to": "so-ct"}],
}


async def set_rule(
    client: AsyncClient, cast: Cast, code: str, kind: str, reviewer: str | None = None
) -> Any:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    content = {"kind": kind, "reviewer": reviewer}
    return await client.put(f"/v1/review-rules/{code}", json=content, headers=headers)


async def rule(client: AsyncClient, cast: Cast, code: str) -> tuple[str, str | None]:
    found = await read(client, cast.viewer, f"/v1/review-rules/{code}")
    return found["kind"], found["reviewer"]


def against(preview: dict[str, Any]) -> dict[str, str]:
    return {one["code"]: one["message_en"] for one in preview["conflicts"] if one["blocks"]}


async def test_a_rule_of_the_body_that_ends_holds_for_the_one_that_follows(
    client: AsyncClient, cast: Cast
) -> None:
    body(await set_rule(client, cast, "so-gddt", "reviewing_body", "so-ct"))
    planned = await plan(client, cast)
    (listed,) = planned["preview"]["review_rules"]
    assert (listed["from"], listed["to"], listed["facts"]["reviewer"]) == (
        "so-gddt",
        "so-nv",
        "so-ct",
    )
    body(await carry(client, cast, planned["id"]))
    assert await rule(client, cast, "so-nv") == ("reviewing_body", "so-ct")
    items = (await receipt(client, cast.coordinator, planned["id"]))["items"]
    assert [one["new"]["kind"] for one in items if one["kind"] == "review_rule"] == [
        "reviewing_body"
    ]


async def test_a_renamed_body_still_reviews_and_can_complete_an_acceptance(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    body(await set_rule(client, cast, "so-gddt", "reviewing_body", "so-ct"))
    sent = await submitted(client, cast.officer, duty["id"])
    await done(client, cast.coordinator, sent["id"], "accept")
    renamed: dict[str, Any] = {"kind": "rename", "from": ["so-ct"], "to": None}
    await handed_over(client, cast, new_body=NEW_BODY, **renamed)
    assert await rule(client, cast, "so-gddt") == ("reviewing_body", "so-moi")
    taken = await done(client, cast.foreign_officer, sent["id"], "accept")
    assert taken["state"] == "accepted"


async def test_a_body_that_would_review_itself_blocks_until_another_is_named(
    client: AsyncClient, cast: Cast
) -> None:
    body(await set_rule(client, cast, "so-nv", "reviewing_body", "so-gddt"))
    planned = await plan(client, cast)
    told = against(planned["preview"])
    assert "PUT /v1/review-rules/so-nv" in told["reviews_itself"]
    refused = body(await carry(client, cast, planned["id"]), 409)
    assert refused["type"] == "urn:pii:problem:blocked"
    body(await set_rule(client, cast, "so-nv", "reviewing_body", "so-ct"))
    body(await carry(client, cast, planned["id"]))
    assert await rule(client, cast, "so-nv") == ("reviewing_body", "so-ct")


async def test_the_receiver_as_the_givers_reviewer_blocks_too(
    client: AsyncClient, cast: Cast
) -> None:
    body(await set_rule(client, cast, "so-gddt", "reviewing_body", "so-nv"))
    planned = await plan(client, cast)
    assert "PUT /v1/review-rules/so-gddt" in against(planned["preview"])["reviews_itself"]
    body(await set_rule(client, cast, "so-gddt", "second_reviewer"))
    body(await carry(client, cast, planned["id"]))
    assert await rule(client, cast, "so-nv") == ("second_reviewer", None)


async def test_two_that_merge_with_one_reviewing_the_other_block(
    client: AsyncClient, cast: Cast
) -> None:
    body(await set_rule(client, cast, "so-gddt", "reviewing_body", "so-ct"))
    planned = await plan(client, cast, **{"from": ["so-gddt", "so-ct"]})
    assert set(against(planned["preview"])) == {"reviews_itself"}


async def test_two_that_merge_with_different_rules_block_until_they_are_the_same(
    client: AsyncClient, cast: Cast
) -> None:
    body(await set_rule(client, cast, "so-gddt", "second_reviewer"))
    body(await set_rule(client, cast, "so-ct", "reviewing_body", "so-tc"))
    planned = await plan(client, cast, **{"from": ["so-gddt", "so-ct"]})
    assert set(against(planned["preview"])) == {"review_rules_differ"}
    body(await set_rule(client, cast, "so-ct", "second_reviewer"))
    done_ = body(await carry(client, cast, planned["id"]))
    assert done_["moved"]["review_rule"] == 1
    assert await rule(client, cast, "so-nv") == ("second_reviewer", None)


async def test_where_several_follow_somebody_says_which_rule_holds(
    client: AsyncClient, cast: Cast
) -> None:
    body(await set_rule(client, cast, "so-gddt", "second_reviewer"))
    body(await set_rule(client, cast, "so-tc", "reviewing_body", "so-gddt"))
    planned = await plan(client, cast, **SPLIT)
    told = against(planned["preview"])
    assert set(told) == {"review_rule_of_several", "reviewer_of_several"}
    assert "so-nv, so-ct" in told["review_rule_of_several"]
    assert "PUT /v1/review-rules/so-tc" in told["reviewer_of_several"]
    body(await set_rule(client, cast, "so-tc", "reviewing_body", "so-nv"))
    for code in ("so-nv", "so-ct"):
        body(await set_rule(client, cast, code, "second_reviewer"))
    body(await carry(client, cast, planned["id"]))
    assert await rule(client, cast, "so-tc") == ("reviewing_body", "so-nv")


async def test_the_receivers_own_rule_stays_and_the_preview_says_so(
    client: AsyncClient, cast: Cast
) -> None:
    body(await set_rule(client, cast, "so-gddt", "second_reviewer"))
    body(await set_rule(client, cast, "so-nv", "reviewing_body", "so-ct"))
    planned = await plan(client, cast)
    assert (planned["preview"]["blocked"], "review_rule_kept" in codes(planned["preview"])) == (
        False,
        True,
    )
    body(await carry(client, cast, planned["id"]))
    assert await rule(client, cast, "so-nv") == ("reviewing_body", "so-ct")


async def test_a_counter_act_takes_the_rules_back_and_may_be_taken_back(
    client: AsyncClient, cast: Cast
) -> None:
    body(await set_rule(client, cast, "so-gddt", "second_reviewer"))
    body(await set_rule(client, cast, "so-tc", "reviewing_body", "so-gddt"))
    made = await handed_over(client, cast)
    assert await rule(client, cast, "so-tc") == ("reviewing_body", "so-nv")
    back = await reverse(client, cast, made["id"], effective_on=TODAY)
    both = [await rule(client, cast, code) for code in ("so-gddt", "so-nv", "so-tc")]
    assert both == [
        ("second_reviewer", None),
        ("one_reviewer", None),
        ("reviewing_body", "so-gddt"),
    ]
    await reverse(client, cast, back["id"], effective_on=TODAY)
    again = [await rule(client, cast, code) for code in ("so-nv", "so-tc")]
    assert again == [("second_reviewer", None), ("reviewing_body", "so-nv")]


async def test_a_rule_that_was_changed_since_stays(client: AsyncClient, cast: Cast) -> None:
    body(await set_rule(client, cast, "so-gddt", "second_reviewer"))
    made = await handed_over(client, cast)
    body(await set_rule(client, cast, "so-nv", "reviewing_body", "so-ct"))
    back = await reverse(client, cast, made["id"], effective_on=TODAY)
    assert await rule(client, cast, "so-nv") == ("reviewing_body", "so-ct")
    stays = (await receipt(client, cast.coordinator, back["id"]))["stays"]
    assert [(one["kind"], one["reason"]) for one in stays] == [("review_rule", "changed")]


async def test_who_does_not_stand_today_is_not_named_as_reviewer(
    client: AsyncClient, cast: Cast
) -> None:
    await handed_over(client, cast)
    refused = body(await set_rule(client, cast, "so-ct", "reviewing_body", "so-gddt"), 422)
    assert pointers(refused) == ["/reviewer"]
    assert "does not stand" in refused["detail"] or "does not stand" in str(refused["errors"])
