"""The table that goes with the official letter, in the form of decree 30/2020; pure.

A4 on its side, margins 20 mm above, below and on the right, 30 mm on the left; Times New Roman 13, black; the page number
in the middle at the top from page 2, the table's header on every page. What only the office can know
(who issues it, its number, place and date, who signs) is left to be filled in.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from services.api.deps.clock import HANOI
from services.api.deps.digits import rounded
from services.api.deps.tables import without_times
from services.api.packs.head import Head
from services.api.packs.wording import ANSWERS, MADE_UP, ROLES, day, written

FONT, SIZE = "Times New Roman", 13
BLANK = "…………………"
ROUNDED = "Ghi chú: số liệu trong bảng đã làm tròn; đầy đủ chữ số xem tệp so-lieu.xlsx kèm theo."
# Name: width in mm; together as wide as the page between its margins.
COLUMNS: Mapping[str, int] = {
    "STT": 12,
    "Mã chỉ số": 21,
    "Tên chỉ số, hạng mục": 42,
    "Đơn vị tính": 20,
    "Số liệu": 27,
    "Tử số": 24,
    "Mẫu số": 24,
    "Cơ quan": 27,
    "Tài liệu minh chứng": 30,
    "Ghi chú": 20,
}
NUMBERS = ("Số liệu", "Tử số", "Mẫu số")
_CENTRE, _LEFT, _RIGHT = (
    WD_ALIGN_PARAGRAPH.CENTER,
    WD_ALIGN_PARAGRAPH.LEFT,
    WD_ALIGN_PARAGRAPH.RIGHT,
)


def letter(head: Head, rows: Sequence[Mapping[str, Any]]) -> bytes:
    document = docx.Document()
    _set_page(document, head)
    _heading(document)
    _title(document, head)
    _table(document, [_cells(row) for row in rows])
    if any(map(_is_rounded, rows)):
        _said(document.add_paragraph(), ROUNDED, italic=True)
    _signature(document)
    properties = document.core_properties
    properties.author, properties.title = "", f"Bảng số liệu {head.name}"
    made_at = head.made_at.astimezone(HANOI).replace(tzinfo=None, microsecond=0)
    properties.created = properties.modified = made_at
    written_file = io.BytesIO()
    document.save(written_file)
    return without_times(written_file.getvalue())


def _cells(row: Mapping[str, Any]) -> list[str]:
    name = row["name_vi"] + (f" ({row['component']})" if row["component"] else "")
    answer = _rounded(row["value"], row["decimals"])
    if row["value"] is None:
        answer = ": ".join(part for part in (ANSWERS[row["answer"]], row["reason"]) if part)
    body = row["organisation_name_vi"]
    if row["role"] in ROLES and row["role"] != "lead":
        body += f" ({ROLES[row['role']]})"
    return [
        str(row["row"]),
        row["indicator"],
        name,
        row["unit"],
        answer,
        _rounded(row["numerator"]),
        _rounded(row["denominator"]),
        body,
        "\n".join(map(_document, row["evidence"], row["documents"])),
        row["note"],
    ]


def _rounded(value: float | None, decimals: int | None = None) -> str:
    return "" if value is None else written(rounded(value, decimals))


def _is_rounded(row: Mapping[str, Any]) -> bool:
    """Tell whether the letter has fewer digits of a row than the sheet."""
    numbers = (
        (row["value"], row["decimals"]),
        (row["numerator"], None),
        (row["denominator"], None),
    )
    return any(value is not None and rounded(value, least) != value for value, least in numbers)


def _document(number: str, said: Mapping[str, Any]) -> str:
    when = f"ngày {day(said['document_date'])}" if said["document_date"] else ""
    parts = (said["document_number"], when, said["issuer"])
    about = ", ".join(part for part in parts if part)
    return f"{number}: {about}" if about else number


def _set_page(document: Any, head: Head) -> None:
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(SIZE)
    normal.font.color.rgb = RGBColor(0, 0, 0)
    fonts = normal.element.rPr.rFonts
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), FONT)
    normal.paragraph_format.space_before = normal.paragraph_format.space_after = Pt(0)
    page = document.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = Mm(297), Mm(210)
    page.top_margin = page.bottom_margin = page.right_margin = Mm(20)
    page.left_margin = Mm(30)
    page.header_distance = Mm(10)
    page.different_first_page_header_footer = True
    number = page.header.paragraphs[0]
    number.style = normal
    number.alignment = _CENTRE
    _field(number, "PAGE")
    if head.made_up:
        for heading in (page.first_page_header, page.header):
            _said(heading.add_paragraph(style=normal), MADE_UP, align=_CENTRE, bold=True)


def _field(paragraph: Any, code: str) -> None:
    """Let the program that shows the document fill in what only it knows."""
    for kind, said in (("begin", None), (None, code), ("end", None)):
        run = paragraph.add_run()
        if kind is None:
            told = OxmlElement("w:instrText")
            told.text = said
        else:
            told = OxmlElement("w:fldChar")
            told.set(qn("w:fldCharType"), kind)
        run._r.append(told)  # noqa: SLF001 python-docx has no fields of its own


def _said(paragraph: Any, text: str, *, align: Any = _LEFT, **looks: bool) -> None:
    paragraph.alignment = align
    run = paragraph.add_run(text)
    for look, on in looks.items():
        setattr(run, look, on)


def _heading(document: Any) -> None:
    """Name the state as the decree does; who issues it, its number, place and day are blanks."""
    left, right = document.add_table(rows=1, cols=2).rows[0].cells
    _said(left.paragraphs[0], BLANK, align=_CENTRE, bold=True)
    _said(left.add_paragraph(), f"Số: {BLANK}", align=_CENTRE)
    state, motto = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
    _said(right.paragraphs[0], state, align=_CENTRE, bold=True)
    _said(right.add_paragraph(), motto, align=_CENTRE, bold=True)
    dated = f"{BLANK}, ngày … tháng … năm ……"
    _said(right.add_paragraph(), dated, align=_CENTRE, italic=True)


def _title(document: Any, head: Head) -> None:
    _said(document.add_paragraph(), "", align=_CENTRE)
    title = f"BẢNG SỐ LIỆU BỘ CHỈ SỐ ĐỔI MỚI SÁNG TẠO CẤP ĐỊA PHƯƠNG NĂM {head.framework}"
    _said(document.add_paragraph(), title, align=_CENTRE, bold=True)
    sent = f"(Kèm theo Công văn số {BLANK} ngày … tháng … năm …… của {BLANK})"
    _said(document.add_paragraph(), sent, align=_CENTRE, italic=True)
    if head.made_up:
        _said(document.add_paragraph(), MADE_UP, align=_CENTRE, bold=True)
    made = (
        f"{head.period_told}, số liệu năm {head.reference_year}; "
        f"gói số {head.number} lập ngày {day(head.made_at.astimezone(HANOI).date())}"
    )
    _said(document.add_paragraph(), made, align=_CENTRE)
    _said(document.add_paragraph(), "")


def _table(document: Any, lines: Iterable[Sequence[str]]) -> None:
    table = document.add_table(rows=1, cols=len(COLUMNS), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, COLUMNS.values(), strict=True):
        column.width = Mm(width)
    _fill(table.rows[0], list(COLUMNS), heading=True)
    _mark(table.rows[0], "w:tblHeader")
    for line in lines:
        row = table.add_row()
        _fill(row, line)
        _mark(row, "w:cantSplit")


def _fill(row: Any, said: Sequence[str], *, heading: bool = False) -> None:
    for cell, (name, width), text in zip(row.cells, COLUMNS.items(), said, strict=True):
        cell.width = Mm(width)
        align = _CENTRE if heading or name == "STT" else _RIGHT if name in NUMBERS else _LEFT
        _said(cell.paragraphs[0], text, align=align, bold=heading)


def _mark(row: Any, name: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(name))  # noqa: SLF001 python-docx has no name for it


def _signature(document: Any) -> None:
    _said(document.add_paragraph(), "")
    left, right = document.add_table(rows=1, cols=2).rows[0].cells
    _said(left.paragraphs[0], "Nơi nhận:", bold=True, italic=True)
    _said(left.add_paragraph(), f"- {BLANK}")
    _said(right.paragraphs[0], BLANK, align=_CENTRE, bold=True)
    _said(right.add_paragraph(), "(Chữ ký, họ và tên)", align=_CENTRE, italic=True)
