"""What one framework says otherwise than another: a pure function over two lists of nodes."""

from collections.abc import Mapping, Sequence
from typing import Any

Said = Mapping[str, Any]
NAMES = ("name_vi", "name_en")
DEFINITION = (
    "kind",
    "direction",
    "unit",
    "lower_bound",
    "upper_bound",
    "goalpost_min",
    "goalpost_max",
    "target",
    "treatment",
    "combination",
    "supply",
    "evidence_required",
    "accepted_evidence",
    "source",
    "guidance_vi",
    "guidance_en",
)
# What a version that was kept before it could be said is taken to have said.
_USUAL: Said = {
    "combination": "all_agree",
    "accepted_evidence": [],
    "guidance_vi": "",
    "guidance_en": "",
}


def node_difference(old: Sequence[Said], new: Sequence[Said]) -> dict[str, list[dict[str, Any]]]:
    """Compare by code. A node that says several things otherwise stands in several lists.

    Each change is {field: [old, new]}. Weights are compared as they are written, not as shares.
    """
    before = {node["code"]: node for node in old}
    after = {node["code"]: node for node in new}
    both = [code for code in after if code in before]

    def changed(fields: tuple[str, ...]) -> list[dict[str, Any]]:
        found = ((code, _changes(before[code], after[code], fields)) for code in both)
        return [{"code": code, "changes": changes} for code, changes in found if changes]

    return {
        "added": [_named(after[code]) for code in after if code not in before],
        "dropped": [_named(before[code]) for code in before if code not in after],
        "renamed": changed(NAMES),
        "redefined": changed(DEFINITION),
        "reweighted": changed(("weight",)),
        "moved": changed(("parent",)),
    }


def rule_difference(old: Sequence[Said], new: Sequence[Said]) -> list[dict[str, Any]]:
    """Compare the rules of the nodes that both have, by code, each with all its members."""
    before = {rules["code"]: rules for rules in old}
    found = (
        (rules["code"], _changes(before[rules["code"]], rules, tuple(rules.keys() - {"code"})))
        for rules in new
        if rules["code"] in before
    )
    return [
        {"code": code, "changes": {name: changes[name] for name in sorted(changes)}}
        for code, changes in found
        if changes
    ]


def method_difference(old: Said, new: Said) -> dict[str, list[Any]]:
    """Name each setting that differs by its JSON pointer, with [old, new]; null where it is not said."""
    before, after = _settings(old), _settings(new)
    return {
        pointer: [before.get(pointer), after.get(pointer)]
        for pointer in sorted({*before, *after})
        if before.get(pointer) != after.get(pointer)
    }


def _named(node: Said) -> dict[str, Any]:
    return {name: node[name] for name in ("code", "parent", "kind", *NAMES)}


def _changes(old: Said, new: Said, fields: tuple[str, ...]) -> dict[str, list[Any]]:
    return {
        name: [_said(old, name), _said(new, name)]
        for name in fields
        if _said(old, name) != _said(new, name)
    }


def _said(node: Said, name: str) -> Any:
    return node.get(name, _USUAL[name]) if name in _USUAL else node[name]


def _settings(block: Said, pointer: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in block.items():
        here = f"{pointer}/{name}"
        found |= _settings(value, here) if isinstance(value, Mapping) else {here: value}
    return found
