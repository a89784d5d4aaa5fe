"""What "rank percentile", "last third", "strength" and "comparable" mean, to the last case."""

from dataclasses import replace
from typing import Any

import pytest

from services.api.profile import standing, years
from services.api.profile.standing import Row, band, in_last_third, percentile
from services.api.profile.years import Basis, against, breaks
from shared.composite import Method, Normalisation


def row(code: str, parent: str | None, kind: str = "indicator", **values: Any) -> Row:
    told: dict[str, Any] = {
        "name_vi": f"Mục {code}",
        "name_en": "",
        "score": 50.0,
        "rank": 1,
        "ranked": 34,
        "coverage": 1.0,
        "weight": 1.0,
        "weight_in_force": 0.5,
        "contribution": 1.0,
        "reason": None,
    }
    return Row(code=code, parent_code=parent, kind=kind, **(told | values))


def missing(code: str, parent: str, kind: str = "indicator", reason: str | None = None) -> Row:
    gone = {"score": None, "rank": None, "ranked": 0, "weight_in_force": 0.0}
    return row(code, parent, kind, reason=reason, **gone)


TOP = [row("PII", None, "index"), row("1", "PII", "pillar"), row("1.1", "1", "group")]


@pytest.mark.parametrize(
    ("rank", "ranked", "expected"),
    [
        (1, 63, 1.0),
        (63, 63, 0.0),
        (32, 63, 0.5),
        (1, 2, 1.0),
        (2, 2, 0.0),
        (2, 3, 0.5),
        (1, 1, None),  # alone: neither first nor last
        (None, 0, None),
        (None, 34, None),
    ],
)
def test_the_rank_percentile_is_one_for_the_best_and_nought_for_the_last(
    rank: int | None, ranked: int, expected: float | None
) -> None:
    assert percentile(rank, ranked) == expected


@pytest.mark.parametrize(
    ("ranked", "first"), [(2, 2), (3, 3), (4, 3), (6, 5), (33, 23), (34, 23), (63, 43)]
)
def test_the_last_third_starts_after_n_less_a_third_of_n(ranked: int, first: int) -> None:
    inside = [rank for rank in range(1, ranked + 1) if in_last_third(rank, ranked)]
    assert inside == list(range(first, ranked + 1))


@pytest.mark.parametrize(
    ("score", "rank", "ranked", "expected"),
    [
        (None, None, 0, "not_available"),
        (None, None, 34, "not_available"),
        (80.0, 1, 1, "not_compared"),
        (100.0, 1, 34, "rank_1"),
        (90.0, 2, 34, "top_ten"),
        (80.0, 10, 34, "top_ten"),
        (70.0, 11, 34, "middle"),
        (60.0, 22, 34, "middle"),
        (50.0, 23, 34, "last_third"),
        (0.0, 34, 34, "last_third"),
        (0.0, 2, 2, "last_third"),  # in the top ten as well
        (50.0, 1, 2, "rank_1"),
        (0.0, 9, 12, "last_third"),
        (0.0, 8, 12, "top_ten"),
    ],
)
def test_each_indicator_has_one_band(
    score: float | None, rank: int | None, ranked: int, expected: str
) -> None:
    assert band(score, rank, ranked) == expected


def test_an_indicator_counts_once_whatever_its_components() -> None:
    rows = [
        *TOP,
        row("1.1.1", "1.1"),
        row("1.1.1.a", "1.1.1", "component"),
        row("1.1.1.b", "1.1.1", "component"),
        row("2", "PII", "pillar"),
    ]
    shown = standing.indicators(rows)
    # A pillar with nothing below it is all there is of itself.
    assert [(entry["code"], entry["pillar"]) for entry in shown] == [("1.1.1", "1"), ("2", "2")]
    assert shown[0]["share_of_index"] == 0.5**3


def test_reasons_are_the_indicators_own_or_its_components() -> None:
    rows = [
        *TOP,
        missing("1.1.1", "1.1"),
        missing("1.1.1.a", "1.1.1", "component", "not_supplied"),
        missing("1.1.1.b", "1.1.1", "component", "no_panel"),
        missing("1.1.2", "1.1", reason="constant"),
        row("1.1.3", "1.1"),
    ]
    shown = standing.indicators(rows)
    assert [entry["reasons"] for entry in shown] == [
        [
            {"code": "1.1.1.a", "reason": "not_supplied"},
            {"code": "1.1.1.b", "reason": "no_panel"},
        ],
        [{"code": "1.1.2", "reason": "constant"}],
        [],
    ]
    told = standing.groups(shown)
    assert told["not_available"]["count"] == 2
    assert [entry["code"] for entry in told["not_available"]["indicators"]] == ["1.1.1", "1.1.2"]


def codes(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["code"] for entry in entries]


def test_ties_go_by_what_can_be_contributed_then_by_natural_order() -> None:
    rows = [
        *TOP,
        row("1.1.1", "1.1", rank=1, ranked=34),
        row("1.1.2", "1.1", rank=1, ranked=34, weight_in_force=0.75),
        row("1.1.10", "1.1", rank=1, ranked=20),
        *(row(f"1.1.{n}", "1.1", rank=2, ranked=34) for n in range(11, 15)),
        *(row(f"1.1.{n}", "1.1", rank=34, ranked=34) for n in range(15, 20)),
        row("1.1.20", "1.1", rank=34, ranked=34, weight_in_force=0.75),
        row("1.1.21", "1.1", rank=1, ranked=1, weight_in_force=1.0),
    ]
    best, worst = standing.strengths_and_weaknesses(standing.indicators(rows))
    assert codes(best) == ["1.1.2", "1.1.1", "1.1.10", "1.1.11", "1.1.12"]
    assert codes(worst) == ["1.1.20", "1.1.15", "1.1.16", "1.1.17", "1.1.18"]


def test_no_strength_is_a_weakness() -> None:
    rows = [*TOP, *(row(f"1.1.{n}", "1.1", rank=n, ranked=7) for n in range(1, 8))]
    best, worst = standing.strengths_and_weaknesses(standing.indicators(rows))
    assert codes(best) == [f"1.1.{n}" for n in range(1, 6)]
    assert codes(worst) == ["1.1.7", "1.1.6"]
    assert standing.strengths_and_weaknesses([]) == ([], [])


def test_groups_count_and_name() -> None:
    places = [(1, 34), (10, 34), (11, 34), (23, 34), (1, 1), (2, 2)]
    rows = [
        *TOP,
        *(
            row(f"1.1.{n}", "1.1", rank=rank, ranked=ranked)
            for n, (rank, ranked) in enumerate(places, 1)
        ),
    ]
    told = standing.groups(standing.indicators(rows))
    assert (told["indicators"], told["ranked"]) == (6, 5)
    assert told["rank_1"] == {"count": 1, "codes": ["1.1.1"]}
    assert told["top_ten"]["codes"] == ["1.1.1", "1.1.2", "1.1.6"]
    assert told["last_third"]["codes"] == ["1.1.4", "1.1.6"]
    assert told["not_compared"]["codes"] == ["1.1.5"]


THIS_YEAR = Basis(framework=2024, revision=1, method=Method(), units=34)


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ({"framework": 2023, "revision": 9}, ["2023"]),
        ({"revision": 2}, ["revision 2"]),
        ({"method": Method(normalisation=Normalisation("z_score"))}, ["methods"]),
        ({"units": 63}, ["63 then, 34 now"]),
        ({"framework": 2023, "units": 63}, ["frameworks", "localities"]),
    ],
)
def test_a_break_in_the_series_is_told(then: dict[str, Any], words: list[str]) -> None:
    told = breaks(THIS_YEAR, replace(THIS_YEAR, **then))
    assert told is not None
    assert told[0].startswith("Không so sánh được điểm")
    assert all(word in told[1] for word in words)


def test_nothing_broken_is_comparable() -> None:
    assert breaks(THIS_YEAR, replace(THIS_YEAR)) is None


def test_years_are_set_side_by_side_by_code() -> None:
    now = [*TOP, row("1.1.1", "1.1", rank=3, ranked=5, score=60.0), row("1.1.2", "1.1")]
    then = [*TOP, row("1.1.1", "1.1", rank=5, ranked=5, score=40.0), row("9", "PII", "pillar")]
    told = against(now, then, comparable=True)
    assert codes(told["pillars"]) == ["1"]
    first, second = told["indicators"]
    assert (first["rank_then"], first["ranked_then"], first["rank_now"]) == (5, 5, 3)
    assert (first["percentile_change"], first["score_change"]) == (0.5, 20.0)
    assert (second["rank_then"], second["ranked_then"]) == (None, None)
    assert (second["percentile_change"], second["score_change"]) == (None, None)
    assert against([], then, comparable=True)["index"] is None


def test_scores_are_set_side_by_side_only_where_nothing_breaks_the_series() -> None:
    now = [*TOP, row("1.1.1", "1.1", rank=1, ranked=5, score=60.0)]
    then = [*TOP, row("1.1.1", "1.1", rank=2, ranked=3, score=40.0)]
    for comparable in (True, False):  # n of the indicator differs
        (change,) = against(now, then, comparable=comparable)["indicators"]
        assert (change["percentile_change"], change["score_change"]) == (0.5, None)
    same = [*TOP, row("1.1.1", "1.1", rank=2, ranked=5, score=40.0)]
    (change,) = against(now, same, comparable=False)["indicators"]
    assert change["score_change"] is None


def test_a_code_with_another_name_is_not_the_same_indicator() -> None:
    now = [*TOP, row("1.1.1", "1.1", rank=1)]
    then = [*TOP, row("1.1.1", "1.1", rank=2, name_vi="Chỉ số khác")]
    (change,) = years.against(now, then, comparable=True)["indicators"]
    assert (change["renamed"], change["rank_then"]) == (True, 2)
    assert (change["percentile_change"], change["score_change"]) == (None, None)
