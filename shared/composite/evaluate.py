"""From raw figures to the index in one call that keeps every stage, so that each can be shown."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from shared.composite.aggregate import aggregate, contributions
from shared.composite.figures import checked_figures
from shared.composite.framework import Framework
from shared.composite.method import Method
from shared.composite.normalise import Reason, normalise
from shared.composite.rank import ranks


@dataclass(frozen=True, eq=False)
class Result:
    """Every stage of one evaluation. Arrays are read-only.

    Rows are ``units``; columns are ``framework.leaves`` for the first stages and
    ``framework.nodes`` (leaves included) for the others; ``leaf`` and ``node`` find a column.

    - ``raw`` (units, leaves): the figures, in their own units, NaN = missing.
    - ``normalised`` (units, leaves): points in ``method.range``, NaN = n/a.
    - ``clamped`` (units, leaves): the figure lay beyond a goalpost and was taken as it.
    - ``reason`` (leaves): why the leaf is n/a for every unit, None where it is not:
      "no_value", "no_goalposts", "no_panel" (too few units to compare with), "constant".
    - ``scores`` (units, nodes): points, unrounded, NaN = n/a.
    - ``ranks`` (units, nodes): 1 = best, ties share the better rank, 0 = n/a.
    - ``ranked`` (nodes): how many units have a rank; show a rank only with it.
    - ``coverage`` (units, nodes): share of the leaves below that have a score, each leaf
      counting the same whatever it weighs; of a leaf itself 1 or 0.
    - ``below_minimum`` (units, nodes): the coverage is under ``method.minimum_coverage``.
    - ``weights`` (units, nodes): the weight in force, as a share among the siblings that have a
      score; 0 for a node that has none; the root's is 1.
    - ``contribution`` (units, nodes): points the node adds to the root's score. The leaves add
      up to the root; NaN for a unit whose root is n/a.
    """

    framework: Framework
    units: tuple[str, ...]
    method: Method
    raw: NDArray[np.float64]
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


def evaluate(
    framework: Framework, units: Sequence[str], raw: NDArray[np.float64], method: Method
) -> Result:
    """Compute the index of every unit; ``raw`` is (units, leaves), NaN = missing.

    Normalise, add up along the tree, rank: steps 5 to 7 of OECD/JRC, Handbook on Constructing
    Composite Indicators (2008), in the form that WIPO's Global Innovation Index gives them. For
    the Provincial Innovation Index only the last sum is verified on published figures: the
    overall score is the arithmetic mean of input and output (Hải Phòng 2023: 56.45 and 48.20
    make 52.32, within 0.01). The levels below it follow the GII and are inferred.

    Raises ``DataError``: shape mismatch, a unit twice, an infinite figure.
    """
    figures = checked_figures(framework, units, raw)
    normalised = normalise(framework, figures, method)
    aggregated = aggregate(framework, normalised.scores, method)
    return Result(
        framework=framework,
        units=tuple(units),
        method=method,
        raw=figures,
        normalised=normalised.scores,
        clamped=normalised.clamped,
        reason=normalised.reason,
        scores=aggregated.scores,
        ranks=ranks(aggregated.scores, method),
        ranked=np.count_nonzero(~np.isnan(aggregated.scores), axis=0).astype(np.int64),
        coverage=aggregated.coverage,
        below_minimum=aggregated.coverage < method.minimum_coverage,
        weights=aggregated.weights,
        contribution=contributions(framework, aggregated),
    )
