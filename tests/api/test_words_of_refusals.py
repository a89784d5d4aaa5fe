"""What the library's checks say is said in the words of the product, in the language that is asked for."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core.core_schema import ErrorType

from services.api.deps.fields import Day, Line
from services.api.words import MESSAGES_VI, OTHER_VI, in_english, in_vietnamese

OURS = {"no_such_day"}  # not the library's: chosen by what one of its types says


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
    assert in_vietnamese(fault(Day, "mai")) == "phải là ngày dạng NNNN-TT-NN"
    assert in_vietnamese({"type": "nothing_known", "msg": "x"}) == OTHER_VI
