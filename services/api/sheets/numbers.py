"""Numbers as spreadsheets write them; what could be read in two ways is refused."""

import math
import re

from services.api.deps.fields import MOST_FIGURE
from services.api.sheets.faults import Said, shown

LONGEST = 40  # characters
NUMBER = Said("is no number: write it like 1234.5", "không phải là số: hãy viết như 1234.5")
NUMBER_WITH_COMMA = Said(
    "is no number: write it like 1234.5, 1234,5 or 1.234,5",
    "không phải là số: hãy viết như 1234.5, 1234,5 hoặc 1.234,5",
)

_EXPONENT = r"(?:[eE][+-]?\d{1,3})?"
_POINT = re.compile(rf"[+-]?(?:\d+(?:\.\d*)?|\.\d+){_EXPONENT}", re.ASCII)
_COMMA = re.compile(rf"[+-]?\d+,\d+{_EXPONENT}", re.ASCII)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?", re.ASCII)
_TWO_WAYS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)


def number_in(text: str, *, comma: bool) -> float | Said:
    """Read a figure of a locality, or say what is wrong with it; ``comma`` as in ``written_number``."""
    found = written_number(text, comma=comma)
    return found if isinstance(found, Said) else sensible(found)


def written_number(text: str, *, comma: bool) -> float | Said:
    """Read a number of any size, infinity included.

    ``comma``: a decimal comma, with points between the thousands, is allowed beside the decimal point, as
    Vietnamese Excel writes CSV; then 1.234 could be either and is refused.
    """
    if len(text) > LONGEST:
        return _not_one(text, comma=comma)
    if comma and _TWO_WAYS.fullmatch(text):
        whole, decimals = text.replace(".", ""), text.replace(".", ",")
        return Said(
            f"{shown(text)} can be read in two ways: write {whole} or {decimals}",
            f"{shown(text)} có hai cách hiểu: hãy viết {whole} hoặc {decimals}",
        )
    if comma and _GROUPED.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif comma and _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    elif not _POINT.fullmatch(text):
        return _not_one(text, comma=comma)
    return float(text)


def sensible(value: float) -> float | Said:
    """Refuse what no figure of a locality can be."""
    if not math.isfinite(value) or abs(value) > MOST_FIGURE:
        return Said(
            f"{value:g} is too large to be a figure of a locality",
            f"{value:g} quá lớn, không thể là số liệu của một địa phương",
        )
    return value


def _not_one(text: str, *, comma: bool) -> Said:
    wanted = NUMBER_WITH_COMMA if comma else NUMBER
    return Said(f"{shown(text)} {wanted.english}", f"{shown(text)} {wanted.vietnamese}")
