"""The process that answers a long question: what it reads, what it writes."""

import subprocess
import sys
from typing import Any

import numpy as np
import orjson
import pytest

from services.scoring.analysis import analyse, answer
from shared.composite import Framework, Method, MethodError, Node, digest
from shared.exchange.analysis import UncertaintyFile
from shared.inputs import framework_written

TREE = Framework((Node("index", None), Node("A", "index"), Node("B", "index")))
RAW = [[1.0, 9.0], [5.0, None], [3.0, 4.0], [8.0, 2.0]]
UNITS = ["Hà Nội", "Huế", "Đà Nẵng", "Cần Thơ"]


def question(**plan: Any) -> dict[str, Any]:
    return {
        "kind": "uncertainty",
        "plan": {"draws": 100, "seed": 1, "weight_spread": 0.25, "sobol_samples": None, **plan},
        "nodes": framework_written(TREE),
        "method": Method().to_dict(),
        "units": UNITS,
        "raw": RAW,
        "own_unit": "Hà Nội",
        "trace_id": "t",
    }


def said(asked: dict[str, Any]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    answer(orjson.dumps(asked), lines.append)
    return lines


def test_the_result_is_that_of_the_figures_with_null_for_missing() -> None:
    steps: list[tuple[int, int]] = []
    result = analyse(question(), lambda *step: steps.append(step))
    UncertaintyFile.model_validate(result)
    raw = np.array(RAW, dtype=np.float64)
    assert result["hash"] == digest(TREE, UNITS, raw, Method())
    assert result["availability"] == {"A": 1.0, "B": 0.75}
    assert result["own"]["unit"] == "Hà Nội"
    assert result["sobol"] is None
    assert steps == [(100, 100)]


def test_sobol_indices_count_as_steps() -> None:
    steps: list[tuple[int, int]] = []
    result = analyse(question(sobol_samples=16), lambda *step: steps.append(step))
    assert result["sobol"]["samples"] == 16
    assert steps == [(100, 212), (212, 212)]


def test_what_cannot_be_computed_is_an_error_with_its_place() -> None:
    (line,) = said(question(draws=0))
    assert line["error"]["pointer"] == "/draws"
    (line,) = said({**question(), "own_unit": "Vinh"})
    assert line == {"error": {"message": "There is no unit Vinh.", "unit": "Vinh"}}
    (line,) = said({**question(), "nodes": []})
    assert line["error"]["message"] == "A framework needs at least one node."
    with pytest.raises(MethodError):
        analyse(question(sobol_samples=3), lambda _done, _total: None)


def test_a_process_reads_one_question_and_writes_its_answer() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "services.scoring.analysis"],
        input=orjson.dumps(question(sobol_samples=16)),
        capture_output=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    result = orjson.loads(done.stdout.splitlines()[-1])["result"]
    assert result == analyse(question(sobol_samples=16), lambda _done, _total: None)
