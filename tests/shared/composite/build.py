"""Small frameworks and tables, so that each test shows only its numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.composite import Framework, Method, Node, Normalisation, Result, evaluate
from shared.composite.method import NormalisationKind

PERCENT = (0.0, 100.0)
NA = float("nan")
MIXED = Method(normalisation=Normalisation("mixed"))


def flat(*leaves: Node) -> Framework:
    """One root with these leaves, whose parent must be "root"."""
    return Framework((Node("root", None), *leaves))


def table(*rows: Sequence[float]) -> NDArray[np.float64]:
    return np.array(rows, dtype=np.float64)


def column(*figures: float) -> NDArray[np.float64]:
    return np.array(figures, dtype=np.float64)[:, np.newaxis]


def names(count: int) -> list[str]:
    return [f"unit {row}" for row in range(count)]


def points(
    kind: NormalisationKind,
    *,
    between: tuple[float, float] | None = None,
    minimum_units: int = 2,
    cap: bool = False,
) -> Method:
    return Method(normalisation=Normalisation(kind, between, minimum_units, cap))


def score(leaf: Node, *figures: float, method: Method = MIXED) -> Result:
    """Evaluate one leaf under the root for as many units as there are figures."""
    return evaluate(flat(leaf), names(len(figures)), column(*figures), method)
