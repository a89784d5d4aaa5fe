"""``pii pack verify``: is this archive what its manifest says, with no access to the system that made it."""

import hashlib
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.api.packs.contents import FORMAT, MANIFEST, SUMS

app = typer.Typer(help="Packs for the ministry.", no_args_is_help=True)

PIECE = 1_048_576  # bytes
MOST_MEMBERS = 100_000
MOST_TEXT = 67_108_864  # bytes of the manifest and of the sums
MOST_RATIO = 100  # of what is unpacked to the archive; ours are not packed at all
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    zlib.error,
)


class NotAPackError(Exception):
    """The file cannot be read as a pack at all."""


@dataclass
class Findings:
    manifest_sha256: str = ""
    about: str = ""
    checked: int = 0
    size: int = 0  # bytes
    problems: list[str] = field(default_factory=list)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    manifest: Annotated[
        str | None,
        typer.Option(help="The SHA-256 of the manifest as the system or a letter has it."),
    ] = None,
) -> None:
    """Check every member of a pack against its manifest and SHA256SUMS; exit 1 if anything differs, 2 if it is no pack."""
    try:
        found = examine(file)
    except NotAPackError as error:
        typer.echo(f"{file} is no pack: {error}", err=True)
        raise typer.Exit(2) from error
    if manifest is not None and manifest.strip().lower() != found.manifest_sha256:
        found.problems.append(f"differs: {MANIFEST} is not the one with the hash that was given")
    for problem in found.problems:
        typer.echo(problem, err=True)
    typer.echo(found.about)
    typer.echo(f"manifest {found.manifest_sha256}")
    verdict = "NOT whole" if found.problems else "whole"
    typer.echo(f"{verdict}: checked {found.checked} members, {found.size} bytes")
    if found.problems:
        raise typer.Exit(1)


def examine(file: Path) -> Findings:
    """Read every member once, in pieces, and no further than it promises."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = _bounded(archive, file.stat().st_size)
            return _examined(archive, members)
    except _BROKEN as error:
        raise NotAPackError(str(error) or type(error).__name__) from error


def _bounded(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Refuse what promises more than an archive of its size holds, before any of it is unpacked."""
    found = archive.infolist()
    packed = sum(member.compress_size for member in found)
    unpacked = sum(member.file_size for member in found)
    if len(found) > MOST_MEMBERS or packed > size or unpacked > MOST_RATIO * size:
        raise NotAPackError("it promises more than it can hold")
    twice = [name for name, times in Counter(one.filename for one in found).items() if times > 1]
    if twice:
        raise NotAPackError(f"{twice[0]!r} is there more than once")
    if any(member.flag_bits & _ENCRYPTED for member in found):
        raise NotAPackError("it is encrypted")
    return {member.filename: member for member in found if not member.is_dir()}


def _examined(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Findings:
    told = {name: _text(archive, members, name) for name in (MANIFEST, SUMS)}
    manifest, promised = _manifest(told[MANIFEST])
    found = Findings(hashlib.sha256(told[MANIFEST]).hexdigest(), _about(manifest))
    _check_sums(told[SUMS], {**promised, MANIFEST: found.manifest_sha256}, found)
    for name in promised.keys() - members.keys():
        found.problems.append(f"missing: {name!r}")
    for name in members.keys() - promised.keys() - {MANIFEST, SUMS}:
        found.problems.append(f"not in the manifest: {name!r}")
    for name in sorted(promised.keys() & members.keys()):
        if _sha256(archive, members[name], found) != promised[name]:
            found.problems.append(f"differs: {name!r}")
    found.problems.sort()
    return found


def _text(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> bytes:
    if name not in members:
        raise NotAPackError(f"it has no {name}")
    if members[name].file_size > MOST_TEXT:
        raise NotAPackError(f"its {name} is too large")
    return archive.read(members[name])


def _manifest(content: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the manifest, and which hash each member has by it."""
    try:
        told = orjson.loads(content)
        if told["format"] != FORMAT:
            raise NotAPackError(f"its format is {told['format']!r}")
        return told, {str(one["path"]): str(one["sha256"]) for one in told["members"]}
    except (ValueError, KeyError, TypeError) as error:
        raise NotAPackError(f"its {MANIFEST} cannot be read") from error


def _about(manifest: dict[str, Any]) -> str:
    try:
        period, pack = manifest["period"]["code"], manifest["pack"]["number"]
        mark = f", {manifest['notice']}" if manifest["made_up"] else ""
        said = f"pack {pack} of {period}, made at {manifest['made_at']}{mark}"
    except (KeyError, TypeError) as error:
        raise NotAPackError(f"its {MANIFEST} does not say what it is of") from error
    # A file from elsewhere must not steer the terminal.
    return "".join(c if c.isprintable() else "?" for c in said)


def _check_sums(content: bytes, promised: dict[str, str], found: Findings) -> None:
    """Compare the two lists: whoever checks with sha256sum alone must find the same."""
    lines = content.decode("utf-8", "replace").splitlines()
    sums = {
        name: digest
        for digest, _, name in (line.partition("  ") for line in lines if line[:1] != "#")
    }
    for name in sums.keys() | promised.keys():
        if sums.get(name) != promised.get(name):
            found.problems.append(f"{SUMS} and {MANIFEST} disagree on {name!r}")


def _sha256(archive: zipfile.ZipFile, member: zipfile.ZipInfo, found: Findings) -> str | None:
    """Hash a member; None where it cannot be unpacked or does not fit its own checksum."""
    digest = hashlib.sha256()
    found.checked += 1
    try:
        with archive.open(member) as unpacked:
            while piece := unpacked.read(PIECE):
                digest.update(piece)
                found.size += len(piece)
    except _BROKEN as error:
        found.problems.append(f"cannot be unpacked: {member.filename!r} ({error})")
        return None
    return digest.hexdigest()
