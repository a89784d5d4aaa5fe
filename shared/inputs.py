"""What a run of the index reads, and how it is written down, so that any run can be asked again later."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from shared.composite import Framework, Method, Node, Result, digest, evaluate
from shared.composite.method import treatment_from_dict

FORM = 2  # of the dictionary; 1 knew neither bounds nor targets nor treatments

Mode = Literal["panel", "goalposts", "target"]
PanelFigure = tuple[str, str, float]  # locality's code, leaf's code, figure


@dataclass(frozen=True)
class OwnFigure:
    """The city's own figure of a leaf; ``source`` is null where there is none, and ``reason`` says why."""

    value: float | None
    source: str | None
    submissions: tuple[UUID, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Inputs:
    """All that an index is computed from; ``values`` is (units, leaves), NaN where there is no figure."""

    framework: Framework
    method: Method
    units: tuple[str, ...]
    values: NDArray[np.float64]
    own_row: int
    own: Mapping[str, OwnFigure] = field(default_factory=dict)

    @property
    def own_unit(self) -> str:
        return self.units[self.own_row]

    def evaluate(self) -> Result:
        return evaluate(self.framework, self.units, self.values, self.method)

    def hash(self) -> str:
        return digest(self.framework, self.units, self.values, self.method)

    def mode(self, code: str) -> Mode:
        """Say what a leaf is measured against: the other localities, its goalposts or its target."""
        leaf = self.framework.leaves[self.framework.leaf_index[code]]
        kind = self.method.normalisation.kind
        if kind == "distance_to_target":
            return "target"
        if kind == "goalposts" or (kind == "mixed" and leaf.goalposts is not None):
            return "goalposts"
        return "panel"

    def under(
        self, framework: Framework, method: Method, sources: Mapping[str, str] | None = None
    ) -> "Inputs":
        """Lay the same figures under another framework, by code, or by the old code that ``sources`` names.

        A leaf that had no column is missing for every unit.
        """
        values = np.full((len(self.units), len(framework.leaves)), np.nan)
        for column, leaf in enumerate(framework.leaves):
            old = (sources or {}).get(leaf.code, leaf.code)
            if old in self.framework.leaf_index:
                values[:, column] = self.values[:, self.framework.leaf_index[old]]
        return Inputs(framework, method, self.units, values, self.own_row)


def gathered(
    framework: Framework,
    method: Method,
    panel: Iterable[PanelFigure],
    own: Mapping[str, OwnFigure],
    *,
    own_code: str,
) -> Inputs:
    """Fill the matrix: localities in order of their codes, the city among them with its own figures."""
    figures = [row for row in panel if row[1] in framework.leaf_index]
    units = tuple(sorted({own_code, *(code for code, _, _ in figures)}))
    row = {code: number for number, code in enumerate(units)}
    values = np.full((len(units), len(framework.leaves)), np.nan)
    for code, leaf, value in figures:
        values[row[code], framework.leaf_index[leaf]] = value
    for leaf, figure in own.items():
        values[row[own_code], framework.leaf_index[leaf]] = (
            np.nan if figure.value is None else figure.value
        )
    return Inputs(framework, method, units, values, row[own_code], own)


def written(inputs: Inputs) -> dict[str, Any]:
    """Write down in JSON types what a panel does not hold already."""
    return {
        "form": FORM,
        "method": inputs.method.to_dict(),
        "nodes": framework_written(inputs.framework),
        "locality": inputs.own_unit,
        "own_figures": {
            code: {
                "value": figure.value,
                "source": figure.source,
                "submissions": [str(submission) for submission in figure.submissions],
                "reason": figure.reason,
            }
            for code, figure in inputs.own.items()
        },
    }


def recalled(stored: Mapping[str, Any], panel: Iterable[PanelFigure]) -> Inputs:
    """Read back what ``written`` wrote, and the panel it was computed with."""
    nodes = stored["nodes"] if "nodes" in stored else stored["framework"]["nodes"]
    own = {
        code: OwnFigure(
            figure["value"],
            figure["source"],
            tuple(UUID(submission) for submission in figure["submissions"]),
            figure["reason"],
        )
        for code, figure in stored["own_figures"].items()
    }
    return gathered(
        framework_read(nodes),
        Method.from_dict(stored["method"]),
        panel,
        own,
        own_code=stored["locality"],
    )


def framework_written(framework: Framework) -> list[dict[str, Any]]:
    return [_node_written(node) for node in framework.nodes]


def framework_read(nodes: Iterable[Mapping[str, Any]]) -> Framework:
    return Framework(tuple(node_read(node) for node in nodes))


def _node_written(node: Node) -> dict[str, Any]:
    return {
        "code": node.code,
        "parent": node.parent,
        "weight": node.weight,
        "direction": node.direction,
        "goalposts": node.goalposts,
        "kind": node.kind,
        "bounds": node.bounds,
        "target": node.target,
        "treatment": None if node.treatment is None else node.treatment.to_dict(),
    }


def node_read(stored: Mapping[str, Any]) -> Node:
    """Make a node of what was written; members that an older form did not know are absent."""
    return Node(
        code=stored["code"],
        parent=stored["parent"],
        weight=stored["weight"],
        direction=stored["direction"],
        goalposts=_pair(stored["goalposts"]),
        kind=stored["kind"],
        bounds=_pair(stored.get("bounds")),
        target=stored.get("target"),
        treatment=(
            None if stored.get("treatment") is None else treatment_from_dict(stored["treatment"])
        ),
    )


def _pair(stored: Any) -> Any:
    return None if stored is None else tuple(stored)
