"""Who is first: on unrounded scores, and not on the order in which they were added up."""

import numpy as np
from numpy.typing import NDArray

from shared.composite.method import Method

# Share of the range: 1e-10 points of 100. The rounding of a sum of hundreds stays far below it,
# and no figure of 15 digits makes a smaller difference that anybody could mean.
SAME_SCORE = 1e-12


def ranks(scores: NDArray[np.float64], method: Method) -> NDArray[np.int64]:
    """Rank each column by standard competition ("1224"): 1 = highest score, 0 = no score.

    Scores are not rounded. (0.1 + 0.2) + 0.3 and 0.1 + (0.2 + 0.3) differ in the last bit, so
    neighbours that are no further apart than ``SAME_SCORE`` of the range share the better rank.
    ``scores`` and the answer are (units, nodes).
    """
    order = np.argsort(-scores, axis=0, kind="stable")  # NaN goes last
    ordered = np.take_along_axis(scores, order, axis=0)
    tolerance = SAME_SCORE * max(abs(bound) for bound in method.range)
    leads = np.ones(scores.shape, dtype=np.bool_)
    leads[1:] = ~(ordered[:-1] - ordered[1:] <= tolerance)
    position = np.arange(1, len(scores) + 1, dtype=np.int64)[:, np.newaxis]
    places = np.maximum.accumulate(np.where(leads, position, 0), axis=0)
    ranked = np.zeros(scores.shape, dtype=np.int64)
    np.put_along_axis(ranked, order, places, axis=0)
    ranked[np.isnan(scores)] = 0
    return ranked
