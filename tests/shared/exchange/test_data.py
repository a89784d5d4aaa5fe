"""An analyst's table becomes figures, and each slip in it is named by line and column."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.composite import Framework, Node
from shared.exchange import data as module
from shared.exchange.data import Data, read_data
from shared.exchange.rows import LARGEST_FILE
from tests.shared.exchange.build import said, written

FRAMEWORK = Framework((Node("index", None), Node("A", "index"), Node("B", "index")))


def read(folder: Path, content: str | bytes, framework: Framework = FRAMEWORK) -> Data:
    return read_data(written(folder / "data.csv", content), framework)


def refused(folder: Path, content: str | bytes, framework: Framework = FRAMEWORK) -> list[str]:
    return said(lambda: read(folder, content, framework))


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    data = read(tmp_path, "unit,B,group,A\nHà Nội,2,hồng,1\nHuế,,,-3.5e2\n")
    assert data.units == ("Hà Nội", "Huế")
    assert data.groups == ("hồng", None)
    np.testing.assert_array_equal(data.raw, [[1, 2], [-350, np.nan]])
    assert data.lines == (2, 3)


def test_without_a_column_there_are_no_groups(tmp_path: Path) -> None:
    assert read(tmp_path, "unit,A,B\nx,1,2\n").groups is None


def test_empty_and_blank_cells_are_missing_figures(tmp_path: Path) -> None:
    data = read(tmp_path, 'unit,A,B\nx,, \ny,"",\u00a0\n')
    assert np.isnan(data.raw).all()


@pytest.mark.parametrize("text", ["1", "+1", "-0.5", ".5", "5.", "1e3", "1E-3", " 7 ", "007"])
def test_a_figure_may_be_written_so(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, f"unit,A,B\nx,{text},0\n").raw[0, 0] == float(text)


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_comes_back_from_its_shortest_text(
    tmp_path_factory: pytest.TempPathFactory, value: float
) -> None:
    data = read(tmp_path_factory.getbasetemp(), f"unit,A,B\nx,{value!r},0\n")
    assert data.raw[0, 0] == value


def test_what_excel_writes_is_read(tmp_path: Path) -> None:
    text = 'unit,"A",B\r\n"Bà Rịa, Vũng Tàu",1,2\r\n\r\n"""Huế""",3,4'
    data = read(tmp_path, b"\xef\xbb\xbf" + text.encode())
    assert data.units == ("Bà Rịa, Vũng Tàu", '"Huế"')
    assert data.lines == (2, 4)


def test_names_are_brought_into_one_form_and_blanks_around_them_left_out(tmp_path: Path) -> None:
    framework = Framework((Node("chỉ số", None),))
    data = read(tmp_path, " unit , chi\u0309 sô\u0301\n Hue\u0302\u0301 ,1\n", framework)
    assert data.units == ("Huế",)


NO_FIGURES = [
    ("1,5", "'1,5' is no figure: write a decimal point and no separators, like 1234.5."),
    ("1,234.5", "'1,234.5' is no figure: write a decimal point and no separators, like 1234.5."),
    ("nan", "'nan' is no figure; leave the cell of a missing figure empty."),
    ("N/A", "'N/A' is no figure; leave the cell of a missing figure empty."),
    ("-", "'-' is no figure; leave the cell of a missing figure empty."),
    ("inf", "'inf' is no figure written like 1234.5."),
    ("-Infinity", "'-Infinity' is no figure written like 1234.5."),
    ("1e999", "'1e999' is too large for a figure."),
    ("1_000", "'1_000' is no figure written like 1234.5."),
    ("1 000", "'1 000' is no figure written like 1234.5."),
    ("12%", "'12%' is no figure written like 1234.5."),
    ("0x10", "'0x10' is no figure written like 1234.5."),
    ("٣", "'٣' is no figure written like 1234.5."),
    (".", "'.' is no figure written like 1234.5."),
    ("\x1b[2J", r"'\x1b[2J' is no figure written like 1234.5."),
]


@pytest.mark.parametrize(("text", "expected"), NO_FIGURES)
def test_a_cell_that_is_no_figure_is_named(tmp_path: Path, text: str, expected: str) -> None:
    assert refused(tmp_path, f'unit,A,B\nx,1,2\ny,3,"{text}"\n') == [
        f"data.csv, line 3, column 'B': {expected}"
    ]


HEADINGS = [
    ("unit,A", "column 'B': The column of this leaf is missing."),
    ("unit,A,B,C", "column 'C': The framework has no leaf with this code."),
    ("unit,A,B,index", "column 'index': The framework has no leaf with this code."),
    ("unit,A,B,A", "column 'A': The column stands here a second time."),
    ("unit,A,B,unit", "column 'unit': The column stands here a second time."),
    ("unit,group,A,B,group", "column 'group': The column stands here a second time."),
    ("unit,A,B,", "column 4: The column has no name."),
]


@pytest.mark.parametrize(("heading", "expected"), HEADINGS)
def test_a_column_that_does_not_fit_the_framework_is_named(
    tmp_path: Path, heading: str, expected: str
) -> None:
    row = ",".join("x" if name == "unit" else "1" for name in heading.split(","))
    assert refused(tmp_path, f"{heading}\n{row}\n") == [f"data.csv, line 1, {expected}"]


NOTHING_TO_READ = [
    ("", "line 1: The file is empty."),
    ("\ufeff", "line 1: The file is empty."),
    ("\n\n", "line 1: The file is empty."),
    ("unit,A,B\n", "line 1: There is no unit below the heading."),
    (
        "unit;A;B\nx;1,5;2\n",
        "line 1: The cells are separated by semicolons; separate them by commas.",
    ),
    ("unit\tA\tB\nx\t1\t2\n", "line 1: The cells are separated by tabs; separate them by commas."),
    ("A,B,unit\n1,2,x\n", "line 1: The first column must be 'unit'; it is 'A'."),
    ("Unit,A,B\nx,1,2\n", "line 1: The first column must be 'unit'; it is 'Unit'."),
    ("\nname\n", "line 2: The first column must be 'unit'; it is 'name'."),
    (b"unit,A,B\nx,1,2\nH\xe0,1,2\n", "line 3: The text is not UTF-8; save it as “CSV UTF-8”."),
    ("unit,A,B\n".encode("utf-16"), "line 1: The text is not UTF-8; save it as “CSV UTF-8”."),
    ('unit,A,B\nx,1,2\n"y,1,2\nz,1,2\n', "line 3: This row is no CSV: unexpected end of data."),
    ('unit,A,B\n"x"y,1,2\n', "line 2: This row is no CSV: ',' expected after '\"'."),
    (
        f"unit,A,B\nx,{'1' * 200_000},2\n",
        "line 2: This row is no CSV: field larger than field limit",
    ),
]


@pytest.mark.parametrize(("content", "expected"), NOTHING_TO_READ)
def test_a_file_that_cannot_be_read_on_is_refused(
    tmp_path: Path, content: str | bytes, expected: str
) -> None:
    (line,) = refused(tmp_path, content)
    assert line.startswith(f"data.csv, {expected}")


def test_a_row_that_does_not_fit_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path, "unit,A,B\nx,1\ny,1,2,3\n,1,2\nx,1,2\nx,3,4\n , , \n") == [
        "data.csv, line 2: There are 2 cells; the heading has 3.",
        "data.csv, line 3: There are 4 cells; the heading has 3.",
        "data.csv, line 4, column 'unit': The unit has no name.",
        "data.csv, line 6, column 'unit': 'x' stands on line 5 already.",
        "data.csv, line 7, column 'unit': The unit has no name.",
    ]


def test_two_units_that_look_the_same_are_the_same(tmp_path: Path) -> None:
    assert refused(tmp_path, "unit,A,B\nHuế,1,2\nHue\u0302\u0301 ,3,4\n") == [
        "data.csv, line 3, column 'unit': 'Huế' stands on line 2 already."
    ]


def test_lines_are_those_of_the_file_where_cells_hold_line_breaks(tmp_path: Path) -> None:
    text = 'unit,"A\n",B\n"x\ny",1,?\n"x\n\ny",?,1\nz,1\n"w\r\n",1,?\n'
    assert refused(tmp_path, text) == [
        "data.csv, line 4, column 'B': '?' is no figure written like 1234.5.",
        "data.csv, line 7, column 'A': '?' is no figure written like 1234.5.",
        "data.csv, line 8: There are 2 cells; the heading has 3.",
        "data.csv, line 10, column 'B': '?' is no figure written like 1234.5.",
    ]


def test_all_mistakes_are_listed_up_to_fifty(tmp_path: Path) -> None:
    assert refused(tmp_path, "unit,A,C\nx,?,1\n,2,?\n") == [
        "data.csv, line 1, column 'C': The framework has no leaf with this code.",
        "data.csv, line 1, column 'B': The column of this leaf is missing.",
        "data.csv, line 2, column 'A': '?' is no figure written like 1234.5.",
        "data.csv, line 3, column 'unit': The unit has no name.",
    ]
    lines = refused(tmp_path, "unit,A,B\n" + "".join(f"u{n},?,1\n" for n in range(1000)))
    assert len(lines) == 51
    assert lines[-1] == "data.csv: stopped after 50 mistakes."


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert said(lambda: read_data(tmp_path / "nix.csv", FRAMEWORK)) == [
        "nix.csv: The file cannot be read: No such file or directory."
    ]


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "data.csv", "unit,A,B\n")
    os.truncate(path, LARGEST_FILE + 1)
    assert said(lambda: read_data(path, FRAMEWORK)) == [
        "data.csv, line 2: The file is larger than 256 MiB."
    ]


def test_more_units_than_a_large_framework_can_bear_are_refused(tmp_path: Path) -> None:
    chain = (Node(f"{depth}", f"{depth - 1}") for depth in range(1, 10_000))
    framework = Framework((Node("0", None), *chain))
    rows = "".join(f"u{number},1\n" for number in range(1_001))
    assert module.MOST_SCORES // len(framework.nodes) == 1_000
    assert refused(tmp_path, f"unit,9999\n{rows}", framework) == [
        "data.csv, line 1002: There are more than 1,000 units, too many for this framework."
    ]
