"""The figures and the gaps as tables: numbers stay numbers, text is never run as a formula; pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.api.deps.tables import as_csv, as_xlsx
from services.api.packs.head import Head
from services.api.packs.wording import (
    ANSWERS,
    GAPS,
    LEVELS,
    MADE_UP,
    PRESENCE,
    day,
    moment,
    written,
)

FIGURES = (
    "STT",
    "Mã chỉ số",
    "Hạng mục",
    "Tên",
    "Đơn vị tính",
    "Loại trả lời",
    "Giá trị",
    "Tử số",
    "Mẫu số",
    "Lý do không có số liệu",
    "Cơ quan chủ trì",
    "Minh chứng",
    "Số văn bản",
    "Ngày văn bản",
    "Cơ quan ban hành",
    "Nguồn",
    "Ghi chú",
)
LACKING = (
    "STT",
    "Mã chỉ số",
    "Hạng mục",
    "Tên",
    "Cơ quan chủ trì",
    "Thiếu gì",
    "Minh chứng",
    "Chi tiết",
)
DOCUMENTS = (
    "Minh chứng",
    "Tên tệp khi nộp",
    "Đường dẫn trong gói",
    "Tình trạng",
    "Mức",
    "Số văn bản",
    "Ngày văn bản",
    "Cơ quan ban hành",
    "Số trang",
    "Liên kết",
    "Chứng minh cho dòng",
    "SHA-256",
)

Rows = Sequence[Mapping[str, Any]]
Table = tuple[Sequence[str], list[dict[str, Any]]]


def workbook(head: Head, rows: Rows, evidence: Rows, gaps: Rows) -> bytes:
    return as_xlsx(
        {
            "so-lieu": _marked(head, FIGURES, figure_lines(rows)),
            "thieu": _marked(head, LACKING, gap_lines(gaps)),
            "minh-chung": _marked(head, DOCUMENTS, _document_lines(evidence)),
            "goi": _marked(head, ("Mục", "Nội dung"), _head_lines(head)),
        }
    )


def figures_csv(head: Head, rows: Rows) -> bytes:
    return as_csv(*_marked(head, FIGURES, figure_lines(rows)))


def gaps_csv(head: Head, gaps: Rows) -> bytes:
    return as_csv(*_marked(head, LACKING, gap_lines(gaps)))


def _marked(head: Head, columns: Sequence[str], lines: Iterable[dict[str, Any]]) -> Table:
    """Say of made-up figures what they are, in the header and on every line: a table may be cut."""
    if not head.made_up:
        return columns, [*lines]
    return (*columns, MADE_UP), [{**line, MADE_UP: MADE_UP} for line in lines]


def figure_lines(rows: Rows) -> list[dict[str, Any]]:
    return [
        {
            "STT": row["row"],
            "Mã chỉ số": row["indicator"],
            "Hạng mục": row["component"],
            "Tên": row["name_vi"],
            "Đơn vị tính": row["unit"],
            "Loại trả lời": ANSWERS[row["answer"]],
            "Giá trị": row["value"],
            "Tử số": row["numerator"],
            "Mẫu số": row["denominator"],
            "Lý do không có số liệu": row["reason"],
            "Cơ quan chủ trì": row["organisation_name_vi"],
            "Minh chứng": "; ".join(row["evidence"]),
            "Số văn bản": _joined(document["document_number"] for document in row["documents"]),
            "Ngày văn bản": _joined(
                day(document["document_date"]) for document in row["documents"]
            ),
            "Cơ quan ban hành": _joined(document["issuer"] for document in row["documents"]),
            "Nguồn": row["source"],
            "Ghi chú": row["note"],
        }
        for row in rows
    ]


def _joined(parts: Iterable[str]) -> str:
    """Write what several documents say in their order; a dash stands where one says nothing."""
    said = [*parts]
    return "; ".join(part or "–" for part in said) if any(said) else ""


def gap_lines(gaps: Rows) -> list[dict[str, Any]]:
    return [
        {
            "STT": number,
            "Mã chỉ số": gap["indicator"],
            "Hạng mục": gap["component"],
            "Tên": gap["name_vi"],
            "Cơ quan chủ trì": gap["organisation_name_vi"],
            "Thiếu gì": GAPS[gap["kind"]],
            "Minh chứng": gap["evidence"],
            "Chi tiết": gap["detail"],
        }
        for number, gap in enumerate(gaps, 1)
    ]


def _document_lines(evidence: Rows) -> list[dict[str, Any]]:
    return [
        {
            "Minh chứng": document["number"],
            "Tên tệp khi nộp": document["filename"],
            "Đường dẫn trong gói": document["path"],
            "Tình trạng": PRESENCE[document["presence"]],
            "Mức": LEVELS[document["level"]],
            "Số văn bản": document["document_number"],
            "Ngày văn bản": day(document["document_date"]),
            "Cơ quan ban hành": document["issuer"],
            "Số trang": document["pages"],
            "Liên kết": document["url"],
            "Chứng minh cho dòng": "; ".join(_proof(proof) for proof in document["proves"]),
            "SHA-256": None if document["url"] else document["sha256"],
        }
        for document in evidence
    ]


def _proof(proof: Mapping[str, Any]) -> str:
    stated = "" if proof["stated"] is None else f"nêu {written(proof['stated'])}"
    said = ", ".join(part for part in (proof["place"], stated) if part)
    return f"{proof['row']} ({said})" if said else str(proof["row"])


def _head_lines(head: Head) -> list[dict[str, Any]]:
    said = {
        "Gói số": head.number,
        "Mã gói": str(head.id),
        "Kỳ": head.period_told,
        "Năm số liệu": head.reference_year,
        "Bộ chỉ số": f"năm {head.framework}, bản {head.framework_revision}",
        "Lần tính": str(head.run or ""),
        "Lập lúc": moment(head.made_at),
        "Ghi chú": head.note,
    }
    return [{"Mục": name, "Nội dung": value} for name, value in said.items()]
