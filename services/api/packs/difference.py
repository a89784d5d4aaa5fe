"""What has changed in accepted figures and their documents since a pack was made; pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.api.packs.freezing import Frozen

_FIGURE = ("answer", "value", "numerator", "denominator", "reason")
# The store is read when a pack is made, and not when it is looked at.
_AS_FOUND = {"missing": "in_pack"}


def changes_since(then: Frozen, now: Frozen) -> list[dict[str, Any]]:
    """List what a pack made now would hold otherwise: first what the pack has, then what is new."""
    return [*_changes(then, now)]


def _changes(then: Frozen, now: Frozen) -> Iterator[dict[str, Any]]:
    standing = {row["assignment"]: row for row in now.rows}
    before, after = _presences(then.evidence), _presences(now.evidence)
    for row in then.rows:
        found = standing.pop(row["assignment"], None)
        if found is None:
            yield _change("withdrawn", row, row, None)
        elif found["submission"] != row["submission"]:
            yield _change("replaced", row, row, found)
        elif before.get(row["row"]) != after.get(found["row"]):
            yield _change("evidence_changed", row, row, found)
    for row in standing.values():
        yield _change("added", row, None, row)


def _presences(evidence: Sequence[Mapping[str, Any]]) -> dict[int, set[tuple[str, str]]]:
    """Tell of each row which documents prove it, and what is known of each."""
    found: dict[int, set[tuple[str, str]]] = {}
    for document in evidence:
        presence = _AS_FOUND.get(document["presence"], document["presence"])
        for proof in document["proves"]:
            found.setdefault(proof["row"], set()).add((document["id"], presence))
    return found


def _change(
    what: str,
    of: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> dict[str, Any]:
    return {
        "what": what,
        **{name: of[name] for name in ("indicator", "component", "organisation", "assignment")},
        "before": before and {name: before[name] for name in _FIGURE},
        "after": after and {name: after[name] for name in _FIGURE},
    }
