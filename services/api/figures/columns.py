"""The columns of the sheet of figures: one list for the template, the CSV, the import and the docs. Pure."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

from services.api.deps.levels import in_vietnamese
from services.api.submissions.schemas import FindingCode
from services.api.submissions.words import ANSWERS, STATES

Kind = Literal["answer", "number", "prose", "line", "reason"]


class Column(NamedTuple):
    name: str
    vi: str
    en: str
    width: int = 14
    fill: Kind | None = None  # what a department writes there; None: the column is locked

    @property
    def member(self) -> str:
        """Name the member of a submission, as a pointer does."""
        if self.fill == "reason":
            return f"explanations/{self.name.removeprefix(EXPLAINS)}"
        return self.name


EXPLAINS = "explain_"
STATEMENT = ("stated", "place")  # of the document that is attached
ERROR = "error"
ERROR_HEADING = "Lỗi / Error"
_FINDINGS: dict[str, tuple[str, str]] = {
    "outside_expected": ("ngoài khoảng dự kiến", "outside the expected range"),
    "change_from_last_year": ("chênh lệch so với năm trước", "change from last year"),
    "far_from_history": ("khác xa các năm trước", "far from earlier years"),
    "differs_from_fraction": ("khác tử số / mẫu số", "differs from its fraction"),
    "denominator_change": ("mẫu số thay đổi", "change of the denominator"),
    "denominator_differs": ("mẫu số khác chỉ số liên quan", "denominator differs from others"),
    "evidence_differs": ("khác tài liệu minh chứng", "differs from its evidence"),
    "unit_scale": ("có thể sai đơn vị tính", "may be in another unit"),
    "evidence_not_accepted": ("minh chứng không đúng loại", "evidence of another kind"),
    "evidence_states_nothing": ("tài liệu không nêu số liệu", "stated by no document"),
}
COLUMNS: tuple[Column, ...] = (
    Column("organisation", "Mã cơ quan", "Body's code", 12),
    Column("organisation_name_vi", "Cơ quan", "Body", 26),
    Column("indicator", "Mã chỉ số", "Code of the indicator or component", 11),
    Column("indicator_name_vi", "Chỉ số / hạng mục", "Indicator or component", 44),
    Column("indicator_name_en", "Tên tiếng Anh", "Name in English", 30),
    Column("component_of", "Thuộc chỉ số", "Indicator of which it is a component", 11),
    Column("unit", "Đơn vị tính", "Unit", 14),
    Column("guidance_vi", "Hướng dẫn", "Guidance: how the figure is made and proved", 40),
    Column("guidance_en", "Hướng dẫn (tiếng Anh)", "Guidance in English", 30),
    Column("data_source", "Nguồn theo khung", "Source by the framework", 24),
    Column("lower_bound", "Nhỏ nhất", "Lower bound: nothing below is taken", 11),
    Column("upper_bound", "Lớn nhất", "Upper bound: nothing above is taken", 11),
    Column("expected_low", "Dự kiến từ", "Expected from: below needs a reason", 11),
    Column("expected_high", "Dự kiến đến", "Expected to: above needs a reason", 11),
    Column("role", "Vai trò", "Role", 12),
    Column("due_on", "Hạn nộp", "Last day", 12),
    Column("status", "Tình trạng", "Status of the duty", 12),
    Column("writable", "Được ghi", "Whether you may write it now", 9),
    Column("evidence_required", "Cần minh chứng", "Whether evidence is required", 9),
    Column(
        "accepted_evidence",
        "Minh chứng được nhận",
        "Of which kind one document must be; empty: any",
        20,
    ),
    Column("last_year_period", "Kỳ trước", "Earlier period", 12),
    Column("last_year_value", "Số liệu kỳ trước", "Figure accepted in it", 16),
    Column("answer", "Loại trả lời", "Kind of answer", 20, "answer"),
    Column("value", "Số liệu", "Figure, in the unit", 18, "number"),
    Column("numerator", "Tử số", "Numerator", 18, "number"),
    Column("denominator", "Mẫu số", "Denominator", 18, "number"),
    Column("nil_reason", "Lý do không có số liệu", "Why there is no figure", 30, "prose"),
    Column("note", "Ghi chú", "Note", 30, "prose"),
    Column("source", "Nguồn số liệu", "Where the figure stands", 30, "line"),
    Column("document", "Tài liệu minh chứng", "Document attached", 26),
    Column("stated", "Số ghi trong tài liệu", "Figure as the document states it", 18, "number"),
    Column("place", "Vị trí trong tài liệu", "Where in it, e.g. page and table", 26, "line"),
    Column("findings", "Điểm cần giải thích", "What needs an explanation", 40),
    *(
        Column(
            f"{EXPLAINS}{code}", f"Giải thích: {words[0]}", f"Explains: {words[1]}", 26, "reason"
        )
        for code, words in _FINDINGS.items()
    ),
    Column("state", "Trạng thái bản mới nhất", "State of the newest revision", 12),
    Column("revision", "Lần", "Newest revision", 6),
    Column("decision_reason", "Lý do trả lại", "Reason of its decision", 30),
    Column("made_up", "Dữ liệu giả định", "Made up", 9),
    Column("assignment", "Mã nhiệm vụ (không sửa)", "Duty (leave it)", 38),
    Column("version", "Phiên bản (không sửa)", "Version (leave it)", 20),
)
BY_NAME = {column.name: column for column in COLUMNS}
NAMES = tuple(BY_NAME)
INPUTS = tuple(column for column in COLUMNS if column.fill)
NUMBERS = tuple(column.name for column in INPUTS if column.fill == "number")
KEYS = ("assignment", "version", "organisation", "indicator")  # that an import reads as well
_OF_MEMBER = {column.member: column.name for column in COLUMNS}
ROLES = {
    "lead": "Chủ trì",
    "joint_lead": "Đồng chủ trì",
    "cooperating": "Phối hợp",
    "requested": "Được đề nghị phối hợp",
}
STATUSES = {
    "open": "Chưa nộp",
    "submitted": "Đã nộp, chờ duyệt",
    "returned": "Bị trả lại",
    "accepted": "Đã tiếp nhận",
    "nil": "Đã tiếp nhận: không có số liệu",
    "excused": "Được miễn",
}
NO_UNIT = "(chưa quy định)"
# Columns that a workbook tells in words; CSV and JSON keep the codes.
_WORDS: dict[str, Mapping[str, str]] = {
    "answer": ANSWERS,
    "role": ROLES,
    "status": STATUSES,
    "state": STATES,
}
assert set(_FINDINGS) == set(get_args(FindingCode))


def column_of(member: str) -> str:
    """Name the column of a submission's member; "" is the row."""
    if member.startswith("evidence/"):
        member = member.rpartition("/")[2]
    whole = member.partition("/")[0]
    return _OF_MEMBER.get(member, whole if whole in BY_NAME else "")


def cells_of(row: dict[str, Any], *, words: bool) -> dict[str, Any]:
    """Lay a row out under the columns; with ``words`` codes are told in Vietnamese."""
    cells = {name: row.get(name) for name in NAMES}
    last = row["last_year"] or {}
    cells["last_year_period"], cells["last_year_value"] = last.get("period"), last.get("value")
    cells["findings"] = "\n".join(finding["vi"] for finding in row["findings"])
    for code, reason in row["explanations"].items():
        cells[f"{EXPLAINS}{code}"] = reason
    cells["accepted_evidence"] = (in_vietnamese if words else ", ".join)(row["accepted_evidence"])
    return cells | _in_words(cells) if words else cells


def _in_words(cells: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: said[cells[name]] for name, said in _WORDS.items() if cells[name]}
    return {**told, "unit": cells["unit"] or NO_UNIT}
