"""Reads CSV, XLSX and JSON into tables; a file that is broken, or made to harm, is told of, never opened."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from services.api.errors import UnsupportedFileTypeError
from services.api.sheets.tables import MOST_COLUMNS, MOST_ROWS, Row, Sheet, Table, filled
from services.api.sheets.workbooks import MOST_UNPACKED, UnreadableError, read_workbook

EXTENSIONS = {"csv": (".csv", ".txt"), "xlsx": (".xlsx",), "json": (".json",)}


def detect(file: BinaryIO) -> str:
    """Tell the kind of file from its first bytes: what is neither a ZIP nor JSON is read as CSV."""
    file.seek(0)
    head = file.read(1024)
    file.seek(0)
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    return "json" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["} else "csv"


def fits(filename: str, kind: str) -> bool:
    return filename.lower().endswith(EXTENSIONS[kind])


async def read_upload(
    upload: UploadFile,
    *,
    sheet: str,
    kinds: tuple[str, ...] = tuple(EXTENSIONS),
    most_unpacked: int = MOST_UNPACKED,
    dates: bool = False,
) -> Table:
    """Read an upload; its kind is told from its bytes, and its name must agree."""
    kind = detect(upload.file)
    if kind not in kinds or not fits(upload.filename or "", kind):
        *others, last = (name.upper() for name in kinds)
        raise UnsupportedFileTypeError(
            f"This type of file is not accepted: send {', '.join(others)} or {last}, named so.",
            vi="Loại tệp không được chấp nhận: hãy gửi "
            f"{', '.join(others)} hoặc {last}, đúng phần mở rộng.",
            pointer="/file",
        )
    return await run_in_threadpool(
        read_table, upload.file, kind, sheet=sheet, most_unpacked=most_unpacked, dates=dates
    )


def read_table(
    file: BinaryIO,
    kind: str,
    *,
    sheet: str,
    most_unpacked: int = MOST_UNPACKED,
    dates: bool = False,
) -> Table:
    """Read all of it; ``sheet`` names the sheet of a workbook that is taken before the first.

    ``dates``: days of a workbook come as ISO text.
    """
    table = Table(kind)
    try:
        if kind == "xlsx":
            read = read_workbook(file, name=sheet, most_unpacked=most_unpacked, dates=dates)
            return Table(kind, sheet=read)
        text = _text(file.read())
        if kind == "json":
            return Table(kind, data=_json(text))
        return Table(kind, sheet=_csv(text))
    except UnreadableError as error:
        table.faults.add(error.place, error.said)
    return table


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UnreadableError(
            f"line {line} is not UTF-8: save the file as “CSV UTF-8”",
            f"dòng {line} không phải UTF-8: hãy lưu tệp dạng “CSV UTF-8”",
        ) from None


def _json(text: str) -> Any:
    def one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise UnreadableError(
                f"the member {twice[:64]!r} stands twice in one object",
                f"trường {twice[:64]!r} xuất hiện hai lần trong một đối tượng",
            )
        return members

    try:
        data = json.loads(text, object_pairs_hook=one_of_each)
        if "\\ud" in text.lower():
            # Halves of a character, written as escapes, are found by writing them out.
            json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UnreadableError(
            "it holds half of a character (\\ud800 to \\udfff without its other half)",
            "có nửa ký tự (\\ud800 đến \\udfff thiếu nửa còn lại)",
        ) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not valid JSON: {error}", f"JSON không hợp lệ: {error}") from error
    return data


def _csv(text: str) -> Sheet:
    comma = _semicolons(text)
    rows = list(_rows(text, ";" if comma else ","))
    if not rows:
        raise UnreadableError("the file is empty", "tệp rỗng")
    return Sheet(rows[0], rows[1:], comma=comma)


def _semicolons(text: str) -> bool:
    """Tell whether semicolons part the cells; the heading has names and codes, which hold neither sign."""
    heading = next((line for line in text.splitlines() if line.strip()), "")
    if (";" in heading) == ("," in heading) and heading:
        raise UnreadableError(
            "the heading must have its columns parted by commas, or all by semicolons",
            "tiêu đề phải có các cột ngăn cách bằng dấu phẩy, hoặc tất cả bằng dấu chấm phẩy",
        )
    return ";" in heading


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    """Go through the lines that hold something, each under the number of the line it starts on."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for count, cells in enumerate(lines):
            if any(filled(cell) for cell in cells):
                _check_size(count, cells)
                yield Row(start, cells)
            start = lines.line_num + 1
    except csv.Error as error:
        raise UnreadableError(
            f"line {start} cannot be read: {error}", f"không đọc được dòng {start}: {error}"
        ) from error


def _check_size(rows: int, cells: list[str]) -> None:
    if rows > MOST_ROWS or (len(cells) > MOST_COLUMNS and any(map(filled, cells[MOST_COLUMNS:]))):
        raise UnreadableError(
            f"more than {MOST_ROWS} rows or {MOST_COLUMNS} columns",
            f"quá {MOST_ROWS} dòng hoặc {MOST_COLUMNS} cột",
        )
