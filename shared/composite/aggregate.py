"""Points of the leaves are added up to the root, and the root is taken apart again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.composite.framework import Framework
from shared.composite.method import Method


@dataclass(frozen=True, eq=False)
class Aggregated:
    """Per unit and node, each (units, nodes): see ``Result`` for what they mean."""

    scores: NDArray[np.float64]
    weights: NDArray[np.float64]
    coverage: NDArray[np.float64]


def aggregate(framework: Framework, leaf_scores: NDArray[np.float64], method: Method) -> Aggregated:
    """Score every node with the weighted mean of its children that have a score.

    A missing child is dropped and the weights of its siblings stand for the whole, as in the
    GII; it is never a zero. A node none of whose weighing children has a score is NaN.
    ``leaf_scores`` is (units, leaves), NaN = n/a.
    """
    # Added up with reduceat, not with a matrix product: BLAS may add in another order for
    # another row or processor, and two equal units would no longer tie.
    shape = (leaf_scores.shape[0], len(framework.nodes))
    scores, weights = np.full(shape, np.nan), np.zeros(shape)
    below, scored = np.zeros(shape[1]), np.zeros(shape)
    scores[:, framework.leaf_positions] = leaf_scores
    below[framework.leaf_positions] = 1
    scored[:, framework.leaf_positions] = ~np.isnan(leaf_scores)

    for level in framework.levels:
        children = scores[:, level.children]
        known = ~np.isnan(children)
        carried = np.where(known, level.weights, 0.0)
        total = np.add.reduceat(carried, level.starts, axis=1)
        points = np.add.reduceat(np.where(known, children, 0.0) * carried, level.starts, axis=1)
        mean = np.full(total.shape, np.nan)
        np.divide(points, total, out=mean, where=total > 0)
        scores[:, level.parents] = mean
        whole = np.where(total > 0, total, 1.0)
        weights[:, level.children] = carried / whole[:, level.owner]
        below[level.parents] = np.add.reduceat(below[level.children], level.starts)
        scored[:, level.parents] = np.add.reduceat(scored[:, level.children], level.starts, axis=1)

    root = framework.index[framework.root.code]
    weights[:, root] = ~np.isnan(scores[:, root])
    # A mean lies between its parts; only its last bit may not.
    return Aggregated(np.clip(scores, *method.range), weights, scored / below)


def contributions(framework: Framework, aggregated: Aggregated) -> NDArray[np.float64]:
    """Points that each node adds to its unit's root score, shape (units, nodes).

    A node's score times the weights in force from it up to the root, so the leaves of any node
    add up to that node. A node without a score adds 0; where the root has no score there is
    nothing to add to, and all are NaN.
    """
    path = aggregated.weights.copy()
    for level in reversed(framework.levels):
        path[:, level.children] *= path[:, level.parents][:, level.owner]
    points = path * np.where(np.isnan(aggregated.scores), 0.0, aggregated.scores)
    root = framework.index[framework.root.code]
    points[np.isnan(aggregated.scores[:, root])] = np.nan
    return points
