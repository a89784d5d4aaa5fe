"""What looks odd about a figure: soft rules, which ask for an explanation and refuse nothing."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.api.submissions.figures import Rules, ratio

ENOUGH = 4  # figures of earlier years, before their spread says anything


class Known(NamedTuple):
    """An accepted figure of an earlier year."""

    value: float
    denominator: float | None


class Finding(NamedTuple):
    code: str
    english: str
    vietnamese: str
    figures: dict[str, float | None]

    def written(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "en": self.english,
            "vi": self.vietnamese,
            "figures": self.figures,
        }


@dataclass(frozen=True)
class Past:
    """What a figure is held against: the city's accepted figures by year, others' denominators by code."""

    year: int
    years: Mapping[int, Known] = field(default_factory=dict)
    denominators: Mapping[str, float] = field(default_factory=dict)
    stated: Sequence[float] = ()  # by its evidence
    unstated: bool = False  # a document should state it, and none does

    @property
    def last(self) -> Known | None:
        return self.years.get(self.year - 1)


def needs_past(rules: Rules) -> bool:
    return bool(rules.change_percent or rules.deviations or rules.denominator_change_percent)


def findings(content: Mapping[str, Any], rules: Rules, past: Past) -> list[Finding]:
    """List what needs an explanation, in a fixed order."""
    if content["value"] is None:
        return []
    made: list[Finding] = [
        *_outside_expected(content["value"], rules),
        *_changed(content["value"], rules, past),
        *_far_from_history(content["value"], rules, past),
        *_not_its_fraction(content, rules),
        *_denominator_changed(content["denominator"], rules, past),
        *_denominator_differs(content["denominator"], rules, past),
        *_evidence_differs(content["value"], rules, past),
        *_evidence_states_nothing(content["value"], past),
    ]
    return made


def _outside_expected(value: float, rules: Rules) -> Iterator[Finding]:
    low, high = rules.expected_low, rules.expected_high
    if (low is not None and value < low) or (high is not None and value > high):
        yield Finding(
            "outside_expected",
            f"The figure {_en(value)} is outside what is expected: {_en(low)} to {_en(high)}.",
            f"Số liệu {_vi(value)} nằm ngoài khoảng dự kiến: từ {_vi(low)} đến {_vi(high)}.",
            {"value": value, "expected_low": low, "expected_high": high},
        )


def _percent(now: float, before: float) -> float:
    """Change in per cent of what it was; infinite from zero."""
    if now == before:
        return 0.0
    return abs(now - before) / abs(before) * 100 if before else math.inf


def _changed(value: float, rules: Rules, past: Past) -> Iterator[Finding]:
    limit, last = rules.change_percent, past.last
    if limit is None or last is None:
        return
    change = _percent(value, last.value)
    if change > limit:
        yield Finding(
            "change_from_last_year",
            f"The figure {_en(value)} is {_en(change)} % away from last year's {_en(last.value)}; "
            f"more than {_en(limit)} % asks for a reason.",
            f"Số liệu {_vi(value)} chênh {_vi(change)} % so với năm trước ({_vi(last.value)}); "
            f"chênh trên {_vi(limit)} % cần giải thích.",
            {"value": value, "last_year": last.value, "change_percent": _finite(change)},
        )


def _far_from_history(value: float, rules: Rules, past: Past) -> Iterator[Finding]:
    limit, known = rules.deviations, [figure.value for figure in past.years.values()]
    if limit is None or len(known) < ENOUGH:
        return
    mean, spread = statistics.fmean(known), statistics.stdev(known)
    if value == mean:
        return
    far = abs(value - mean) / spread if spread else math.inf
    if far > limit:
        yield Finding(
            "far_from_history",
            f"The figure {_en(value)} is {_en(far)} standard deviations away from the mean "
            f"{_en(mean)} of {len(known)} earlier years.",
            f"Số liệu {_vi(value)} cách trung bình {_vi(mean)} của {len(known)} năm trước "
            f"{_vi(far)} lần độ lệch chuẩn.",
            {"value": value, "mean": mean, "deviation": spread, "deviations": _finite(far)},
        )


def _not_its_fraction(content: Mapping[str, Any], rules: Rules) -> Iterator[Finding]:
    fraction, value = ratio(content, rules.scale), content["value"]
    if fraction is not None and not rules.same(value, fraction):
        yield Finding(
            "differs_from_fraction",
            f"The figure {_en(value)} is not numerator / denominator x {_en(rules.scale)} "
            f"= {_en(fraction)}.",
            f"Số liệu {_vi(value)} không bằng tử số / mẫu số x {_vi(rules.scale)} "
            f"= {_vi(fraction)}.",
            {"value": value, "fraction": fraction, "scale": rules.scale},
        )


def _denominator_changed(denominator: float | None, rules: Rules, past: Past) -> Iterator[Finding]:
    limit, last = rules.denominator_change_percent, past.last
    if limit is None or last is None or denominator is None or last.denominator is None:
        return
    change = _percent(denominator, last.denominator)
    if change > limit:
        yield Finding(
            "denominator_change",
            f"The denominator {_en(denominator)} is {_en(change)} % away from last year's "
            f"{_en(last.denominator)}.",
            f"Mẫu số {_vi(denominator)} chênh {_vi(change)} % so với năm trước "
            f"({_vi(last.denominator)}).",
            {
                "denominator": denominator,
                "last_year": last.denominator,
                "change_percent": _finite(change),
            },
        )


def _denominator_differs(denominator: float | None, rules: Rules, past: Past) -> Iterator[Finding]:
    if denominator is None:
        return
    others = {
        code: past.denominators[code]
        for code in rules.same_denominator_as
        if code in past.denominators and not rules.same(denominator, past.denominators[code])
    }
    if others:
        yield Finding(
            "denominator_differs",
            f"The denominator {_en(denominator)} differs from that of "
            + ", ".join(f"{code} ({_en(other)})" for code, other in others.items())
            + ".",
            f"Mẫu số {_vi(denominator)} khác mẫu số của "
            + ", ".join(f"{code} ({_vi(other)})" for code, other in others.items())
            + ".",
            {"denominator": denominator, **others},
        )


def _evidence_differs(value: float, rules: Rules, past: Past) -> Iterator[Finding]:
    others = [stated for stated in past.stated if not rules.same(value, stated)]
    if others:
        yield Finding(
            "evidence_differs",
            f"The figure {_en(value)} is not what its evidence states: "
            f"{'; '.join(_en(other) for other in others)}.",
            f"Số liệu {_vi(value)} không khớp tài liệu minh chứng: "
            f"{'; '.join(_vi(other) for other in others)}.",
            {"value": value, **{f"stated_{place}": other for place, other in enumerate(others, 1)}},
        )


def _evidence_states_nothing(value: float, past: Past) -> Iterator[Finding]:
    if past.unstated:
        yield Finding(
            "evidence_states_nothing",
            f"No document states the figure {_en(value)} and where it stands: give stated and place.",
            f"Chưa có tài liệu nào nêu số liệu {_vi(value)} và vị trí của nó: hãy ghi stated và place.",
            {"value": value},
        )


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _en(number: float | None) -> str:
    if number is None:
        return "any"
    return f"{number:,.6g}" if math.isfinite(number) else "infinitely many"


def _vi(number: float | None) -> str:
    if number is None:
        return "bất kỳ"
    if not math.isfinite(number):
        return "vô cùng"
    return f"{number:,.6g}".translate(str.maketrans(",.", ".,"))
