"""What the arithmetic of single columns must know of each: one column is one leaf's series of figures.

From raw figures to points no leaf looks at another. So a changed figure is one more column, and a
thousand what-ifs about a leaf are a thousand columns, computed by the very code that computes the index.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.composite.framework import Framework
from shared.composite.method import Method, Treatment


@dataclass(frozen=True, eq=False)
class Columns:
    """Settings of each column: arrays (columns,), NaN where a leaf has no goalpost or target."""

    lower: NDArray[np.bool_]
    low_post: NDArray[np.float64]
    high_post: NDArray[np.float64]
    target: NDArray[np.float64]
    treatment: tuple[Treatment, ...]

    @classmethod
    def of(cls, framework: Framework, method: Method) -> Self:
        leaves = framework.leaves
        posts = np.array([leaf.goalposts or (np.nan, np.nan) for leaf in leaves], dtype=np.float64)
        return cls(
            lower=np.array([leaf.direction == "lower" for leaf in leaves], dtype=np.bool_),
            low_post=posts[:, 0],
            high_post=posts[:, 1],
            target=np.array(
                [np.nan if leaf.target is None else leaf.target for leaf in leaves],
                dtype=np.float64,
            ),
            treatment=tuple(
                method.treatment if leaf.treatment is None else leaf.treatment for leaf in leaves
            ),
        )

    def repeated(self, column: int, times: int) -> Self:
        """Take one column's settings for several series of it."""
        return type(self)(
            lower=np.repeat(self.lower[column], times),
            low_post=np.repeat(self.low_post[column], times),
            high_post=np.repeat(self.high_post[column], times),
            target=np.repeat(self.target[column], times),
            treatment=(self.treatment[column],) * times,
        )
