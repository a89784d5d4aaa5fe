"""The JSON Schemas in the repository are those of the models, and results are what they say."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from deploy.scoring import SCHEMAS
from shared.exchange.data import read_data
from shared.exchange.framework import FrameworkFile, read_framework
from shared.exchange.result import ResultFile, result_json
from shared.exchange.schemas import json_schema
from shared.exchange.score import score
from tests.shared.exchange.build import TWO_LEAVES, framework_file, written
from tests.shared.exchange.test_method import METHODS, WRONG

FOLDER = Path("docs/api")
# What a schema, or JSON itself, cannot say.
BEYOND_A_SCHEMA = [
    wrong
    for wrong in WRONG
    if str(wrong.get("normalisation")) in {"{'range': [100, 0]}", "{'range': [0, 0]}"}
    or re.search(r"\b(inf|nan)\b", str(wrong))
]


def validator(model: Any) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json_schema(model))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_in_the_repository_is_that_of_the_model(name: str) -> None:
    """After a change that is meant, write it anew with ``pii schemas`` and look at the difference."""
    assert json.loads((FOLDER / name).read_text()) == json_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_of_draft_2020_12_and_describes_its_members(name: str) -> None:
    schema = json_schema(SCHEMAS[name])
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)
    for member, described in schema["properties"].items():
        assert described.get("description"), member


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_every_method_is_one_by_the_schema(method: Any) -> None:
    document = {"nodes": TWO_LEAVES, "method": method.to_dict()}
    assert validator(FrameworkFile).is_valid(document)


@pytest.mark.parametrize(
    "members", [wrong for wrong in WRONG if wrong not in BEYOND_A_SCHEMA], ids=str
)
def test_what_is_refused_in_a_method_is_none_by_the_schema(members: dict[str, Any]) -> None:
    assert not validator(FrameworkFile).is_valid({"nodes": TWO_LEAVES, "method": members})


def test_every_optional_member_may_be_left_out_by_the_schema() -> None:
    schema = validator(FrameworkFile)
    assert schema.is_valid({"nodes": [{"code": "r"}]})
    assert schema.is_valid(
        {
            "nodes": [
                {"code": "r", "parent": None, "treatment": {}, "bounds": [None, 1], "target": None}
            ],
            "method": {"treatment": {}, "normalisation": {}, "aggregation": {}, "missing": {}},
        }
    )
    assert not schema.is_valid({"nodes": [{"code": "r", "wieght": 1}]})
    assert not schema.is_valid({"nodes": [{"code": "r "}]})
    assert not schema.is_valid({"nodes": []})


@pytest.mark.parametrize(
    ("method", "table"),
    [
        ({}, "unit,A,B\nx,1,\ny,2,\nz,,\n"),
        ({"missing": {"screen_units_below": 0.9}}, "unit,A,B\nx,1,\ny,2,4\n"),
        (
            {
                "treatment": {"kind": "winsorise", "otherwise": "log_gii"},
                "imputation": {"kind": "group_median"},
                "normalisation": {"kind": "z_score"},
            },
            "unit,group,A,B\n" + "".join(f"u{n},g,{n**3},{n or ''}\n" for n in range(9)),
        ),
    ],
)
def test_a_result_is_what_the_schema_says(
    tmp_path: Path, method: dict[str, Any], table: str
) -> None:
    plan = read_framework(framework_file(tmp_path, method=method))
    data = read_data(written(tmp_path / "data.csv", table), plan.framework)
    result = json.loads(result_json(score(plan, data)))
    assert [str(error) for error in validator(ResultFile).iter_errors(result)] == []
    del result["nodes"]["index"]["ranks"]
    assert not validator(ResultFile).is_valid(result)
