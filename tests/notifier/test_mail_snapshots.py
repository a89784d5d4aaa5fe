"""What people read, word for word; see tests.notifier.written for how the files are made."""

import re
import unicodedata
from typing import Any

import pytest
from tinyhtml5.parser import HTMLParser

from services.notifier.mail.letter import Letter
from services.notifier.mail.words import LANGUAGES
from services.notifier.mail.words.terms import Terms
from tests.notifier.letters import LETTERS, variants
from tests.notifier.written import SNAPSHOTS, bodies, files, received

VARIANTS = variants()
DECORATION = re.compile(r"[-*=:\s]")
# "At once", "overdue", "urge": not to bodies outside the city's line of command.
ORDERS = re.compile(
    r"quá hạn|đôn đốc|ngay\b|yêu cầu|overdue|at once|urge|require|must", re.IGNORECASE
)


def parsed(html: str) -> Any:
    """Read it as a browser does; a mistake in it fails."""
    parser = HTMLParser(namespace_html_elements=False)
    tree = parser.parse(html)
    assert parser.errors == []
    return tree


def test_every_mail_says_what_its_file_says() -> None:
    kept = {path.name: path.read_text() for path in SNAPSHOTS.iterdir()}
    made = files()
    assert sorted(kept) == sorted(made)
    assert [name for name in made if made[name] != kept[name]] == []


@pytest.mark.parametrize("letter", VARIANTS.values(), ids=VARIANTS)
def test_it_is_html_without_a_mistake_and_with_nothing_from_outside(letter: Letter) -> None:
    _, html = bodies(received(letter))
    tree = parsed(html)
    assert tree.get("lang") == letter.language
    assert [cell.get("lang") for cell in tree.iter("td") if cell.get("lang")] == (
        ["en", "vi"] if letter.language == "en" else ["vi", "en"]
    )
    assert len(list(tree.iter("h1"))) == 1
    assert len(list(tree.iter("a"))) <= 1
    assert all(table.get("role") == "presentation" for table in tree.iter("table"))
    for outside in ("<img", "src=", "url(", "<link", "@import", "<style", "<script", " class="):
        assert outside not in html
    assert "max-width:640px" in html


@pytest.mark.parametrize("letter", VARIANTS.values(), ids=VARIANTS)
def test_text_and_html_say_the_same(letter: Letter) -> None:
    plain, html = bodies(received(letter))
    body = parsed(re.sub(r"<!--.*?-->", "", html)).find("body")
    shown = "".join(body.itertext())
    assert DECORATION.sub("", shown) == DECORATION.sub("", plain)


@pytest.mark.parametrize("letter", VARIANTS.values(), ids=VARIANTS)
def test_every_text_is_nfc_and_no_word_is_left_out(letter: Letter) -> None:
    message = received(letter)
    for text in (message["Subject"], *bodies(message)):
        assert unicodedata.is_normalized("NFC", text)
        assert not re.search(r"\bNone(?! of)\b", text)
        assert "Undefined" not in text
        assert not re.search(r"[\x00-\x09\x0b-\x1f§¦]", text)


@pytest.mark.parametrize(
    "name",
    [name for name in VARIANTS if "_asked." in name and name.startswith(("d", "s", "notice_r"))],
)
def test_a_body_outside_the_line_of_command_is_asked_and_not_ordered(name: str) -> None:
    message = received(VARIANTS[name])
    for text in (message["Subject"], *bodies(message)):
        assert not ORDERS.search(text.replace("Yêu cầu giải trình", ""))
    assert re.search("trân trọng đề nghị|kính đề nghị", bodies(message)[0])


def test_both_languages_have_the_same_words() -> None:
    vi, en = LANGUAGES["vi"], LANGUAGES["en"]
    for name in Terms.__annotations__:
        words, other = getattr(vi, name), getattr(en, name)
        assert type(words) is type(other)
        if isinstance(words, dict):
            assert words.keys() == other.keys()


def test_there_is_a_letter_of_every_kind() -> None:
    kinds = {letter.kind for letter in LETTERS.values()}
    assert kinds == {"digest", "separate", "notice", "summary", "hold", "alarm", "test"}
