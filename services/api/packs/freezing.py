"""From the duties as they stand to the rows of a pack, its numbered documents and its gaps; pure.

The letter, the sheets and the answers of the API are all made of these rows: they cannot differ.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from services.api.packs.gaps import gaps_of, place_of
from services.api.packs.wording import legible
from shared.text import fold

FOLDER = "minh-chung"
LONGEST_NAME = 80
_ENDINGS = frozenset({"pdf", "docx", "xlsx", "png", "jpg", "jpeg", "zip"})
_FIGURE = ("answer", "value", "numerator", "denominator")
_DOCUMENT = ("document_number", "document_date", "issuer")
_FILE = ("level", "media_type", "size", "sha256", "pages")


class Frozen(NamedTuple):
    rows: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    gaps: list[dict[str, Any]]


def freeze(duties: Sequence[Mapping[str, Any]], *, missing: Collection[str] = ()) -> Frozen:
    """Freeze what is accepted among ``duties``; ``missing`` are the documents whose bytes are gone.

    A document gets its number where it first proves something, and keeps it wherever else it does.
    """
    taken = [duty for duty in duties if duty["submission"] is not None]
    documents = _numbered(taken, missing)
    rows = [_row(number, duty, documents) for number, duty in enumerate(taken, 1)]
    return Frozen(rows, [*documents.values()], gaps_of(duties, documents))


def _numbered(
    taken: Iterable[Mapping[str, Any]], missing: Collection[str]
) -> dict[str, dict[str, Any]]:
    documents: dict[str, dict[str, Any]] = {}
    counts: Counter[str] = Counter()
    for row, duty in enumerate(taken, 1):
        indicator, _ = place_of(duty)
        for found in duty["evidence"]:
            if found["id"] not in documents:
                counts[indicator] += 1
                documents[found["id"]] = _document(found, indicator, counts[indicator], missing)
            proof = {"row": row, "stated": found["stated"], "place": legible(found["place"])}
            documents[found["id"]]["proves"].append(proof)
    return documents


def _document(
    found: Mapping[str, Any], indicator: str, number: int, missing: Collection[str]
) -> dict[str, Any]:
    presence = "missing" if found["id"] in missing else presence_of(found)
    path = f"{FOLDER}/{indicator}/{number:02d}_{safe_name(found['filename'])}"
    return {
        "number": f"{indicator}-{number:02d}",
        "id": found["id"],
        "indicator": indicator,
        "presence": presence,
        "path": path if presence == "in_pack" else None,
        "filename": legible(found["filename"]),
        "url": legible(found["url"] or "") or None,
        **{name: found[name] for name in _FILE},
        "document_number": legible(found["document_number"]),
        "document_date": found["document_date"],
        "issuer": legible(found["issuer"]),
        "proves": [],
    }


def presence_of(found: Mapping[str, Any]) -> str:
    """Tell whether its bytes go into a pack: what is not known to be clean does not."""
    if found["url"] is not None:
        return "link"
    return {"waiting": "quarantined", "infected": "infected"}.get(found["scan"], "in_pack")


def safe_name(filename: str) -> str:
    """Keep letters without marks, digits and dashes: a name that unpacks everywhere, with its ending."""
    stem, _, ending = fold(filename).rpartition(".")
    if ending not in _ENDINGS:
        stem, ending = fold(filename), "bin"
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in stem)
    name = "-".join(part for part in plain.split("-") if part)[:LONGEST_NAME].strip("-")
    return f"{name or 'tep'}.{ending}"


def _row(
    number: int, duty: Mapping[str, Any], documents: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    indicator, component = place_of(duty)
    used = sorted(
        (documents[found["id"]] for found in duty["evidence"]),
        key=lambda document: (document["indicator"] != indicator, document["number"]),
    )
    return {
        "row": number,
        "indicator": indicator,
        "component": component,
        "name_vi": legible(duty["name_vi"]),
        "unit": legible(duty["unit"]),
        "decimals": duty["decimals"],
        "organisation": duty["organisation"],
        "organisation_name_vi": legible(duty["organisation_name_vi"]),
        "role": duty["role"],
        **{name: duty[name] for name in _FIGURE},
        "reason": legible(duty["nil_reason"]),
        "note": legible(duty["note"]),
        "source": legible(duty["source"]),
        "evidence": [document["number"] for document in used],
        "documents": [{name: document[name] for name in _DOCUMENT} for document in used],
        "assignment": str(duty["assignment"]),
        "submission": str(duty["submission"]),
        "revision": duty["revision"],
    }
