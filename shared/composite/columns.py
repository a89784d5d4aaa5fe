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
        lower, low_post, high_post, target = framework.measures
        treatment = tuple(leaf.treatment or method.treatment for leaf in framework.leaves)
        return cls(lower, low_post, high_post, target, treatment)

    def repeated(self, column: int, times: int) -> Self:
        """Take one column's settings for several series of it."""
        return type(self)(
            lower=np.repeat(self.lower[column], times),
            low_post=np.repeat(self.low_post[column], times),
            high_post=np.repeat(self.high_post[column], times),
            target=np.repeat(self.target[column], times),
            treatment=(self.treatment[column],) * times,
        )
