"""Trees, tables and methods that Hypothesis thinks of."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.composite import (
    Aggregation,
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
from shared.composite.method import AggregationKind, Imputation, Log, NormalisationKind
from tests.shared.composite.build import names

# Whole numbers, so that a transformed table has no rounding of its own.
FIGURES = st.one_of(st.just(np.nan), st.integers(-50, 50).map(float))
DIRECTIONS: Final[tuple[Direction, ...]] = ("higher", "lower")
ABOVE_ZERO: Final[tuple[NormalisationKind, ...]] = ("min_max", "mixed", "percentile_rank")
AROUND_ZERO: Final[tuple[NormalisationKind, ...]] = (
    "z_score",
    "rank",
    "distance_to_best",
    "distance_to_target",
)
IMPUTATIONS: Final[tuple[Imputation, ...]] = (
    "none",
    "mean",
    "median",
    "group_mean",
    "group_median",
)
MEANS: Final[tuple[AggregationKind, ...]] = ("arithmetic", "geometric", "harmonic")
LOGS: Final[tuple[Log, ...]] = ("none", "log_gii", "log_ct")


@dataclass(frozen=True)
class Case:
    framework: Framework
    units: tuple[str, ...]
    raw: NDArray[np.float64]
    groups: tuple[str | None, ...]

    def evaluate(self, method: Method | None = None) -> Result:
        return evaluate(self.framework, self.units, self.raw, method or Method(), self.groups)

    def in_order(self, order: list[int], method: Method) -> Result:
        units, groups = [self.units[row] for row in order], [self.groups[row] for row in order]
        return evaluate(self.framework, units, self.raw[order], method, groups)


@st.composite
def frameworks(draw: st.DrawFn) -> Framework:
    nodes = [
        Node(
            str(code),
            parent=str(draw(st.integers(0, code - 1))),
            weight=draw(st.sampled_from((0.5, 1.0, 1.0, 3.0))),
            direction=draw(st.sampled_from(DIRECTIONS)),
            goalposts=draw(st.sampled_from((None, None, (-20.0, 30.0)))),
            target=draw(st.sampled_from((None, 10.0, 60.0))),
        )
        for code in range(1, draw(st.integers(2, 12)))
    ]
    return Framework((Node("0", None), *nodes))


@st.composite
def cases(draw: st.DrawFn, most_units: int = 6) -> Case:
    framework = draw(frameworks())
    units = tuple(names(draw(st.integers(1, most_units))))
    row = st.lists(FIGURES, min_size=len(framework.leaves), max_size=len(framework.leaves))
    rows = draw(st.lists(row, min_size=len(units), max_size=len(units)))
    group = st.sampled_from((None, "north", "south"))
    groups = draw(st.lists(group, min_size=len(units), max_size=len(units)))
    return Case(framework, units, np.array(rows, dtype=np.float64), tuple(groups))


@st.composite
def treatments(draw: st.DrawFn) -> Treatment:
    if draw(st.booleans()):
        return Treatment(draw(st.sampled_from(LOGS)))
    return Treatment(
        "winsorise",
        max_points=draw(st.integers(0, 5)),
        # Narrower than the usual limits: a table of six units has no skewness above two.
        skewness=draw(st.sampled_from((0.5, 1.0, 2.0))),
        kurtosis=draw(st.sampled_from((-1.0, 0.0, 3.5))),
        otherwise=draw(st.sampled_from(LOGS)),
    )


@st.composite
def methods(draw: st.DrawFn) -> Method:
    """Any method that no table can make refuse a score for not being above 0."""
    if draw(st.booleans()):
        normalisation = Normalisation(draw(st.sampled_from(ABOVE_ZERO)), (1.0, 7.0))
        kinds = MEANS
    else:
        normalisation = Normalisation(draw(st.sampled_from(AROUND_ZERO)))
        kinds = MEANS[:1]
    kind = st.sampled_from(kinds)
    return Method(
        treatment=draw(treatments()),
        imputation=draw(st.sampled_from(IMPUTATIONS)),
        normalisation=normalisation,
        aggregation=Aggregation(draw(kind), draw(st.dictionaries(st.integers(0, 2), kind))),
        missing=Missing(screen_units_below=draw(st.sampled_from((0.0, 0.4)))),
    )
