"""What kind of file it really is, told from its bytes, and where the bytes are kept."""

import hashlib
import zipfile
from collections.abc import AsyncIterator
from typing import Any, BinaryIO, NamedTuple

from obstore.store import from_url
from starlette.datastructures import UploadFile

CHUNK = 262_144
MOST_MEMBERS = 5_000  # of a document that is a ZIP; its directory is read, its contents are not

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PNG = "image/png"
JPEG = "image/jpeg"

EXTENSIONS = {PDF: {"pdf"}, DOCX: {"docx"}, XLSX: {"xlsx"}, PNG: {"png"}, JPEG: {"jpg", "jpeg"}}


class Fingerprint(NamedTuple):
    size: int  # bytes
    sha256: str


async def fingerprint(upload: UploadFile) -> Fingerprint:
    """Read it once in pieces; it lies on disk when it is large."""
    digest, size = hashlib.sha256(), 0
    await upload.seek(0)
    while chunk := await upload.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    await upload.seek(0)
    return Fingerprint(size, digest.hexdigest())


def detect(file: BinaryIO) -> str | None:
    """Tell the media type of an accepted file from its first bytes, or None."""
    file.seek(0)
    head = file.read(1024)
    file.seek(0)
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"PK\x03\x04"):
        return _office(file)
    return None


def _office(file: BinaryIO) -> str | None:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    finally:
        file.seek(0)
    if len(names) > MOST_MEMBERS or "[Content_Types].xml" not in names:
        return None
    if "word/document.xml" in names:
        return DOCX
    return XLSX if "xl/workbook.xml" in names else None


def extension_fits(filename: str, media_type: str) -> bool:
    return filename.rpartition(".")[2].lower() in EXTENSIONS[media_type]


class Store:
    """Evidence on a disk or in S3, under names of our own."""

    def __init__(self, url: str) -> None:
        if url.startswith("file:"):
            from pathlib import Path  # noqa: PLC0415 only the disk needs it

            folder = Path(url.removeprefix("file:").removeprefix("//")).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            url = folder.as_uri()
        self._store: Any = from_url(url)

    async def put(self, key: str, upload: UploadFile) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            while chunk := await upload.read(CHUNK):
                yield chunk

        await upload.seek(0)
        await self._store.put_async(key, pieces(), max_concurrency=2)

    async def get(self, key: str) -> AsyncIterator[bytes]:
        found = await self._store.get_async(key)

        async def pieces() -> AsyncIterator[bytes]:
            async for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

        return pieces()

    async def remove(self, key: str) -> None:
        await self._store.delete_async(key)
