import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from deploy.mailbox import SIZE_LIMIT
from deploy.ports import Ports
from deploy.processes import Part, end, spawn
from deploy.startup import CHECKOUT, http_status


@dataclass(frozen=True)
class Box:
    folder: Path
    smtp_port: int
    page: httpx.AsyncClient

    async def send(self, message: EmailMessage) -> None:
        await aiosmtplib.send(
            message, hostname="127.0.0.1", port=self.smtp_port, start_tls=False, timeout=5
        )

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.eml"))


async def until_it_answers(port: int) -> None:
    for _ in range(500):
        if await http_status("127.0.0.1", port, "/") == 200:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the mail box does not answer")


@pytest.fixture(scope="module")
async def box(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Box]:
    folder = tmp_path_factory.mktemp("mailbox")
    with Ports() as ports:
        smtp, page = ports.take(24_000), ports.take(24_500)
        words = ("--directory", folder / "mail", "--smtp-port", smtp, "--http-port", page)
        argv = (sys.executable, "-m", "deploy.mailbox", *map(str, words))
        part = Part(name="mailbox", argv=argv, log=folder / "log", env={}, cwd=CHECKOUT)
        process = await spawn(part)
        try:
            await until_it_answers(page)
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{page}", trust_env=False
            ) as client:
                yield Box(folder / "mail", smtp, client)
        finally:
            assert await end(process, part) == 0


def mail(
    subject: str, *, key: str, html: str | None = None, text: str = "Xin chào"
) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "pii@example.test"
    message["To"] = "so-khcn@example.test"
    message["Message-ID"] = f"<{key}@example.test>"
    message["Date"] = "Mon, 03 Mar 2025 08:00:00 +0700"
    message["X-PII-Step"] = "first"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


async def test_a_mail_is_a_file_on_the_page_and_in_the_list(box: Box) -> None:
    await box.send(mail("Nhắc báo cáo chỉ số", key="plain"))
    item = (await box.page.get("/api/mails")).json()["items"][0]
    assert item["subject"] == "Nhắc báo cáo chỉ số"
    assert item["message_id"] == "<plain@example.test>"
    assert item["headers"] == {"X-PII-Step": "first"}
    assert f"{item['name']}.eml" in box.files()
    assert "Nhắc báo cáo chỉ số" in (await box.page.get("/")).text
    assert "Xin chào" in (await box.page.get(f"/mails/{item['name']}")).text
    raw = await box.page.get(f"/mails/{item['name']}.eml")
    assert raw.content == (box.folder / f"{item['name']}.eml").read_bytes()


async def test_a_mail_delivered_again_is_the_same_mail_but_counted(box: Box) -> None:
    await box.send(mail("Một lần", key="twice"))
    before = box.files()
    await asyncio.gather(*(box.send(mail("Một lần", key="twice")) for _ in range(3)))
    assert box.files() == before
    counted = (box.folder / "duplicates.log").read_text().splitlines()
    assert sum("<twice@example.test>" in line for line in counted) == 3


async def test_nothing_in_a_mail_becomes_part_of_the_page(box: Box) -> None:
    evil = "<script>alert(1)</script>"
    await box.send(mail(evil, key="evil", html=f'<p>"{evil}</p>', text=evil))
    name = (await box.page.get("/api/mails")).json()["items"][0]["name"]
    for path in ("/", f"/mails/{name}"):
        answer = await box.page.get(path)
        assert "<script" not in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert '<iframe sandbox=""' in answer.text


async def test_a_mail_that_is_too_large_is_refused(box: Box) -> None:
    before = box.files()
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await box.send(mail("Lớn", key="large", text=("x" * 70 + "\n") * (SIZE_LIMIT // 70)))
    assert refused.value.code == 552
    assert box.files() == before


async def test_the_list_is_read_in_pages_newest_first(box: Box) -> None:
    for number in range(3):
        await box.send(mail(f"Trang {number}", key=f"page-{number}"))
    first = (await box.page.get("/api/mails?limit=2")).json()
    assert [item["subject"] for item in first["items"]] == ["Trang 2", "Trang 1"]
    second = (await box.page.get(f"/api/mails?limit=1&after={first['next']}")).json()
    assert [item["subject"] for item in second["items"]] == ["Trang 0"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/mails/20250101T000000.000000Z-" + "0" * 40, 404),
        ("/mails/..%2f..%2fetc%2fpasswd", 404),
        ("/mails/duplicates.log", 404),
        ("/api/mails?limit=0", 422),
        ("/api/mails?limit=many", 422),
    ],
)
async def test_what_is_not_there_or_makes_no_sense_is_refused(
    box: Box, path: str, status: int
) -> None:
    assert (await box.page.get(path)).status_code == status


async def test_a_page_elsewhere_cannot_read_the_mails_under_its_own_name(box: Box) -> None:
    answer = await box.page.get("/api/mails", headers={"Host": "elsewhere.test"})
    assert answer.status_code == 400


async def test_a_mail_that_makes_no_sense_is_kept_and_shown(box: Box) -> None:
    nonsense = (
        b"Subject: \xff\xfe =?utf-8?b?!?=\r\nTo: <<<\r\nDate: never\r\n"
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe\r\n"
    )
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=box.smtp_port, start_tls=False)
    async with client:
        await client.sendmail("a@example.test", ["b@example.test"], nonsense)
    name = (await box.page.get("/api/mails?limit=1")).json()["items"][0]["name"]
    assert (await box.page.get(f"/mails/{name}")).status_code == 200
    assert (await box.page.get("/")).status_code == 200
