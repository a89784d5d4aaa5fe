"""A name for everything that goes into a run, so that two runs can be known to be the same."""

import hashlib
import json
from collections.abc import Sequence
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.composite.figures import checked_figures
from shared.composite.framework import Framework, Node
from shared.composite.method import Method

# Goes up when the arithmetic gives other numbers for the same input.
FORM = 2


def digest(
    framework: Framework,
    units: Sequence[str],
    raw: NDArray[np.float64],
    method: Method,
    groups: Sequence[str | None] | None = None,
) -> str:
    r"""Return "sha256:" and 64 hexadecimal digits, the same on every machine.

    Taken over the canonical form, one JSON object in ASCII (other characters as ``\uXXXX``),
    keys sorted, no white space:

        {"form": 2,
         "framework": [{"code", "parent", "weight", "direction", "goalposts", "target",
                        "treatment", "kind"}, ...],
         "groups": [name or null, ...] or null,
         "method": {...as Method.to_dict...},
         "raw": [[figure of each leaf], ... one list per unit],
         "units": [name, ...]}

    - Figures, weights and bounds are floats in the shortest decimal notation that reads back as
      the same double (Python's ``repr``): 1 is ``1.0``, -0 is ``0.0``, missing is ``null``.
    - Nodes, units and figures stand in the order given: it is the order of the result's rows
      and columns, and of its sums down to the last bit. Whoever stores a run fixes the order.
    - What no score depends on is left out: names, bounds.
    - Text is taken code point by code point; bring it into NFC first.

    Raises ``DataError`` as ``evaluate`` does, so what cannot be computed has no digest.
    """
    figures = checked_figures(framework, units, raw)
    canonical = json.dumps(
        {
            "form": FORM,
            "framework": [_node(node) for node in framework.nodes],
            "groups": None if groups is None else list(groups),
            "method": method.to_dict(),
            "raw": [[None if isnan(x) else x for x in row] for row in figures.tolist()],
            "units": list(units),
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        allow_nan=False,
    )
    return f"sha256:{hashlib.sha256(canonical.encode('ascii')).hexdigest()}"


def _node(node: Node) -> dict[str, Any]:
    goalposts = node.goalposts
    return {
        "code": node.code,
        "parent": node.parent,
        "weight": node.weight + 0.0,
        "direction": node.direction,
        "goalposts": None if goalposts is None else [bound + 0.0 for bound in goalposts],
        "target": None if node.target is None else node.target + 0.0,
        "treatment": None if node.treatment is None else node.treatment.to_dict(),
        "kind": node.kind,
    }
