"""Which choice the ranks hang on: Sobol indices of the same unit cube that the uncertainty analysis draws from."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.composite.cube import Cube
from shared.composite.errors import MethodError
from shared.composite.evaluate import Result
from shared.composite.plan import LARGEST_SEED, Plan
from shared.composite.uncertainty import cube_of

MOST_FACTORS = 20
LEAST_SAMPLES, MOST_SAMPLES = 16, 8192
CONFIDENCE = 0.95
RESAMPLES = 100
SAME = 1e-12

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Indices:
    """Per factor: first-order and total index, each ± half the width of its 95 % confidence interval."""

    first: tuple[float, ...]
    first_confidence: tuple[float, ...]
    total: tuple[float, ...]
    total_confidence: tuple[float, ...]


@dataclass(frozen=True)
class Sensitivity:
    """``factors``: codes of the nodes whose weights vary, then choices.

    ``mean_rank_change``: of the mean |rank - nominal rank| over the units with a rank in both.
    ``own_rank``: of the own unit's rank. None without an own unit, where a rank is missing in a draw,
    or where the output is the same in all draws, so that there is nothing to share out.
    """

    samples: int
    factors: tuple[str, ...]
    evaluations: int
    mean_rank_change: Indices | None
    own_rank: Indices | None


def sensitivity(
    nominal: Result,
    plan: Plan,
    *,
    samples: int = 256,
    own: str | None = None,
    progress: Progress | None = None,
) -> Sensitivity:
    """Estimate Sobol indices from samples × (factors + 2) evaluations.

    Sampling and estimators are SALib's: Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola,
    Variance based sensitivity analysis of model output (2010). ``samples`` is a power of two from 16
    to 8192. Of the plan its draws are not looked at, and where its levels are left open, weights vary
    from the top down in as many whole levels as make at most 20 factors. Estimates may lie a little
    outside 0 to 1. Raises ``MethodError``.
    """
    cube = sobol_cube(nominal, plan)
    if not evaluations(cube, samples):
        return Sensitivity(samples, (), 0, None, None)
    u = _sample(cube, samples, plan.seed)
    change, own_rank = _outputs(cube, u, own, progress)
    return Sensitivity(
        samples=samples,
        factors=cube.factors,
        evaluations=len(u),
        mean_rank_change=_indices(cube, change, plan.seed),
        own_rank=None if own_rank is None else _indices(cube, own_rank, plan.seed),
    )


def sobol_cube(nominal: Result, plan: Plan) -> Cube:
    """Lay out the factors. Raises ``MethodError`` for levels with more than 20 weights."""
    if plan.weight_levels is not None:
        cube = cube_of(nominal, plan)
        if len(cube.nodes) > MOST_FACTORS:
            raise MethodError(
                f"{len(cube.nodes)} weights are more than {MOST_FACTORS} factors.",
                pointer="/weight_levels",
            )
        return cube
    levels: tuple[int, ...] = ()
    cube = cube_of(nominal, replace(plan, weight_levels=levels))
    for depth in range(1, max(nominal.framework.depth.values()) + 1):
        levels = (*levels, depth)
        wider = cube_of(nominal, replace(plan, weight_levels=levels))
        if len(wider.factors) > MOST_FACTORS:
            break
        cube = wider
    return cube


def evaluations(cube: Cube, samples: int) -> int:
    """Count the evaluations that so many samples take. Raises ``MethodError``."""
    if not LEAST_SAMPLES <= samples <= MOST_SAMPLES or samples & (samples - 1):
        raise MethodError(
            f"{samples} is no power of two from {LEAST_SAMPLES} to {MOST_SAMPLES}.",
            pointer="/sobol_samples",
        )
    return samples * (len(cube.factors) + 2) if cube.factors else 0


def _problem(cube: Cube) -> dict[str, object]:
    # Not the factors' own names: SALib takes equal ones for a group, and a node may be called "missing".
    names = [f"{number}" for number in range(len(cube.factors))]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _chance(seed: int) -> int:
    """SALib takes a seed of 0 for none."""
    return seed % LARGEST_SEED + 1


def _sample(cube: Cube, samples: int, seed: int) -> NDArray[np.float64]:
    from SALib.sample import sobol  # noqa: PLC0415 it brings pandas and scipy: a second and 80 MB

    found: NDArray[np.float64] = sobol.sample(
        _problem(cube), samples, calc_second_order=False, seed=_chance(seed)
    )
    return found


def _outputs(
    cube: Cube, u: NDArray[np.float64], own: str | None, progress: Progress | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    nominal = cube.nominal
    before = nominal.ranks[:, nominal.node(nominal.framework.root.code)]
    row = None if own is None else nominal.unit(own)
    change, own_rank = np.full(len(u), np.nan), np.full(len(u), np.nan)
    for start in range(0, len(u), cube.block):
        here = slice(start, start + cube.block)
        ranked = cube.outcomes(u[here]).ranks
        both = (ranked > 0) & (before > 0)
        moved = np.where(both, np.abs(ranked - before), 0).sum(axis=1)
        change[here] = moved / np.where(both.any(axis=1), both.sum(axis=1), np.nan)
        if row is not None:
            own_rank[here] = np.where(ranked[:, row] > 0, ranked[:, row], np.nan)
        if progress is not None:
            progress(min(start + cube.block, len(u)), len(u))
    return change, None if row is None else own_rank


def _indices(cube: Cube, output: NDArray[np.float64], seed: int) -> Indices | None:
    """Return None for an output with a gap or without variance: SALib would divide by 0."""
    if np.isnan(output).any() or np.ptp(output) <= SAME * np.abs(output).max():
        return None
    from SALib.analyze import sobol  # noqa: PLC0415 see above

    found = sobol.analyze(
        _problem(cube),
        output,
        calc_second_order=False,
        num_resamples=RESAMPLES,
        conf_level=CONFIDENCE,
        seed=_chance(seed),
    )
    names = ("S1", "S1_conf", "ST", "ST_conf")
    return Indices(*(tuple(float(value) for value in found[name]) for name in names))
