"""The board and the follow-up list as tables; the first of each is the whole, which is what CSV holds; pure."""

from collections.abc import Mapping, Sequence
from typing import Any

Sheets = dict[str, tuple[Sequence[str], list[dict[str, Any]]]]

COUNTS = (
    "expected",
    "received",
    "accepted",
    "nil",
    "waiting",
    "returned",
    "missing",
    "asked",
    "excused",
    "on_time",
    "late",
    "overdue",
    "not_yet_due",
    "received_share",
    "on_time_share",
)
_LINE = ("period", "line", "organisation", "organisation_name_vi", "pillar", "pillar_name_vi")
_DUTY = (
    "assignment",
    "indicator",
    "organisation",
    "status",
    "effective_due_on",
    "days_overdue",
    "times_returned",
    "nil_reason",
    "weak_because",
)
_SUSPECT = (
    "submission",
    "value",
    "finding",
    "filename",
    "document_number",
    "sha256",
    "figures",
)
DEFINED = "Định nghĩa"
_FOLLOWED = ("returned_often", "overdue", "nil_returns", "weak_evidence")


def board_sheets(board: Mapping[str, Any]) -> Sheets:
    period = {"period": board["period"]["code"]}
    lines = [
        {**period, "line": "total", **board["total"]},
        *({**period, "line": "body", **line} for line in board["bodies"]),
        *({**period, "line": "pillar", **line} for line in board["pillars"]),
        *({**period, "line": "body and pillar", **line} for line in board["bodies_by_pillar"]),
    ]
    return {
        "board": ((*_LINE, *COUNTS), lines),
        "bodies": (("organisation", "organisation_name_vi", "reachable", *COUNTS), board["bodies"]),
        "pillars": (("pillar", "pillar_name_vi", *COUNTS), board["pillars"]),
        DEFINED: _definitions(board),
    }


def follow_up_sheets(found: Mapping[str, Any]) -> Sheets:
    lines = [
        {**line, "why": why, "weak_because": " ".join(line["weak_because"])}
        for why in _FOLLOWED
        for line in found[why]
    ]
    lines += [
        {**line, "why": "outliers", "status": line["state"], "finding": _findings(line)}
        for line in found["outliers"]
    ]
    lines += [
        {**figure, "why": "shared_evidence", **_file(line)}
        for line in found["shared_evidence"]
        for figure in line["serves"]
    ]
    lines += [{**line, "why": "unreachable"} for line in found["unreachable"]]
    return {
        "follow-up": (("why", *_DUTY, "unfinished", *_SUSPECT), lines),
        DEFINED: _definitions(found),
    }


def _findings(line: Mapping[str, Any]) -> str:
    return " ".join(finding["vi"] for finding in line["findings"])


def _file(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("filename", "document_number", "sha256", "figures")}


def _definitions(found: Mapping[str, Any]) -> tuple[Sequence[str], list[dict[str, Any]]]:
    said = [{"name": name, **words} for name, words in found["definitions"].items()]
    equations = [{"name": "=", "vi": line, "en": line} for line in found.get("equations", ())]
    return ("name", "vi", "en"), said + equations
