"""How fast the arithmetic is, without servers: in milliseconds and as multiples of bare NumPy passes.

A pass is one multiplication and one addition over an array of the size in question, in blocks of what
``Cube`` takes at once: what no arithmetic in NumPy can do without. How many of them a measure costs means
the same on a fast machine and on a slow one.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.composite import Framework, Method, Node, Result, Treatment, evaluate, leverage
from shared.composite.cube import PIECE
from shared.composite.plan import Plan
from shared.composite.uncertainty import uncertainty
from tests.bench.row import Row

UNITS, DRAWS = 63, 10_000
# Indicators of each group of each pillar; five pillars are input, two output.
GROUPS = ((3, 4), (3, 4), (2, 3), (4, 3), (3, 3, 3), (2, 4, 3), (4, 4))
INPUTS = 5
TAILED = 4  # every fourth indicator, 13 of 52, has a heavy tail
MISSING = 0.02
METHOD = Method(Treatment("winsorise", otherwise="log_ct"))
CHILD = (sys.executable, "-m", "tests.bench.engine")
GROWTH = 1.5  # of the cost of one element, from the smallest size to the largest
MEGABYTE = 2**20


def tree(copies: int = 1) -> Framework:
    """Make the plan's tree, each pillar ``copies`` times: 52 indicators each."""
    nodes = [Node("0", None), Node("input", "0"), Node("output", "0")]
    for number, groups in enumerate(GROUPS * copies):
        pillar = f"{number + 1}"
        nodes.append(Node(pillar, "input" if number % len(GROUPS) < INPUTS else "output"))
        for place, indicators in enumerate(groups, start=1):
            group = f"{pillar}.{place}"
            nodes.append(Node(group, pillar))
            nodes += [Node(f"{group}.{leaf}", group) for leaf in range(1, indicators + 1)]
    return Framework(tuple(nodes))


def figures(units: int, leaves: int) -> NDArray[np.float64]:
    """Make up figures that go together as real ones do, some with tails, some missing."""
    chance = np.random.default_rng(1)
    raw = 0.7 * chance.normal(size=(units, 1)) + chance.normal(size=(units, leaves))
    raw[:, ::TAILED] = np.exp(1.5 * raw[:, ::TAILED])
    raw[chance.random(raw.shape) < MISSING] = np.nan
    return raw


def scored(units: int = UNITS, copies: int = 1) -> Result:
    framework = tree(copies)
    names = [f"unit {row}" for row in range(units)]
    return evaluate(framework, names, figures(units, len(framework.leaves)), METHOD)


def again(result: Result) -> Result:
    return evaluate(result.framework, result.units, result.raw, result.method)


def timed(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the quickest round: what else the machine does can only add to it."""
    return timed_in_turns([work], rounds)[0]


def timed_in_turns(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Take turns, so that a busy moment of the machine meets all of them."""
    quickest = [float("inf")] * len(works)
    for _ in range(rounds + 1):
        for place, work in enumerate(works):
            started = time.perf_counter()
            work()
            quickest[place] = min(quickest[place], time.perf_counter() - started)
    return quickest


def bare_pass(elements: int, rounds: int) -> float:
    """Seconds of a multiplication and an addition for each of so many elements."""
    size = min(elements, PIECE)
    values, other = np.random.default_rng(1).random((2, size))
    total = np.zeros(size)

    def work() -> None:
        for _ in range(max(1, elements // size)):
            np.add(total, np.multiply(values, other), out=total)

    return timed(work, rounds)


def _figure(name: str, seconds: float, limit: float, elements: int, rounds: int) -> Row:
    passes = seconds / bare_pass(elements, rounds)
    reached = f"{seconds * 1000:.2f} ms = {passes:.0f} bare passes"
    return Row(
        name,
        f"≤ {limit * 1000:g} ms",
        reached,
        seconds <= limit,
        {"seconds": seconds, "passes": passes},
    )


def pipeline(rounds: int) -> Iterator[Row]:
    """From raw figures to ranks, outliers treated."""
    for units, limit in ((UNITS, 0.001), (10_000, 0.08)):
        result = scored(units)
        seconds = timed(partial(again, result), rounds * (200 if units == UNITS else 4))
        yield _figure(f"{units:,} units x 52", seconds, limit, result.raw.size, rounds * 10)


def levers(rounds: int) -> Iterator[Row]:
    """Try four steps of each of 52 indicators."""
    result = scored()
    best = dict(zip(result.framework.leaf_index, np.nanmax(result.raw, axis=0) + 1, strict=True))
    seconds = timed(lambda: leverage(result, result.units[0], best), rounds)
    yield _figure("leverage 52 x 4", seconds, 0.06, 4 * 52 * result.raw.size, rounds)


def draws(rounds: int) -> Iterator[Row]:
    """Ten thousand draws in a process of their own, so that its peak of memory is theirs."""
    found = [_in_own_process() for _ in range(rounds)]
    seconds = min(one["seconds"] for one in found)
    nodes = len(tree().nodes)
    yield _figure("10,000 draws, 63 x 52", seconds, 3, DRAWS * UNITS * nodes, min(rounds, 3))
    peak = max(one["peak"] for one in found)
    yield Row("memory of these draws", "≤ 400 MB", f"{peak:.0f} MB", peak <= 400, {"mb": peak})


def growth(rounds: int) -> Iterator[Row]:
    """Cost of one element at three sizes; linear is no growth."""

    def index(units: int = UNITS, copies: int = 1) -> Callable[[], object]:
        result = scored(units, copies)
        return partial(again, result)

    def chance(number: int = 500, units: int = UNITS, copies: int = 1) -> Callable[[], object]:
        result = scored(units, copies)
        return partial(uncertainty, result, Plan(number, 1))

    sizes = (1, 4, 16)
    cases: dict[str, list[Callable[[], object]]] = {
        "index, units": [index(units=630 * size) for size in sizes],
        "index, indicators": [index(copies=size) for size in sizes],
        "draws, draws": [chance(number=2000 * size) for size in sizes],
        "draws, units": [chance(units=UNITS * size) for size in sizes],
        "draws, indicators": [chance(copies=size) for size in sizes],
    }
    for name, works in cases.items():
        took = timed_in_turns(works, 2 * rounds)
        costs = [seconds / size for seconds, size in zip(took, sizes, strict=True)]
        ratio = costs[-1] / costs[0]
        shown = " → ".join(f"{cost * 1000:.2f}" for cost in costs)
        yield Row(
            f"growth: {name}",
            f"≤ {GROWTH}",
            f"{ratio:.2f} ({shown} ms, sizes 1, 4, 16)",
            ratio <= GROWTH,
            {"seconds": costs},
        )


def _in_own_process() -> dict[str, float]:
    done = subprocess.run(CHILD, stdout=subprocess.PIPE, check=True, timeout=120)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _child() -> None:
    result = scored()
    started = time.perf_counter()
    uncertainty(result, Plan(DRAWS, 1), own=result.units[0])
    seconds = time.perf_counter() - started
    # Not getrusage: a new process begins with the peak of the one that started it.
    status = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
    print(json.dumps({"seconds": seconds, "peak": int(status) * 1024 / MEGABYTE}))  # noqa: T201


def engine(rounds: int) -> Iterator[Row]:
    """Measure all of it, each as the quickest of so many rounds or more."""
    for part in (pipeline, levers, draws, growth):
        yield from part(rounds)


if __name__ == "__main__":
    _child()
