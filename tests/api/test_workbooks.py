"""A workbook is looked at part by part: whatever a part is called or written in, it has no entities of its own."""

import io
import zipfile

import pytest

from services.api.sheets.faults import Said
from services.api.sheets.workbooks import UnreadableError, read_workbook
from tests.api.test_panel_import import FORMULA, GOOD, NO_RESULT, SHEET, repacked

ENTITIES = '<!DOCTYPE worksheet [<!ENTITY a "Huế"><!ENTITY b "&a;&a;&a;">]>'


def called(content: bytes, name: str) -> bytes:
    """Give the sheet's part another name, and say so where the workbook names its parts."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for part in archive.namelist():
            data = archive.read(part)
            if part == "[Content_Types].xml" or part.endswith("workbook.xml.rels"):
                data = data.replace(b"worksheets/sheet1.xml", name.encode())
            changed.writestr(f"xl/{name}" if part == SHEET else part, data)
    return made.getvalue()


def written(content: bytes, encoding: str, *, declared: str | None = None) -> bytes:
    """Write the sheet's part in another encoding."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for part in archive.namelist():
            data = archive.read(part)
            if part == SHEET:
                said = f'<?xml version="1.0" encoding="{declared or encoding}"?>'
                text = data.decode().partition("?>")[2] or data.decode()
                data = said.encode("ascii" if declared else encoding) + text.encode(encoding)
            changed.writestr(part, data)
    return made.getvalue()


def test_a_sheet_is_read_whatever_its_part_is_called() -> None:
    sheet = read_workbook(io.BytesIO(called(GOOD, "tables/sheet.dat")), name="x")
    assert [row.cells for row in sheet.rows] == [["hue", "Huế", 6, 5]]


def test_a_formula_without_a_result_is_seen_whatever_its_part_is_called() -> None:
    content = called(repacked(FORMULA, SHEET, NO_RESULT, ""), "tables/sheet.dat")
    (row,) = read_workbook(io.BytesIO(content), name="x").rows
    assert isinstance(row.cells[2], Said)


@pytest.mark.parametrize("name", ["worksheets/sheet1.dat", "tables/sheet", "worksheets/a.XML"])
def test_entities_are_refused_whatever_their_part_is_called(name: str) -> None:
    content = called(repacked(GOOD, SHEET, "<worksheet", ENTITIES + "<worksheet"), name)
    with pytest.raises(UnreadableError, match="DOCTYPE"):
        read_workbook(io.BytesIO(content), name="x")


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-16", None),
        ("utf-16-le", None),
        ("utf-16-be", None),
        ("utf-32", None),
        ("utf-32-be", None),
        ("cp037", None),
        ("cp037", "cp037"),
        ("utf-8", "iso-8859-1"),
        ("utf-8", "windows-1258"),
    ],
)
def test_a_part_in_another_encoding_is_refused(encoding: str, declared: str | None) -> None:
    content = written(GOOD, encoding, declared=declared)
    with pytest.raises(UnreadableError, match="UTF-8"):
        read_workbook(io.BytesIO(content), name="x")


@pytest.mark.parametrize("declared", ["UTF-8", "utf-8", "US-ASCII"])
def test_what_says_that_it_is_in_utf_8_is_read(declared: str) -> None:
    sheet = read_workbook(io.BytesIO(written(GOOD, "utf-8", declared=declared)), name="x")
    assert len(sheet.rows) == 1
