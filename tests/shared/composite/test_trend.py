"""Scores of different years are shown beside one another only where they mean the same."""

from dataclasses import replace
from typing import Any

import pytest

from shared.composite import DataError, Year, trend

BASE = Year(2021, 50.0, 3, frozenset("abcde"), "f1", "m1", official=False)


def year(number: int, score: float | None = 50.0, **other: Any) -> Year:
    return replace(BASE, year=number, score=score, **other)


def test_years_of_one_method_are_one_segment_in_order() -> None:
    found = trend([year(2023, 53.0, rank=1), year(2021, 50.0), year(2022, 49.0)])
    (segment,) = found.segments
    assert [point.year for point in segment.years] == [2021, 2022, 2023]
    assert (segment.change, segment.broken_by) == (3.0, ())
    assert [step.score_change for step in found.steps] == [-1.0, 4.0]
    # Third of five has two of the four others behind it, the first has all four.
    assert (found.steps[1].percentile_before, found.steps[1].percentile_after) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("other", "reasons"),
    [
        ({"framework": "f2"}, ("framework",)),
        ({"method": "m2"}, ("method",)),
        ({"units": frozenset("abcdx")}, ("units",)),
        ({"units": 34}, ("units",)),
        ({"units": 5}, ("unknown",)),
        ({"units": None}, ("unknown",)),
        ({"framework": None}, ("unknown",)),
        ({"method": None, "framework": "f2"}, ("framework", "unknown")),
        ({"official": True}, ("source",)),
        ({"framework": "f2", "method": "m2", "units": 34}, ("framework", "method", "units")),
    ],
)
def test_whatever_is_other_or_unknown_breaks_the_series(
    other: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    found = trend(
        [year(2021), year(2022, 60.0), year(2023, 70.0, **other), year(2024, 75.0, **other)]
    )
    assert found.steps[0].score_change == 10
    step = found.steps[1]
    assert (step.comparable, step.broken_by, step.score_change) == (False, reasons, None)
    assert (step.rank_before, step.rank_after, step.units_before) == (3, 3, 5)
    assert [segment.broken_by for segment in found.segments][:2] == [(), reasons]
    assert found.segments[0].change == 10


def test_the_published_years_of_the_city_cannot_be_subtracted() -> None:
    # 62.86 among 63 in 2023 and 60.76 among 63 in 2024: nothing says that the method was the same.
    published = [
        Year(2023, 62.86, 1, 63, None, None, official=True),
        Year(2024, 60.76, 1, 63, None, None, official=True),
    ]
    found = trend(published)
    assert len(found.segments) == 2
    assert found.steps[0].broken_by == ("unknown",)
    assert (found.steps[0].rank_after, found.steps[0].units_after) == (1, 63)
    assert found.steps[0].percentile_after == 1


def test_numbers_of_units_can_be_compared_where_both_are_numbers() -> None:
    assert trend([year(2021, units=5), year(2022, units=5)]).steps[0].comparable


def test_a_year_without_a_score_leaves_its_segment_whole() -> None:
    found = trend([year(2021, None, rank=None), year(2022, 40.0), year(2023, 45.0)])
    assert found.segments[0].change == 5
    assert found.steps[0].score_change is None
    assert found.steps[0].comparable
    assert found.steps[0].percentile_before is None


def test_one_year_or_one_unit_or_nothing_is_no_change() -> None:
    assert trend([]).segments == ()
    assert trend([year(2021)]).segments[0].change is None
    alone = year(2021, units=1, rank=1)
    assert alone.percentile is None


@pytest.mark.parametrize("other", [{"rank": 6}, {"rank": 0}, {"score": float("nan")}])
def test_a_year_that_cannot_be_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="Year 2021"):
        replace(BASE, **other)


def test_a_rank_of_an_unknown_number_is_taken_as_it_is() -> None:
    assert year(2021, rank=40, units=None).percentile is None


def test_a_year_given_twice_and_too_many_years_are_refused() -> None:
    with pytest.raises(DataError, match="twice"):
        trend([year(2021), year(2021)])
    with pytest.raises(DataError, match="more than"):
        trend([year(number) for number in range(1_001)])
