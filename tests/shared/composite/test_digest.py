import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.composite import (
    Aggregation,
    DataError,
    Framework,
    Method,
    Missing,
    Node,
    Normalisation,
    Treatment,
    digest,
)
from tests.shared.composite.build import NA, flat, points, table
from tests.shared.composite.cases import Case, cases, methods

FRAMEWORK = flat(
    Node("1", "root", 0.5, "lower", (0.0, 12.5), "indicator"),
    Node("2", "root", kind="chỉ số", target=3, treatment=Treatment("log_ct")),
)
UNITS = ("ha-noi", "Huế")
RAW = table((0.1, NA), (1e22, -3))
METHOD = Method(
    Treatment("winsorise", otherwise="log_gii"),
    "group_mean",
    Normalisation("distance_to_target", minimum_units=3, cap=True),
    Aggregation(by_level={1: "harmonic", 0: "geometric"}),
    Missing(0.5),
)
GOLDEN = "sha256:172c605bc0fa37f62047b6dd45f46daf30ad3b874340f7c6ea758262a411a1bc"


def test_the_digest_is_that_of_the_documented_text() -> None:
    # Written out by hand from the documentation: it must never change for stored runs.
    text = (
        '{"form":2,"framework":['
        '{"code":"root","direction":"higher","goalposts":null,"kind":"","parent":null,'
        '"target":null,"treatment":null,"weight":1.0},'
        '{"code":"1","direction":"lower","goalposts":[0.0,12.5],"kind":"indicator",'
        '"parent":"root","target":null,"treatment":null,"weight":0.5},'
        '{"code":"2","direction":"higher","goalposts":null,"kind":"ch\\u1ec9 s\\u1ed1",'
        '"parent":"root","target":3.0,"treatment":{"kind":"log_ct"},"weight":1.0}],'
        '"groups":["north",null],'
        '"method":{"aggregation":{"by_level":{"0":"geometric","1":"harmonic"},'
        '"kind":"arithmetic"},"imputation":{"kind":"group_mean"},'
        '"missing":{"kind":"drop","minimum_coverage":0.5,"screen_units_below":0.0},'
        '"normalisation":{"cap":true,"kind":"distance_to_target","minimum_units":3,'
        '"range":[0.0,1.0]},'
        '"treatment":{"kind":"winsorise","kurtosis":3.5,"max_points":5,"otherwise":"log_gii",'
        '"skewness":2.0}},'
        '"raw":[[0.1,null],[1e+22,-3.0]],"units":["ha-noi","Hu\\u1ebf"]}'
    )
    assert f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" == GOLDEN
    assert digest(FRAMEWORK, UNITS, RAW, METHOD, ["north", None]) == GOLDEN


def test_the_plain_method_is_written_out_in_full() -> None:
    text = (
        '{"form":2,"framework":[{"code":"x","direction":"higher","goalposts":null,"kind":"",'
        '"parent":null,"target":null,"treatment":null,"weight":1.0}],"groups":null,'
        '"method":{"aggregation":{"by_level":{},"kind":"arithmetic"},'
        '"imputation":{"kind":"none"},'
        '"missing":{"kind":"drop","minimum_coverage":0.0,"screen_units_below":0.0},'
        '"normalisation":{"kind":"min_max","range":[0.0,100.0]},"treatment":{"kind":"none"}},'
        '"raw":[[1.0]],"units":["a"]}'
    )
    expected = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert digest(Framework((Node("x", None),)), ["a"], table((1,)), Method()) == expected


def test_one_figure_written_in_two_ways_has_one_digest() -> None:
    whole = flat(Node("1", "root", 1, goalposts=(0, 5), target=0))
    floats = flat(Node("1", "root", 1.0, goalposts=(-0.0, 5.0), target=-0.0))
    first = digest(whole, ["a"], table((0,)), points("min_max", between=(0, 100)))
    second = digest(floats, ["a"], table((-0.0,)), points("min_max", between=(-0.0, 100.0)))
    assert first == second


def test_what_no_score_depends_on_is_left_out() -> None:
    bounded = flat(Node("1", "root", bounds=(0.0, None)))
    unbounded = flat(Node("1", "root"))
    assert digest(bounded, ["a"], table((1,)), Method()) == digest(
        unbounded, ["a"], table((1,)), Method()
    )


def test_a_digest_changes_when_anything_changes() -> None:
    root, one, two = FRAMEWORK.nodes
    one_up = RAW.copy()
    one_up[0, 0] = np.nextafter(0.1, 1)
    zeroed = np.nan_to_num(RAW, nan=0.0)
    nodes = [
        replace(two, code="3"),
        replace(two, weight=0.9),
        replace(two, direction="lower"),
        replace(two, goalposts=(0.0, 1.0)),
        replace(two, kind=""),
        replace(two, target=4.0),
        replace(two, treatment=None),
        replace(two, treatment=Treatment()),
    ]
    changed = [
        points("goalposts"),
        points("min_max", between=(0.0, 10.0)),
        points("min_max", minimum_units=3),
        points("distance_to_target"),
        points("distance_to_target", cap=True),
        Method(missing=Missing(minimum_coverage=0.5)),
        Method(missing=Missing(screen_units_below=0.5)),
        Method(imputation="mean"),
        Method(Treatment("winsorise")),
        Method(Treatment("winsorise", max_points=4)),
        Method(Treatment("winsorise", skewness=2.25)),
        Method(Treatment("winsorise", kurtosis=3.0)),
        Method(Treatment("winsorise", otherwise="log_ct")),
        Method(aggregation=Aggregation("geometric")),
        Method(aggregation=Aggregation(by_level={0: "geometric"})),
        Method(aggregation=Aggregation(by_level={1: "geometric"})),
    ]
    digests = [
        digest(FRAMEWORK, UNITS, RAW, Method()),
        *(digest(Framework((root, one, node)), UNITS, RAW, Method()) for node in nodes),
        *(digest(FRAMEWORK, UNITS, RAW, method) for method in changed),
        digest(FRAMEWORK, UNITS, RAW, Method(), ["north", None]),
        digest(FRAMEWORK, UNITS, RAW, Method(), [None, "north"]),
        digest(Framework((root, two, one)), UNITS, RAW, Method()),
        digest(FRAMEWORK, ("ha-noi", "Hue"), RAW, Method()),
        digest(FRAMEWORK, UNITS[::-1], RAW, Method()),
        digest(FRAMEWORK, UNITS, one_up, Method()),
        digest(FRAMEWORK, UNITS, zeroed, Method()),
        digest(FRAMEWORK, UNITS, RAW[::-1], Method()),
    ]
    assert len(set(digests)) == len(digests)


def test_a_parent_is_part_of_the_digest() -> None:
    nodes = (Node("root", None), Node("1", "root"), Node("2", "root"), Node("1.1", "1"))
    under_one = Framework((*nodes, Node("x", "1"), Node("2.1", "2")))
    under_two = Framework((*nodes, Node("x", "2"), Node("2.1", "2")))
    raw = table((1, 2, 3))
    assert digest(under_one, ["a"], raw, Method()) != digest(under_two, ["a"], raw, Method())


@settings(max_examples=40, deadline=None)
@given(cases(), methods(), st.data())
def test_any_single_figure_is_part_of_the_digest(
    case: Case, method: Method, data: st.DataObject
) -> None:
    row = data.draw(st.integers(0, case.raw.shape[0] - 1))
    column = data.draw(st.integers(0, case.raw.shape[1] - 1))
    raw = case.raw.copy()
    raw[row, column] = 0.5  # no case has a half
    one, other = (
        digest(case.framework, case.units, figures, method, case.groups)
        for figures in (case.raw, raw)
    )
    assert one != other


def test_what_cannot_be_computed_has_no_digest() -> None:
    with pytest.raises(DataError, match="leaf 2"):
        digest(FRAMEWORK, UNITS, table((1, 2), (3, np.inf)), Method())
