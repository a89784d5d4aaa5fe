"""Small frameworks and tables, so that each test shows only its numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.composite import Framework, Node

PERCENT = (0.0, 100.0)
NA = float("nan")


def flat(*leaves: Node) -> Framework:
    """One root with these leaves, whose parent must be "root"."""
    return Framework((Node("root", None), *leaves))


def table(*rows: Sequence[float]) -> NDArray[np.float64]:
    return np.array(rows, dtype=np.float64)


def column(*figures: float) -> NDArray[np.float64]:
    return np.array(figures, dtype=np.float64)[:, np.newaxis]
