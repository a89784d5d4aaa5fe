"""Where the city stands among the localities, indicator by indicator; pure, from the rows of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Band = Literal["rank_1", "top_ten", "middle", "last_third", "not_compared", "not_available"]
BEST = 5
TOP = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A node of a run. ``ranked`` is n, the localities with a score here; ``rank`` 1 is best."""

    code: str
    kind: str
    parent_code: str | None
    name_vi: str
    name_en: str
    score: float | None
    rank: int | None
    ranked: int
    coverage: float
    weight: float
    weight_in_force: float
    contribution: float | None
    reason: str | None


def percentile(rank: int | None, ranked: int) -> float | None:
    """Give the rank percentile (n − rank) / (n − 1): 1 is the best, 0 the last.

    None without a rank, and for n = 1: who is alone is neither first nor last. Ties share the
    better rank and so the better percentile.
    """
    if rank is None or ranked < 2:  # noqa: PLR2004
        return None
    return (ranked - rank) / (ranked - 1)


def in_last_third(rank: int, ranked: int) -> bool:
    """Tell whether rank > n − n/3, in whole numbers: of 34 the ranks 23 to 34, of 3 the rank 3."""
    return 3 * rank > 2 * ranked


def band(score: float | None, rank: int | None, ranked: int) -> Band:
    """Give the one band of an indicator, the first that fits.

    No score; a score compared with nobody (n = 1); rank 1; the last third; the top ten; the
    middle. With few localities a rank may be in the top ten and in the last third: the band is
    then the last third.
    """
    if score is None or rank is None:
        return "not_available"
    if ranked < 2:  # noqa: PLR2004
        return "not_compared"
    if rank == 1:
        return "rank_1"
    if in_last_third(rank, ranked):
        return "last_third"
    return "top_ten" if rank <= TOP else "middle"


def is_indicator(row: Row, parents: set[str | None]) -> bool:
    """Count an indicator once, whatever its components; a childless pillar or group stands for itself."""
    if row.kind in {"component", "index"}:
        return False
    return row.kind == "indicator" or row.code not in parents


def shares(rows: Sequence[Row]) -> dict[str, float]:
    """Multiply the weights in force up to the index: what part of it each node can contribute."""
    by_code = {row.code: row for row in rows}
    found: dict[str, float] = {}
    for row in rows:
        share, above = 1.0, row
        while above.parent_code is not None:
            share *= above.weight_in_force
            above = by_code[above.parent_code]
        found[row.code] = share
    return found


def level(row: Row) -> dict[str, Any]:
    """Show a node above the indicators."""
    return {
        "code": row.code,
        "name_vi": row.name_vi,
        "name_en": row.name_en,
        "score": row.score,
        "rank": row.rank,
        "ranked": row.ranked,
        "percentile": percentile(row.rank, row.ranked),
        "coverage": row.coverage,
        "weight": row.weight,
        "contribution": row.contribution,
    }


def indicators(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Show the indicators in the order of ``rows``, which is the natural order of codes."""
    by_code = {row.code: row for row in rows}
    parents = {row.parent_code for row in rows}
    share = shares(rows)
    return [
        {
            **level(row),
            "pillar": _pillar_of(row, by_code),
            "band": band(row.score, row.rank, row.ranked),
            "share_of_index": share[row.code],
            "reasons": _reasons(row, rows),
        }
        for row in rows
        if is_indicator(row, parents)
    ]


def _pillar_of(row: Row, by_code: Mapping[str, Row]) -> str | None:
    above: Row | None = row
    while above is not None and above.kind != "pillar":
        above = by_code[above.parent_code] if above.parent_code else None
    return above.code if above else None


def _reasons(row: Row, rows: Sequence[Row]) -> list[dict[str, str]]:
    """Say why there is no score: the indicator's own reason, or those of its components."""
    if row.score is not None:
        return []
    return [
        {"code": found.code, "reason": found.reason}
        for found in rows
        if found.reason and row.code in {found.code, found.parent_code}
    ]


def strengths_and_weaknesses(
    shown: Sequence[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the best and the worst five by rank percentile, the most telling first.

    Of equal percentiles the one that can contribute more to the index (``share_of_index``) comes
    first, then the natural order of codes, in both lists. Nothing is in both: where fewer than
    ten are ranked, what is a strength is not a weakness as well.
    """
    ranked = [entry for entry in shown if entry["percentile"] is not None]
    best = sorted(ranked, key=lambda entry: (-entry["percentile"], -entry["share_of_index"]))
    strengths = best[:BEST]
    taken = {entry["code"] for entry in strengths}
    left = [entry for entry in ranked if entry["code"] not in taken]
    worst = sorted(left, key=lambda entry: (entry["percentile"], -entry["share_of_index"]))
    return strengths, worst[:BEST]


def groups(shown: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Count and name the indicators at rank 1, in the top ten, in the last third and so on.

    The top ten have rank 1 in them; with few localities an indicator may be in two groups.
    """
    compared = [entry for entry in shown if entry["percentile"] is not None]
    last = [entry for entry in compared if in_last_third(entry["rank"], entry["ranked"])]
    missing = [entry for entry in shown if entry["band"] == "not_available"]
    return {
        "indicators": len(shown),
        "ranked": len(compared),
        "rank_1": _group([entry for entry in compared if entry["rank"] == 1]),
        "top_ten": _group([entry for entry in compared if entry["rank"] <= TOP]),
        "last_third": _group(last),
        "not_compared": _group([entry for entry in shown if entry["band"] == "not_compared"]),
        "not_available": {
            "count": len(missing),
            "indicators": [
                {name: entry[name] for name in ("code", "name_vi", "name_en", "reasons")}
                for entry in missing
            ],
        },
    }


def _group(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(entries), "codes": [entry["code"] for entry in entries]}
