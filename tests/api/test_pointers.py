"""A pointer names a place in what was sent, whatever shapes a part of it may take."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from httpx import Response
from pydantic import Tag

from shared.exchange.method import NormalisationBlock, TreatmentBlock
from tests.api.conftest import Stage
from tests.factories import pointers

DOCUMENT = json.loads(Path("docs/api/openapi.json").read_text())
YEAR, DRAFT = "/v1/frameworks/2024", "/v1/frameworks/2029"
NODE = {"code": "2.1.9", "kind": "indicator", "parent": "2.1"}
# Where a body may hold one of several shapes: the request, what is sent around it, and its pointer.
METHODS: dict[str, tuple[str, str, dict[str, Any], Any]] = {
    "FrameworkPatch": ("PATCH", YEAR, {}, NormalisationBlock),
    "NodePatch": ("PATCH", f"{YEAR}/nodes/2.1.1", {}, TreatmentBlock),
    "NewNode": ("POST", f"{DRAFT}/nodes", NODE, TreatmentBlock),
}


def tags(union: Any) -> list[str]:
    """List the kinds among which a block is chosen."""
    shapes: list[Any] = [get_args(shape) for shape in get_args(get_args(union)[0])]
    return [part.tag for shape in shapes for part in shape if isinstance(part, Tag)]


def several(schema: Any, path: str = "") -> Iterator[str]:
    """Find where a schema may be one of several objects."""
    if isinstance(schema, list):
        for part in schema:
            yield from several(part, path)
    elif isinstance(schema, dict):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            if name not in path.split(">"):
                yield from several(DOCUMENT["components"]["schemas"][name], f"{path}>{name}")
            return
        shapes: list[Any] = schema.get("oneOf") or schema.get("anyOf") or []
        if sum("$ref" in shape for shape in shapes) > 1:
            yield path
        for name, part in schema.items():
            yield from several(part, f"{path}>.{name}" if path.endswith("properties") else path)


async def sent(stage: Stage, method: str, path: str, content: Any) -> Response:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    return await stage.client.request(method, path, json=content, headers=headers)


def test_every_body_that_takes_one_of_several_shapes_is_tried_here() -> None:
    found = set()
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                found |= {place.split(">")[1] for place in several(media["schema"])}
    assert found == METHODS.keys()


BLOCKS = [
    (name, member, union, tag)
    for name, member, union in (
        ("FrameworkPatch", "normalisation", NormalisationBlock),
        ("FrameworkPatch", "treatment", TreatmentBlock),
        ("NodePatch", "", TreatmentBlock),
        ("NewNode", "", TreatmentBlock),
    )
    for tag in tags(union)
]


@pytest.mark.parametrize(("name", "member", "tag"), [(n, m, t) for n, m, _, t in BLOCKS])
async def test_a_pointer_into_a_tagged_union_has_no_tag_in_it(
    stage: Stage, name: str, member: str, tag: str
) -> None:
    method, path, around, _ = METHODS[name]
    block = {"kind": tag, "khong_co": 1, "minimum_units": [0]}
    content = {"method": {member: block}} if member else {"treatment": block}
    answer = await sent(stage, method, path, {**around, **content})
    assert answer.status_code == 422
    where = f"/method/{member}" if member else "/treatment"
    assert set(pointers(answer.json())) == {f"{where}/khong_co", f"{where}/minimum_units"}


@pytest.mark.parametrize(
    ("content", "where"),
    [
        # A tag that is also a name of what was sent.
        ({"method": {"normalisation": {"min_max": 1}}}, ["/method/normalisation/min_max"]),
        ({"method": {"normalisation": {"range": [1, "x"]}}}, ["/method/normalisation/range/1"]),
        ({"method": {"normalisation": {"range": [1]}}}, ["/method/normalisation/range/1"]),
        ({"method": {"normalisation": {"kind": "log"}}}, ["/method/normalisation"]),
        ({"method": {"aggregation": {"by_level": {"x": "arithmetic"}}}},
         ["/method/aggregation/by_level/x"]),
        ({"method": 1}, ["/method"]),
        ({"assumed": ["a", 1]}, ["/assumed/1"]),
        ([], [""]),
    ],
)  # fmt: skip
async def test_a_pointer_leads_to_what_was_sent(
    stage: Stage, content: Any, where: list[str]
) -> None:
    answer = await sent(stage, "PATCH", YEAR, content)
    assert (answer.status_code, pointers(answer.json())) == (422, where)


async def test_what_is_missing_is_pointed_at(stage: Stage) -> None:
    answer = await sent(stage, "POST", f"{DRAFT}/nodes", {"kind": "indicator"})
    assert pointers(answer.json()) == ["/code"]
    answer = await sent(stage, "POST", "/v1/submissions/decisions", {"items": [{}]})
    assert {"/items/0/id", "/action"} <= set(pointers(answer.json()))
