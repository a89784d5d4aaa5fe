"""What a revision changes of what was submitted before it, and what it leaves empty."""

from typing import Any

import orjson

COMPARED = (
    "answer",
    "value",
    "numerator",
    "denominator",
    "nil_reason",
    "note",
    "source",
    "evidence",
)
# A reason why there is no figure has to go when there is one.
_MAY_GO = frozenset({"nil_reason"})


def changes_since(row: Any) -> dict[str, Any]:
    """Give what the reviewer is shown: the revision before, field by field, and what became empty.

    Evidence is compared by the hashes of its files.
    """
    if row["prior"] is None:
        return {"resubmission_of": None, "changes_since": {}, "wipes": []}
    prior = orjson.loads(row["prior"])
    now = {name: row[name] for name in COMPARED}
    now["evidence"] = sorted(piece["sha256"] for piece in orjson.loads(row["evidence"] or "[]"))
    prior["evidence"] = prior["evidence"] or []
    changed = {
        name: {"old": prior[name], "new": now[name]}
        for name in COMPARED
        if prior[name] != now[name]
    }
    wipes = [name for name in changed if now[name] in (None, "", []) and name not in _MAY_GO]
    return {"resubmission_of": prior["id"], "changes_since": changed, "wipes": wipes}
