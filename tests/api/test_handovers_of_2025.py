"""The eight changes of 1 March 2025, planned from the file that ships, over the seeded plan with an open period."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.planning import plan_reminders
from services.notifier.plan.rules import read_rules
from services.notifier.watch import watch
from shared.models import (
    Alarm,
    Assignment,
    Contact,
    Node,
    Organisation,
    Period,
    Reminder,
    Responsibility,
)
from tests.api.handing import BASIS, HANDOVERS, add_contact, carry, codes, read
from tests.cast import Cast
from tests.factories import (
    act,
    assignment_of,
    body,
    closed_period,
    done,
    opened_period,
    pointers,
    submitted,
)

LIST = Path("deploy/plans/hanoi-2024/successions_2025.csv").read_bytes()
PATH = f"{HANDOVERS}/import"
SUCCESSORS = {
    "so-khdt": "so-tc",
    "so-nnptnt": "so-nnmt",
    "so-tnmt": "so-nnmt",
    "so-tttt": "so-khcn",
    "so-ldtbxh": "so-nv",
    "so-gtvt": "so-xd",
    "bql-kcncx": "bql-cnckcn",
    "nhnn-hn": "nhnn-kv1",
}


async def sent(
    client: AsyncClient, cast: Cast, content: bytes, *, dry_run: bool = False, basis: str = ""
) -> Any:
    return await client.post(
        PATH,
        params={"dry_run": dry_run},
        files={"file": ("successions.csv", content)},
        data={"basis": basis},
        headers=cast.coordinator.headers,
    )


async def duties(session: AsyncSession) -> Counter[tuple[str, str, str, str]]:
    """Count who owes what in the open period, with the responsibility's body beside it."""
    rows = await session.execute(
        select(Node.code, Responsibility.role, Assignment.kind, Organisation.code)
        .select_from(Assignment)
        .join(Period, Period.id == Assignment.period_id)
        .join(Node, Node.id == Assignment.node_id)
        .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
        .join(Organisation, Organisation.id == Assignment.organisation_id)
        .where(Period.state == "open", Responsibility.organisation_id == Organisation.id)
    )
    return Counter((node, role, kind, body) for node, role, kind, body in rows)


async def leads(client: AsyncClient, cast: Cast, on: str) -> Counter[tuple[str, str, str]]:
    found = await read(client, cast.viewer, "/v1/responsibilities", on=on, limit=200)
    return Counter((one["node"], one["role"], one["organisation"]) for one in found["items"])


def succeeded(counted: Counter[Any]) -> Counter[Any]:
    """Put the successor in the place of each body that ended."""
    return Counter({(*key[:-1], SUCCESSORS.get(key[-1], key[-1])): n for key, n in counted.items()})


async def test_the_file_is_planned_as_one_act_for_each_successor(
    client: AsyncClient, cast: Cast
) -> None:
    looked = body(await sent(client, cast, LIST, dry_run=True))
    assert (looked["valid"], looked["rows"], len(looked["handovers"])) == (True, 8, 7)
    assert await read(client, cast.coordinator, HANDOVERS) == {"items": [], "next_cursor": None}
    planned = body(await sent(client, cast, LIST))
    bare = [{**one, "id": None} for one in planned["handovers"]]
    assert bare == looked["handovers"]
    merged = {one["to"]: one for one in planned["handovers"]}
    assert merged["so-nnmt"]["from"] == ["so-nnptnt", "so-tnmt"]
    assert {to for to, one in merged.items() if one["makes_new_body"]} == {
        "so-nnmt",
        "so-xd",
        "bql-cnckcn",
        "nhnn-kv1",
    }
    assert merged["nhnn-kv1"]["kind"] == "rename"
    # The list names no document, and none is invented.
    assert all("basis_missing" in codes(one["preview"]) for one in planned["handovers"])
    again = await sent(client, cast, LIST)
    assert body(again, 422)["errors"][0]["pointer"].startswith("/2")


async def carried_out_all(client: AsyncClient, cast: Cast) -> None:
    planned = body(await sent(client, cast, LIST, basis=BASIS["title"]))
    for one in planned["handovers"]:
        body(await carry(client, cast, one["id"]))


async def test_afterwards_no_responsibility_and_no_duty_is_lost_or_doubled(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    before, led = await duties(session), await leads(client, cast, "2025-02-28")
    await carried_out_all(client, cast)
    assert sum(before.values()) == 58
    assert await duties(session) == succeeded(before)
    assert await leads(client, cast, "2025-02-28") == led
    assert await leads(client, cast, "2025-03-01") == succeeded(led)
    khcn = [
        sum(n for key, n in counted.items() if key[2] == "so-khcn")
        for counted in (led, await leads(client, cast, "2025-03-01"))
    ]
    assert khcn == [16, 19]
    # Opening it once more finds nothing that is missing.
    again = await client.post("/v1/periods/ky-2024/open", headers=cast.coordinator.headers)
    assert body(again)["assignments"] == 58


async def test_afterwards_every_open_duty_has_a_reachable_owner_or_an_alarm(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    for code in ("so-khdt", "so-tttt", "so-nnptnt", "so-gtvt", "so-gddt"):
        await add_contact(client, cast, code, f"{code}@example.org")
    await carried_out_all(client, cast)
    now = datetime.now(UTC)
    await watch(session, await read_rules(session, now=now), now=now, domain="example.org")
    owners = set(
        await session.scalars(
            select(Assignment.organisation_id).where(Assignment.organisation_id.is_not(None))
        )
    )
    reached = set(await session.scalars(select(Contact.organisation_id).where(Contact.active)))
    alarmed = set(
        await session.scalars(select(Alarm.organisation_id).where(Alarm.cleared_at.is_(None)))
    )
    names = dict((await session.execute(select(Organisation.id, Organisation.code))).all())
    assert {names[one] for one in reached} == {"so-tc", "so-khcn", "so-nnmt", "so-xd", "so-gddt"}
    assert owners == (reached & owners) | alarmed
    assert not reached & alarmed
    assert not {names[one] for one in owners} & SUCCESSORS.keys()


async def test_nobody_of_the_old_body_is_reminded_any_more_and_the_new_owner_is(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    now = datetime.now(UTC)
    due_on = now.date().isoformat()
    await opened_period(client, cast, due_on=due_on)
    await add_contact(client, cast, "so-tttt", "cu@example.org")
    await add_contact(client, cast, "so-khcn", "moi@example.org")
    await plan_reminders(session, period_id=None, now=now)
    left = await add_contact(client, cast, "so-tttt", "nghi@example.org")
    await plan_reminders(session, period_id=None, now=now)
    await session.commit()
    gone = {**cast.coordinator.headers, "if-match": "*"}
    await carried_out_all(client, cast)
    # He does not come along: the new body ends him as its contact.
    contacts = await read(client, cast.coordinator, "/v1/organisations/so-khcn/contacts")
    (his,) = [one["id"] for one in contacts["items"] if one["email"] == left["email"]]
    body(await client.patch(f"/v1/contacts/{his}", json={"active": False}, headers=gone))
    await plan_reminders(session, period_id=None, now=now)
    duty = await assignment_of(client, cast, "3.1.1", organisation="so-khcn")
    rows = await session.execute(
        select(Reminder.recipient, Reminder.state)
        .where(Reminder.assignment_id == duty["id"])
        .distinct()
    )
    assert set(map(tuple, rows)) == {
        ("cu@example.org", "planned"),
        ("moi@example.org", "planned"),
        ("nghi@example.org", "skipped"),
    }


async def test_closed_history_still_shows_the_old_names(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast, code="ky-cu")
    await closed_period(client, cast, code="ky-cu")
    await carried_out_all(client, cast)
    duty = await assignment_of(client, cast, "3.1.1", organisation="so-tttt", period="ky-cu")
    assert duty["organisation"]["name_vi"] == "Sở Thông tin và Truyền thông"
    successors = await read(client, cast.viewer, "/v1/organisations/so-nnmt")
    assert [one["organisation"] for one in successors["predecessors"]] == ["so-nnptnt", "so-tnmt"]
    # Sở Xây dựng stood before; only the plan did not know it.
    assert (await read(client, cast.viewer, "/v1/organisations/so-xd"))["valid_from"] is None


async def test_afterwards_one_coordinator_alone_accepts_no_moved_figure_of_his_body(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await carried_out_all(client, cast)
    duty = await assignment_of(client, cast, "3.2.1.vien-thong", organisation="so-khcn")
    sent = await submitted(client, cast.coordinating_officer, duty["id"])
    first = await done(client, cast.coordinator, sent["id"], "accept")
    assert (first["state"], first["first_accepted_by"]) == ("submitted", cast.coordinator.name)
    again = await act(client, cast.coordinator, sent["id"], "accept")
    assert again.json()["type"] == "urn:pii:problem:second-reviewer"
    taken = await done(client, cast.second_coordinator, sent["id"], "accept")
    assert (taken["state"], taken["decided_by"]) == ("accepted", cast.second_coordinator.name)


async def test_afterwards_the_reviewing_body_completes_what_the_coordinator_began(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await carried_out_all(client, cast)
    rule = {"kind": "reviewing_body", "reviewer": "so-ct"}
    headers = {**cast.coordinator.headers, "if-match": "*"}
    body(await client.put("/v1/review-rules/so-khcn", json=rule, headers=headers))
    duty = await assignment_of(client, cast, "3.2.1.vien-thong", organisation="so-khcn")
    sent = await submitted(client, cast.coordinating_officer, duty["id"])
    await done(client, cast.coordinator, sent["id"], "accept")
    other = await act(client, cast.second_coordinator, sent["id"], "accept")
    assert other.json()["type"] == "urn:pii:problem:reviewing-body"
    taken = await done(client, cast.foreign_officer, sent["id"], "accept")
    assert (taken["state"], taken["decided_by"]) == ("accepted", cast.foreign_officer.name)


HEADING = "from,to,to_name_vi,effective_on,kind\n"
ROW = "so-khdt,so-tc,Sở Tài chính,2025-03-01,merged into\n"
WRONG = {
    "an unknown column": ("from,to,name\n", "/1"),
    "a missing cell": (HEADING + "so-khdt,so-tc\n", "/2"),
    "an unknown body": (HEADING + ROW.replace("so-khdt", "so-gi"), "/2/from"),
    "another name": (HEADING + ROW.replace("Tài chính", "Kho bạc"), "/2/to_name_vi"),
    "a day that is none": (HEADING + ROW.replace("2025-03-01", "01/03/2025"), "/2/effective_on"),
    "an unknown kind": (HEADING + ROW.replace("merged into", "sold to"), "/2/kind"),
    "a body twice": (HEADING + ROW + ROW.replace("so-tc,Sở Tài chính", "so-nv,Sở Nội vụ"), "/3/from"),
    "a body into itself": (HEADING + ROW.replace("so-khdt", "so-tc"), "/2/to"),
    "two names of one": (HEADING + ROW + ROW.replace("so-khdt", "so-ct").replace("Tài", "T"), "/3/to_name_vi"),
    "nothing": (HEADING, "/file"),
    "broken quotes": (HEADING + 'so-khdt,"so"x,a,2025-03-01,merged into\n', "/2"),
    "JSON that is no list": ('{"from": 1}', "/file"),
    "broken JSON": ("[1,", "/file"),
    "JSON of numbers": ("[1]", "/0"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_list_is_refused_with_its_place_and_plans_nothing(
    client: AsyncClient, cast: Cast, name: str
) -> None:
    text, where = WRONG[name]
    refused = body(await sent(client, cast, text.encode()), 422)
    assert pointers(refused)[0] == where
    looked = body(await sent(client, cast, text.encode(), dry_run=True))
    assert (looked["valid"], looked["errors"]) == (False, refused["errors"])
    assert await read(client, cast.coordinator, HANDOVERS) == {"items": [], "next_cursor": None}


async def test_text_that_is_not_utf8_is_refused(client: AsyncClient, cast: Cast) -> None:
    refused = body(await sent(client, cast, b"from,to\n\xff\xfe"), 422)
    assert pointers(refused) == ["/file"]


async def test_the_same_list_as_json_plans_the_same(client: AsyncClient, cast: Cast) -> None:
    row = {"from": "so-khdt", "to": "so-tc", "to_name_vi": "Sở Tài chính"}
    rows = [row | {"effective_on": "2025-03-01", "kind": "merged into", "basis": "NQ 1"}]
    content = str(rows).replace("'", '"').encode()
    (told,) = body(await sent(client, cast, content, dry_run=True))["handovers"]
    (same,) = body(await sent(client, cast, (HEADING + ROW).encode(), dry_run=True, basis="NQ 1"))[
        "handovers"
    ]
    assert told == same


async def test_a_receiver_that_hands_over_by_the_same_list_is_told(
    client: AsyncClient, cast: Cast
) -> None:
    text = HEADING + ROW + "so-tc,so-nv,Sở Nội vụ,2025-03-01,merged into\n"
    first, _ = body(await sent(client, cast, text.encode(), dry_run=True))["handovers"]
    assert "chained" in codes(first["preview"])
