"""What a submission says: a figure, its fraction, or why there is none; and what is refused at once."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from services.api.deps.digits import exact_en, exact_vi
from services.api.deps.fields import MOST_FIGURE
from services.api.submissions.words import ANSWERS
from shared.errors import InvalidError
from shared.models import Node
from shared.units import scale_of

CONTENT = (
    "answer",
    "value",
    "numerator",
    "denominator",
    "nil_reason",
    "note",
    "source",
    "explanations",
)
EMPTY: Mapping[str, Any] = {
    "answer": "value",
    "value": None,
    "numerator": None,
    "denominator": None,
    "nil_reason": "",
    "note": "",
    "source": "",
    "explanations": {},
}


DENOMINATOR_CHANGE = 20.0  # per cent, where nobody has said another limit


class Rules(NamedTuple):
    """How the figures of one indicator are checked; the defaults hold where nobody has said anything."""

    scale: float = 1.0
    tolerance: float = 0.005
    integer_only: bool = False
    decimals: int | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    change_percent: float | None = None
    deviations: float | None = None
    denominator_change_percent: float | None = DENOMINATOR_CHANGE
    same_denominator_as: tuple[str, ...] = ()
    evidence_must_match: bool = False
    evidence_must_state: bool = True

    @classmethod
    def of(cls, row: Any, unit: str) -> "Rules":
        """Read a node's rules; where nobody has said the scale it is the unit's."""
        if row is None:
            return NO_RULES._replace(scale=scale_of(unit))
        found = cls(**{name: getattr(row, name) for name in cls._fields})
        return found._replace(
            scale=scale_of(unit) if row.scale_from_unit else row.scale,
            same_denominator_as=tuple(found.same_denominator_as),
        )

    def same(self, one: float, other: float) -> bool:
        return same(one, other, self.tolerance)


def same(one: float, other: float, tolerance: float) -> bool:
    return math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-12)


NO_RULES = Rules()


class OutOfBoundsError(InvalidError):
    """The figure is outside the indicator's bounds.

    Số liệu nằm ngoài giới hạn của chỉ số.
    """


class NotAFractionError(InvalidError):
    """Numerator and denominator give no sensible figure: send both, the denominator neither zero nor tiny.

    Tử số và mẫu số không cho ra số liệu hợp lý: hãy gửi cả hai, mẫu số khác không và không quá nhỏ.
    """


class TooFineError(InvalidError):
    """The figure has more decimals than the indicator takes.

    Số liệu có nhiều chữ số thập phân hơn mức chỉ số cho phép.
    """


def ratio(content: Mapping[str, Any], scale: float) -> float | None:
    """Give numerator / denominator x scale; None where neither is there."""
    numerator, denominator = content["numerator"], content["denominator"]
    if numerator is None and denominator is None:
        return None
    if numerator is None:
        raise NotAFractionError(pointer="/numerator")
    if not denominator:
        raise NotAFractionError(pointer="/denominator")
    made = numerator / denominator * scale
    if not math.isfinite(made) or abs(made) > MOST_FIGURE:
        raise NotAFractionError(pointer="/denominator")
    return float(made)


def settled(stored: Mapping[str, Any], sent: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """Lay what was sent over what is stored; a figure that is not stated follows from its fraction."""
    merged = {name: sent.get(name, stored[name]) for name in CONTENT}
    fraction = ratio(merged, rules.scale)
    if (
        fraction is not None
        and sent.get("value") is None
        and {"numerator", "denominator"} & {*sent}
    ):
        stated = merged["value"]
        if stated is None or stated == ratio(stored, rules.scale):
            merged["value"] = fraction
    if sent.get("answer") is None:
        merged["answer"] = _answer(stored["answer"], merged, sent)
    return merged


def _answer(stored: str, merged: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    """Whoever sends a reason alone means a nil return, as he always did."""
    if merged["nil_reason"]:
        return "nil" if stored == "value" else stored
    gave_up = "nil_reason" in sent or merged["value"] is not None
    return "value" if gave_up else stored


def check(kind: str, node: Node, rules: Rules, content: Mapping[str, Any]) -> None:
    """Refuse what cannot be: hard rules, for a draft as for what is submitted."""
    value, answer = content["value"], content["answer"]
    if kind == "report":
        _check_report(content)
    if value is None:
        return
    if content["nil_reason"]:
        raise InvalidError(
            "Send a figure or a reason why there is none, not both.",
            vi="Chỉ gửi số liệu hoặc lý do không có số liệu, không gửi cả hai.",
            pointer="/nil_reason",
        )
    if answer != "value":
        raise InvalidError(
            f"An answer of the kind {answer} has no figure.",
            vi=f"Câu trả lời loại “{ANSWERS[answer].lower()}” không kèm số liệu.",
            pointer="/answer",
        )
    _check_bounds(node, value)
    _check_digits(rules, content)


def _check_report(content: Mapping[str, Any]) -> None:
    for name in ("value", "numerator", "denominator"):
        if content[name] is not None:
            raise InvalidError(
                "This duty asks for a report, not for a figure.",
                vi="Nhiệm vụ này yêu cầu báo cáo, không yêu cầu số liệu.",
                pointer=f"/{name}",
            )
    if content["answer"] == "central_source":
        raise InvalidError(
            "A report has no central source.",
            vi="Báo cáo không có nguồn trung ương.",
            pointer="/answer",
        )


def _check_bounds(node: Node, value: float) -> None:
    low, high = node.lower_bound, node.upper_bound
    if low is not None and value < low:
        bound, words = low, ("below", "nhỏ hơn")
    elif high is not None and value > high:
        bound, words = high, ("above", "lớn hơn")
    else:
        return
    unit = f" ({node.unit})" if node.unit else ""
    raise OutOfBoundsError(
        f"The figure {exact_en(value)} is {words[0]} {exact_en(bound)}, the bound of {node.code}{unit}.",
        vi=f"Số liệu {exact_vi(value)} {words[1]} {exact_vi(bound)}, giới hạn của chỉ số {node.code}{unit}.",
        pointer="/value",
    )


def _check_digits(rules: Rules, content: Mapping[str, Any]) -> None:
    value = content["value"]
    if rules.integer_only and value != int(value):
        raise TooFineError(
            f"The figure {exact_en(value)} is not a whole number.",
            vi=f"Số liệu {exact_vi(value)} không phải là số nguyên.",
            pointer="/value",
        )
    # A figure that follows from its fraction was rounded by nobody.
    if rules.decimals is None or value == ratio(content, rules.scale):
        return
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > rules.decimals:
        raise TooFineError(
            f"The figure {exact_en(value)} has more than {rules.decimals} decimals.",
            vi=f"Số liệu {exact_vi(value)} có hơn {rules.decimals} chữ số thập phân.",
            pointer="/value",
        )


def check_complete(kind: str, content: Mapping[str, Any]) -> None:
    """Refuse to submit what says nothing."""
    if kind == "report":
        if not (content["note"] or content["nil_reason"]):
            raise InvalidError(
                "Write the report in note.",
                vi="Hãy ghi nội dung báo cáo vào note.",
                pointer="/note",
            )
        return
    if content["answer"] != "value" and not content["nil_reason"]:
        raise InvalidError(
            "Say why there is no figure, in nil_reason.",
            vi="Hãy nêu lý do không có số liệu trong nil_reason.",
            pointer="/nil_reason",
        )
    if content["answer"] == "value" and content["value"] is None:
        raise InvalidError(
            "A figure, or a reason why there is none, is missing.",
            vi="Thiếu số liệu, hoặc lý do không có số liệu.",
            pointer="/value",
        )
