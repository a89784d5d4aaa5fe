"""The words of the picture and how it writes numbers and dates, Vietnamese and English. Pure."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from services.api.deps.clock import HANOI

Language = Literal["vi", "en"]
Layout = Literal["tall", "wide"]
MADE_UP = "SỐ LIỆU MINH HỌA / MADE-UP DATA"

WORDS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "vi": {
            "estimate": "Ước tính, không phải kết quả chính thức",
            "score": "điểm",
            "rank": "hạng",
            "coverage": "Có điểm: {scored}/{all} chỉ số",
            "run": "Lần tính {number}, ngày {day}",
            "no_run": "Chưa có lần tính nào",
            "stale": "Đã có số liệu mới hơn, chưa được tính vào đây",
            "pillars": "Điểm các trụ cột, thang {low}–{high}; kèm hạng/số địa phương",
            "unscaled": "Phương pháp này không có thang điểm chung: xem hạng của từng trụ cột dưới đây",
            "indicators": "Thứ hạng từng chỉ số",
            "position": "Trên cùng là hạng 1, dưới cùng là hạng cuối; trong ô là hạng/số địa phương",
            "rank_1": "Hạng 1",
            "top_ten": "Trong 10 hạng đầu",
            "middle": "Ở giữa",
            "last_third": "Một phần ba cuối",
            "not_compared": "Không có địa phương nào để so",
            "not_available": "Không tính được (n/a)",
            "others": "Khác",
            "assumed": "Kết quả dựa trên {number} giả định chưa được xác nhận.",
            "strengths": "Tốt nhất theo hạng",
            "weaknesses": "Kém nhất theo hạng",
        },
        "en": {
            "estimate": "Estimate, not an official result",
            "score": "points",
            "rank": "rank",
            "coverage": "With a score: {scored} of {all} indicators",
            "run": "Run {number} of {day}",
            "no_run": "Nothing has been calculated yet",
            "stale": "There are newer figures that are not in it yet",
            "pillars": "Scores of the pillars, {low}–{high}; with rank/number of localities",
            "unscaled": "This method has no common scale of scores: see each pillar's rank below",
            "indicators": "Rank of each indicator",
            "position": "At the top is rank 1, at the bottom the last; each box has rank/number of localities",
            "rank_1": "Rank 1",
            "top_ten": "Top ten",
            "middle": "Middle",
            "last_third": "Last third",
            "not_compared": "Nobody to compare with",
            "not_available": "Not available (n/a)",
            "others": "Others",
            "assumed": "The result rests on {number} assumptions that nobody has confirmed.",
            "strengths": "Best by rank",
            "weaknesses": "Worst by rank",
        },
    }
)


def named(entry: Mapping[str, Any], language: Language) -> str:
    """Give the name in this language, else in the other, else the code."""
    names = [entry["name_vi"], entry["name_en"]]
    first, second = names if language == "vi" else reversed(names)
    return str(first or second or entry.get("code", ""))


def number(value: float | None, digits: int, language: Language) -> str:
    """Write 1.234,56 in Vietnamese and 1,234.56 in English; n/a is never zero."""
    if value is None:
        return "n/a"
    written = f"{value:,.{digits}f}"
    return written.translate(str.maketrans(",.", ".,")) if language == "vi" else written


def place(entry: Mapping[str, Any]) -> str:
    """Write rank/n."""
    return "n/a" if entry["rank"] is None else f"{entry['rank']}/{entry['ranked']}"


def result(entry: Mapping[str, Any], language: Language) -> str:
    """Write the score and, in brackets, rank/n."""
    if entry["score"] is None:
        return "n/a"
    return f"{number(entry['score'], 1, language)} ({place(entry)})"


def day(moment: datetime, language: Language) -> str:
    """Write the day in Hanoi."""
    there = moment.astimezone(HANOI)
    return f"{there:%d/%m/%Y}" if language == "vi" else f"{there:%Y-%m-%d}"
