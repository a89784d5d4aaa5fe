"""A framework tried on the figures of an old period: who gains, who loses, what has no source."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.api.frameworks.tree import composite_tree
from services.api.index.explanation import place
from services.api.index.recall import RecalledRun
from shared.composite import Framework, Method, Result
from shared.errors import InvalidError
from shared.inputs import Inputs


class SourceError(InvalidError):
    """A source names what the framework or the run does not have.

    Nguồn nêu mã mà bộ chỉ số hoặc lần tính không có.
    """


def trial(
    run: RecalledRun,
    nodes: Sequence[Mapping[str, Any]],
    engine: Mapping[str, Any],
    sources: Mapping[str, str],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Lay the run's figures under what another framework says; ``sources`` names a leaf's old code.

    Raises ``CompositeError`` where that cannot be computed: a draft may be no tree yet.
    """
    framework, method = composite_tree(nodes), Method.from_dict(engine)
    _check_sources(run, framework, sources)
    laid = run.inputs.under(framework, method, sources)
    result = laid.evaluate()
    ranks = _ranks(run.result, result, names)
    changes = [unit["change"] for unit in ranks if unit["change"] is not None]
    return {
        "own": {
            "unit": run.own,
            "before": place(run.result, run.inputs.own_row, run.result.framework.root.code),
            "after": place(result, laid.own_row, framework.root.code),
        },
        "units": ranks,
        "gaining": sum(change > 0 for change in changes),
        "losing": sum(change < 0 for change in changes),
        "mean_absolute_rank_change": float(np.mean(np.abs(changes))) if changes else None,
        "without_source": _without(result, laid, of_all=True),
        "without_own_figure": _without(result, laid, of_all=False),
        "unused": sorted(
            set(run.result.framework.leaf_index)
            - {sources.get(leaf.code, leaf.code) for leaf in framework.leaves}
        ),
        "nodes": _nodes(run, result, laid),
        "hash": laid.hash(),
    }


def _check_sources(run: RecalledRun, framework: Framework, sources: Mapping[str, str]) -> None:
    for code, old in sources.items():
        if code not in framework.leaf_index:
            raise SourceError(
                f"The framework has no leaf {code}.",
                vi=f"Bộ chỉ số không có chỉ số hoặc hạng mục {code}.",
                pointer=f"/sources/{code}",
            )
        if old not in run.result.framework.leaf_index:
            raise SourceError(
                f"The run has no leaf {old}.",
                vi=f"Lần tính không có chỉ số hoặc hạng mục {old}.",
                pointer=f"/sources/{code}",
            )


def _ranks(before: Result, after: Result, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give every unit's rank then and now, the greatest gain first; the units are the same in both."""
    old = before.ranks[:, before.node(before.framework.root.code)]
    new = after.ranks[:, after.node(after.framework.root.code)]
    rows = [
        {
            "unit": unit,
            "name": names.get(unit, unit),
            "rank_before": int(old[row]) or None,
            "rank_after": int(new[row]) or None,
            "change": int(old[row] - new[row]) if old[row] and new[row] else None,
        }
        for row, unit in enumerate(before.units)
    ]
    return sorted(rows, key=lambda row: (row["change"] is None, -(row["change"] or 0), row["unit"]))


def _without(result: Result, laid: Inputs, *, of_all: bool) -> list[str]:
    """List the leaves for which nobody, or only the own unit, has no figure."""
    missing = np.isnan(result.raw)
    nobody = np.all(missing, axis=0)
    lost = nobody if of_all else missing[laid.own_row] & ~nobody
    return [result.framework.leaves[column].code for column in np.flatnonzero(lost)]


def _nodes(run: RecalledRun, after: Result, laid: Inputs) -> list[dict[str, Any]]:
    known = run.result.framework.index
    return [
        {
            "code": node.code,
            "before": place(run.result, run.inputs.own_row, node.code)
            if node.code in known
            else None,
            "after": place(after, laid.own_row, node.code),
        }
        for node in after.framework.nodes
    ]
