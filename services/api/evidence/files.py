"""What kind of file it really is, told from its bytes, and whether unpacking it would do harm."""

import hashlib
import re
import stat
import tempfile
import unicodedata
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple, cast
from urllib.parse import quote

from starlette.datastructures import UploadFile

BLOCK = 1_048_576  # bytes, each with a hash of its own
PIECE = BLOCK // 4  # bytes read at a time; a few are held of each upload, and many come at once
MOST_MEMBERS = 5_000  # of a document that is a ZIP; its directory is read, its contents are not
MOST_FILES = 200  # in an archive
MOST_UNPACKED = 524_288_000  # bytes
MOST_RATIO = 100  # of what is unpacked to what is packed, in an archive
_ENCRYPTED = 0x1

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PNG = "image/png"
JPEG = "image/jpeg"
ZIP = "application/zip"
LINK = "text/uri-list"

EXTENSIONS = {
    PDF: {"pdf"},
    DOCX: {"docx"},
    XLSX: {"xlsx"},
    PNG: {"png"},
    JPEG: {"jpg", "jpeg"},
    ZIP: {"zip"},
}
_UNMARKED = str.maketrans("đĐ", "dD")
# What zipfile says of an archive that is broken, or made to break whoever reads it.
_BROKEN = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError)


class Fingerprint(NamedTuple):
    size: int  # bytes
    sha256: str
    blocks: bytes  # SHA-256 of each MiB, one after another


async def fingerprint(upload: UploadFile, *, most: int) -> Fingerprint:
    """Read it once in pieces, as far as one byte beyond ``most``; it lies on disk when it is large."""
    digest, block, size, blocks = hashlib.sha256(), hashlib.sha256(), 0, []
    await upload.seek(0)
    while size <= most and (piece := await upload.read(PIECE)):
        digest.update(piece)
        block.update(piece)
        size += len(piece)
        if size % BLOCK == 0:
            blocks.append(block.digest())
            block = hashlib.sha256()
    if size % BLOCK:
        blocks.append(block.digest())
    await upload.seek(0)
    return Fingerprint(size, digest.hexdigest(), b"".join(blocks))


def detect(file: BinaryIO) -> str | None:
    """Tell the media type of an accepted file from its bytes, or None."""
    found = _simple(file)
    if found is not None:
        return found
    try:
        with zipfile.ZipFile(file) as archive:
            return _office(archive) or (ZIP if _harmless(archive) else None)
    except _BROKEN:
        return None
    finally:
        file.seek(0)


def _simple(file: BinaryIO) -> str | None:
    file.seek(0)
    head = file.read(1024)
    file.seek(0)
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    return JPEG if head.startswith(b"\xff\xd8\xff") else None


def _office(archive: zipfile.ZipFile) -> str | None:
    names = set(archive.namelist())
    if len(archive.infolist()) > MOST_MEMBERS or "[Content_Types].xml" not in names:
        return None
    if not _bounded(archive):
        return None
    if "word/document.xml" in names:
        return DOCX
    return XLSX if "xl/workbook.xml" in names else None


def _bounded(archive: zipfile.ZipFile) -> bool:
    """Tell whether the directory promises no more than may be; members that share bytes promise too much."""
    members = archive.infolist()
    assert archive.fp is not None
    archive.fp.seek(0, 2)
    packed = sum(member.compress_size for member in members)
    unpacked = sum(member.file_size for member in members)
    return packed <= archive.fp.tell() and unpacked <= MOST_UNPACKED


def _harmless(archive: zipfile.ZipFile) -> bool:
    """Look into an archive: files of the allowed kinds only, none an archive, none that unpacks elsewhere."""
    members = archive.infolist()
    files = [member for member in members if not member.is_dir()]
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if not files or len(members) > MOST_FILES or not _bounded(archive):
        return False
    if unpacked > MOST_RATIO * max(packed, 1) or "[Content_Types].xml" in archive.namelist():
        return False
    if not all(_stays_inside(member) for member in members):
        return False
    return all(_allowed(archive, member) for member in files)


def _stays_inside(member: zipfile.ZipInfo) -> bool:
    name = member.orig_filename
    path = PurePosixPath(name)
    return (
        name.isprintable()
        and "\\" not in name
        and ":" not in name
        and not path.is_absolute()
        and ".." not in path.parts
        and not stat.S_ISLNK(member.external_attr >> 16)
        and not member.flag_bits & _ENCRYPTED
    )


def _allowed(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Unpack one file, no further than it promises, and tell whether it is of a kind that is accepted."""
    with archive.open(member) as packed, tempfile.TemporaryFile() as file:
        # It stops at the promised size, and refuses what does not fit its checksum.
        while piece := packed.read(BLOCK):
            file.write(piece)
        found = _simple(cast("BinaryIO", file))
        if found is None:
            with zipfile.ZipFile(file) as inner:
                found = _office(inner)
    return found is not None and extension_fits(member.filename, found)


def disposition(filename: str) -> str:
    """Name the file for saving as RFC 6266 has it: in plain ASCII, and as it is for who reads that."""
    decomposed = unicodedata.normalize("NFKD", filename.translate(_UNMARKED))
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    # No quote, no sign of a path, nothing that some client takes for an escape; no hidden file.
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", letters).lstrip(". ") or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def extension_fits(filename: str, media_type: str) -> bool:
    return filename.rpartition(".")[2].lower() in EXTENSIONS[media_type]
