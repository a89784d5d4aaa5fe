"""The links of mails to coordinator, leadership and operator: each opens in a browser, and a held run is decided by one."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy import func, insert, select, text, update

from services.api.deps.clock import today_in_hanoi
from shared.links import OFFICE, Links, mail_address
from shared.models import (
    Contact,
    Hold,
    Mail,
    Organisation,
    Period,
    Reminder,
    ReminderSettings,
    Run,
)
from shared.models.mails import MAIL_KINDS
from tests.api.conftest import Stage
from tests.factories import body

KEYS = Links(b"khoa-cua-cac-bai-thu-nghiem-0123456789")
HTML = {"accept": "text/html,application/xhtml+xml"}
DOCUMENT = {"accept": "application/problem+json"}
CHIEF = "lanh-dao@example.org"


async def body_id(stage: Stage, code: str) -> UUID:
    found = await stage.connection.scalar(select(Organisation.id).where(Organisation.code == code))
    assert found is not None
    return found


async def contact(stage: Stage, code: str, email: str, role: str = "officer") -> None:
    await stage.connection.execute(
        insert(Contact).values(
            organisation_id=await body_id(stage, code),
            role=role,
            name="Trần Văn Bình",
            email=email,
            phone="",
        )
    )


async def mail(stage: Stage, kind: str, recipient: str, **facts: Any) -> str:
    """Write a mail as the notifier does, and give the path of its link."""
    made = uuid4()
    now = datetime.now(UTC)
    await stage.connection.execute(
        insert(Mail).values(
            id=made, key=f"{kind}:{made}", kind=kind, recipient=recipient, recipient_name="Trần Văn Bình",
            day=today_in_hanoi(now), message_id=f"<{made}@x>", facts=facts, state="sent", next_at=now, sent_at=now,
            trace_id="",
        )
    )  # fmt: skip
    return mail_address(KEYS, "http://x", made, now=now).removeprefix("http://x")


@pytest.fixture
async def held(stage: Stage) -> str:
    """Hold two rows, and write of it to the contact who is the coordinator."""
    await stage.connection.execute(
        update(Reminder)
        .where(Reminder.state == "planned")
        .values(state="held", hold_id=stage.mine["hold"])
    )
    address = f"{stage.cast.coordinator.login}@example.org"
    await contact(stage, "so-khcn", address)
    return await mail(stage, "hold", address, hold_id=stage.mine["hold"])


async def opened(stage: Stage, path: str, **headers: str) -> Response:
    return await stage.client.get(path, headers=headers or HTML)


async def form(stage: Stage, path: str, purpose: str) -> str:
    page = await opened(stage, path)
    found = [each for each in re.findall(r'action="([^"]+)"', page.text) if each.endswith(purpose)]
    assert found, page.text
    return str(found[0])


async def state_of(stage: Stage) -> str:
    return str(
        await stage.connection.scalar(select(Hold.state).where(Hold.id == UUID(stage.mine["hold"])))
    )


async def test_every_link_a_mail_can_carry_opens_in_a_browser_without_a_token(
    stage: Stage,
) -> None:
    await contact(stage, "so-khcn", "binh@example.org")
    paths = {
        kind: await mail(stage, kind, "binh@example.org", hold_id=stage.mine["hold"])
        for kind in MAIL_KINDS
    }
    # Those with lines of the ledger; tests/api/test_links.py says what they show.
    row = select(Reminder.id).where(Reminder.state == "sent").limit(1)
    for kind in ("digest", "separate", "notice"):
        made = KEYS.read(paths[kind].removeprefix("/l/"), "mail", now=datetime.now(UTC))[0]
        await stage.connection.execute(
            update(Reminder).where(Reminder.id == row.scalar_subquery()).values(mail_id=made)
        )
        page = await opened(stage, paths[kind])
        assert page.headers["content-type"] == "text/html; charset=utf-8", kind
        assert page.status_code in {200, 410}, kind
        assert "Nhiệm vụ và thời hạn" in page.text
    for kind in OFFICE:
        page = await opened(stage, paths[kind])
        assert page.status_code == 200, (kind, page.text)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "Trần Văn Bình" in page.text
    # A trial carries no link: there is nothing that it could lead to.
    assert (await opened(stage, paths["test"])).status_code == 404


async def test_the_leaderships_summary_opens_the_board_of_the_open_periods(stage: Stage) -> None:
    await contact(stage, "ubnd-tp", CHIEF, "head")
    path = await mail(stage, "summary", CHIEF)
    page = await opened(stage, path)
    assert page.status_code == 200
    headers = stage.cast.coordinator.headers
    periods = body(await stage.client.get("/v1/periods?state=open", headers=headers))["items"]
    assert periods
    for period in periods:
        total = body(await stage.client.get(f"/v1/board?period={period['code']}", headers=headers))[
            "total"
        ]
        assert period["name"] in page.text
        assert f">{total['expected']}</dd>" in page.text
    assert "<form" not in page.text


async def test_the_board_of_a_summary_shows_the_estimated_index_and_what_a_week_changed(
    stage: Stage,
) -> None:
    await contact(stage, "ubnd-tp", CHIEF, "head")
    path = await mail(stage, "summary", CHIEF)
    (newest,) = await stage.connection.execute(
        select(Run).join(Period, Period.id == Run.period_id).where(Period.state == "open")
        .order_by(Run.number.desc()).limit(1)
    )  # fmt: skip
    facts = newest._asdict() | {"score": 62.857, "rank": 1, "units": 63, "number": 9_001}
    earlier = datetime.now(UTC) - timedelta(days=8)
    old = {"score": 63.0, "rank": 2, "number": 9_000, "created_at": earlier}
    for run in (facts | {"id": uuid4()}, facts | old | {"id": uuid4()}):
        await stage.connection.execute(insert(Run).values(run))
    shown = (await opened(stage, path)).text
    assert "62,86" in shown
    assert "−0,14 so với một tuần trước" in shown
    assert "−0.14 since a week ago" in shown
    assert "1/63" in shown
    assert "a week ago 2/63" in shown


async def test_an_alarm_opens_the_alarms_that_stand_with_their_names(stage: Stage) -> None:
    await stage.connection.execute(
        update(ReminderSettings).values(operator_email="Truc@example.org")
    )
    await stage.connection.execute(
        text(
            "INSERT INTO alarms (id, kind, subject, detail, cleared_at) VALUES "
            "(gen_random_uuid(), 'unsent', '', 'Có thư chờ. / Mail waits.', NULL), "
            "(gen_random_uuid(), 'planning_silent', '', 'Đã qua / Over', now())"
        )
    )
    page = await opened(stage, await mail(stage, "alarm", "truc@example.org"))
    assert page.status_code == 200
    assert "Thư đến giờ chưa gửi được" in page.text
    assert 'Có thư chờ.<span class="en" lang="en">Mail waits.</span>' in page.text
    for word in ("unsent", "Đã qua", "planning_silent"):
        assert word not in page.text


async def test_looking_at_a_held_run_decides_nothing(stage: Stage, held: str) -> None:
    for _ in range(2):
        page = await opened(stage, held)
        assert (await stage.client.head(held)).status_code == 200
    assert "9000" in page.text
    assert await state_of(stage) == "waiting"


async def test_a_held_run_is_released_by_its_link_in_the_coordinators_name(
    stage: Stage, held: str
) -> None:
    act = await form(stage, held, "release")
    answer = await stage.client.post(act, data={"reason": "Đã xem từng thư"})
    assert answer.status_code == 200, answer.text
    assert await state_of(stage) == "released"
    again = await stage.client.post(act, data={"reason": "Đã xem từng thư"})
    assert (again.status_code, again.text) == (200, answer.text)
    states = await stage.connection.execute(
        select(Reminder.state, func.count()).group_by(Reminder.state)
    )
    assert dict(states.all()) == {"planned": 2, "sent": 2}
    (entry,) = body(
        await stage.client.get(
            "/v1/audit?object_type=reminder_hold&limit=5", headers=stage.cast.admin.headers
        )
    )["items"]
    assert entry["actor_kind"] == "link"
    assert entry["actor_name"] == stage.cast.coordinator.name
    assert (entry["action"], entry["reason"]) == ("released", "Đã xem từng thư")
    page = await opened(stage, held)
    assert "<form" not in page.text
    assert stage.cast.coordinator.name in page.text


async def test_a_run_is_dropped_by_its_link_only_with_a_reason(stage: Stage, held: str) -> None:
    act = await form(stage, held, "discard")
    refused = await stage.client.post(act, data={"reason": " "}, headers=HTML)
    assert refused.status_code == 422
    assert "Lý do: quá ngắn, ít nhất 3 ký tự" in refused.text
    assert await state_of(stage) == "waiting"
    made = await stage.client.post(act, data={"reason": "Mở nhầm kỳ"})
    assert made.status_code == 200
    assert await state_of(stage) == "discarded"


@pytest.mark.parametrize("why", ["left", "another address", "another role", "another body"])
async def test_whoever_coordinates_no_more_neither_sees_nor_decides(
    stage: Stage, held: str, why: str
) -> None:
    act = await form(stage, held, "discard")
    cases: dict[str, dict[str, Any]] = {
        "left": {"active": False},
        "another address": {"email": "khac@example.org"},
        "another role": {"role": "head"},
        "another body": {"organisation_id": await body_id(stage, "so-ct")},
    }
    await stage.connection.execute(
        update(Contact)
        .where(Contact.email == f"{stage.cast.coordinator.login}@example.org")
        .values(**cases[why])
    )
    page = await opened(stage, held)
    assert page.status_code == 410
    assert "9000" not in page.text
    told = await opened(stage, held, **DOCUMENT)
    assert (told.status_code, told.json()["type"]) == (410, "urn:pii:problem:not-yours-now")
    assert (await stage.client.post(act, data={"reason": "Mở nhầm kỳ"})).status_code == 410
    assert await state_of(stage) == "waiting"


async def test_an_account_that_may_not_decide_sees_the_run_and_has_no_form(
    stage: Stage, held: str
) -> None:
    act = await form(stage, held, "release")
    await stage.connection.execute(
        text("UPDATE memberships SET role = 'viewer' WHERE user_id = :user"),
        {"user": stage.cast.coordinator.id},
    )
    page = await opened(stage, held)
    assert page.status_code == 200
    assert "<form" not in page.text
    refused = await stage.client.post(act, data={}, headers=HTML)
    assert refused.status_code == 410
    assert await state_of(stage) == "waiting"


async def test_a_form_is_for_one_purpose_one_run_and_a_time(stage: Stage, held: str) -> None:
    mail_id = KEYS.read(held.removeprefix("/l/"), "mail", now=datetime.now(UTC))[0]
    hold = UUID(stage.mine["hold"])
    soon, past = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(minutes=1)
    for purpose, subject, expires, status in (
        ("release", (mail_id, hold), soon, 404),  # made for the other purpose
        ("discard", (mail_id, uuid4()), soon, 404),
        ("discard", (mail_id, hold), past, 410),
    ):
        token = KEYS.sign(purpose, subject, expires_at=expires)
        answer = await stage.client.post(f"/l/{token}/discard", data={"reason": "Mở nhầm kỳ"})
        assert answer.status_code == status, purpose
    assert await state_of(stage) == "waiting"


async def test_a_decided_run_is_not_decided_again_by_another_form(stage: Stage, held: str) -> None:
    act = await form(stage, held, "release")
    headers = stage.cast.coordinator.headers
    reason = {"reason": "Danh mục nhập nhầm"}
    body(
        await stage.client.post(
            f"/v1/reminder-holds/{stage.mine['hold']}/discard", json=reason, headers=headers
        )
    )
    refused = await stage.client.post(act, data={}, headers=HTML)
    assert refused.status_code == 409
    assert "Lượt gửi này không còn chờ" in refused.text
