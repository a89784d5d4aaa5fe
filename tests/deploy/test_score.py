"""``pii score`` as it is called: what it writes, what it says, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.scoring import SCHEMAS
from tests.shared.exchange.build import TWO_LEAVES, framework_file, written

TABLE = "unit,B,A\nHải Phòng,48.20,56.45\nHuế,,50\n"


def pii(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    framework = framework_file(tmp_path)
    return framework, written(tmp_path / "data.csv", TABLE), tmp_path / "result.json"


Files = tuple[Path, Path, Path]


def test_two_files_are_scored_into_a_third(files: Files) -> None:
    framework, data, output = files
    done = pii("score", framework, data, "--output", output)
    assert done.exit_code == 0
    result = json.loads(output.read_bytes())
    assert result["units"] == ["Hải Phòng", "Huế"]
    assert result["nodes"]["index"]["scores"] == [pytest.approx(52.325), 50]
    assert done.stdout == ""
    assert done.stderr == f"scored 2 units on 2 leaves: {result['hash']}\n"


def test_a_dash_writes_the_result_alone_to_standard_output(files: Files) -> None:
    framework, data, _ = files
    done = pii("score", framework, data, "--output", "-")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["nodes"]["index"]["ranks"] == [1, 2]


def test_the_same_files_give_the_same_bytes(files: Files) -> None:
    framework, data, output = files
    pii("score", framework, data, "--output", output)
    first = output.read_bytes()
    pii("score", framework, data, "--output", output)
    assert output.read_bytes() == first


def test_figures_beyond_their_bounds_are_pointed_out_and_scored(tmp_path: Path) -> None:
    nodes = [TWO_LEAVES[0], {"code": "A", "parent": "index", "bounds": [0, 10]}]
    framework = framework_file(tmp_path, nodes=nodes)
    rows = "".join(f"u{number},{number + 10}\n" for number in range(61))
    data = written(tmp_path / "data.csv", f"unit,A\n{rows}")
    done = pii("score", framework, data, "--output", "-")
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert (
        lines[0] == f"{data}, line 3, column 'A': Warning: 11.0 is beyond the bounds, 0.0 to 10.0."
    )
    assert lines[50] == f"{data}: 60 figures are beyond their bounds."
    assert len(lines) == 52


WRONG_NODE = TWO_LEAVES[1] | {"weight": -1, "bound": None}


@pytest.mark.parametrize(
    ("nodes", "table", "expected"),
    [
        (
            [TWO_LEAVES[0], WRONG_NODE],
            TABLE,
            [
                "framework.json: /nodes/1/weight: Input should be greater than or equal to 0; it is -1.",
                "framework.json: /nodes/1/bound: There is no such member here.",
            ],
        ),
        (
            TWO_LEAVES,
            'unit,A,B\nx,"1,5",2\nx,2\n',
            [
                "data.csv, line 2, column 'A': '1,5' is no figure: write a decimal point and no separators, like 1234.5.",
                "data.csv, line 3: There are 2 cells; the heading has 3.",
            ],
        ),
        (
            TWO_LEAVES,
            "unit,A,B\nx,1,1e301\n",
            ["data.csv, line 2, column 'B': Unit x, leaf B: 1e+301 is not a figure."],
        ),
    ],
)
def test_a_mistake_is_named_and_what_is_there_stays(
    tmp_path: Path, nodes: list[dict[str, object]], table: str, expected: list[str]
) -> None:
    """In a process of its own: the status, the two streams and the folder are what others see."""
    framework_file(tmp_path, nodes=nodes)
    written(tmp_path / "data.csv", table)
    written(tmp_path / "result.json", "of before")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = subprocess.run(
        [
            Path(sys.executable).with_name("pii"),
            *("score", "framework.json", "data.csv", "--output", "result.json"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == expected
    assert (tmp_path / "result.json").read_text() == "of before"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_file_that_is_not_there_is_named(files: Files, tmp_path: Path) -> None:
    framework, data, output = files
    done = pii("score", tmp_path / "nix.json", data, "--output", output)
    assert done.exit_code == 2
    assert "nix.json: The file cannot be read: No such file or directory." in done.stderr
    done = pii("score", framework, tmp_path / "nix.csv", "--output", output)
    assert done.exit_code == 2
    assert "nix.csv: The file cannot be read: No such file or directory." in done.stderr
    assert not output.exists()


def test_a_result_that_cannot_be_written_is_named(files: Files, tmp_path: Path) -> None:
    framework, data, _ = files
    done = pii("score", framework, data, "--output", tmp_path / "nix" / "result.json")
    assert done.exit_code == 2
    assert "The file cannot be written: No such file or directory." in done.stderr
    done = pii("score", framework, data, "--output", tmp_path)
    assert done.exit_code == 2
    assert "The file cannot be written: Is a directory." in done.stderr


def test_the_result_does_not_take_the_place_of_what_was_read(files: Files) -> None:
    framework, data, _ = files
    for path in (framework, data):
        before = path.read_bytes()
        assert pii("score", framework, data, "--output", path).exit_code == 2
        assert path.read_bytes() == before


def test_the_example_of_the_readme_does_what_it_says(tmp_path: Path) -> None:
    section = Path("README.md").read_text("utf-8").split("## Score a file")[1].split("\n## ")[0]
    example = section.split("```sh\n")[1].split("```")[0]
    (tmp_path / ".venv").symlink_to(sys.prefix)
    subprocess.run(["/bin/sh", "-ec", example], cwd=tmp_path, timeout=30, check=True)
    result = json.loads((tmp_path / "result.json").read_bytes())
    (score,) = result["nodes"]["index"]["scores"]
    assert f"The index is {score:.3f} here" in section


def test_the_schemas_are_written_into_a_folder(tmp_path: Path) -> None:
    done = pii("schemas", "--folder", tmp_path / "api")
    assert done.exit_code == 0
    for name in SCHEMAS:
        assert (tmp_path / "api" / name).read_bytes() == (Path("docs/api") / name).read_bytes()
