from hypothesis import given
from hypothesis import strategies as some

from shared.text import fold, natural_key, nfc, searched


def test_accents_are_folded_away() -> None:
    assert fold("Đổi mới sáng tạo ĐẶC BIỆT") == "doi moi sang tao dac biet"
    assert fold("Quye\u0302\u0301t") == fold("Quyết") == "quyet"


def test_codes_come_in_natural_order() -> None:
    codes = ["1.1.10", "1.1.2", "10.1", "2.1", "1.1.2.a", "1.1"]
    assert sorted(codes, key=natural_key) == ["1.1", "1.1.2", "1.1.2.a", "1.1.10", "2.1", "10.1"]


@given(
    some.lists(some.integers(0, 999_999), min_size=1),
    some.lists(some.integers(0, 999_999), min_size=1),
)
def test_natural_order_is_the_order_of_the_numbers(one: list[int], other: list[int]) -> None:
    first, second = (".".join(map(str, numbers)) for numbers in (one, other))
    assert (natural_key(first) < natural_key(second)) == (one < other)


@given(some.text())
def test_what_is_searched_finds_the_text_that_holds_it_and_folding_is_done_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert nfc(nfc(text)) == nfc(text)


def test_signs_of_like_stand_for_themselves() -> None:
    assert searched("100%_\\") == "100\\%\\_\\\\"
