"""A framework's file becomes a tree and a method, and each slip in it is named by its pointer."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shared.composite import Framework, Method, Node, Normalisation, Treatment
from shared.exchange.document import LARGEST_DOCUMENT
from shared.exchange.framework import MOST_NODES, read_framework
from tests.shared.exchange.build import TWO_LEAVES, framework_file, said, written


def refused(folder: Path, **members: Any) -> list[str]:
    path = framework_file(folder, **members)
    return said(lambda: read_framework(path))


def text_refused(folder: Path, content: str | bytes) -> list[str]:
    path = written(folder / "framework.json", content)
    return said(lambda: read_framework(path))


def test_a_whole_file_becomes_a_tree_and_a_method(tmp_path: Path) -> None:
    nodes = [
        {"code": "index", "parent": None, "name": "Chỉ số", "weight": 2},
        {"code": "1", "parent": "index", "direction": None, "bounds": None, "goalposts": None},
        {
            "code": "1.1",
            "parent": "1",
            "weight": 0.5,
            "direction": "lower",
            "bounds": [0, None],
            "goalposts": [1, 9.5],
            "target": 2,
            "treatment": {"kind": "winsorise", "max_points": 1},
        },
    ]
    method = {"normalisation": {"kind": "mixed"}}
    plan = read_framework(
        framework_file(tmp_path, name="PII", year=2024, nodes=nodes, method=method)
    )
    assert (plan.name, plan.year) == ("PII", 2024)
    assert plan.method == Method(normalisation=Normalisation("mixed"))
    assert plan.framework == Framework(
        (
            Node("index", None, 2.0),
            Node("1", "index"),
            Node(
                "1.1",
                "1",
                0.5,
                "lower",
                (1.0, 9.5),
                bounds=(0.0, None),
                target=2.0,
                treatment=Treatment("winsorise", 1),
            ),
        )
    )


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    path = written(tmp_path / "f.json", '{"nodes": [{"code": "r"}, {"code": "a", "parent": "r"}]}')
    plan = read_framework(path)
    assert (plan.name, plan.year, plan.method) == ("", None, Method())
    assert plan.framework == Framework((Node("r", None), Node("a", "r")))


def test_the_mark_excel_writes_in_front_is_passed_over_and_text_is_brought_into_one_form(
    tmp_path: Path,
) -> None:
    text = '{"nodes": [{"code": "Hue\u0302\u0301"}]}'
    plan = read_framework(written(tmp_path / "f.json", b"\xef\xbb\xbf" + text.encode()))
    assert plan.framework.root.code == "Huế"


SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"wieght": 2}, "/nodes/1/wieght: There is no such member here."),
    ({"weight": "2"}, "/nodes/1/weight: Input should be a valid number; it is '2'."),
    ({"weight": True}, "/nodes/1/weight: Input should be a valid number; it is True."),
    ({"weight": None}, "/nodes/1/weight: Input should be a valid number; it is None."),
    ({"weight": -1}, "/nodes/1/weight: Input should be greater than or equal to 0; it is -1."),
    ({"direction": "up"}, "/nodes/1/direction: Input should be 'higher' or 'lower'; it is 'up'."),
    ({"goalposts": [0]}, "/nodes/1/goalposts/1: This member is missing."),
    (
        {"goalposts": [5, 5]},
        "/nodes/1/goalposts: the first figure must be below the second; it is [5, 5].",
    ),
    ({"goalposts": [None, 5]}, "/nodes/1/goalposts/0: Input should be a valid number; it is None."),
    (
        {"bounds": [2, 1]},
        "/nodes/1/bounds: the first figure must be below the second; it is [2, 1].",
    ),
    ({"target": "x"}, "/nodes/1/target: Input should be a valid number; it is 'x'."),
    (
        {"treatment": {"kind": "winsorize"}},
        "/nodes/1/treatment/kind: 'winsorize' is none of 'none', 'winsorise', 'log_gii', 'log_ct'.",
    ),
    (
        {"treatment": {"kind": "winsorise", "max_points": "5"}},
        "/nodes/1/treatment/max_points: Input should be a valid integer; it is '5'.",
    ),
    ({"code": " A"}, r"/nodes/1/code: String should match pattern '^\S(.*\S)?$'; it is ' A'."),
    ({"code": "unit"}, "/nodes/1/code: No leaf can be called 'unit'"),
    ({"code": "group"}, "/nodes/1/code: No leaf can be called 'group'"),
    ({"parent": "indx"}, "/nodes/1/parent: There is no node 'indx'."),
    ({"parent": None}, "/nodes/1/parent: A second root beside 'index'."),
    ({"code": "B"}, "/nodes/2/code: The code 'B' stands at /nodes/1 already."),
    # What only the arithmetic finds.
    ({"goalposts": [-1.7e308, 1.7e308]}, "/nodes/1: Node A: the goalposts"),
]


@pytest.mark.parametrize(("members", "expected"), SLIPS, ids=str)
def test_a_slip_in_a_node_is_named_by_its_pointer(
    tmp_path: Path, members: dict[str, Any], expected: str
) -> None:
    root, first, second = TWO_LEAVES
    lines = refused(tmp_path, nodes=[root, first | members, second])
    assert len(lines) == 1
    assert lines[0].startswith(f"framework.json: {expected}")


def test_a_cycle_is_named_by_a_node_of_it(tmp_path: Path) -> None:
    nodes = [{"code": "r"}, {"code": "x", "parent": "y"}, {"code": "y", "parent": "x"}]
    (line,) = refused(tmp_path, nodes=nodes)
    assert line.startswith("framework.json: /nodes/1: Node x: its parents form a cycle")


def test_a_tree_without_a_root_is_refused(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, nodes=[{"code": "x", "parent": "x"}])
    assert line.startswith("framework.json: /nodes/0: ")


def test_siblings_that_all_weigh_nothing_are_refused(tmp_path: Path) -> None:
    nodes = [{"code": "r"}, {"code": "x", "parent": "r", "weight": 0}]
    (line,) = refused(tmp_path, nodes=nodes)
    assert line.startswith("framework.json: /nodes/0: ")


METHOD_SLIPS: list[tuple[Any, str]] = [
    (None, "/method: Input should be an object; it is None."),
    ({"normalization": {}}, "/method/normalization: There is no such member here."),
    (
        {"treatment": {"max_points": 3}},
        "/method/treatment/max_points: There is no such member here.",
    ),
    ({"normalisation": {"kind": "zscore"}}, "/method/normalisation/kind: 'zscore' is none of "),
    (
        {"aggregation": {"by_level": {"top": "geometric"}}},
        "/method/aggregation/by_level/top: String should match pattern",
    ),
    (
        {"aggregation": {"by_level": {"0": "median"}}},
        "/method/aggregation/by_level/0: Input should be 'arithmetic', 'geometric' or 'harmonic'",
    ),
    (
        {"normalisation": {"range": [-1.7e308, 1.7e308]}},
        "/method/normalisation/range: The range (-1.7e+308, 1.7e+308) is not two finite numbers",
    ),
]


@pytest.mark.parametrize(("method", "expected"), METHOD_SLIPS, ids=str)
def test_a_slip_in_the_method_is_named_by_its_pointer(
    tmp_path: Path, method: Any, expected: str
) -> None:
    lines = refused(tmp_path, method=method)
    assert len(lines) == 1
    assert lines[0].startswith(f"framework.json: {expected}")


def test_a_pointer_escapes_what_has_a_meaning_in_it(tmp_path: Path) -> None:
    assert refused(tmp_path, **{"a/b~c": 1}) == [
        "framework.json: /a~1b~0c: There is no such member here."
    ]


def test_all_mistakes_are_listed_up_to_fifty(tmp_path: Path) -> None:
    root = TWO_LEAVES[0]
    wrong = [{"code": f"L{n}", "parent": "index", "weight": -n} for n in range(1, 61)]
    lines = refused(tmp_path, nodes=[root, *wrong[:3]], year="2024", method={"missing": []})
    assert [line.split(": ")[1] for line in lines] == [
        "/year",
        "/nodes/1/weight",
        "/nodes/2/weight",
        "/nodes/3/weight",
        "/method/missing",
    ]
    lines = refused(tmp_path, nodes=[root, *wrong])
    assert len(lines) == 51
    assert lines[-1] == "framework.json: stopped after 50 mistakes."


def test_mistakes_of_the_tree_and_of_the_method_are_listed_together(tmp_path: Path) -> None:
    nodes = [{"code": "r"}, {"code": "x", "parent": "y"}, {"code": "r", "parent": "z"}]
    method = {"normalisation": {"range": [-1.7e308, 1.7e308]}}
    assert [line.split(": ")[1] for line in refused(tmp_path, nodes=nodes, method=method)] == [
        "/nodes/1/parent",
        "/nodes/2/code",
        "/nodes/2/parent",
        "/method/normalisation/range",
    ]


def test_text_that_is_no_json_is_named_by_line_and_column(tmp_path: Path) -> None:
    (line,) = text_refused(tmp_path, '{"nodes": [\n  {"code": "é", }]}')
    assert line.startswith("framework.json, line 2, column 15: No JSON: ")


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"year": NaN}', '{"year": 1e999}', '{"name": "\\ud800"}', "[" * 2000 + "]" * 2000],
)
def test_what_other_parsers_may_take_is_no_json(tmp_path: Path, text: str) -> None:
    (line,) = text_refused(tmp_path, text)
    assert "line 1, column" in line


def test_a_document_nested_beyond_all_sense_is_refused(tmp_path: Path) -> None:
    (line,) = text_refused(tmp_path, '{"nodes": ' + "[" * 1000 + "]" * 1000 + "}")
    assert line == "framework.json: Lists and objects are nested too deeply."


@pytest.mark.parametrize("text", ["[]", "3", "null", '"x"'])
def test_a_document_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (line,) = text_refused(tmp_path, text)
    assert line.startswith("framework.json: Input should be an object; it is ")


def test_a_member_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = '{"nodes": [{"code": "r", "weight": 1, "weight": 2}], "year": 1, "year": 1, "year": 1}'
    assert text_refused(tmp_path, text) == [
        "framework.json: /year: This member stands here twice.",
        "framework.json: /nodes/0/weight: This member stands here twice.",
    ]


def test_text_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    content = '{"name":\n"Hà Nội"}'.encode("utf-16-le")
    assert text_refused(tmp_path, content.replace(b"\x00", b"\xe9")) == [
        "framework.json, line 1: The text is not UTF-8."
    ]
    content = '{"name":\n"H\xe0"}'.encode("latin-1")
    assert text_refused(tmp_path, content) == ["framework.json, line 2: The text is not UTF-8."]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert said(lambda: read_framework(tmp_path / "nix.json")) == [
        "nix.json: The file cannot be read: No such file or directory."
    ]
    assert said(lambda: read_framework(tmp_path)) == [
        f"{tmp_path.name}: The file cannot be read: Is a directory."
    ]


def test_a_document_beyond_its_bounds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "framework.json"
    path.touch()
    os.truncate(path, LARGEST_DOCUMENT + 1)
    assert said(lambda: read_framework(path)) == ["framework.json: The file is larger than 16 MiB."]
    nodes = [{"code": str(number), "parent": "0"} for number in range(MOST_NODES + 1)]
    (line,) = text_refused(tmp_path, json.dumps({"nodes": nodes}))
    assert line.startswith("framework.json: /nodes: List should have at most 10000 items")
