"""What the library's checks say is said in the words of the product, in the language that is asked for."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core.core_schema import ErrorType

from services.api.deps.fields import Day, Email, Line
from services.api.deps.paging import Code
from services.api.identity.schemas import Login
from services.api.organisations.schemas import Phone
from services.api.patterns import TOLD
from services.api.words import MESSAGES_VI, OTHER_VI, in_english, in_vietnamese

OURS = {"no_such_day", "unknown_code"}  # not the library's


# The key of a repeated request has words of its own; the hash is what the system writes, and nobody sends.
ELSEWHERE = {"^[!-~]+$", "^sha256:[0-9a-f]{64}$"}


def test_every_line_of_the_table_is_a_type_of_the_library() -> None:
    assert MESSAGES_VI.keys() - OURS <= set(get_args(ErrorType))


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_no_type_of_error_lets_the_library_speak(kind: str) -> None:
    facts = {"min_length": 3, "max_length": 9, "le": 1, "ge": 1, "lt": 1, "gt": 1, "pattern": "^x$",
             "expected": "'csv' or 'xlsx'", "multiple_of": 5, "discriminator": "kind",
             "expected_tags": "'a', 'b'", "error": "library"}  # fmt: skip
    entry = {"type": kind, "loc": (), "msg": "Library text", "input": 1, "ctx": facts}
    if kind == "value_error":
        entry["msg"] = "Value error, must be one line / phải là một dòng"
    said = in_vietnamese(entry)
    assert said
    assert "Library" not in said
    assert " or " not in said
    assert "{" not in said


def fault(wanted: Any, sent: object) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(wanted).validate_python(sent)
    return dict(refused.value.errors()[0])


def test_our_own_checks_speak_one_language_at_a_time() -> None:
    entry = fault(Line, "hai\ndòng")
    assert in_vietnamese(entry) == "phải là một dòng"
    assert in_english(entry) == "must be one line"


def test_a_limit_that_is_a_day_is_written_as_one() -> None:
    least = repr(datetime(2000, 1, 1, tzinfo=UTC))
    entry = {
        "type": "greater_than_equal",
        "msg": f"Input should be greater than or equal to {least}",
        "ctx": {"ge": least},
    }
    assert in_vietnamese(entry) == "phải lớn hơn hoặc bằng 2000-01-01"
    assert in_english(entry) == "Input should be greater than or equal to 2000-01-01"


def test_a_text_that_is_too_short_lacks_characters_and_a_list_items() -> None:
    entry = {"type": "too_short", "msg": "x", "ctx": {"min_length": 12}}
    assert in_vietnamese({**entry, "input": "ngắn"}) == "quá ngắn, ít nhất 12 ký tự"
    assert in_vietnamese({**entry, "input": []}) == "quá ít phần tử, ít nhất 12"


def test_a_day_that_no_calendar_has_is_told_from_a_day_that_is_no_date() -> None:
    assert in_vietnamese(fault(Day, "2026-02-30")) == "không có ngày này trong lịch"
    assert in_english(fault(Day, "2027-02-30")) == "this day does not exist in the calendar"
    assert in_english(fault(Day, "2027-13-01")) == "this day does not exist in the calendar"
    assert in_vietnamese(fault(Day, "mai")) == "phải là ngày dạng NNNN-TT-NN"
    assert in_vietnamese({"type": "nothing_known", "msg": "x"}) == OTHER_VI


@pytest.mark.parametrize(
    ("wanted", "english", "vietnamese"),
    [
        (Login, "must be a login", "tên đăng nhập"),
        (Email, "must be an email address", "địa chỉ thư điện tử"),
        (Phone, "must be a telephone number", "số điện thoại"),
        (Code, "must be a code", "mã:"),
    ],
)
def test_a_wrong_form_is_told_which_form_is_wanted(
    wanted: Any, english: str, vietnamese: str
) -> None:
    entry = fault(wanted, "Sai dạng!")
    assert in_english(entry).startswith(english)
    assert in_vietnamese(entry).startswith(f"không đúng dạng, cần là {vietnamese}")
    # The example that is told has the form.
    for said in (in_english(entry), in_vietnamese(entry)):
        for example in re.split(" or | hoặc ", re.split("e.g. |ví dụ ", said)[1]):
            TypeAdapter(wanted).validate_python(example)


def test_every_form_that_the_api_asks_for_is_told_in_words(document: str) -> None:
    asked = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', document))
    found = {json.loads(pattern) for pattern in asked}
    assert found - ELSEWHERE == TOLD.keys()


@pytest.fixture(scope="module")
def document() -> str:
    return Path("docs/api/openapi.json").read_text("utf-8")
