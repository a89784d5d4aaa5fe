"""The profile as CSV (RFC 4180): one row for each pillar, followed by its indicators; pure.

UTF-8 with a byte order mark, without which Excel reads Vietnamese as another alphabet.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

COLUMNS = (
    "kind",
    "code",
    "name_vi",
    "name_en",
    "pillar",
    "score",
    "rank",
    "ranked",
    "percentile",
    "band",
    "coverage",
    "weight",
    "contribution",
    "share_of_index",
    "reasons",
    "rank_last_year",
    "ranked_last_year",
    "percentile_change",
    "score_change",
    "result",
    "made_up",
    "reference_year",
    "period",
    "run",
)
# What a spreadsheet takes for the start of a formula, in full width too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def table(profile: Mapping[str, Any]) -> bytes:
    """Write the rows; n/a is an empty cell, numbers have a point and all their digits."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(profile):
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return written.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    """Put an apostrophe before text that would be run as a formula; a number stays a number."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _rows(profile: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    last = profile["last_year"] or {"pillars": [], "indicators": []}
    changes = {change["code"]: change for change in [*last["pillars"], *last["indicators"]]}
    run = profile["run"]
    common = {
        "result": profile["result"],
        "made_up": profile["made_up"],
        "reference_year": profile["period"]["reference_year"],
        "period": profile["period"]["code"],
        "run": run["number"] if run else None,
    }
    for kind, entry in in_order(profile):
        change = changes.get(entry["code"], {})
        yield {
            **entry,
            **common,
            "kind": kind,
            "reasons": " ".join(
                f"{reason['code']}:{reason['reason']}" for reason in entry.get("reasons", [])
            ),
            "rank_last_year": change.get("rank_then"),
            "ranked_last_year": change.get("ranked_then"),
            "percentile_change": change.get("percentile_change"),
            "score_change": change.get("score_change"),
        }


def in_order(profile: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each pillar and then its indicators; at the end those under no pillar."""
    codes: set[str] = {pillar["code"] for pillar in profile["pillars"]}
    below = profile["indicators"]
    for pillar in profile["pillars"]:
        yield "pillar", pillar
        for entry in below:
            if entry["pillar"] == pillar["code"] != entry["code"]:
                yield "indicator", entry
    yield from (("indicator", entry) for entry in below if entry["pillar"] not in codes)
