import json
import math
from typing import Any

import pytest

from shared.composite import Method, MethodError


def test_a_method_survives_json() -> None:
    method = Method("goalposts", (1.0, 7.0), "arithmetic", 0.6, 10)
    assert Method.from_dict(json.loads(json.dumps(method.to_dict()))) == method


def test_an_absent_setting_has_its_default() -> None:
    assert Method.from_dict({}) == Method()
    assert Method.from_dict({"minimum_units": 5}) == Method(minimum_units=5)


def test_whole_numbers_are_stored_like_floats() -> None:
    stored = json.dumps(Method(range=(0, 100), minimum_coverage=1).to_dict())
    assert stored == json.dumps(Method(range=(0.0, 100.0), minimum_coverage=1.0).to_dict())


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        ({"normalisation": "z_score"}, "z_score"),
        ({"aggregation": "geometric"}, "geometric"),
        ({"range": [100, 0]}, "range"),
        ({"range": [0, math.inf]}, "range"),
        ({"range": [0, math.nan]}, "range"),
        ({"range": [0]}, "wrong type"),
        ({"range": None}, "wrong type"),
        ({"minimum_coverage": 1.1}, "coverage 1.1"),
        ({"minimum_coverage": math.nan}, "coverage nan"),
        ({"minimum_coverage": "most"}, "wrong type"),
        ({"minimum_units": 0}, "units 0"),
        ({"imputation": "median"}, "no setting 'imputation'"),
    ],
)
def test_a_method_nobody_can_compute_is_refused(stored: dict[str, Any], says: str) -> None:
    with pytest.raises(MethodError, match=says):
        Method.from_dict(stored)
