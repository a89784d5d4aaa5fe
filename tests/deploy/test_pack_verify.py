"""``pii pack verify``: whatever of a pack is not as it was made is named, with no system at hand."""

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from deploy import packs
from deploy.cli import app
from services.api.packs.archive import Member, zipped
from services.api.packs.contents import CSV, FORMAT, MANIFEST, SUMS, contents_of
from services.api.packs.freezing import freeze
from services.api.packs.head import Head
from tests.api.test_pack_files import DOCUMENT, DUTY

PROOF = b"%PDF-1.7" + b"x" * 3_000_000
PATH = "minh-chung/2.1.1/01_bao-cao-nam.pdf"
Parts = dict[str, bytes]


def parts() -> Parts:
    found = {**DOCUMENT, "size": len(PROOF), "sha256": hashlib.sha256(PROOF).hexdigest()}
    head = Head(
        id=UUID(int=7),
        number=2,
        period="ky-2024",
        period_name="Kỳ 2024",
        reference_year=2024,
        framework=2024,
        framework_revision=3,
        run=None,
        made_at=datetime(2026, 11, 24, tzinfo=UTC),
        made_up=False,
        note="",
    )
    return {**contents_of(head, freeze([{**DUTY, "evidence": [found]}])).files, PATH: PROOF}


def packed(members: Parts) -> bytes:
    async def all_of_it() -> bytes:
        made_at = datetime(2026, 11, 24, tzinfo=UTC)
        pieces = zipped([Member.of(*one) for one in members.items()], made_at=made_at)
        return b"".join([piece async for piece in pieces])

    return asyncio.run(all_of_it())


def verified(folder: Path, content: bytes, *more: str) -> Result:
    file = folder / "goi.zip"
    file.write_bytes(content)
    return CliRunner().invoke(app, ["pack", "verify", str(file), *more])


def test_a_whole_pack_is_whole_and_tells_its_manifest(tmp_path: Path) -> None:
    members = parts()
    digest = hashlib.sha256(members[MANIFEST]).hexdigest()
    for more in ((), ("--manifest", digest), ("--manifest", digest.upper())):
        said = verified(tmp_path, packed(members), *more)
        assert said.exit_code == 0, said.output
        assert "pack 2 of ky-2024" in said.output
        assert f"manifest {digest}" in said.output
        assert "whole: checked 5 members" in said.output
    other = verified(tmp_path, packed(members), "--manifest", "0" * 64)
    assert other.exit_code == 1
    assert "manifest.json is not the one" in other.output


def test_a_pack_that_was_unpacked_and_packed_again_is_still_whole(tmp_path: Path) -> None:
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(parts().items()):
            # Bytes that do not pack: a repetition beyond measure would be taken for a bomb.
            archive.writestr(path, content, zipfile.ZIP_STORED if path == PATH else None)
    assert verified(tmp_path, again.getvalue()).exit_code == 0


def changed(members: Parts) -> None:
    members[PATH] = PROOF[:-1] + b"y"


def dropped(members: Parts) -> None:
    del members[PATH]


def added(members: Parts) -> None:
    members["minh-chung/2.1.1/02_them.pdf"] = b"%PDF-"


def figure_changed(members: Parts) -> None:
    members[CSV] = members[CSV].replace(b"1234.5", b"9234.5")


def covered_up(members: Parts) -> None:
    """Change a figure and the manifest, but not the sums."""
    old = hashlib.sha256(members[CSV]).hexdigest().encode()
    figure_changed(members)
    new = hashlib.sha256(members[CSV]).hexdigest().encode()
    members[MANIFEST] = members[MANIFEST].replace(old, new)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (changed, f"differs: '{PATH}'"),
        (dropped, f"missing: '{PATH}'"),
        (added, "not in the manifest: 'minh-chung/2.1.1/02_them.pdf'"),
        (figure_changed, "differs: 'so-lieu.csv'"),
        (covered_up, "SHA256SUMS and manifest.json disagree on 'so-lieu.csv'"),
    ],
)
def test_what_differs_is_named(tmp_path: Path, fault: Callable[[Parts], None], said: str) -> None:
    members = parts()
    fault(members)
    result = verified(tmp_path, packed(members))
    assert result.exit_code == 1
    assert said in result.output
    assert "NOT whole" in result.output


def test_a_flipped_byte_in_the_file_is_named(tmp_path: Path) -> None:
    content = bytearray(packed(parts()))
    content[len(content) // 2] ^= 1
    result = verified(tmp_path, bytes(content))
    assert result.exit_code == 1
    assert f"cannot be unpacked: '{PATH}'" in result.output


def bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * 50_000_000)
    return made.getvalue()


def twice() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(MANIFEST, b"{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(MANIFEST, b"{}")
    return made.getvalue()


def other_zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.pdf", b"%PDF-")
    return made.getvalue()


def manifest_of(told: object) -> bytes:
    return packed({MANIFEST: json.dumps(told).encode(), SUMS: b""})


NO_PACKS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "another kind of file": lambda: b"%PDF-1.7",
    "a broken end": lambda: packed(parts())[:-30],
    "a bomb": bomb,
    "a member that is there twice": twice,
    "another archive": other_zip,
    "a list for a manifest": lambda: manifest_of([]),
    "a later format": lambda: manifest_of({"format": "pii-pack/2", "members": []}),
    "members without a hash": lambda: manifest_of({"format": FORMAT, "members": [{"path": 1}]}),
    "a manifest of nothing": lambda: manifest_of({"format": FORMAT, "members": []}),
    "a manifest that is no JSON": lambda: packed({MANIFEST: b"{", SUMS: b""}),
}


@pytest.mark.parametrize("kind", NO_PACKS)
def test_what_is_no_pack_is_told_in_one_line(tmp_path: Path, kind: str) -> None:
    result = verified(tmp_path, NO_PACKS[kind]())
    assert result.exit_code == 2, result.output
    assert "is no pack: " in result.output
    assert "Traceback" not in result.output


def test_a_manifest_from_elsewhere_does_not_steer_the_terminal(tmp_path: Path) -> None:
    members = parts()
    members[MANIFEST] = members[MANIFEST].replace(b"ky-2024", b"\\u001b[31m")
    result = verified(tmp_path, packed(members))
    assert result.exit_code == 1
    assert "\x1b" not in result.output


def test_no_more_than_a_piece_is_held_at_once(tmp_path: Path) -> None:
    import tracemalloc  # noqa: PLC0415 only this test measures

    members = parts()
    file = tmp_path / "goi.zip"
    file.write_bytes(packed(members))
    tracemalloc.start()
    try:
        found = packs.examine(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.problems == []
    assert peak < 3_000_000
