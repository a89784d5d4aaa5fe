"""Figures turned so that more is better, and how far a figure can go at all."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.composite.evaluate import Result
from shared.composite.figures import LARGEST

Figures = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Upright:
    """Raw figures times ``sign`` (leaves,), -1 where lower is better; turning back changes no digit.

    - ``figures`` (units, leaves), NaN = missing; ``panel`` is the same without units that are
      screened out; ``best``, ``worst`` (leaves) are the panel's, NaN where nobody has a figure;
      ``span`` (leaves) = best - worst.
    - ``bound`` (leaves): the end of the leaf's ``bounds`` on the good side, inf where there is none.
    """

    sign: Figures
    figures: Figures
    panel: Figures
    best: Figures
    worst: Figures
    span: Figures
    bound: Figures

    @classmethod
    def of(cls, result: Result) -> Self:
        leaves = result.framework.leaves
        sign = np.array([-1.0 if leaf.direction == "lower" else 1.0 for leaf in leaves])
        figures = result.raw * sign
        panel = np.where(result.screened[:, np.newaxis], np.nan, figures)
        empty = np.isnan(panel).all(axis=0)
        best = np.where(np.isnan(panel), -np.inf, panel).max(axis=0, initial=-np.inf)
        worst = np.where(np.isnan(panel), np.inf, panel).min(axis=0, initial=np.inf)
        best[empty] = worst[empty] = np.nan
        bound = [
            (leaf.bounds or (None, None))[0 if leaf.direction == "lower" else 1] for leaf in leaves
        ]
        ends = np.array([np.inf if end is None else end for end in bound]) * np.where(
            [end is None for end in bound], 1.0, sign
        )
        return cls(sign, figures, panel, best, worst, best - worst, ends)

    @property
    def furthest(self) -> Figures:
        """How far (leaves,) a search goes: to the bound, or one panel range beyond the best figure."""
        beyond = np.minimum(self.best + self.span, LARGEST)
        return np.where(np.isinf(self.bound), beyond, self.bound)
