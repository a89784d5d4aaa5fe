import hashlib
from dataclasses import replace

import numpy as np
import pytest

from shared.composite import DataError, Framework, Method, Node, digest
from tests.shared.composite.build import NA, flat, table

FRAMEWORK = flat(
    Node("1", "root", 0.5, "lower", (0.0, 12.5), "indicator"), Node("2", "root", kind="chỉ số")
)
UNITS = ("ha-noi", "Huế")
RAW = table((0.1, NA), (1e22, -3))
GOLDEN = "sha256:c669f5caa53452d6fefc1d653905f7dc485b8545ed6e6e0b537b0cc5e42d7216"


def test_the_digest_is_that_of_the_documented_text() -> None:
    # Written out by hand from the documentation: it must never change for stored runs.
    text = (
        '{"form":1,"framework":['
        '{"code":"root","direction":"higher","goalposts":null,"kind":"","parent":null,"weight":1.0},'
        '{"code":"1","direction":"lower","goalposts":[0.0,12.5],"kind":"indicator",'
        '"parent":"root","weight":0.5},'
        '{"code":"2","direction":"higher","goalposts":null,"kind":"ch\\u1ec9 s\\u1ed1",'
        '"parent":"root","weight":1.0}],'
        '"method":{"aggregation":"arithmetic","minimum_coverage":0.0,"minimum_units":2,'
        '"normalisation":"min_max","range":[0.0,100.0]},'
        '"raw":[[0.1,null],[1e+22,-3.0]],"units":["ha-noi","Hu\\u1ebf"]}'
    )
    assert digest(FRAMEWORK, UNITS, RAW, Method()) == GOLDEN
    assert f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" == GOLDEN


def test_one_figure_written_in_two_ways_has_one_digest() -> None:
    whole = flat(Node("1", "root", 1, goalposts=(0, 5)))
    floats = flat(Node("1", "root", 1.0, goalposts=(-0.0, 5.0)))
    first = digest(whole, ["a"], table((0,)), Method(range=(0, 100)))
    assert first == digest(floats, ["a"], table((-0.0,)), Method(range=(-0.0, 100.0)))


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
    ]
    methods = [
        Method("goalposts"),
        Method(range=(0.0, 10.0)),
        Method(minimum_coverage=0.5),
        Method(minimum_units=3),
    ]
    digests = [
        digest(FRAMEWORK, UNITS, RAW, Method()),
        *(digest(Framework((root, one, node)), UNITS, RAW, Method()) for node in nodes),
        *(digest(FRAMEWORK, UNITS, RAW, method) for method in methods),
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


def test_what_cannot_be_computed_has_no_digest() -> None:
    with pytest.raises(DataError, match="leaf 2"):
        digest(FRAMEWORK, UNITS, table((1, 2), (3, np.inf)), Method())
