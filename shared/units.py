"""By what a fraction is multiplied to be in a unit: 100 for per cent, 10 000 for "/10.000 dân". Pure."""

import re
import unicodedata

_WORDS = {
    "trăm": 1e2,
    "nghìn": 1e3,
    "ngàn": 1e3,
    "vạn": 1e4,
    "triệu": 1e6,
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
}
_SHARES = {"%": 100.0, "‰": 1000.0}
_IN_WORDS = {"phần trăm": 100.0, "phần nghìn": 1000.0, "per cent": 100.0, "percent": 100.0}
# "/10.000 dân", "trên 1.000 doanh nghiệp", "per 100,000", "/vạn dân", "/100 nghìn người"
_PER = re.compile(
    r"(?:/|\btrên|\bper)\s*"
    r"(?P<number>[1-9]\d{0,2}(?:[.,\u00a0 ]\d{3})+(?!\d)|[1-9]\d*(?![\d.,]\d))?"
    rf"\s*(?P<word>{'|'.join(_WORDS)})?\b"
)
_POWERS = frozenset(10.0**power for power in range(1, 10))


def scale_of(unit: str) -> float:
    """Give 1 for a unit that says nothing of the kind: "tỷ lệ", "điểm", "số/xã" are left as they are."""
    said = unicodedata.normalize("NFC", unit).casefold().strip()
    if said[:1] in _SHARES:
        return _SHARES[said[:1]]
    for words, scale in _IN_WORDS.items():
        if words in said:
            return scale
    for found in _PER.finditer(said):
        scale = _whole(found["number"]) * _WORDS.get(found["word"] or "", 1.0)
        if scale in _POWERS:
            return scale
    return 1.0


def _whole(number: str | None) -> float:
    return float(re.sub(r"\D", "", number)) if number else 1.0
