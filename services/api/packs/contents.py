"""The files that are made for a pack, and the manifest that names every member by its hash; pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from services.api.packs.freezing import Frozen
from services.api.packs.head import Head
from services.api.packs.listings import figures_csv, gaps_csv, workbook
from services.api.packs.wording import MADE_UP

FORMAT = "pii-pack/1"
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
XLSX, CSV, LETTER, GAPS = (
    "so-lieu.xlsx",
    "so-lieu.csv",
    "bang-so-lieu-kem-cong-van.docx",
    "thieu.csv",
)


class Contents(NamedTuple):
    """Made files by path, in the order of the archive; what all members weigh; the manifest's hash."""

    files: dict[str, bytes]
    size: int
    manifest_sha256: str


def contents_of(head: Head, frozen: Frozen) -> Contents:
    from services.api.packs.letter import letter  # noqa: PLC0415 Word's format is three megabytes, needed here alone

    made = {
        XLSX: workbook(head, *frozen),
        CSV: figures_csv(head, frozen.rows),
        LETTER: letter(head, frozen.rows),
        GAPS: gaps_csv(head, frozen.gaps),
    }
    members = [
        *(
            {"path": path, "bytes": len(told), "sha256": _sha256(told)}
            for path, told in made.items()
        ),
        *members_of(frozen.evidence),
    ]
    manifest = _manifest(head, frozen, members)
    sums = _sums(head, [*members, {"path": MANIFEST, "sha256": _sha256(manifest)}])
    files = {SUMS: sums, MANIFEST: manifest, **made}
    stored = sum(member["bytes"] for member in members)
    return Contents(files, stored + len(manifest) + len(sums), _sha256(manifest))


def members_of(evidence: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the documents whose bytes are in the archive."""
    return [
        {"path": document["path"], "bytes": document["size"], "sha256": document["sha256"]}
        for document in evidence
        if document["path"] is not None
    ]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _manifest(head: Head, frozen: Frozen, members: Sequence[Mapping[str, Any]]) -> bytes:
    told = {
        "format": FORMAT,
        "pack": {"id": head.id, "number": head.number, "note": head.note},
        "period": {
            "code": head.period,
            "name": head.period_name,
            "reference_year": head.reference_year,
        },
        "framework": {"year": head.framework, "revision": head.framework_revision},
        "run": head.run,
        "made_at": head.made_at,
        "made_up": head.made_up,
        "notice": MADE_UP if head.made_up else "",
        "figures": len(frozen.rows),
        "gaps": len(frozen.gaps),
        "members": members,
    }
    plain = orjson.dumps(told, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    return plain + b"\n"


def _sums(head: Head, members: Iterable[Mapping[str, Any]]) -> bytes:
    """Write what ``sha256sum -c`` reads; it takes a line that begins with # for a comment."""
    lines = [f"# {MADE_UP}"] if head.made_up else []
    lines += [f"{member['sha256']}  {member['path']}" for member in members]
    return ("\n".join(lines) + "\n").encode()
