"""The link of a mail: a page that anybody's scanner may open, and forms that act once, by the usual rules."""

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from services.api.deps.clock import today_in_hanoi
from shared.links import Links
from shared.models import (
    Assignment,
    AuditEntry,
    Contact,
    Deputy,
    Extension,
    Mail,
    Membership,
    Organisation,
    Period,
    Reminder,
    User,
)
from tests.api.conftest import Real
from tests.cast import Cast, Person
from tests.factories import assignment_of, body, done, drafted, opened_period, period_of, submitted

TODAY = today_in_hanoi()
KEYS = Links(b"khoa-cua-cac-bai-thu-nghiem-0123456789")
LATER = TODAY + timedelta(days=10)
FORM = {"content-type": "application/x-www-form-urlencoded"}


def soon(minutes: float = 60) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Post:
    """A mail to a body's contact about two of its duties."""

    client: AsyncClient
    session: AsyncSession
    cast: Cast
    mail: UUID
    contact: UUID
    duties: tuple[UUID, UUID]
    body: UUID

    def signed(
        self, purpose: str, *about: UUID, minutes: float = 60, mail: UUID | None = None
    ) -> str:
        return KEYS.sign(purpose, (mail or self.mail, *about), expires_at=soon(minutes))

    async def page(self, token: str | None = None) -> Response:
        return await self.client.get(f"/l/{token or self.signed('mail')}")

    async def forms(self) -> list[str]:
        return re.findall(r'action="(/l/[^"]+)"', (await self.page()).text)

    async def form(self, purpose: str) -> str:
        return next(form for form in await self.forms() if form.endswith(purpose))

    async def send(self, address: str, **content: Any) -> Response:
        return await self.client.post(address, data=content)


async def sent_to(
    session: AsyncSession, code: str, duties: list[UUID], *, email: str, **whom: Any
) -> UUID:
    """Write the ledger as the notifier does after it has sent a mail."""
    organisation = await session.scalar(select(Organisation.id).where(Organisation.code == code))
    assert organisation is not None
    now = datetime.now(UTC)
    mail = Mail(
        id=uuid4(),
        key=f"digest:{email}:{uuid4()}",
        kind="digest",
        recipient=email,
        recipient_name=whom.pop("recipient_name", "Đầu mối"),
        day=TODAY,
        message_id=f"<{uuid4()}@localhost>",
        state="sent",
        next_at=now,
        sent_at=now,
        trace_id="",
    )
    session.add(mail)
    await session.flush()
    for duty in duties:
        session.add(
            Reminder(
                kind="step",
                topic="due",
                subject_id=duty,
                assignment_id=duty,
                organisation_id=organisation,
                period_id=period_of(duty),
                due_on=date(2030, 6, 30),
                step="-1w",
                audience=whom.get("audience", "officer"),
                contact_id=whom.get("contact_id"),
                user_id=whom.get("user_id"),
                recipient=email,
                recipient_name=mail.recipient_name,
                planned_at=now,
                send_at=now,
                state="sent",
                sent_at=now,
                mail_id=mail.id,
                trace_id="",
            )
        )
    await session.commit()
    return mail.id


async def contact_of(client: AsyncClient, cast: Cast, code: str, **values: str) -> UUID:
    made = await client.post(
        f"/v1/organisations/{code}/contacts", json=values, headers=cast.coordinator.headers
    )
    return UUID(body(made, 201)["id"])


@pytest.fixture
async def post(client: AsyncClient, cast: Cast, session: AsyncSession) -> Post:
    await opened_period(client, cast)
    duties = [UUID((await assignment_of(client, cast, code))["id"]) for code in ("2.1.1", "2.1.2")]
    email = "officer@example.org"
    contact = await contact_of(client, cast, "so-gddt", name="Lê Thị Bình", email=email)
    mail = await sent_to(
        session, "so-gddt", duties, email=email, contact_id=contact, recipient_name="Lê Thị Bình"
    )
    organisation = await session.scalar(
        select(Assignment.organisation_id).where(Assignment.id == duties[0])
    )
    assert organisation is not None
    return Post(client, session, cast, mail, contact, (duties[0], duties[1]), organisation)


async def counted(connection: AsyncConnection) -> dict[str, int]:
    """Count every row of every table, and what of the ledger is acknowledged."""
    tables = await connection.scalars(
        text(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
    )
    found = {
        name: int(await connection.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0)  # noqa: S608
        for name in tables.all()
    }
    noted = text("SELECT count(*) FROM reminders WHERE acknowledged_at IS NOT NULL")
    found["acknowledged"] = int(await connection.scalar(noted) or 0)
    return found


async def test_a_scanner_that_opens_every_link_changes_nothing(
    post: Post, connection: AsyncConnection
) -> None:
    before = await counted(connection)
    address = f"/l/{post.signed('mail')}"
    forms = await post.forms()
    for path in (address, *forms):
        for method in ("GET", "HEAD", "OPTIONS"):
            await post.client.request(method, path)
    assert (await post.client.head(address)).status_code == 200
    assert [(await post.client.get(form)).status_code for form in forms] == [405] * len(forms)
    assert (await post.client.post(address)).status_code == 405
    assert await counted(connection) == before


async def test_the_page_shows_each_duty_as_it_is_now_and_no_figure(post: Post) -> None:
    draft = await submitted(post.client, post.cast.officer, str(post.duties[0]), value=6.54321)
    await done(post.client, post.cast.coordinator, draft["id"], "return", "Thiếu <b>trang 2</b>")
    page = await post.page()
    shown = page.text
    assert page.status_code == 200
    for told in (
        "2.1.1",
        "2.1.2",
        "30/06/2030",
        "Bị trả lại, cần sửa và nộp lại",
        "Thiếu &lt;b&gt;trang 2&lt;/b&gt;",
        "Lê Thị Bình",
        "Sở Khoa học và Công nghệ",
        "Căn cứ",
        "days left",
    ):
        assert told in shown, told
    assert "6.54321" not in shown
    assert shown.index("Nhiệm vụ và thời hạn") < shown.index("Duties and deadlines")


async def test_the_page_loads_nothing_and_is_neither_kept_nor_indexed_nor_told_on(
    post: Post,
) -> None:
    for page in (await post.page(), await post.page("A" * 50)):
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in page.headers["x-robots-tag"]
        for outside in ("<script", "http://", "https://", "<img", "<link", "@import", "url("):
            assert outside not in page.text
        assert 'name="viewport"' in page.text


async def test_the_style_is_the_one_that_the_policy_lets_in(post: Post) -> None:
    page = await post.page()
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.headers["content-security-policy"]


async def test_the_banner_stands_where_the_period_is_made_up_and_only_there(post: Post) -> None:
    made_up = "DỮ LIỆU GIẢ ĐỊNH"
    before = made_up in (await post.page()).text
    await post.session.execute(update(Period).values(made_up=not before))
    await post.session.commit()
    assert (made_up in (await post.page()).text) is not before


async def test_acknowledging_notes_every_row_of_the_mail_about_that_duty_and_no_other(
    post: Post,
) -> None:
    address = await post.form("acknowledge")
    answer = await post.send(address)
    assert answer.status_code == 200
    assert "Đã ghi nhận: đã nhận được" in answer.text
    rows = await post.session.execute(
        select(Reminder.assignment_id, Reminder.acknowledged_at.is_not(None))
    )
    assert dict(rows.all()) == {post.duties[0]: True, post.duties[1]: False}
    entry = await post.session.scalar(select(AuditEntry).where(AuditEntry.action == "acknowledged"))
    assert entry is not None
    assert (entry.actor_kind, entry.actor_name) == ("link", "Lê Thị Bình")
    assert (entry.actor_id, entry.object_id) == (post.cast.officer.id, str(post.duties[0]))
    # The page knows, and leads on to what is left.
    (back,) = re.findall(r'href="(/l/[^"]+)"', answer.text)
    again = (await post.client.get(back)).text
    assert "Đã ghi nhận: đã nhận được" in again
    assert again.count("/acknowledge") == 1


async def test_a_form_sent_again_gets_the_first_answer_and_acts_no_more(
    post: Post, connection: AsyncConnection
) -> None:
    address = await post.form("extension")
    content = {"wished_on": "2030-07-10", "reason": "Chờ số liệu điều tra"}
    first = await post.send(address, **content)
    assert first.status_code == 200, first.text
    before = await counted(connection)
    again = await post.send(address, **content)
    assert (again.status_code, again.text) == (200, first.text)
    assert again.headers["content-security-policy"]
    other = await post.send(address, **content | {"reason": "Một lý do khác"})
    assert other.status_code == 409
    # Also when the request has been refused meanwhile: a form acts once.
    await post.session.execute(
        update(Extension).values(state="refused", decided_at=datetime.now(UTC))
    )
    await post.session.commit()
    assert (await post.send(address, **content)).text == first.text
    assert await counted(connection) == before


async def test_of_two_clicks_at_once_one_acts_and_both_are_told_so(real: Real) -> None:
    async with real.database.sessions() as session:
        await opened_period(real.client, real.cast)
        duty = UUID((await assignment_of(real.client, real.cast))["id"])
        email = "officer@example.org"
        contact = await contact_of(real.client, real.cast, "so-gddt", name="B", email=email)
        mail = await sent_to(session, "so-gddt", [duty], email=email, contact_id=contact)
        page = await real.client.get(f"/l/{KEYS.sign('mail', mail, expires_at=soon())}")
        (address,) = re.findall(r'action="(/l/[^"]+/extension)"', page.text)
        content = {"wished_on": "2030-07-10", "reason": "Chờ số liệu"}
        answers = await asyncio.gather(*(real.client.post(address, data=content) for _ in range(5)))
        assert [answer.status_code for answer in answers] == [200] * 5
        assert len({answer.text for answer in answers}) == 1
        assert await session.scalar(select(func.count()).select_from(Extension)) == 1
        # Two forms of two pages: the rule of one question at a time decides.
        noted = f"/l/{KEYS.sign('acknowledge', (mail, duty), expires_at=soon())}/acknowledge"
        other = f"/l/{KEYS.sign('acknowledge', (mail, duty), expires_at=soon(30))}/acknowledge"
        twice = await asyncio.gather(real.client.post(noted), real.client.post(other))
        assert [answer.status_code for answer in twice] == [200, 200]
        acts = select(func.count()).where(AuditEntry.action == "acknowledged")
        assert await session.scalar(acts) == 1


async def test_an_extension_by_link_is_asked_by_the_same_rules_and_the_asker_does_not_grant_it(
    post: Post,
) -> None:
    address = await post.form("extension")
    early = await post.send(address, wished_on="2030-06-30", reason="Chờ số liệu")
    assert early.status_code == 422
    assert "Hạn mới phải sau hạn hiện tại" in early.text
    answer = await post.send(address, wished_on="2030-07-10", reason="Chờ <i>số</i> liệu")
    assert "10/07/2030" in answer.text
    listed = await post.client.get(
        f"/v1/assignments/{post.duties[0]}/extensions", headers=post.cast.coordinator.headers
    )
    (asked,) = body(listed)["items"]
    assert (asked["asked_by"], asked["state"]) == ("Lê Thị Bình", "asked")
    assert asked["reason"] == "Chờ <i>số</i> liệu"
    # One at a time: another page, another token, the same question.
    second = await post.send(
        f"/l/{post.signed('extension', post.duties[0])}/extension",
        wished_on="2030-07-11",
        reason="Chờ số liệu",
    )
    assert second.status_code == 409
    assert (await post.form("extension")) != address
    assert len([form for form in await post.forms() if form.endswith("extension")]) == 1
    # The officer is the coordinator's as well now: he still does not grant his own.
    coordinating = await post.session.scalar(
        select(Organisation.id).where(Organisation.is_coordinator)
    )
    await post.session.execute(
        insert(Membership).values(
            user_id=post.cast.officer.id, organisation_id=coordinating, role="coordinator"
        )
    )
    await post.session.commit()
    granted = await post.client.post(
        f"/v1/extensions/{asked['id']}/grant",
        json={"reason": "Đồng ý"},
        headers=post.cast.officer.headers,
    )
    assert granted.status_code == 403
    body(
        await post.client.post(
            f"/v1/extensions/{asked['id']}/grant",
            json={"reason": "Đồng ý"},
            headers=post.cast.coordinator.headers,
        )
    )


async def test_nothing_is_asked_for_a_duty_that_is_done(post: Post) -> None:
    token = post.signed("extension", post.duties[0])
    await submitted(post.client, post.cast.officer, str(post.duties[0]))
    answer = await post.send(f"/l/{token}/extension", wished_on="2030-07-10", reason="Chờ số liệu")
    assert answer.status_code == 409
    assert "Hiện không còn phải nộp" in answer.text
    assert len([form for form in await post.forms() if form.endswith("extension")]) == 1


async def test_a_contact_without_an_account_asks_in_his_own_name_and_names_no_deputy(
    post: Post,
) -> None:
    contact = await contact_of(
        post.client, post.cast, "so-gddt", name="Trần Văn Cường", email="cuong@example.org"
    )
    mail = await sent_to(
        post.session,
        "so-gddt",
        [post.duties[1]],
        email="cuong@example.org",
        contact_id=contact,
        recipient_name="Trần Văn Cường",
    )
    page = await post.page(post.signed("mail", mail=mail))
    assert "/deputy" not in page.text
    token = post.signed("extension", post.duties[1], mail=mail)
    content = {"wished_on": "2030-07-10", "reason": "Chờ số liệu"}
    assert (await post.send(f"/l/{token}/extension", **content)).status_code == 200
    asked = (await post.session.execute(select(Extension.asked_by, Extension.asked_by_name))).one()
    assert asked == (contact, "Trần Văn Cường")
    refused = await post.send(
        f"/l/{post.signed('deputy', post.body, mail=mail)}/deputy",
        deputy=str(post.cast.head.id),
        valid_from=str(TODAY),
        valid_to=str(LATER),
    )
    assert refused.status_code == 410


async def test_a_deputy_is_chosen_by_name_among_those_of_the_body(post: Post) -> None:
    page = (await post.page()).text
    options = dict(re.findall(r'<option value="([^"]+)">([^<]+)</option>', page))
    assert options == {str(post.cast.head.id): post.cast.head.name}
    assert post.cast.head.login + "@example.org" not in page
    content = {"valid_from": str(TODAY), "valid_to": str(LATER), "reason": "Nghỉ phép"}
    address = await post.form("deputy")
    stranger = await post.send(address, deputy=str(post.cast.viewer.id), **content)
    assert stranger.status_code == 422
    named = await post.send(address, deputy=str(post.cast.head.id), **content)
    assert named.status_code == 200, named.text
    assert post.cast.head.name in unescape(named.text)
    found = await post.session.execute(
        select(Membership.user_id, Deputy.deputy_id, Deputy.valid_to).join(
            Membership, Membership.id == Deputy.membership_id
        )
    )
    assert found.all() == [(post.cast.officer.id, post.cast.head.id, LATER)]
    assert (await post.send(address, deputy=str(post.cast.head.id), **content)).text == named.text
    other = f"/l/{post.signed('deputy', post.body, minutes=30)}/deputy"
    chained = await post.send(other, deputy=str(post.cast.head.id), **content)
    assert chained.status_code == 409


async def moved_on(post: Post, why: str) -> None:
    match why:
        case "the contact has left":
            change: Any = update(Contact).where(Contact.id == post.contact).values(active=False)
        case "the contact is somebody else now":
            change = (
                update(Contact).where(Contact.id == post.contact).values(email="moi@example.org")
            )
        case _:
            other = await post.session.scalar(
                select(Organisation.id).where(Organisation.code == "so-ct")
            )
            change = (
                update(Assignment)
                .where(Assignment.id.in_(post.duties))
                .values(organisation_id=other)
            )
    await post.session.execute(change)
    await post.session.commit()


@pytest.mark.parametrize(
    "why",
    [
        "the contact has left",
        "the contact is somebody else now",
        "the duty has passed to another body",
    ],
)
async def test_what_is_no_longer_his_is_shown_without_forms_and_not_acted_on(
    post: Post, connection: AsyncConnection, why: str
) -> None:
    draft = await submitted(post.client, post.cast.officer, str(post.duties[0]))
    await done(post.client, post.cast.coordinator, draft["id"], "return", "Bí mật của cơ quan mới")
    forms = await post.forms()
    await moved_on(post, why)
    before = await counted(connection)
    page = await post.page()
    assert page.status_code == 410
    assert page.headers["content-type"].startswith("text/html")
    assert "<form" not in page.text
    assert "Bí mật" not in page.text
    told = await post.client.get(
        f"/l/{post.signed('mail')}", headers={"accept": "application/problem+json"}
    )
    assert told.status_code == 410
    assert told.json()["type"] == "urn:pii:problem:not-yours-now"
    contents = {
        "acknowledge": {},
        "extension": {"wished_on": "2030-07-10", "reason": "Chờ số liệu"},
        "deputy": {
            "deputy": str(post.cast.head.id),
            "valid_from": str(TODAY),
            "valid_to": str(LATER),
        },
    }
    assert {form.rpartition("/")[2] for form in forms} == contents.keys()
    for form in forms:
        answer = await post.send(form, **contents[form.rpartition("/")[2]])
        assert answer.status_code == 410, (form, answer.text)
        assert "<!DOCTYPE html>" in answer.text
    assert await counted(connection) == before


async def test_a_deputy_who_was_written_to_acts_as_long_as_he_stands_in(post: Post) -> None:
    viewer, session = post.cast.viewer, post.session
    await session.execute(
        insert(Membership).values(user_id=viewer.id, organisation_id=post.body, role="viewer")
    )
    membership = await session.scalar(
        select(Membership.id).where(Membership.user_id == post.cast.officer.id)
    )
    lent = Deputy(
        id=uuid4(),
        membership_id=membership,
        deputy_id=viewer.id,
        valid_from=TODAY,
        valid_to=LATER,
        reason="",
    )
    session.add(lent)
    mail = await sent_to(
        session,
        "so-gddt",
        [post.duties[0]],
        email="viewer@example.org",
        user_id=viewer.id,
        audience="deputy",
    )
    token = post.signed("mail", mail=mail)
    page = (await post.page(token)).text
    assert ("/acknowledge" in page, "/extension" in page, "/deputy" in page) == (True, True, False)
    lent.ended_at = datetime.now(UTC)
    await session.commit()
    assert "<form" not in (await post.page(token)).text


async def test_whoever_looks_on_acknowledges_and_asks_for_nothing(post: Post) -> None:
    contact = await contact_of(
        post.client, post.cast, "so-khcn", name="Điều phối", email="dieu-phoi@example.org"
    )
    mail = await sent_to(
        post.session,
        "so-gddt",
        [post.duties[0]],
        email="dieu-phoi@example.org",
        contact_id=contact,
        audience="coordinator",
    )
    forms = re.findall(
        r'action="(/l/[^"]+)"', (await post.page(post.signed("mail", mail=mail))).text
    )
    assert [form.rpartition("/")[2] for form in forms] == ["acknowledge"]
    token = post.signed("extension", post.duties[0], mail=mail)
    answer = await post.send(f"/l/{token}/extension", wished_on="2030-07-10", reason="Chờ số liệu")
    assert answer.status_code == 403


@pytest.mark.parametrize("accept", ["text/html", "application/problem+json", "application/json"])
async def test_a_link_that_cannot_be_used_says_why_in_the_form_that_is_asked_for(
    post: Post, accept: str
) -> None:
    foreign = UUID(
        (await assignment_of(post.client, post.cast, "5.2.3", organisation="so-ct"))["id"]
    )
    cases = {
        f"/l/{post.signed('mail', minutes=-1)}": ("GET", 410),
        f"/l/{post.signed('mail', mail=uuid4())}": ("GET", 404),
        f"/l/{post.signed('acknowledge', post.duties[0])}": ("GET", 404),
        "/l/khong-phai-ma": ("GET", 404),
        f"/l/{post.signed('mail')}/acknowledge": ("POST", 404),
        f"/l/{post.signed('extension', post.duties[0])}/acknowledge": ("POST", 404),
        f"/l/{post.signed('acknowledge', post.duties[0], minutes=-1)}/acknowledge": ("POST", 410),
        f"/l/{post.signed('acknowledge', foreign)}/acknowledge": ("POST", 404),
        f"/l/{post.signed('extension', post.duties[0])}/extension": ("POST", 422),
        f"/l/{post.signed('deputy', foreign)}/deputy": ("POST", 422),
    }
    for path, (method, status) in cases.items():
        answer = await post.client.request(method, path, headers={"accept": accept})
        assert answer.status_code == status, (path, answer.text)
        if accept == "text/html":
            assert answer.headers["content-type"].startswith("text/html")
            assert "Nothing has been changed" in answer.text
        else:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status


async def test_names_that_are_markup_are_shown_as_text(post: Post) -> None:
    evil = "<script>alert(1)</script>\"'"
    await post.session.execute(update(Mail).values(recipient_name=evil))
    await post.session.execute(update(User).where(User.login == "head").values(name=evil))
    await post.session.execute(update(Period).values(name=evil))
    await post.session.commit()
    draft = await drafted(post.client, post.cast.officer, str(post.duties[0]))
    assert draft["id"]
    page = (await post.page()).text
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3
    answer = await post.send(
        await post.form("deputy"),
        deputy=str(post.cast.head.id),
        valid_from=str(TODAY),
        valid_to=str(LATER),
    )
    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text


async def test_a_form_with_what_it_does_not_have_is_refused_by_name(post: Post) -> None:
    address = await post.form("extension")
    answer = await post.send(address, wished_on="hôm nay", reason="x", more="<script>")
    assert answer.status_code == 422
    assert "Hạn mới" in answer.text
    assert "Lý do" in answer.text
    assert "<script>" not in answer.text


async def test_the_log_never_holds_a_link(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    token = post.signed("mail")
    await post.page(token)
    await post.client.get(f"/feeds/{token}.ics")
    written = capsys.readouterr()
    assert "/l/…" in written.out + written.err
    assert token not in written.out + written.err


async def test_whoever_is_erased_is_known_to_no_act_by_link(post: Post) -> None:
    officer: Person = post.cast.officer
    await post.send(await post.form("acknowledge"))
    await post.send(
        await post.form("extension"), wished_on="2030-07-10", reason="Chờ số liệu điều tra"
    )
    erased = await post.client.post(
        f"/v1/users/{officer.id}/erase",
        json={"reason": "Theo yêu cầu"},
        headers=post.cast.admin.headers,
    )
    body(erased)
    names = await post.session.scalars(
        select(AuditEntry.actor_name)
        .where(AuditEntry.actor_kind == "link")
        .execution_options(populate_existing=True)
    )
    assert "Lê Thị Bình" not in set(names.all())
    asked = await post.session.scalar(
        select(Extension.asked_by_name).execution_options(populate_existing=True)
    )
    assert asked != "Lê Thị Bình"
    assert "<form" not in (await post.page()).text
