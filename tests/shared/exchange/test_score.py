"""Two files become the result that the arithmetic gives, in full precision."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.composite import digest, evaluate
from shared.exchange.data import read_data
from shared.exchange.framework import read_framework
from shared.exchange.result import ResultFile, result_json
from shared.exchange.score import beyond_bounds, score
from tests.shared.exchange.build import TWO_LEAVES, framework_file, said, written


def scored(folder: Path, table: str, **members: Any) -> dict[str, Any]:
    plan = read_framework(framework_file(folder, **members))
    data = read_data(written(folder / "data.csv", table), plan.framework)
    text = result_json(score(plan, data))
    ResultFile.model_validate_json(text)
    result: dict[str, Any] = json.loads(text)
    return result


def refused(folder: Path, table: str, **members: Any) -> list[str]:
    plan = read_framework(framework_file(folder, **members))
    data = read_data(written(folder / "data.csv", table), plan.framework)
    return said(lambda: score(plan, data))


def leaves(*codes: str, parent: str = "index", **members: Any) -> list[dict[str, Any]]:
    return [{"code": code, "parent": parent, "goalposts": [0, 100], **members} for code in codes]


def test_hai_phong_2023_is_the_mean_of_its_input_and_output(tmp_path: Path) -> None:
    # Published: input 56.45, output 48.20, overall 52.32.
    result = scored(tmp_path, "unit,A,B\nHải Phòng,56.45,48.20\n")
    (overall,) = result["nodes"]["index"]["scores"]
    assert overall == pytest.approx(52.325, abs=1e-12)
    assert overall == pytest.approx(52.32, abs=0.01)


def test_creative_outputs_of_the_gii_weigh_one_to_a_half_to_a_half(tmp_path: Path) -> None:
    groups = [
        {"code": "7"},
        *({"code": f"7.{n}", "parent": "7", "weight": w} for n, w in enumerate((1, 0.5, 0.5), 1)),
    ]
    under = [leaf for n in (1, 2, 3) for leaf in leaves(f"7.{n}.1", f"7.{n}.2", parent=f"7.{n}")]
    heading = ",".join(leaf["code"] for leaf in under)
    result = scored(tmp_path, f"unit,{heading}\na,50,70,30,50,20,20\n", nodes=[*groups, *under])
    # Groups 60, 40 and 20: (60 + 0.5 * 40 + 0.5 * 20) / 2 = 45; unweighted it is 40.
    assert [result["nodes"][f"7.{n}"]["scores"] for n in (1, 2, 3)] == [[60], [40], [20]]
    assert result["nodes"]["7"]["scores"] == [45]


def test_a_missing_figure_is_dropped_and_never_a_zero(tmp_path: Path) -> None:
    # The rule of the GII 2017 (USA, sub-pillar 6.1): five indicators, one n/a.
    nodes = [{"code": "6.1"}, *leaves(*"abcde", parent="6.1")]
    result = scored(tmp_path, "unit,a,b,c,d,e\nusa,90,80,,40,50\n", nodes=nodes)
    assert result["nodes"]["6.1"] == {
        "scores": [65],
        "ranks": [1],
        "coverage": [0.8],
        "below_minimum": [False],
    }
    assert result["nodes"]["c"] == {
        "scores": [None],
        "ranks": [None],
        "coverage": [0],
        "below_minimum": [False],
        "raw": [None],
        "imputed": [None],
        "treated": [None],
    }


def test_the_result_is_what_the_arithmetic_gives_in_full_precision(tmp_path: Path) -> None:
    table = "unit,B,group,A\n" + "".join(
        f"u{n},{math.pi * n if n % 4 else ''},g{n % 2},{math.exp(n / 3)!r}\n" for n in range(12)
    )
    nodes = [TWO_LEAVES[0], *leaves("A", "B", goalposts=None, direction="lower")]
    method = {
        "treatment": {"kind": "winsorise", "skewness": 0.5, "kurtosis": 0, "otherwise": "log_ct"},
        "imputation": {"kind": "group_mean"},
        "normalisation": {"kind": "percentile_rank", "range": [1, 100]},
        "aggregation": {"by_level": {"0": "geometric"}},
        "missing": {"minimum_coverage": 0.9},
    }
    result = scored(tmp_path, table, nodes=nodes, method=method, name="Thử", year=2024)

    plan = read_framework(tmp_path / "framework.json")
    data = read_data(tmp_path / "data.csv", plan.framework)
    expected = evaluate(plan.framework, data.units, data.raw, plan.method, data.groups)
    assert list(result["nodes"]) == ["index", "A", "B"]
    for code, shown in result["nodes"].items():
        node = expected.node(code)
        assert as_floats(shown["scores"]) == as_text(expected.scores[:, node])
        assert as_floats(shown["coverage"]) == as_text(expected.coverage[:, node])
        assert shown["below_minimum"] == expected.below_minimum[:, node].tolist()
        assert [rank or 0 for rank in shown["ranks"]] == expected.ranks[:, node].tolist()
    for code, leaf in expected.framework.leaf_index.items():
        for stage in ("raw", "imputed", "treated"):
            assert as_floats(result["nodes"][code][stage]) == as_text(
                getattr(expected, stage)[:, leaf]
            )
        assert as_floats(result["nodes"][code]["scores"]) == as_text(expected.normalised[:, leaf])
        done = expected.treatment[leaf]
        assert result["treatment"][code] == {
            "kind": done.kind,
            "points": done.points,
            "units": list(done.units),
            "passes": done.passes,
        }
    assert expected.treatment[0].points > 0
    assert any(result["nodes"]["index"]["below_minimum"])
    assert result["hash"] == digest(plan.framework, data.units, data.raw, plan.method, data.groups)
    assert result["method"] == plan.method.to_dict()
    assert result["units"] == list(data.units)
    assert result["framework"] == {"name": "Thử", "year": 2024}


def as_floats(shown: list[float | None]) -> list[str]:
    return [repr(math.nan if figure is None else float(figure)) for figure in shown]


def as_text(column: np.ndarray[Any, Any]) -> list[str]:
    return [repr(float(figure)) for figure in column]


def test_the_order_of_columns_changes_nothing(tmp_path: Path) -> None:
    first = scored(tmp_path, "unit,A,B\nx,1,2\ny,3,4\n")
    assert scored(tmp_path, "unit,B,A\nx,2.0,1\ny,4,3e0\n") == first


def test_units_that_are_screened_out_are_named(tmp_path: Path) -> None:
    method = {"missing": {"screen_units_below": 0.6}, "normalisation": {"kind": "goalposts"}}
    result = scored(tmp_path, "unit,A,B\nx,1,\ny,3,4\n", method=method)
    assert result["screened"] == ["x"]
    assert result["nodes"]["index"]["scores"] == [None, 3.5]
    assert result["nodes"]["A"]["raw"] == [1, 3]


def test_a_leaf_that_is_na_for_all_has_its_reason(tmp_path: Path) -> None:
    nodes = [TWO_LEAVES[0], *leaves("A"), *leaves("B", "C", goalposts=None)]
    method = {"normalisation": {"kind": "mixed"}}
    result = scored(tmp_path, "unit,A,B,C\nx,1,5,\ny,3,5,\n", nodes=nodes, method=method)
    assert result["reasons"] == {"B": "constant", "C": "no_value"}


def test_a_tree_of_one_node_is_a_leaf(tmp_path: Path) -> None:
    result = scored(tmp_path, "unit,A\nx,1\n", nodes=[{"code": "A", "goalposts": [0, 2]}])
    assert result["nodes"]["A"]["scores"] == [50]
    assert result["nodes"]["A"]["raw"] == [1]


def test_a_figure_too_large_to_be_computed_is_named(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, "unit,B,A\nx,1,2\ny,1,1e301\n")
    assert line.startswith("data.csv, line 3, column 'A': Unit y, leaf A: ")


def test_imputation_by_group_without_groups_is_refused(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, "unit,A,B\nx,1,\n", method={"imputation": {"kind": "group_mean"}})
    assert line == "data.csv, line 1: Imputation by group_mean needs a group for each unit."


def test_a_score_that_has_no_geometric_mean_is_named(tmp_path: Path) -> None:
    method = {"normalisation": {"kind": "goalposts"}, "aggregation": {"kind": "geometric"}}
    (line,) = refused(tmp_path, "unit,A,B\nx,1,2\ny,0,2\n", method=method)
    assert line.startswith("data.csv, line 3")
    assert "Unit y" in line


def test_figures_beyond_what_their_leaf_can_be_are_pointed_out(tmp_path: Path) -> None:
    nodes = [
        TWO_LEAVES[0],
        *leaves("A", bounds=[0, 10]),
        *leaves("B", bounds=[None, 10]),
        *leaves("C", bounds=[0, None]),
        *leaves("D"),
    ]
    plan = read_framework(framework_file(tmp_path, nodes=nodes))
    table = "unit,A,B,C,D\nx,0,10,0,-9\ny,-1,-1,-1,\nz,10.5,10.5,10.5,999\nw,,,,\n"
    data = read_data(written(tmp_path / "data.csv", table), plan.framework)
    assert [line.removeprefix(str(tmp_path)) for line in beyond_bounds(plan, data)] == [
        "/data.csv, line 3, column 'A': Warning: -1.0 is beyond the bounds, 0.0 to 10.0.",
        "/data.csv, line 4, column 'A': Warning: 10.5 is beyond the bounds, 0.0 to 10.0.",
        "/data.csv, line 4, column 'B': Warning: 10.5 is beyond the bounds, none to 10.0.",
        "/data.csv, line 3, column 'C': Warning: -1.0 is beyond the bounds, 0.0 to none.",
    ]
    score(plan, data)
