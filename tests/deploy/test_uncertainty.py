"""``pii uncertainty`` as it is called: what it writes, what it says, and how it ends."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from shared.exchange.analysis import UncertaintyFile
from shared.exchange.schemas import json_schema
from tests.shared.exchange.build import TWO_LEAVES, framework_file, written

TABLE = "unit,A,B\nHải Phòng,56.45,48.20\nHuế,50,\nĐà Nẵng,40,60\nHà Nội,70,51\n"
Files = tuple[Path, Path, Path]


def pii(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["uncertainty", *(str(argument) for argument in arguments)])


@pytest.fixture
def files(tmp_path: Path) -> Files:
    framework = framework_file(tmp_path, nodes=TWO_LEAVES, method={})
    return framework, written(tmp_path / "data.csv", TABLE), tmp_path / "result.json"


def schema_faults(document: Any) -> list[str]:
    validator = jsonschema_rs.Draft202012Validator(json_schema(UncertaintyFile))
    return [str(error) for error in validator.iter_errors(document)]


def test_the_result_is_what_the_schema_says(files: Files) -> None:
    framework, data, output = files
    done = pii(framework, data, "--output", output, "--draws", "200", "--unit", "Huế")
    assert done.exit_code == 0
    assert done.stdout == ""
    result = json.loads(output.read_bytes())
    assert done.stderr == f"200 of 200 draws\n200 draws of 4 units: {result['hash']}\n"
    assert schema_faults(result) == []
    assert result["units"] == ["Hải Phòng", "Huế", "Đà Nẵng", "Hà Nội"]
    assert result["nominal"]["ranks"][3] == 1
    assert result["own"]["unit"] == "Huế"
    assert sum(result["own"]["histogram"]) == 200
    assert set(result["removal"]) == {"A", "B"}
    assert set(result["effective_weights"]) == {"index", "A", "B"}
    assert result["availability"] == {"A": 1.0, "B": 0.75}
    assert result["sobol"] is None
    assert result["plan"]["draws"] == 200
    assert list(result["choices"]) == ["normalisation", "aggregation", "missing"]
    del result["seed"]
    assert schema_faults(result)


def test_sobol_indices_come_when_asked_for(files: Files) -> None:
    framework, data, output = files
    options = ("--draws", "50", "--sobol", "--sobol-samples", "16", "--unit", "Huế")
    done = pii(framework, data, "--output", output, *options)
    assert done.exit_code == 0
    result = json.loads(output.read_bytes())
    assert schema_faults(result) == []
    sobol = result["sobol"]
    assert sobol["factors"] == ["A", "B", "normalisation", "aggregation", "missing"]
    assert sobol["evaluations"] == 16 * 7
    assert "162 of 162 draws" in done.stderr


def test_the_same_seed_gives_the_same_file_and_a_dash_is_standard_output(files: Files) -> None:
    framework, data, _ = files
    first, second, other = (
        pii(framework, data, "--output", "-", "--draws", "90", "--seed", seed, "--spread", "0.5")
        for seed in ("3", "3", "4")
    )
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    assert json.loads(first.stdout)["ranks"] != json.loads(other.stdout)["ranks"]


def test_a_mistake_is_named_and_nothing_is_written(files: Files, tmp_path: Path) -> None:
    framework, data, output = files
    for wrong, said in (
        (("--unit", "Vinh"), "There is no unit Vinh."),
        (("--sobol", "--sobol-samples", "100"), "100 is no power of two"),
        (("--draws", "0"), "--draws"),
        (("--spread", "1"), "--spread"),
    ):
        done = pii(framework, data, "--output", output, *wrong)
        assert done.exit_code == 2
        assert said in done.stderr
    table = written(tmp_path / "wrong.csv", "unit,A,B\nx,1,y\n")
    done = pii(framework, table, "--output", output)
    assert done.exit_code == 2
    assert "wrong.csv, line 2, column 'B': 'y' is no figure" in done.stderr
    assert not output.exists()


def test_what_is_n_a_is_null_and_what_cannot_be_chosen_is_named(tmp_path: Path) -> None:
    """One unit between goalposts: nobody to be compared with."""
    framework = framework_file(tmp_path, method={"normalisation": {"kind": "mixed"}})
    data = written(tmp_path / "data.csv", "unit,A,B\nHà Nội,50,60\n")
    done = pii(framework, data, "--output", "-", "--draws", "20", "--unit", "Hà Nội")
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    assert schema_faults(result) == []
    assert result["own"]["ahead_of"] == [None]
    assert result["own"]["histogram"] == [20]
    assert result["consistency"] == {"index": None}
    assert [left["reason"] for left in result["left_out"]] == ["A: no_panel"]
