"""From raw figures to the index in one call that keeps every stage, so that each can be shown."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from shared.composite.aggregate import NotPositiveError, aggregate
from shared.composite.columns import Columns
from shared.composite.errors import DataError
from shared.composite.figures import checked_figures
from shared.composite.framework import Framework
from shared.composite.impute import impute
from shared.composite.method import Method, TreatmentKind
from shared.composite.normalise import Normalised, Reason, normalise
from shared.composite.rank import ranks
from shared.composite.treat import Treated, treat


@dataclass(frozen=True)
class LeafTreatment:
    """What was done about a leaf's outliers: how many points were moved, whose, and whether it passes now."""

    kind: TreatmentKind
    points: int
    units: tuple[str, ...]
    passes: bool


@dataclass(frozen=True, eq=False)
class Result:
    """Every stage of one evaluation. Arrays are read-only.

    Rows are ``units``; columns are ``framework.leaves`` for the first stages and
    ``framework.nodes`` (leaves included) for the others; ``leaf`` and ``node`` find a column.

    - ``raw`` (units, leaves): the figures, in their own units, NaN = missing.
    - ``screened`` (units,): the unit has too few figures and was left out of all that follows.
    - ``imputed``, ``treated`` (units, leaves): the figures after these steps; ``treatment`` (leaves)
      says what was done. Treated by a logarithm, they are no longer in the leaf's unit.
    - ``normalised`` (units, leaves): points, NaN = n/a.
    - ``clamped`` (units, leaves): the figure lay beyond a goalpost or target and was taken as it.
    - ``reason`` (leaves): why the leaf is n/a for every unit, None where it is not.
    - ``scores`` (units, nodes): points, unrounded, NaN = n/a.
    - ``ranks`` (units, nodes): 1 = best, ties share the better rank, 0 = n/a.
    - ``ranked`` (nodes): how many units have a rank; show a rank only with it.
    - ``coverage`` (units, nodes): share of the leaves below that have a score from a figure of the
      unit's own, each leaf counting the same whatever it weighs; of a leaf itself 1 or 0.
    - ``below_minimum`` (units, nodes): the coverage is under ``method.missing.minimum_coverage``.
    - ``weights`` (units, nodes): the weight in force, as a share among the siblings that have a
      score; 0 for a node that has none; the root's is 1.
    - ``contribution`` (units, nodes): points the node adds to the root's score, x ∂root/∂x. The
      leaves of any node add up to it (Euler's theorem: these means are homogeneous of degree one);
      for the arithmetic mean it is the weights along the path times the score. NaN for a unit whose
      root is n/a.
    """

    framework: Framework
    units: tuple[str, ...]
    groups: tuple[str | None, ...] | None
    method: Method
    raw: NDArray[np.float64]
    screened: NDArray[np.bool_]
    imputed: NDArray[np.float64]
    treated: NDArray[np.float64]
    treatment: tuple[LeafTreatment, ...]
    normalised: NDArray[np.float64]
    clamped: NDArray[np.bool_]
    reason: tuple[Reason | None, ...]
    scores: NDArray[np.float64]
    ranks: NDArray[np.int64]
    ranked: NDArray[np.int64]
    coverage: NDArray[np.float64]
    below_minimum: NDArray[np.bool_]
    weights: NDArray[np.float64]
    contribution: NDArray[np.float64]

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def node(self, code: str) -> int:
        """Column of a node in the stages by node. Raises ``KeyError``."""
        return self.framework.index[code]

    def leaf(self, code: str) -> int:
        """Column of a leaf in the stages by leaf. Raises ``KeyError``."""
        return self.framework.leaf_index[code]

    def unit(self, name: str) -> int:
        """Row of a unit. Raises ``ValueError``."""
        return self.units.index(name)


@dataclass(frozen=True, eq=False)
class Scored:
    """The stages of single columns, each (columns, units)."""

    imputed: NDArray[np.float64]
    treated: Treated
    normalised: Normalised


def score_columns(
    series: NDArray[np.float64],
    columns: Columns,
    method: Method,
    groups: Sequence[str | None] | None,
    screened: NDArray[np.bool_],
) -> Scored:
    """Impute, treat and normalise columns of figures, (columns, units), each by itself."""
    imputed = impute(series, method.imputation, groups, screened)
    treated = treat(imputed, columns.treatment)
    return Scored(imputed, treated, normalise(treated.series, columns, method.normalisation))


def screen(raw: NDArray[np.float64], method: Method) -> NDArray[np.bool_]:
    """Tell which units, (units,), have a smaller share of the figures than the method asks for."""
    share = (~np.isnan(raw)).mean(axis=1) if raw.size else np.zeros(len(raw))
    below: NDArray[np.bool_] = share < method.missing.screen_units_below
    return below


def evaluate(
    framework: Framework,
    units: Sequence[str],
    raw: NDArray[np.float64],
    method: Method,
    groups: Sequence[str | None] | None = None,
) -> Result:
    """Compute the index of every unit; ``raw`` is (units, leaves), NaN = missing.

    Impute, treat, normalise, add up along the tree, rank: steps 3 to 7 of OECD/JRC, Handbook on
    Constructing Composite Indicators (2008), in the form that WIPO's Global Innovation Index and
    the R package COINr give them. For the Provincial Innovation Index only the last sum is verified
    on published figures: the overall score is the arithmetic mean of input and output (Hải Phòng
    2023: 56.45 and 48.20 make 52.32, within 0.01). The levels below it follow the GII and are
    inferred. ``groups`` (units,) is needed for imputation by group only.

    Raises ``DataError``: shape mismatch, a unit twice, an infinite figure, no groups where the
    method needs them, a score ≤ 0 under a geometric or harmonic mean.
    """
    figures = checked_figures(framework, units, raw)
    if groups is not None and len(groups) != len(units):
        raise DataError(f"There are {len(units)} units and {len(groups)} groups.")
    screened = screen(figures, method)
    series = np.ascontiguousarray(np.where(screened[:, np.newaxis], np.nan, figures).T)
    scored = score_columns(series, Columns.of(framework, method), method, groups, screened)
    try:
        aggregated = aggregate(framework, scored.normalised.scores, ~np.isnan(series), method)
    except NotPositiveError as error:
        raise DataError(
            f"Unit {units[error.row]}: {error}", unit=units[error.row], node=error.node
        ) from error
    return Result(
        framework=framework,
        units=tuple(units),
        groups=None if groups is None else tuple(groups),
        method=method,
        raw=figures,
        screened=screened,
        imputed=scored.imputed.T,
        treated=scored.treated.series.T,
        treatment=_treatments(scored.treated, tuple(units)),
        normalised=scored.normalised.scores.T,
        clamped=scored.normalised.clamped.T,
        reason=scored.normalised.reason,
        scores=aggregated.scores.T,
        ranks=ranks(aggregated.scores, method).T,
        ranked=np.count_nonzero(~np.isnan(aggregated.scores), axis=1).astype(np.int64),
        coverage=aggregated.coverage.T,
        below_minimum=(aggregated.coverage < method.missing.minimum_coverage).T,
        weights=aggregated.weights.T,
        contribution=aggregated.contribution.T,
    )


UNTREATED = LeafTreatment("none", 0, (), passes=True)


def _treatments(treated: Treated, units: tuple[str, ...]) -> tuple[LeafTreatment, ...]:
    names: dict[int, list[str]] = {}
    for column, row in zip(*np.nonzero(treated.moved), strict=True):
        names.setdefault(int(column), []).append(units[row])
    found = [UNTREATED] * len(treated.kind)
    for column, (kind, passes) in enumerate(zip(treated.kind, treated.passes, strict=True)):
        if kind != "none" or not passes:
            moved = names.get(column, [])
            found[column] = LeafTreatment(kind, len(moved), tuple(moved), passes)
    return tuple(found)
