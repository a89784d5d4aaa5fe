"""What looks odd about a figure: soft rules, which ask for an explanation and refuse nothing."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.api.deps.levels import in_english, in_vietnamese
from services.api.submissions.figures import Rules, ratio, same
from services.api.submissions.powers import power_between
from services.api.submissions.words import en, vi

ENOUGH = 3  # figures of earlier years, before their spread says anything
# How near to a power of ten: a fraction is exact, a year's change is not.
FRACTION_IS_OFF, YEAR_IS_OFF = 0.02, 0.2


class Known(NamedTuple):
    """An accepted figure of an earlier year."""

    value: float
    denominator: float | None


class Neighbour(NamedTuple):
    """The denominator of an indicator that must state the same one, and how far they may lie apart."""

    denominator: float
    tolerance: float


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
    """What a figure is held against: the city's accepted figures by year, its neighbours, its evidence."""

    year: int
    years: Mapping[int, Known] = field(default_factory=dict)
    neighbours: Mapping[str, Neighbour] = field(default_factory=dict)
    stated: Sequence[float] = ()  # by its evidence
    accepted: Sequence[
        str
    ] = ()  # levels of evidence, one of which must be; any where none is named
    levels: Sequence[str] = ()  # of the documents that count
    unstated: bool = False  # a document should state it, and none does

    @property
    def last(self) -> Known | None:
        return self.years.get(self.year - 1)


def findings(content: Mapping[str, Any], rules: Rules, past: Past) -> list[Finding]:
    """List what needs an explanation, in a fixed order."""
    if content["value"] is None:
        # Of a figure that a central body publishes, only the document that says so is seen.
        asked = content.get("answer") == "central_source"
        return [*_evidence_not_accepted(past)] if asked else []
    made: list[Finding] = [
        *_outside_expected(content["value"], rules),
        *_changed(content["value"], rules, past),
        *_far_from_history(content["value"], rules, past),
        *_of_fraction(content, rules, past),
        *_denominator_changed(content["denominator"], rules, past),
        *_denominator_differs(content["denominator"], past),
        *_evidence_differs(content["value"], rules, past),
        *_evidence_not_accepted(past),
        *_evidence_states_nothing(content["value"], past),
    ]
    return made


def _of_fraction(content: Mapping[str, Any], rules: Rules, past: Past) -> Iterator[Finding]:
    """Take a figure that is off by a power of ten for what it is, and not for one that differs by chance."""
    value, fraction = content["value"], ratio(content, rules.scale)
    differs = fraction is not None and not rules.same(value, fraction)
    by_fraction = power_between(value, fraction, FRACTION_IS_OFF) if differs else None
    last = past.last.value if past.last else None
    by_year = power_between(value, last, YEAR_IS_OFF)
    if by_fraction or by_year:
        yield _unit_scale(value, rules, (fraction, by_fraction), (last, by_year))
    if differs and not by_fraction:
        yield _not_its_fraction(value, fraction, rules)


Off = tuple[float | None, float | None]  # what it is held against, and how many times that it is


def _unit_scale(value: float, rules: Rules, fraction: Off, last: Off) -> Finding:
    english, vietnamese = [], []
    if times := fraction[1]:
        english.append(
            f"{en(times)} times numerator / denominator x {en(rules.scale)} = {en(fraction[0])}"
        )
        vietnamese.append(
            f"gấp {vi(times)} lần tử số / mẫu số x {vi(rules.scale)} = {vi(fraction[0])}"
        )
    if times := last[1]:
        english.append(f"about {en(times)} times last year's {en(last[0])}")
        vietnamese.append(f"gấp khoảng {vi(times)} lần số liệu năm trước ({vi(last[0])})")
    compared: dict[str, float | None] = {"value": value, "scale": rules.scale}
    compared |= {"fraction": fraction[0]} if fraction[1] else {}
    compared |= {"last_year": last[0]} if last[1] else {}
    return Finding(
        "unit_scale",
        f"The figure {en(value)} is {', and '.join(english)}: is it in the unit that is asked for?",
        f"Số liệu {vi(value)} {', và '.join(vietnamese)}: có đúng đơn vị tính không?",
        compared,
    )


def _outside_expected(value: float, rules: Rules) -> Iterator[Finding]:
    low, high = rules.expected_low, rules.expected_high
    if (low is not None and value < low) or (high is not None and value > high):
        yield Finding(
            "outside_expected",
            f"The figure {en(value)} is outside what is expected: {en(low)} to {en(high)}.",
            f"Số liệu {vi(value)} nằm ngoài khoảng dự kiến: từ {vi(low)} đến {vi(high)}.",
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
            f"The figure {en(value)} is {en(change)} % away from last year's {en(last.value)}; "
            f"more than {en(limit)} % asks for a reason.",
            f"Số liệu {vi(value)} chênh {vi(change)} % so với năm trước ({vi(last.value)}); "
            f"chênh trên {vi(limit)} % cần giải thích.",
            {"value": value, "last_year": last.value, "change_percent": _finite(change)},
        )


def _far_from_history(value: float, rules: Rules, past: Past) -> Iterator[Finding]:
    """Measure from last year's figure where there is one, and else from the mean of the earlier years."""
    limit, known = rules.deviations, [figure.value for figure in past.years.values()]
    if limit is None or len(known) < ENOUGH:
        return
    origin = past.last.value if past.last else statistics.fmean(known)
    spread = statistics.stdev(known)
    if value == origin:
        return
    far = abs(value - origin) / spread if spread else math.inf
    if far > limit:
        name, english, vietnamese = _ORIGINS[past.last is not None]
        yield Finding(
            "far_from_history",
            f"The figure {en(value)} is {en(far)} standard deviations away from {english}, {en(origin)}; more than "
            f"{en(limit)} asks for a reason. The deviation {en(spread)} is that of {len(known)} earlier years.",
            f"Số liệu {vi(value)} cách {vietnamese} ({vi(origin)}) {vi(far)} lần độ lệch chuẩn; trên {vi(limit)} lần "
            f"cần giải thích. Độ lệch chuẩn {vi(spread)} tính trên {len(known)} năm trước.",
            {"value": value, name: origin, "deviation": spread, "deviations": _finite(far)},
        )


# By whether there is last year's figure.
_ORIGINS = {
    True: ("last_year", "last year's figure", "số liệu năm trước"),
    False: ("mean", "the mean of earlier years", "trung bình các năm trước"),
}


def _not_its_fraction(value: float, fraction: float | None, rules: Rules) -> Finding:
    return Finding(
        "differs_from_fraction",
        f"The figure {en(value)} is not numerator / denominator x {en(rules.scale)} = {en(fraction)}.",
        f"Số liệu {vi(value)} không bằng tử số / mẫu số x {vi(rules.scale)} = {vi(fraction)}.",
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
            f"The denominator {en(denominator)} is {en(change)} % away from last year's "
            f"{en(last.denominator)}.",
            f"Mẫu số {vi(denominator)} chênh {vi(change)} % so với năm trước "
            f"({vi(last.denominator)}).",
            {
                "denominator": denominator,
                "last_year": last.denominator,
                "change_percent": _finite(change),
            },
        )


def _denominator_differs(denominator: float | None, past: Past) -> Iterator[Finding]:
    if denominator is None:
        return
    others = {
        code: other.denominator
        for code, other in past.neighbours.items()
        if not same(denominator, other.denominator, other.tolerance)
    }
    if others:
        yield Finding(
            "denominator_differs",
            f"The denominator {en(denominator)} differs from that of "
            + ", ".join(f"{code} ({en(other)})" for code, other in others.items())
            + ".",
            f"Mẫu số {vi(denominator)} khác mẫu số của "
            + ", ".join(f"{code} ({vi(other)})" for code, other in others.items())
            + ".",
            {"denominator": denominator, **others},
        )


def _evidence_differs(value: float, rules: Rules, past: Past) -> Iterator[Finding]:
    others = [stated for stated in past.stated if not rules.same(value, stated)]
    if others:
        yield Finding(
            "evidence_differs",
            f"The figure {en(value)} is not what its evidence states: "
            f"{'; '.join(en(other) for other in others)}.",
            f"Số liệu {vi(value)} không khớp tài liệu minh chứng: "
            f"{'; '.join(vi(other) for other in others)}.",
            {"value": value, **{f"stated_{place}": other for place, other in enumerate(others, 1)}},
        )


def _evidence_not_accepted(past: Past) -> Iterator[Finding]:
    if past.accepted and past.levels and not {*past.accepted} & {*past.levels}:
        yield Finding(
            "evidence_not_accepted",
            f"This indicator takes as evidence: {in_english(past.accepted)}. "
            f"What is attached is: {in_english(past.levels)}.",
            f"Chỉ số này nhận minh chứng là: {in_vietnamese(past.accepted)}. "
            f"Đã đính kèm: {in_vietnamese(past.levels)}.",
            {},
        )


def _evidence_states_nothing(value: float, past: Past) -> Iterator[Finding]:
    if past.unstated:
        yield Finding(
            "evidence_states_nothing",
            f"No document states the figure {en(value)} and where it stands: give stated and place.",
            f"Chưa có tài liệu nào nêu số liệu {vi(value)} và vị trí của nó: hãy ghi stated và place.",
            {"value": value},
        )


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
