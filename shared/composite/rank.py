"""Who is first: on unrounded scores, and not on the order in which they were added up."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from shared.composite.method import Method

# Share of the scale: 1e-10 points of 100. The rounding of a sum of hundreds stays far below it,
# and no figure of 15 digits makes a smaller difference that anybody could mean.
SAME_SCORE = 1e-12
CELLS = 32_768
THREADS = 2


def competition(
    scores: NDArray[np.float64], *, tolerance: NDArray[np.float64] | float
) -> NDArray[np.int64]:
    """Rank along the last axis by standard competition ("1224"): 1 = greatest, 0 = NaN.

    Neighbours no further apart than ``tolerance`` share the better rank.
    """
    if scores.size == 0:
        return np.zeros(scores.shape, dtype=np.int64)
    # The order among equals does not matter; NumPy's quickest sort knows no NaN.
    lost = np.isnan(scores)
    fallen = np.where(lost, np.inf, -scores)
    order = np.argsort(fallen, axis=-1)
    # Places in the flattened arrays: take_along_axis and put_along_axis cost twice as much.
    order += np.arange(0, scores.size, scores.shape[-1]).reshape(*scores.shape[:-1], 1)
    risen = np.take(fallen, order)
    leads = np.ones(scores.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):  # infinity from infinity, both of no rank
        np.greater(risen[..., 1:] - risen[..., :-1], tolerance, out=leads[..., 1:])
    position = np.arange(1, scores.shape[-1] + 1, dtype=np.int64)
    places = np.maximum.accumulate(np.where(leads, position, 0), axis=-1)
    ranked = np.empty(scores.shape, dtype=np.int64)
    np.put(ranked, order, places)
    ranked[lost] = 0
    return ranked


def ranks(scores: NDArray[np.float64], method: Method) -> NDArray[np.int64]:
    """Rank units along the last axis on unrounded scores; 0 = no score.

    (0.1 + 0.2) + 0.3 and 0.1 + (0.2 + 0.3) differ in the last bit, so neighbours that are no
    further apart than ``SAME_SCORE`` of the scale are tied.
    """
    tolerance = SAME_SCORE * method.normalisation.scale(scores.shape[-1])
    rows = max(1, CELLS // max(scores.shape[-1], 1))
    if scores.ndim == 1 or len(scores) <= rows:
        return competition(scores, tolerance=tolerance)
    # A few rows at a time: what is made of them on the way stays in the processor's cache. NumPy
    # sorts outside the interpreter's lock, so two threads take turns at it.
    ranked = np.empty(scores.shape, dtype=np.int64)

    def rank(start: int) -> None:
        some = scores[start : start + rows]
        ranked[start : start + rows] = competition(some, tolerance=tolerance)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(rank, range(0, len(scores), rows)))
    return ranked
