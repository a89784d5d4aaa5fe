"""Why our estimate of a node and the published one differ, as far as what was published can tell. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ROUNDING = 0.005  # published scores have two decimals
_FAINT = 1e-9  # what binary fractions add to it
DECIMALS = 2  # that a published figure has at least

Child = tuple[float, float | None]
"""A child's weight in our framework, and the score that the ministry published for it."""


@dataclass(frozen=True, slots=True)
class Ours:
    score: float | None
    value: float | None  # a leaf's own figure


@dataclass(frozen=True, slots=True)
class Theirs:
    score: float | None
    value: float | None = None


def cause(ours: Ours, theirs: Theirs | None, children: Sequence[Child], mean: str) -> str:
    """Name the cause; ``children`` is empty for a leaf, ``mean`` is how our framework adds them up."""
    if theirs is None or (theirs.score is None and theirs.value is None):
        return "not_published"
    if ours.score is None:
        return "no_estimate"
    if theirs.score is not None and agree(ours.score, theirs.score):
        return "agrees"
    if children:
        return "not_published" if theirs.score is None else _inner(theirs.score, children, mean)
    return _leaf(ours, theirs)


def _leaf(ours: Ours, theirs: Theirs) -> str:
    if theirs.value is None:
        return "value_not_published"
    if ours.value is None or not same_figure(ours.value, theirs.value):
        return "own_figure"
    return "not_published" if theirs.score is None else "others_or_method"


def _inner(published: float, children: Sequence[Child], mean: str) -> str:
    counted = [(weight, score) for weight, score in children if weight > 0]
    scores = [score for _, score in counted if score is not None]
    if not scores or len(scores) < len(counted):
        return "children_not_published"
    again = weighted_mean(mean, [weight for weight, _ in counted], scores)
    # The children are rounded as well as their parent.
    return "below" if abs(again - published) <= 2 * ROUNDING + _FAINT else "weights_or_method"


def agree(ours: float, theirs: float) -> bool:
    return abs(ours - theirs) <= ROUNDING + _FAINT


def same_figure(ours: float, theirs: float) -> bool:
    """Tell whether the published figure is ours, rounded to the decimals that it was published with."""
    written = f"{theirs!r}"
    decimals = len(written.partition(".")[2]) if "e" not in written else 0
    rounding = 0.5 * 10.0 ** -max(decimals, DECIMALS)
    return abs(ours - theirs) <= rounding + _FAINT * abs(theirs)


def weighted_mean(kind: str, weights: Sequence[float], scores: Sequence[float]) -> float:
    """Σwx/Σw, exp(Σw ln x / Σw) or Σw/Σ(w/x); a score of 0 makes the latter two 0."""
    total = math.fsum(weights)
    pairs = list(zip(weights, scores, strict=True))
    if kind == "arithmetic":
        return math.fsum(weight * score for weight, score in pairs) / total
    if min(scores) <= 0:
        return 0.0
    if kind == "geometric":
        return math.exp(math.fsum(weight * math.log(score) for weight, score in pairs) / total)
    return total / math.fsum(weight / score for weight, score in pairs)


def mean_at(method: dict[str, Any], depth: int) -> str:
    """Read how nodes at this depth add up their children, from a run's method, in its older shape too."""
    aggregation = method.get("aggregation", "arithmetic")
    if isinstance(aggregation, str):
        return aggregation
    kind: str = aggregation.get("by_level", {}).get(str(depth), aggregation.get("kind"))
    return kind or "arithmetic"
