from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.mail.wire import assembled
from tests.notifier.written import as_the_library_would, decoded

LINES = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=400)


def read(data: bytes) -> EmailMessage:
    parsed = message_from_bytes(data, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def parts(message: EmailMessage) -> list[tuple[str, str | None, str | None, str, bytes]]:
    return [
        (
            part.get_content_type(),
            part.get_content_charset(),
            part.get_filename(),
            part.get_content_disposition() or "",
            b"" if part.is_multipart() else decoded(part),
        )
        for part in message.walk()
    ]


def by_the_library(text: str, html: str, calendar: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = "x"
    message.set_content(text, cte="base64")
    message.add_alternative(html, subtype="html", cte="base64")
    if calendar:
        message.add_attachment(
            calendar,
            subtype="calendar",
            filename="a.ics",
            cte="base64",
            params={"method": "PUBLISH"},
        )
    return read(message.as_bytes())


@given(LINES, LINES, LINES)
def test_it_is_read_as_what_the_library_writes(text: str, html: str, calendar: str) -> None:
    text, html = f"{text}\n", f"{html}\n"
    calendar = calendar and f"{calendar}\n"
    ours = read(
        assembled(
            [("Subject", "x")], text=text, html=html, calendar=calendar, calendar_name="a.ics"
        )
    )
    theirs = by_the_library(text, html, calendar)
    assert [part.defects for part in ours.walk() if part.defects] == []
    assert parts(ours) == parts(theirs)
    if calendar:
        assert [part.get_param("method") for part in ours.iter_attachments()] == ["PUBLISH"]


def test_no_line_is_longer_than_mail_allows() -> None:
    data = assembled(
        [], text="ệ" * 5000, html="x" * 5000, calendar="y" * 5000, calendar_name="a.ics"
    )
    assert data.isascii()
    assert max(len(line) for line in data.split(b"\r\n")) <= 78


@given(LINES, LINES, LINES)
def test_on_the_wire_nothing_of_it_need_be_changed(text: str, html: str, calendar: str) -> None:
    headers = [("Subject", "a"), ("References", "<a@b>\r\n <c@d>")]
    made = assembled(headers, text=text, html=html, calendar=calendar, calendar_name="a.ics")
    assert as_the_library_would(made) == made
