"""This year against the last: ranks always with n, scores only where nothing has broken the series; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.api.profile.standing import Row, is_indicator, percentile
from shared.composite import Method


@dataclass(frozen=True, slots=True)
class Basis:
    """What a run's scores rest on; ``units`` is n, the localities with an index."""

    framework: int
    revision: int
    method: Method
    units: int


def breaks(now: Basis, then: Basis) -> tuple[str, str] | None:
    """Say in Vietnamese and English why the scores cannot be compared; None where they can."""
    found: list[tuple[str, str]] = []
    if now.framework != then.framework:
        found.append(
            (
                f"bộ chỉ số khác nhau (năm trước {then.framework}, nay {now.framework})",
                f"the frameworks differ ({then.framework} then, {now.framework} now)",
            )
        )
    elif now.revision != then.revision:
        found.append(
            (
                f"bộ chỉ số đã sửa đổi (lần {then.revision}, nay lần {now.revision})",
                f"the framework was revised (revision {then.revision} then, {now.revision} now)",
            )
        )
    if now.method != then.method:
        found.append(("phương pháp tính khác nhau", "the methods differ"))
    if now.units != then.units:
        found.append(
            (
                f"số địa phương khác nhau (năm trước {then.units}, nay {now.units})",
                f"the numbers of localities differ ({then.units} then, {now.units} now)",
            )
        )
    if not found:
        return None
    vietnamese, english = ("; ".join(words) for words in zip(*found, strict=True))
    return (
        f"Không so sánh được điểm của hai năm: {vietnamese}.",
        f"Scores of the two years are not comparable: {english}.",
    )


def against(now: Sequence[Row], then: Sequence[Row], *, comparable: bool) -> dict[str, Any]:
    """Set each node of this year beside the one of the same code last year."""
    earlier = {row.code: row for row in then}
    parents = {row.parent_code for row in now}

    def beside(rows: Sequence[Row]) -> list[dict[str, Any]]:
        return [_change(row, earlier.get(row.code), comparable=comparable) for row in rows]

    root = beside([row for row in now if row.parent_code is None])
    return {
        "index": root[0] if root else None,
        "subindices": beside([row for row in now if row.kind == "subindex"]),
        "pillars": beside([row for row in now if row.kind == "pillar"]),
        "indicators": beside([row for row in now if is_indicator(row, parents)]),
    }


def _change(now: Row, then: Row | None, *, comparable: bool) -> dict[str, Any]:
    renamed = then is not None and then.name_vi != now.name_vi
    percentiles = (
        percentile(now.rank, now.ranked),
        percentile(then.rank, then.ranked) if then else None,
    )
    same = then is not None and not renamed
    scores = (now.score, then.score if then else None)
    alike = same and comparable and then is not None and now.ranked == then.ranked
    return {
        "code": now.code,
        "name_vi": now.name_vi,
        "name_en": now.name_en,
        "rank_then": then.rank if then else None,
        "ranked_then": then.ranked if then else None,
        "rank_now": now.rank,
        "ranked_now": now.ranked,
        "renamed": renamed,
        "percentile_change": _difference(*percentiles) if same else None,
        "score_change": _difference(*scores) if alike else None,
    }


def _difference(now: float | None, then: float | None) -> float | None:
    return None if now is None or then is None else now - then
