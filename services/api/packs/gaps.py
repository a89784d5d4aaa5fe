"""What a pack lacks: the faults for which the ministry sends figures back, named before it has to; pure."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.api.deps.levels import in_vietnamese
from services.api.packs.wording import STATUSES, legible, written

SCANNED = frozenset({"clean", "not_scanned"})
_ABSENT = ("quarantined", "infected", "missing")

Documents = Mapping[str, Mapping[str, Any]]


def place_of(duty: Mapping[str, Any]) -> tuple[str, str]:
    """Tell the indicator, and which of its components it is about."""
    if duty["node_kind"] == "component" and duty["parent"]:
        return duty["parent"], duty["node"]
    return duty["node"], ""


def gaps_of(duties: Sequence[Mapping[str, Any]], documents: Documents) -> list[dict[str, Any]]:
    """List the gaps in the order of the duties; ``documents`` by their id, numbered."""
    torn = _torn(duties)
    return [
        _gap(duty, *found)
        for duty in duties
        for found in (
            *_of_answer(duty),
            *_of_proof(duty, documents),
            *torn.get(duty["assignment"], ()),
        )
    ]


def _gap(
    duty: Mapping[str, Any], kind: str, detail: str = "", document: str = ""
) -> dict[str, Any]:
    indicator, component = place_of(duty)
    return {
        "kind": kind,
        "indicator": indicator,
        "component": component,
        "name_vi": legible(duty["name_vi"]),
        "organisation": duty["organisation"],
        "organisation_name_vi": legible(duty["organisation_name_vi"]),
        "evidence": document,
        "detail": legible(detail),
    }


def _of_answer(duty: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if duty["submission"] is None:
        if duty["excused_reason"] is not None:
            yield "excused", duty["excused_reason"]
        else:
            yield "no_figure", STATUSES.get(duty["status"], "")
        return
    if duty["answer"] != "value":
        yield duty["answer"], duty["nil_reason"]
    if duty["newest_state"] == "submitted":
        yield "newer_waits", ""


def _of_proof(duty: Mapping[str, Any], documents: Documents) -> Iterator[tuple[str, str, str]]:
    if duty["submission"] is None:
        return
    for found in duty["evidence"]:
        document = documents[found["id"]]
        if document["presence"] in _ABSENT:
            yield document["presence"], document["filename"], document["number"]
    if duty["value"] is not None or duty["answer"] == "central_source":
        yield from _not_accepted(duty)
    if duty["value"] is None:
        return
    if duty["evidence_required"]:
        yield from _weakness(duty)
    for found in duty["evidence"]:
        if found["stated"] is not None and not _same(duty, found["stated"]):
            said = f"số liệu {written(duty['value'])}, minh chứng nêu {written(found['stated'])}"
            yield "stated_differs", said, documents[found["id"]]["number"]


def _weakness(duty: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    levels = [found["level"] for found in duty["evidence"]]
    if not levels:
        yield "no_evidence", "", ""
    elif "signed" not in levels and not duty["accepted_evidence"]:
        yield "not_signed", in_vietnamese(levels), ""


def _not_accepted(duty: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Find proof of none of the kinds that the indicator takes; what may be infected proves nothing."""
    accepted = duty["accepted_evidence"]
    levels = [found["level"] for found in duty["evidence"] if found["scan"] in SCANNED]
    if accepted and levels and not {*accepted} & {*levels}:
        said = f"cần {in_vietnamese(accepted)}; có {in_vietnamese(levels)}"
        yield "evidence_not_accepted", said, ""


def _same(duty: Mapping[str, Any], stated: float) -> bool:
    """Compare as the rule of the indicator does when the figure is submitted."""
    return math.isclose(duty["value"], stated, rel_tol=duty["tolerance"], abs_tol=1e-12)


def _torn(duties: Sequence[Mapping[str, Any]]) -> dict[Any, list[tuple[str, str]]]:
    """Find where leads must agree and do not, so that the index has no figure; told at the first of them."""
    said: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for duty in duties:
        if duty["combination"] == "all_agree" and duty["value"] is not None:
            said[duty["node"]].append(duty)
    return {
        of_it[0]["assignment"]: [("leads_disagree", "; ".join(_said(duty) for duty in of_it))]
        for of_it in said.values()
        if len({duty["value"] for duty in of_it}) > 1
    }


def _said(duty: Mapping[str, Any]) -> str:
    return f"{duty['organisation_name_vi']}: {written(duty['value'])}"
