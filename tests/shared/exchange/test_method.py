"""The method block says what ``shared.composite.Method`` says, and refuses what that would drop."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.composite import (
    Aggregation,
    Method,
    MethodError,
    Missing,
    Normalisation,
    Treatment,
)
from shared.exchange.method import MethodBlock

METHODS = [
    Method(),
    Method(treatment=Treatment("winsorise", 3, 1.5, 3.0, "log_ct"), imputation="group_median"),
    Method(treatment=Treatment("log_gii"), normalisation=Normalisation("mixed", (0, 10), 5)),
    Method(normalisation=Normalisation("goalposts"), missing=Missing(0.5, 0.25)),
    Method(normalisation=Normalisation("percentile_rank", (1, 100))),
    Method(normalisation=Normalisation("distance_to_best")),
    Method(normalisation=Normalisation("distance_to_target", cap=True)),
    Method(normalisation=Normalisation("z_score", minimum_units=3)),
    Method(normalisation=Normalisation("rank")),
    Method(aggregation=Aggregation("geometric", {0: "arithmetic", 12: "harmonic"})),
]


def block(**members: Any) -> MethodBlock:
    return MethodBlock.model_validate(members)


def test_an_empty_block_is_the_method_with_its_defaults() -> None:
    assert block().to_method() == Method()


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_every_method_comes_back_from_what_is_written_of_it(method: Method) -> None:
    assert MethodBlock.model_validate(method.to_dict()).to_method() == method


def test_every_member_may_be_left_out() -> None:
    given = block(
        treatment={"kind": "winsorise"},
        imputation={},
        normalisation={"range": [1, 7]},
        aggregation={"by_level": {"0": "geometric"}},
        missing={"screen_units_below": 0.5},
    )
    assert given.to_method() == Method(
        treatment=Treatment("winsorise"),
        normalisation=Normalisation("min_max", (1, 7)),
        aggregation=Aggregation("arithmetic", {0: "geometric"}),
        missing=Missing(0, 0.5),
    )


def test_the_range_of_a_kind_that_is_a_share_is_that_of_a_share() -> None:
    given = block(normalisation={"kind": "percentile_rank"})
    assert given.to_method().normalisation.range == (0, 1)


WRONG: list[dict[str, Any]] = [
    {"weights": {}},
    {"treatment": {"kind": "winsorize"}},
    {"treatment": {"kind": None}},
    {"treatment": None},
    # Of a kind that would not look at it: whoever wrote it meant another kind.
    {"treatment": {"max_points": 5}},
    {"treatment": {"kind": "log_gii", "skewness": 2}},
    {"treatment": {"kind": "winsorise", "max_points": -1}},
    {"treatment": {"kind": "winsorise", "max_points": 1001}},
    {"treatment": {"kind": "winsorise", "max_points": 2.5}},
    {"treatment": {"kind": "winsorise", "max_points": True}},
    {"treatment": {"kind": "winsorise", "skewness": -0.1}},
    {"treatment": {"kind": "winsorise", "kurtosis": float("inf")}},
    {"treatment": {"kind": "winsorise", "otherwise": "winsorise"}},
    {"imputation": "mean"},
    {"imputation": {"kind": "zero"}},
    {"normalisation": "min_max"},
    {"normalisation": {"kind": "z_score", "range": [0, 1]}},
    {"normalisation": {"kind": "rank", "range": [0, 1]}},
    {"normalisation": {"cap": True}},
    {"normalisation": {"kind": "distance_to_target", "cap": 1}},
    {"normalisation": {"range": [100, 0]}},
    {"normalisation": {"range": [0, 0]}},
    {"normalisation": {"range": [0]}},
    {"normalisation": {"range": [0, 50, 100]}},
    {"normalisation": {"range": ["0", "100"]}},
    {"normalisation": {"range": [0, float("nan")]}},
    {"normalisation": {"minimum_units": 0}},
    {"aggregation": {"kind": "median"}},
    {"aggregation": {"by_level": {"root": "geometric"}}},
    {"aggregation": {"by_level": {"-1": "geometric"}}},
    {"aggregation": {"by_level": {"01": "geometric"}}},
    {"aggregation": {"by_level": {"0": "median"}}},
    {"aggregation": {"by_level": {str(depth): "geometric" for depth in range(101)}}},
    {"missing": {"kind": "zero"}},
    {"missing": {"minimum_coverage": 1.1}},
    {"missing": {"screen_units_below": -0.1}},
    {"missing": {"minimum_coverage": "0.5"}},
]


@pytest.mark.parametrize("members", WRONG, ids=str)
def test_what_is_wrong_in_a_method_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MethodBlock.model_validate(members)


def test_what_only_the_arithmetic_can_judge_is_refused_with_its_place() -> None:
    with pytest.raises(MethodError) as caught:
        block(normalisation={"range": [-1.7e308, 1.7e308]}).to_method()
    assert caught.value.pointer == "/normalisation/range"
