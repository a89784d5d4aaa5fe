"""An analyst's framework: the tree and the method in one JSON file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from unicodedata import normalize

from pydantic import AfterValidator, Field

from shared.composite import Framework, FrameworkError, Method, MethodError, Node
from shared.exchange.document import read_document
from shared.exchange.errors import Mistakes
from shared.exchange.method import (
    Block,
    MethodBlock,
    Number,
    Range,
    Threshold,
    TreatmentBlock,
    ordered,
    to_treatment,
)

MOST_NODES = 10_000
LONGEST_CODE = 200
LONGEST_NAME = 2_000
# Columns of the data that are no leaf.
UNIT, GROUP = "unit", "group"


def nfc(text: str) -> str:
    """Bring into one form what looks the same; otherwise a code in one file misses that in another."""
    return normalize("NFC", text)


Code = Annotated[
    str,
    Field(max_length=LONGEST_CODE, pattern=r"^\S(.*\S)?$"),
    AfterValidator(nfc),
]
Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(nfc)]
Bounds = Annotated[tuple[Number | None, Number | None], AfterValidator(ordered)]


class NodeBlock(Block):
    """A place in the tree. The members after ``weight`` are read for leaves only."""

    code: Code = Field(description="Unique; the leaf's column in the data has this name.")
    parent: Code | None = Field(default=None, description="Code of the node above; null: the root.")
    name: Name = Field(default="", description="For people; the arithmetic never looks at it.")
    weight: Threshold = Field(
        default=1.0,
        description="Counts among the siblings: 2 : 1 : 1 and 1 : 0.5 : 0.5 are the same.",
    )
    direction: Literal["higher", "lower"] | None = Field(
        default=None, description='"lower" if a lower figure is better; left out or null: "higher".'
    )
    bounds: Bounds | None = Field(
        default=None, description="What a figure can be at all; null where there is no end."
    )
    goalposts: Range | None = Field(
        default=None,
        description="The figures that have the worst and the best points, lower first.",
    )
    target: Number | None = Field(default=None, description="For normalisation distance_to_target.")
    treatment: TreatmentBlock | None = Field(default=None, description="Instead of the method's.")

    def to_node(self) -> Node:
        return Node(
            code=self.code,
            parent=self.parent,
            weight=self.weight,
            direction=self.direction or "higher",
            goalposts=self.goalposts,
            bounds=self.bounds,
            target=self.target,
            treatment=None if self.treatment is None else to_treatment(self.treatment),
        )


class FrameworkFile(Block):
    """The tree of an index and how it is computed: the first file of ``pii score``."""

    name: Name = Field(default="", description="What the index is called.")
    year: Annotated[int, Field(strict=True, ge=1, le=9999)] | None = Field(
        default=None, description="Scores of different years are not comparable."
    )
    nodes: list[NodeBlock] = Field(
        min_length=1, max_length=MOST_NODES, description="One tree, in the order of the result."
    )
    method: MethodBlock = Field(
        default=MethodBlock(), description="Left out: what is assumed of the PII."
    )


@dataclass(frozen=True, eq=False)
class Plan:
    """What a framework's file says, ready for the arithmetic."""

    file: str
    name: str
    year: int | None
    framework: Framework
    method: Method


def read_framework(path: Path) -> Plan:
    """Raise ``FileError`` with all mistakes that can be seen at once."""
    given = read_document(path, FrameworkFile)
    mistakes = Mistakes(str(path))
    _check_tree(given.nodes, mistakes)
    try:
        method = given.method.to_method()
    except MethodError as error:
        mistakes.add(str(error), pointer=f"/method{error.pointer}")
    mistakes.check()
    try:
        framework = Framework(tuple(node.to_node() for node in given.nodes))
    except FrameworkError as error:
        mistakes.add(str(error), pointer=_node_at(given.nodes, error.node))
    mistakes.check()
    return Plan(str(path), given.name, given.year, framework, method)


def _check_tree(nodes: Sequence[NodeBlock], mistakes: Mistakes) -> None:
    """Find all of what ``Framework`` would name one after the other."""
    codes = {node.code for node in nodes}
    parents = {node.parent for node in nodes}
    first: dict[str, int] = {}
    root = None
    for position, node in enumerate(nodes):
        here = f"/nodes/{position}"
        if node.code in first:
            what = f"The code {node.code!r} stands at /nodes/{first[node.code]} already."
            mistakes.add(what, pointer=f"{here}/code")
        first.setdefault(node.code, position)
        if node.code in (UNIT, GROUP) and node.code not in parents:
            what = f"No leaf can be called {node.code!r}: the data has another column of that name."
            mistakes.add(what, pointer=f"{here}/code")
        if node.parent is None and root is not None:
            mistakes.add(f"A second root beside {root!r}.", pointer=f"{here}/parent")
        elif node.parent is None:
            root = node.code
        elif node.parent not in codes:
            mistakes.add(f"There is no node {node.parent!r}.", pointer=f"{here}/parent")


def _node_at(nodes: Sequence[NodeBlock], code: str | None) -> str:
    for position, node in enumerate(nodes):
        if node.code == code:
            return f"/nodes/{position}"
    return "/nodes"
