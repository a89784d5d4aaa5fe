"""Runs of any framework, method and table, for what must hold of all of them."""

from typing import Final, get_args

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.composite import (
    Aggregation,
    DataError,
    Framework,
    Method,
    Missing,
    Node,
    Normalisation,
    Result,
    Treatment,
    evaluate,
)
from shared.composite.framework import Direction
from shared.composite.method import (
    AggregationKind,
    Imputation,
    Log,
    NormalisationKind,
    TreatmentKind,
)

FIGURE: Final = st.one_of(
    st.integers(-20, 20).map(float),
    st.integers(-1_000_000, 1_000_000).map(lambda figure: figure / 700),
    st.sampled_from((1000.0, -3000.0)),
)
FIGURES: Final = st.one_of(st.just(np.nan), FIGURE, FIGURE, FIGURE)
POSITIVE = (1.0, 100.0)
DIRECTIONS: Final[tuple[Direction, ...]] = ("higher", "lower")


@st.composite
def treatments(draw: st.DrawFn) -> Treatment:
    kind = draw(st.sampled_from((*get_args(TreatmentKind), "winsorise")))
    otherwise = draw(st.sampled_from(get_args(Log)))
    points = draw(st.integers(0, 5))
    return Treatment(kind, points, draw(st.sampled_from((0.1, 2.0))), 0.1, otherwise)


@st.composite
def methods(draw: st.DrawFn) -> Method:
    kind = draw(st.sampled_from(get_args(NormalisationKind)))
    limits = None if kind in {"z_score", "rank"} else draw(st.sampled_from((None, POSITIVE)))
    means = st.sampled_from(get_args(AggregationKind))
    return Method(
        draw(treatments()),
        draw(st.sampled_from(get_args(Imputation))),
        Normalisation(kind, limits, draw(st.sampled_from((1, 2, 3)))),
        Aggregation(draw(means), draw(st.dictionaries(st.integers(0, 2), means, max_size=2))),
        Missing(0.0, draw(st.sampled_from((0.0, 0.0, 0.7)))),
    )


@st.composite
def frameworks(draw: st.DrawFn) -> Framework:
    """Trees of up to four levels, some with families of nine and more."""
    nodes = [Node("0", None)]
    wide = draw(st.booleans())
    for code in range(1, draw(st.integers(10, 14) if wide else st.integers(1, 9))):
        parent = 0 if wide and code < 10 else draw(st.integers(0, code - 1))
        weight = draw(st.sampled_from((0.0, 0.3, 1.0, 1.0))) if parent else 0.7
        posts = draw(st.sampled_from((None, (-10.0, 15.0))))
        target = draw(st.sampled_from((None, 12.0)))
        own = draw(st.one_of(st.none(), st.none(), treatments()))
        direction = draw(st.sampled_from(DIRECTIONS))
        nodes.append(
            Node(
                str(code),
                str(parent),
                weight or float(all(n.parent != str(parent) for n in nodes)),
                direction,
                posts,
                target=target,
                treatment=own,
            )
        )
    return Framework(tuple(nodes))


@st.composite
def tables(draw: st.DrawFn, units: int, leaves: int) -> NDArray[np.float64]:
    row = st.lists(FIGURES, min_size=leaves, max_size=leaves)
    return np.array(draw(st.lists(row, min_size=units, max_size=units)), dtype=np.float64)


@st.composite
def runs(draw: st.DrawFn, sizes: tuple[int, ...] = (1, 2, 7, 14)) -> Result:
    """Give a result; a method that cannot take the table gets the arithmetic mean instead."""
    framework, method = draw(frameworks()), draw(methods())
    units = draw(st.sampled_from(sizes))
    names = [f"unit {row}" for row in range(units)]
    raw = draw(tables(units, len(framework.leaves)))
    group = st.sampled_from(("north", "south", None))
    groups = draw(st.lists(group, min_size=units, max_size=units))
    try:
        return evaluate(framework, names, raw, method, groups)
    except DataError:
        mild = Method(method.treatment, method.imputation, method.normalisation)
        return evaluate(framework, names, raw, mild, groups)


def again(result: Result, raw: NDArray[np.float64]) -> Result:
    return evaluate(result.framework, result.units, raw, result.method, result.groups)
