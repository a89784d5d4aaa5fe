"""What a row of a file says otherwise than what is stored: to 15 digits, and as text is seen. Pure."""

from collections.abc import Mapping
from typing import Any

from services.api.deps.tables import storable
from services.api.figures.columns import STATEMENT

_CONTENT = ("answer", "value", "numerator", "denominator", "nil_reason", "note", "source")
_MEMBERS = (*_CONTENT, *STATEMENT)


def differences(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Give the members to change; what the file does not have, or an empty kind of answer, stays as it is."""
    changed = {
        name: sent[name]
        for name in _MEMBERS
        if name in sent and not _same(name, sent[name], stored[name])
    }
    explanations = _explanations(sent, stored)
    if explanations != stored["explanations"]:
        changed["explanations"] = explanations
    return changed


def _same(name: str, sent: Any, stored: Any) -> bool:
    if name == "answer":
        # Nothing said: it follows from the rest. Where nothing is stored, a figure is meant.
        return sent is None or sent == (stored or "value")
    if sent is None and isinstance(stored, str):
        return True
    if isinstance(sent, float) and isinstance(stored, float):
        return same_number(sent, stored)
    if isinstance(sent, str) and isinstance(stored, str):
        return _seen(sent) == _seen(stored)
    return bool(sent == stored)


def same_number(one: float, other: float) -> bool:
    """Compare as spreadsheets keep figures, to 15 digits."""
    return one == other or f"{one:.14e}" == f"{other:.14e}"


def _seen(text: str) -> str:
    # XML knows one kind of line break, and a cell has no room for blanks around it.
    return storable(text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _explanations(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, str]:
    """Add or replace reasons; one that is left out stays."""
    old: dict[str, str] = stored["explanations"]
    new: dict[str, str] = {
        code: reason
        for code, reason in (sent.get("explanations") or {}).items()
        if code not in old or not _same(code, reason, old[code])
    }
    return old | new
