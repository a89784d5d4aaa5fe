import json
import math
from typing import Any

import pytest
from hypothesis import given, settings

from shared.composite import Aggregation, Method, MethodError, Missing, Normalisation, Treatment
from shared.composite.method import treatment_from_dict
from tests.shared.composite.build import MIXED, points
from tests.shared.composite.cases import methods


def test_a_plain_method_says_all_it_does() -> None:
    assert Method().to_dict() == {
        "treatment": {"kind": "none"},
        "imputation": {"kind": "none"},
        "normalisation": {"kind": "min_max", "range": [0.0, 100.0]},
        "aggregation": {"kind": "arithmetic", "by_level": {}},
        "missing": {"kind": "drop", "minimum_coverage": 0.0, "screen_units_below": 0.0},
    }


@settings(max_examples=60, deadline=None)
@given(methods())
def test_a_method_survives_json(method: Method) -> None:
    assert Method.from_dict(json.loads(json.dumps(method.to_dict()))) == method


def test_every_setting_survives_json() -> None:
    method = Method(
        Treatment("winsorise", 3, 2.25, 3.0, "log_gii"),
        "group_median",
        Normalisation("distance_to_target", (1.0, 7.0), 10, cap=True),
        Aggregation("geometric", {0: "arithmetic", 2: "harmonic"}),
        Missing(0.6, 0.25),
    )
    assert Method.from_dict(json.loads(json.dumps(method.to_dict()))) == method
    assert hash(Method.from_dict(method.to_dict())) == hash(method)


def test_an_absent_setting_has_its_default() -> None:
    assert Method.from_dict({}) == Method()
    assert Method.from_dict({"normalisation": {"minimum_units": 5}}) == points(
        "min_max", minimum_units=5
    )
    assert Method.from_dict({"treatment": {"kind": "winsorise"}}) == Method(Treatment("winsorise"))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("min_max", (0.0, 100.0)),
        ("goalposts", (0.0, 100.0)),
        ("mixed", (0.0, 100.0)),
        ("percentile_rank", (0.0, 1.0)),
        ("distance_to_best", (0.0, 1.0)),
        ("distance_to_target", (0.0, 1.0)),
        ("z_score", None),
        ("rank", None),
    ],
)
def test_each_kind_has_its_own_range(kind: Any, expected: tuple[float, float] | None) -> None:
    assert Normalisation(kind).range == expected
    assert Method.from_dict(points(kind).to_dict()) == points(kind)


def test_whole_numbers_are_stored_like_floats() -> None:
    whole = Method(normalisation=Normalisation(range=(0, 100)), missing=Missing(1, 0))
    floats = Method(normalisation=Normalisation(range=(0.0, 100.0)), missing=Missing(1.0, 0.0))
    assert json.dumps(whole.to_dict()) == json.dumps(floats.to_dict())


def test_the_flat_form_of_the_first_runs_is_understood() -> None:
    # Its "min_max" took goalposts where a leaf had them: that is "mixed" now.
    flat = {
        "normalisation": "min_max",
        "range": [0.0, 100.0],
        "aggregation": "arithmetic",
        "minimum_coverage": 0.0,
        "minimum_units": 2,
    }
    assert Method.from_dict(flat) == MIXED
    assert Method.from_dict({"normalisation": "goalposts"}) == points("goalposts")
    assert Method.from_dict(
        {**flat, "range": [1, 7], "minimum_units": 5, "minimum_coverage": 0.5}
    ) == Method(
        normalisation=Normalisation("mixed", (1.0, 7.0), 5), missing=Missing(minimum_coverage=0.5)
    )


@pytest.mark.parametrize(
    ("stored", "pointer", "says"),
    [
        ({"imputatoin": {"kind": "mean"}}, "/imputatoin", "no setting"),
        ({"imputation": "mean"}, "/imputation", "not an object"),
        ({"imputation": {"kind": "knn"}}, "/imputation/kind", "knn"),
        ({"treatment": {"kind": "trim"}}, "/treatment/kind", "trim"),
        ({"treatment": {"points": 5}}, "/treatment/points", "no setting 'points'"),
        ({"treatment": {"otherwise": "box_cox"}}, "/treatment/otherwise", "box_cox"),
        ({"treatment": {"max_points": -1}}, "/treatment/max_points", "-1"),
        ({"treatment": {"max_points": 2.5}}, "/treatment/max_points", "2.5"),
        ({"treatment": {"max_points": True}}, "/treatment/max_points", "True"),
        ({"treatment": {"skewness": -0.1}}, "/treatment/skewness", "-0.1"),
        ({"treatment": {"kurtosis": math.nan}}, "/treatment/kurtosis", "nan"),
        ({"normalisation": {"kind": "softmax"}}, "/normalisation/kind", "softmax"),
        ({"normalisation": {"range": [100, 0]}}, "/normalisation/range", "range"),
        ({"normalisation": {"range": [0, math.inf]}}, "/normalisation/range", "range"),
        ({"normalisation": {"range": [0, math.nan]}}, "/normalisation/range", "range"),
        ({"normalisation": {"range": [0]}}, "/normalisation/range", "range"),
        ({"normalisation": {"range": [0, 1, 2]}}, "/normalisation/range", "range"),
        ({"normalisation": {"range": 5}}, "/normalisation", "wrong type"),
        ({"normalisation": {"range": [0, 10**400]}}, "/normalisation", "wrong type"),
        ({"normalisation": {"minimum_units": 2.5}}, "/normalisation/minimum_units", "2.5"),
        ({"normalisation": {"minimum_units": 0}}, "/normalisation/minimum_units", "0"),
        ({"normalisation": {"minimum_units": "two"}}, "/normalisation/minimum_units", "two"),
        (
            {"normalisation": {"kind": "rank", "range": [0, 1]}},
            "/normalisation/range",
            "rank has no range",
        ),
        ({"normalisation": {"cap": "yes"}}, "/normalisation/cap", "true or false"),
        ({"normalisation": {"cap": True}}, "/normalisation/cap", "nothing to cap"),
        ({"aggregation": {"kind": "median"}}, "/aggregation/kind", "median"),
        ({"aggregation": {"by_level": {"0": "sum"}}}, "/aggregation/by_level/0", "sum"),
        ({"aggregation": {"by_level": {"-1": "geometric"}}}, "/aggregation/by_level", "depth"),
        ({"aggregation": {"by_level": {"01": "geometric"}}}, "/aggregation/by_level", "depth"),
        (
            {"aggregation": {"by_level": {"9" * 5000: "geometric"}}},
            "/aggregation/by_level",
            "depth",
        ),
        ({"aggregation": {"by_level": {"top": "geometric"}}}, "/aggregation/by_level", "depth"),
        ({"aggregation": {"by_level": ["geometric"]}}, "/aggregation/by_level", "depth"),
        ({"missing": {"kind": "zero"}}, "/missing/kind", "zero"),
        ({"missing": {"minimum_coverage": 1.1}}, "/missing/minimum_coverage", "1.1"),
        ({"missing": {"minimum_coverage": math.nan}}, "/missing/minimum_coverage", "nan"),
        ({"missing": {"minimum_coverage": "most"}}, "/missing", "wrong type"),
        ({"missing": {"screen_units_below": -0.1}}, "/missing/screen_units_below", "-0.1"),
        ({"normalisation": "min_max", "treatment": {}}, "/treatment", "no setting 'treatment'"),
    ],
)
def test_a_method_nobody_can_compute_is_refused_with_the_place(
    stored: dict[str, Any], pointer: str, says: str
) -> None:
    with pytest.raises(MethodError, match=says) as refusal:
        Method.from_dict(stored)
    assert refusal.value.pointer == pointer


def test_a_leafs_treatment_is_read_like_the_methods() -> None:
    treatment = Treatment("winsorise", 3, 2.25, 3.0, "log_ct")
    assert treatment_from_dict(treatment.to_dict()) == treatment
    assert treatment_from_dict({}) == Treatment()
    with pytest.raises(MethodError, match="trim"):
        treatment_from_dict({"kind": "trim"})
