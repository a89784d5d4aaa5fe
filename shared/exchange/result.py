"""The result of ``pii score``: every stage by leaf, every score by node, in full precision."""

from typing import Annotated, Any

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import Field

from shared.composite.evaluate import LeafTreatment, Result
from shared.composite.method import TreatmentKind
from shared.composite.normalise import Reason
from shared.exchange.method import Block, MethodBlock
from shared.exchange.score import Scores

Figures = list[float | None]


class NodeScores(Block):
    """A place in the tree; every list has a place for each of ``units``, in their order."""

    scores: Figures = Field(
        description="Points, unrounded; of a leaf the normalised figure. null: n/a."
    )
    ranks: list[Annotated[int, Field(ge=1)] | None] = Field(
        description="1 is the best, ties share the better rank; null: n/a."
    )
    coverage: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        description="Share of the leaves below that have a score from a figure of the unit's own."
    )
    below_minimum: list[bool] = Field(
        description="The coverage is under the method's minimum_coverage."
    )


class LeafScores(NodeScores):
    """A leaf; figures are in its own unit."""

    raw: Figures = Field(description="The figures as given. null: missing.")
    imputed: Figures = Field(description="The figures with the gaps filled that the method fills.")
    treated: Figures = Field(description="The imputed figures after outliers were treated.")


class LeafTreated(Block):
    """What was done about a leaf's outliers."""

    kind: TreatmentKind
    points: int = Field(ge=0, description="How many figures were moved.")
    units: list[str] = Field(description="Whose figures were moved.")
    passes: bool = Field(description="Whether the figures pass the test now.")


class FrameworkName(Block):
    name: str
    year: int | None


class ResultFile(Block):
    """The index of every unit with every stage of its computation."""

    framework: FrameworkName = Field(description="What the framework's file calls itself.")
    hash: str = Field(
        pattern="^sha256:[0-9a-f]{64}$",
        description="Of framework, method, units and figures: the same input has the same on every machine.",
    )
    method: MethodBlock = Field(description="The whole method as it was used.")
    units: list[str] = Field(description="In the order of the data; that of all lists by unit.")
    screened: list[str] = Field(description="Units that the method left out: too few figures.")
    treatment: dict[str, LeafTreated] = Field(description="By the leaf's code.")
    reasons: dict[str, Reason] = Field(
        description="Why a leaf is n/a for every unit, by its code; other leaves do not stand here."
    )
    nodes: dict[str, LeafScores | NodeScores] = Field(
        description="By code, in the order of the framework."
    )


def result_json(scores: Scores) -> bytes:
    """Write what ``ResultFile`` describes.

    Numbers are the shortest decimals that read back as the same double; n/a is null.
    """
    # Not through the model: a table may have millions of figures, and NumPy's go out as they are.
    result, leaves = scores.result, scores.result.framework.leaves
    document = {
        "framework": {"name": scores.plan.name, "year": scores.plan.year},
        "hash": scores.hash,
        "method": result.method.to_dict(),
        "units": result.units,
        "screened": [u for u, out in zip(result.units, result.screened, strict=True) if out],
        "treatment": {
            leaf.code: _treated(done) for leaf, done in zip(leaves, result.treatment, strict=True)
        },
        "reasons": {leaf.code: why for leaf, why in zip(leaves, result.reason, strict=True) if why},
        "nodes": {node.code: _node(result, node.code) for node in result.framework.nodes},
    }
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def _treated(done: LeafTreatment) -> dict[str, Any]:
    return {
        "kind": done.kind,
        "points": done.points,
        "units": done.units,
        "passes": done.passes,
    }


def _node(result: Result, code: str) -> dict[str, Any]:
    node = result.node(code)
    shown: dict[str, Any] = {
        "scores": _column(result.scores, node),
        "ranks": [rank or None for rank in result.ranks[:, node].tolist()],
        "coverage": _column(result.coverage, node),
        "below_minimum": _column(result.below_minimum, node),
    }
    if code in result.framework.leaf_index:
        leaf = result.leaf(code)
        for stage in ("raw", "imputed", "treated"):
            shown[stage] = _column(getattr(result, stage), leaf)
    return shown


def _column(table: NDArray[Any], column: int) -> NDArray[Any]:
    """Lay it out in one piece: orjson takes no column out of the middle of a table."""
    return np.ascontiguousarray(table[:, column])
