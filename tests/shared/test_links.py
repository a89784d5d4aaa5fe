"""Links carry their own right: for one purpose, until a moment, and not one bit else."""

import base64
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.links import (
    ExpiredLinkError,
    InvalidLinkError,
    LinkKeyError,
    Links,
    load_links,
    mail_address,
    make_link_key,
)

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
LATER = NOW + timedelta(days=45)
LINKS = Links(b"k" * 32)
subjects = st.lists(st.uuids(), min_size=1, max_size=8).map(tuple)


@given(subjects, st.text(max_size=20), st.integers(1, 10**9))
def test_what_is_signed_is_read_back(subject: tuple[UUID, ...], purpose: str, seconds: int) -> None:
    expires_at = NOW + timedelta(seconds=seconds)
    token = LINKS.sign(purpose, subject, expires_at=expires_at)
    assert LINKS.open(token, purpose, now=NOW) == (subject, expires_at)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(subjects, st.data())
def test_no_other_token_is_read(subject: tuple[UUID, ...], data: st.DataObject) -> None:
    token = LINKS.sign("mail", subject, expires_at=LATER)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters().filter(lambda c: c != token[place]))
    for other in (
        token[:place] + letter + token[place + 1 :],
        token[:place],
        token + letter,
        token[:place] + letter + token[place:],
    ):
        with pytest.raises(InvalidLinkError):
            LINKS.read(other, "mail", now=NOW)


@given(st.text())
def test_any_text_is_refused_and_nothing_fails(text: str) -> None:
    with pytest.raises(InvalidLinkError):
        LINKS.read(text, "mail", now=NOW)


@given(st.text(max_size=12), st.text(max_size=12))
def test_a_token_is_good_for_its_purpose_alone(one: str, other: str) -> None:
    token = LINKS.sign(one, uuid4(), expires_at=LATER)
    if one == other:
        assert LINKS.read(token, other, now=NOW)
    else:
        with pytest.raises(InvalidLinkError):
            LINKS.read(token, other, now=NOW)


def test_it_holds_until_its_moment_and_then_says_that_it_has_expired() -> None:
    token = LINKS.sign("mail", uuid4(), expires_at=LATER)
    assert LINKS.read(token, "mail", now=LATER - timedelta(seconds=1))
    with pytest.raises(ExpiredLinkError):
        LINKS.read(token, "mail", now=LATER)
    # Another purpose learns nothing, not even that it was good once.
    with pytest.raises(InvalidLinkError):
        LINKS.read(token, "deputy", now=LATER)


def test_a_new_key_signs_and_the_old_ones_are_still_accepted() -> None:
    old, new = b"o" * 32, b"n" * 32
    before = Links(old).sign("mail", uuid4(), expires_at=LATER)
    rotated = Links(new, old)
    after = rotated.sign("mail", uuid4(), expires_at=LATER)
    for token in (before, after):
        assert rotated.read(token, "mail", now=NOW)
    assert Links(new).read(after, "mail", now=NOW)
    with pytest.raises(InvalidLinkError):
        Links(new).read(before, "mail", now=NOW)


def test_a_mails_link_leads_to_its_page_for_45_days() -> None:
    mail = uuid4()
    address = mail_address(LINKS, "https://pii.example.org/", mail, now=NOW)
    start, token = address[:26], address[26:]
    assert start == "https://pii.example.org/l/"
    assert LINKS.open(token, "mail", now=NOW) == ((mail,), LATER)


def test_a_token_of_another_version_is_not_ours() -> None:
    token = LINKS.sign("mail", uuid4(), expires_at=LATER)
    data = bytearray(base64.urlsafe_b64decode(token + "=="))
    data[0] = 2
    other = base64.urlsafe_b64encode(bytes(data)).decode().rstrip("=")
    with pytest.raises(InvalidLinkError):
        LINKS.read(other, "mail", now=NOW)


def test_a_mails_token_is_short_and_signing_it_costs_microseconds() -> None:
    mail = uuid4()
    assert len(LINKS.sign("mail", mail, expires_at=LATER)) == 50
    best = min(_seconds(mail) for _ in range(5))
    assert best < 50e-6


def _seconds(mail: UUID) -> float:
    started = time.perf_counter()
    for _ in range(1000):
        LINKS.sign("mail", mail, expires_at=LATER)
    return (time.perf_counter() - started) / 1000


def test_the_key_is_made_once_and_its_owner_alone_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "state" / "link-key"
    assert load_links(file) is None
    assert make_link_key(file) is True
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = file.read_bytes()
    assert make_link_key(file) is False
    assert file.read_bytes() == key
    links = load_links(file)
    assert links is not None
    token = links.sign("mail", uuid4(), expires_at=LATER)
    assert links.read(token, "mail", now=NOW)


def test_what_is_given_goes_before_the_file_and_its_first_key_signs(tmp_path: Path) -> None:
    file = tmp_path / "link-key"
    make_link_key(file)
    new, old = "n" * 40, "o" * 40
    links = load_links(file, f"{new},{old}")
    assert links is not None
    token = links.sign("mail", uuid4(), expires_at=LATER)
    assert Links(new.encode()).read(token, "mail", now=NOW)
    before = Links(old.encode()).sign("mail", uuid4(), expires_at=LATER)
    assert links.read(before, "mail", now=NOW)


@pytest.mark.parametrize("keys", ["", " \n", "short", "n" * 40 + ",short"])
def test_a_key_that_could_be_guessed_is_refused(tmp_path: Path, keys: str) -> None:
    file = tmp_path / "link-key"
    file.write_text(keys)
    with pytest.raises(LinkKeyError):
        load_links(file)
