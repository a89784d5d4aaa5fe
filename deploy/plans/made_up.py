"""Figures that are made up, so that the system can be shown before the real ones are there."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.plans.data import City, Node

SOURCE = (
    "SỐ LIỆU GIẢ ĐỊNH do chương trình tự tạo để minh họa, không phải số liệu thật của bất kỳ"
    " địa phương nào. / MADE-UP FIGURES, generated for demonstration: not the real figures of"
    " any locality."
)
MISSING_SHARE = 0.02
DIGITS = 6

# Typical figure and spread (of the logarithm, or of the logit where there are two bounds) by the
# leaf's unit: rough orders of magnitude that make a demonstration readable, and nothing else.
TYPICAL = {
    "điểm PCI": (6.5, 0.4),
    "% / điểm PAR Index": (86.0, 0.3),
    "điểm PAPI 1-10": (3.6, 0.4),
    "điểm DTI": (0.6, 0.2),
    "điểm": (6.4, 0.2),
    "chỉ số 0-1 (HDI)": (0.72, 0.25),
    "chỉ số (IIP)": (106.0, 0.05),
    "tỷ lệ": (9.0, 0.7),
    "tỷ lệ /GRDP": (0.4, 0.6),
    "%": (18.0, 0.6),
    "tiền/người (đơn vị không nêu)": (55.0, 0.4),
    "tỷ đồng": (90_000.0, 1.0),
    "tỷ đồng/1.000 lao động": (95.0, 0.6),
    "FTE/10.000 dân": (9.0, 0.8),
    "số/10.000 dân": (5.0, 0.7),
    "số/1.000 dân": (6.0, 0.5),
    "số/1.000 doanh nghiệp": (14.0, 0.7),
    "đơn/1.000 doanh nghiệp": (35.0, 0.5),
    "đơn/10.000 dân": (0.4, 1.0),
    "số/xã": (0.3, 0.7),
}
OTHERWISE = (12.0, 0.5)
# Where the unit says too little: 63 shares of the national product must not come to 1000 %.
TYPICAL_OF_LEAF = {
    "3.2.2": (55.0, 0.6),
    "4.1.2": (1.2, 0.6),
    "4.2.3": (0.9, 1.0),
    "5.1.1": (1.5, 0.6),
    "5.1.2": (26.0, 0.4),
    "5.3.1": (4.0, 0.8),
    "7.1.3": (60.0, 0.9),
    "7.1.4": (5.5, 0.3),
    "7.2.1": (1.1, 0.4),
    "7.2.2": (53.0, 0.2),
}


def made_up_panel(
    leaves: Sequence[Node], own: City, *, seed: int = 234, localities: int = 63
) -> dict[str, Any]:
    """Body of ``PUT /v1/panels/{period}``: ``own`` first, then made-up localities.

    ``own`` has figures only for leaves that central bodies supply: the others come from its
    departments' submissions. A missing figure is left out.
    """
    others, figures = _draw(leaves, seed, localities - 1)
    gaps = np.random.Generator(np.random.PCG64([seed, 1])).random(others.shape) < MISSING_SHARE
    central = {leaf.code: figures[leaf.code] for leaf in leaves if leaf.supply == "central"}
    rows = [{"code": own.locality_code, "name": own.name_vi, "values": central}]
    for number, (values, missing) in enumerate(zip(others, gaps, strict=True), start=2):
        cells = zip(leaves, values.tolist(), missing.tolist(), strict=True)
        rows.append(
            {
                "code": f"minh-hoa-{number:02}",
                "name": f"Địa phương minh họa {number:02}",
                "values": {leaf.code: value for leaf, value, gap in cells if not gap},
            }
        )
    return {"source": SOURCE, "made_up": True, "localities": rows}


def made_up_figures(
    leaves: Sequence[Node], *, seed: int = 234, localities: int = 63
) -> dict[str, float]:
    """Figure of one's own city for every leaf, in the best quarter of the panel of that seed."""
    return _draw(leaves, seed, localities - 1)[1]


def _draw(
    leaves: Sequence[Node], seed: int, others: int
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Figures of the others, shape (others, leaves), and the own city's by leaf."""
    chance = np.random.Generator(np.random.PCG64(seed))
    # A locality strong in one thing is often strong in others: without that, no locality stands out.
    strength = chance.standard_normal(others)
    columns = []
    own = {}
    for leaf in leaves:
        better = 0.5 * strength + math.sqrt(0.75) * chance.standard_normal(others)
        # From 0.78 up to beyond the best: the city leads in about a quarter of its leaves.
        place = chance.uniform(0.78, 1.08)
        top, middle = float(better.max()), float(np.median(better))
        lead = top + 2 * (place - 1) * (top - middle)
        mine = lead if place > 1 else float(np.quantile(better, place))
        columns.append([_figure(leaf, value) for value in better.tolist()])
        own[leaf.code] = _figure(leaf, mine)
    return np.array(columns, dtype=np.float64).T, own


def _figure(leaf: Node, better: float) -> float:
    """Turn how good a locality is, in standard deviations, into a figure inside the bounds."""
    typical, spread = TYPICAL_OF_LEAF.get(leaf.code) or TYPICAL.get(leaf.unit, OTHERWISE)
    shift = spread * (better if leaf.direction == "higher" else -better)
    lower, upper = leaf.lower_bound, leaf.upper_bound
    if upper is None:
        return _rounded((lower or 0.0) + typical * math.exp(shift))
    if lower is None:
        lower = 0.0 if upper > 0 else upper - 2 * typical
    middle = (typical - lower) / (upper - lower)
    if not 0 < middle < 1:
        middle = 0.5
    odds = middle / (1 - middle) * math.exp(shift)
    return _rounded(lower + (upper - lower) * odds / (1 + odds))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
