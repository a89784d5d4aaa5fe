"""What a period's planning leaves out and can be reckoned: the city's deadline, and the days that a report covers."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from services.api.periods.opening import deadline_proposed
from services.api.periods.spans import covered
from shared.db import Reader
from shared.errors import InvalidError


class Filled(NamedTuple):
    """A field that was not sent, the value it got, and why."""

    field: str
    value: date
    vi: str
    en: str


async def deadline_filled(read: Reader, values: Mapping[str, Any]) -> list[Filled]:
    """Plan the deadline that was left out back from the ministry's; refuse where that is not known either."""
    if values["due_on"] is not None:
        return []
    planned = await deadline_proposed(
        read, values["ministry_due_on"], values["working_days_before"]
    )
    if planned is None:
        raise InvalidError(
            "Give the last day, or the ministry's and how many working days before it.",
            vi="Hãy nêu ngày hạn, hoặc hạn của Bộ và số ngày làm việc trước hạn đó.",
            pointer="/due_on",
        )
    said = planned["arithmetic"]
    return [Filled("due_on", planned["proposed_due_on"], said["vi"], said["en"])]


def covers_filled(values: Mapping[str, Any]) -> list[Filled]:
    """Give a progress report that says no days the last whole span of the decree that has ended by its deadline."""
    span, due_on = values["span"], values["due_on"]
    left_out = values["covers_from"] is None and values["covers_to"] is None
    if values["kind"] != "progress" or span is None or not left_out:
        return []
    running, _ = covered(span, due_on + timedelta(days=1))
    first, last = covered(span, running - timedelta(days=1))
    vi = f"Kỳ theo NĐ 09/2019/NĐ-CP, Điều 12, đã kết thúc khi đến hạn {due_on:%d/%m/%Y}."
    en = f"The span of decree 09/2019/NĐ-CP, article 12, that has ended by {due_on:%Y-%m-%d}."
    return [Filled("covers_from", first, vi, en), Filled("covers_to", last, vi, en)]


def refuse_other_spans(values: Mapping[str, Any]) -> None:
    """Refuse a progress report on days that are no span of the decree."""
    span, first, last = values["span"], values["covers_from"], values["covers_to"]
    if values["kind"] != "progress" or span is None or first is None:
        return
    begins, ends = covered(span, first)
    if (first, last) != (begins, ends):
        raise InvalidError(
            f"No such span: decree 09/2019 has {begins:%Y-%m-%d} to {ends:%Y-%m-%d} here.",
            vi=f"Không đúng kỳ báo cáo: theo NĐ 09/2019 là từ {begins:%d/%m/%Y} đến {ends:%d/%m/%Y}.",
            pointer="/covers_from" if first != begins else "/covers_to",
        )
