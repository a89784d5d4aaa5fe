"""Published figures of other indices, computed again from what was published beside them."""

import math

import numpy as np
import pytest

from shared.composite import Aggregation, Framework, Method, Node, Normalisation, evaluate
from tests.shared.composite.build import MIXED, PERCENT, flat, table


def test_hai_phong_2023_is_the_mean_of_its_input_and_output() -> None:
    # Published: input 56.45, output 48.20, overall 52.32. (56.45 + 48.20)/2 = 52.325.
    framework = flat(
        Node("input", "root", goalposts=PERCENT), Node("output", "root", goalposts=PERCENT)
    )
    result = evaluate(framework, ["Hải Phòng"], table((56.45, 48.20)), MIXED)
    assert result.scores[0, result.node("root")] == pytest.approx(52.32, abs=0.01)


def test_the_human_development_index_of_2018() -> None:
    """UNDP, Human Development Report 2019, table 1 and technical note 1.

    Goalposts: 20 and 85 years of life, 0 and 18 years of schooling expected (more is taken as 18),
    0 and 15 years had, ln 100 and ln 75,000 dollars. Schooling is an arithmetic mean, the index the
    geometric mean of the three. Viet Nam by hand: (0.8508 * (0.7056 + 0.5467)/2 * 0.6239)^(1/3).
    """
    framework = Framework(
        (
            Node("HDI", None),
            Node("life", "HDI", goalposts=(20.0, 85.0)),
            Node("schooling", "HDI"),
            Node("expected", "schooling", goalposts=(0.0, 18.0)),
            Node("had", "schooling", goalposts=(0.0, 15.0)),
            Node("income", "HDI", goalposts=(math.log(100), math.log(75_000))),
        )
    )
    method = Method(
        normalisation=Normalisation("goalposts", (0.0, 1.0)),
        aggregation=Aggregation("arithmetic", {0: "geometric"}),
    )
    raw = table((82.3, 18.1, 12.6, math.log(68_059)), (75.3, 12.7, 8.2, math.log(6_220)))
    result = evaluate(framework, ["Norway", "Viet Nam"], raw, method)
    assert result.scores[:, 0].round(3).tolist() == [0.954, 0.693]
    assert result.clamped.tolist() == [[False, True, False, False], [False] * 4]


ASEM_PILLARS = {
    "Conn": ("Physical", "ConEcFin", "Political", "Instit", "P2P"),
    "Sust": ("Environ", "Social", "SusEcFin"),
}


def test_the_asem_index_of_sustainable_connectivity() -> None:
    """COINr, vignette "results": scores rounded to two places, equal weights, the first four of 51."""
    framework = Framework(
        (
            Node("Index", None),
            *(Node(code, "Index") for code in ASEM_PILLARS),
            *(
                Node(code, above, goalposts=PERCENT)
                for above, codes in ASEM_PILLARS.items()
                for code in codes
            ),
        )
    )
    published = {
        "CHE": (68.38, 62.79, 73.98, 63.41, 32.87, 74.78, 85.94, 56.93, 77.21, 87.85, 56.88),
        "NLD": (64.82, 61.94, 67.70, 64.87, 46.62, 84.55, 71.74, 41.92, 58.73, 86.58, 57.78),
        "DNK": (64.80, 57.10, 72.51, 50.52, 30.43, 78.13, 75.35, 51.04, 69.83, 86.40, 61.29),
        "NOR": (64.47, 57.44, 71.50, 58.18, 25.70, 80.03, 89.46, 33.80, 70.90, 87.00, 56.59),
    }
    expected = table(*published.values())
    result = evaluate(framework, list(published), expected[:, 3:], MIXED)
    # Rounded parts are off by up to 0.005, and so is their rounded mean.
    np.testing.assert_allclose(result.scores, expected, rtol=0, atol=0.01)
    assert result.ranks[:, 0].tolist() == [1, 2, 3, 4]
