"""The answer of an uncertainty analysis: what ``pii uncertainty`` writes and what the API keeps."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.composite import Result, digest
from shared.composite.choices import written
from shared.composite.plan import Plan
from shared.composite.removal import Removal, removals
from shared.composite.structure import Structure, structure
from shared.composite.uncertainty import HIGH, LOW, MIDDLE, Own, Uncertainty, uncertainty
from shared.sensitivity import Sensitivity, evaluations, sensitivity, sobol_cube

Progress = Callable[[int, int], None]


def uncertainty_document(
    nominal: Result,
    plan: Plan,
    *,
    own: str | None = None,
    sobol_samples: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Analyse and write down, in JSON types, what ``UncertaintyFile`` describes.

    ``progress(done, total)`` counts draws and, where Sobol indices are asked for (``sobol_samples``),
    their evaluations. Sobol indices vary the weights of ``plan.weight_levels``, or of the pillars and
    above. Raises ``CompositeError``.
    """
    more = 0
    if sobol_samples is not None:
        more = evaluations(sobol_cube(nominal, plan), sobol_samples)
    steps = _Steps(progress, plan.draws + more)
    found = uncertainty(nominal, plan, own=own, progress=steps.at(0))
    indices = None
    if sobol_samples is not None:
        indices = sensitivity(
            nominal, plan, samples=sobol_samples, own=own, progress=steps.at(plan.draws)
        )
    return {
        **_ranks(found),
        "removal": {code: _removal(removed) for code, removed in removals(nominal, own).items()},
        **_structure(structure(nominal)),
        "sobol": None if indices is None else _sobol(indices),
        "plan": plan.to_dict(),
        "seed": plan.seed,
        "choices": {
            factor: [written(choice, factor) for choice in methods]
            for factor, methods in found.cube.choices.items()
        },
        "left_out": [asdict(left) for left in found.cube.left_out],
        "method": nominal.method.to_dict(),
        "hash": digest(
            nominal.framework, nominal.units, nominal.raw, nominal.method, nominal.groups
        ),
    }


class _Steps:
    """Count the steps of one stage after another as one row."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total = progress, total

    def at(self, before: int) -> Progress:
        def count(done: int, _: int) -> None:
            if self._progress is not None:
                self._progress(before + done, self._total)

        return count


def _ranks(found: Uncertainty) -> dict[str, Any]:
    nominal = found.nominal
    root = nominal.node(nominal.framework.root.code)
    return {
        "units": list(nominal.units),
        "nominal": {
            "ranks": _whole(nominal.ranks[:, root]),
            "scores": _numbers(nominal.scores[:, root]),
        },
        "ranks": {
            "median": _whole(found.median),
            "p5": _whole(found.low),
            "p95": _whole(found.high),
            "mean": _numbers(found.mean),
            "first": _numbers(found.first),
            "absent": _numbers(found.absent),
        },
        "own": None if found.own is None else _own(found, found.own),
    }


def _own(found: Uncertainty, own: Own) -> dict[str, Any]:
    nominal = found.nominal
    row, root = nominal.unit(own.unit), nominal.node(nominal.framework.root.code)
    scores = np.sort(own.scores[~np.isnan(own.scores)])
    low, middle, high = (
        float(np.quantile(scores, share, method="inverted_cdf")) if scores.size else None
        for share in (LOW, MIDDLE, HIGH)
    )
    (score,) = _numbers(nominal.scores[[row], root])
    (rank,) = _whole(nominal.ranks[[row], root])
    return {
        "unit": own.unit,
        "rank": {
            "nominal": rank,
            "median": _whole(found.median)[row],
            "p5": _whole(found.low)[row],
            "p95": _whole(found.high)[row],
        },
        "histogram": own.histogram.tolist(),
        "score": {
            "nominal": score,
            "median": middle,
            "p5": low,
            "p95": high,
            "draws": int(scores.size),
        },
        "ahead_of": _numbers(own.ahead_of),
    }


def _removal(removed: Removal) -> dict[str, Any]:
    moved = removed.most_moved
    return {
        "mean_change": removed.mean_change,
        "own_change": removed.own_change,
        "most_moved": None if moved is None else {"unit": moved, "change": removed.most},
        "lost": removed.lost,
    }


def _structure(found: Structure) -> dict[str, Any]:
    return {
        "effective_weights": {
            code: {
                "nominal": weight.nominal,
                "correlation": weight.correlation,
                "importance": weight.importance,
            }
            for code, weight in found.weights.items()
        },
        "correlations": {
            "siblings": [
                {"nodes": [pair.first, pair.second], "r": pair.r} for pair in found.siblings
            ],
            "above": {
                code: {"parent": r, "root": found.weights[code].correlation}
                for code, r in found.parent.items()
            },
            "flags": [asdict(flag) for flag in found.flags],
        },
        "consistency": found.alpha,
        "availability": found.availability,
    }


def _sobol(found: Sensitivity) -> dict[str, Any]:
    def listed(indices: Any) -> Any:
        return (
            None
            if indices is None
            else {name: list(values) for name, values in asdict(indices).items()}
        )

    return {
        "samples": found.samples,
        "evaluations": found.evaluations,
        "factors": list(found.factors),
        "mean_rank_change": listed(found.mean_rank_change),
        "own_rank": listed(found.own_rank),
    }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 NaN


def _whole(ranks: NDArray[np.int64]) -> list[int | None]:
    return [rank or None for rank in ranks.tolist()]
