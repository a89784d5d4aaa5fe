"""What a tree of nodes must be before an index is added up along it: pure checks with places and words."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.composite import Framework, FrameworkError, Method, MethodError, Node
from shared.composite.method import treatment_from_dict
from shared.errors import InvalidError
from shared.exchange.method import MethodBlock, TreatmentBlock, to_treatment
from shared.models.plan import NODE_KINDS
from shared.text import natural_key

MEASURED_KINDS = frozenset({"indicator", "component"})
MEASURED = frozenset(
    {
        "direction",
        "unit",
        "lower_bound",
        "upper_bound",
        "goalpost_min",
        "goalpost_max",
        "target",
        "treatment",
        "combination",
        "supply",
        "evidence_required",
        "accepted_evidence",
        "guidance_vi",
        "guidance_en",
    }
)
ALL_AGREE = "all_agree"
# Above the pillars codes are words; this is where they stand among numbers.
_TOP = {"index": "000000", "subindex": "000000."}
_SUBINDICES = {"input": "1", "output": "2"}
_NEEDS_POSITIVE = frozenset({"geometric", "harmonic"})


def parent_kind(kind: str) -> str | None:
    """Say under what a node of this kind stands: one kind up; the index stands under nothing."""
    position = NODE_KINDS.index(kind)
    return NODE_KINDS[position - 1] if position else None


def check_place(kind: str, parent: str | None) -> None:
    """Refuse a node of ``kind`` under a node whose kind is ``parent``."""
    if parent == (wanted := parent_kind(kind)):
        return
    if wanted is None:
        raise InvalidError(
            "The index has no parent.", vi="Chỉ số chung không nằm dưới mục nào.", pointer="/parent"
        )
    raise InvalidError(
        f"A node of kind {kind} stands under one of kind {wanted}.",
        vi=f"Mục loại {kind} phải nằm dưới mục loại {wanted}.",
        pointer="/parent",
    )


def sort_key(kind: str, code: str) -> str:
    if kind in _TOP:
        return _TOP[kind] + (_SUBINDICES.get(code, code) if kind == "subindex" else "")
    return natural_key(code)


def check_measures(kind: str, now: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Refuse ``values`` for a node of this kind that says ``now``; the database has the same bounds."""
    if kind not in MEASURED_KINDS and (wrong := sorted(MEASURED & values.keys())):
        raise InvalidError(
            "Only indicators and components are measured.",
            vi="Chỉ chỉ số và hạng mục mới có thông tin đo lường.",
            pointer=f"/{wrong[0]}",
        )
    if kind == "indicator" and values.get("supply", "") is None:
        raise InvalidError(
            "Say unknown instead of null.", vi="Hãy ghi unknown thay cho null.", pointer="/supply"
        )
    merged = {**now, **values}
    low, high = merged["lower_bound"], merged["upper_bound"]
    if low is not None and high is not None and low > high:
        raise InvalidError(
            "The lower bound is above the upper.",
            vi="Cận dưới lớn hơn cận trên.",
            pointer="/lower_bound",
        )
    low, high = merged["goalpost_min"], merged["goalpost_max"]
    if (low is None) != (high is None) or (low is not None and high is not None and low >= high):
        raise InvalidError(
            "Goalposts come in pairs, the lower first.",
            vi="Hai mốc chuẩn phải đi cùng nhau, mốc thấp trước.",
            pointer="/goalpost_min",
        )


def treatment_of(block: TreatmentBlock) -> dict[str, Any]:
    """Write a leaf's treatment as the engine does, every setting of its kind said."""
    try:
        return to_treatment(block).to_dict()
    except MethodError as error:
        raise _invalid_method(error, "") from error


def method_of(block: MethodBlock) -> dict[str, Any]:
    """Write the method as the engine does. Refuse what would fail on the first panel."""
    try:
        method = block.to_method()
    except MethodError as error:
        raise _invalid_method(error, "/method") from error
    check_method(method)
    return method.to_dict()


def check_method(method: Method) -> None:
    """Refuse what no panel could be computed by: what needs groups, or positive scores where zero is the lowest."""
    if method.imputation.startswith("group_"):
        raise InvalidError(
            "Localities are in no groups, by which missing figures could be imputed.",
            vi="Các địa phương chưa được xếp nhóm nên không thể điền số liệu thiếu theo nhóm.",
            pointer="/method/imputation/kind",
        )
    means = {method.aggregation.kind, *method.aggregation.by_level.values()}
    if not means & _NEEDS_POSITIVE or method.normalisation.kind == "rank":
        return
    spread = method.normalisation.range
    if spread is not None and spread[0] > 0:
        return
    mean = min(means & _NEEDS_POSITIVE)
    raise InvalidError(
        f"A {mean} mean needs positive scores: let the range begin above 0, such as 1 to 100.",
        vi=f"Trung bình {mean} chỉ tính được với điểm dương: thang điểm phải bắt đầu trên 0, ví dụ 1 đến 100.",
        pointer=f"/method/normalisation/{'kind' if spread is None else 'range'}",
    )


def check_whole(nodes: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what is no tree that can be added up, or ends in a node that nobody measures."""
    try:
        leaves = {leaf.code for leaf in composite_tree(nodes).leaves}
    except FrameworkError as error:
        raise InvalidError(
            str(error),
            vi=f"Cây chỉ số chưa tính được ở mục {error.node}: {error}"
            if error.node
            else "Bộ chỉ số chưa có mục nào.",
        ) from error
    for node in nodes:
        if node["code"] in leaves and node["kind"] not in MEASURED_KINDS:
            raise InvalidError(
                f"Node {node['code']}: nothing stands below it, and a {node['kind']} is not measured.",
                vi=f"Mục {node['code']} không có mục con, mà loại {node['kind']} thì không đo được.",
            )


def composite_tree(nodes: Sequence[Mapping[str, Any]]) -> Framework:
    """Make the engine's tree of what the nodes say. Raises ``FrameworkError``."""
    return Framework(tuple(_composite_node(node) for node in nodes))


def _composite_node(said: Mapping[str, Any]) -> Node:
    has_goalposts = said["goalpost_min"] is not None
    return Node(
        said["code"],
        said["parent"],
        said["weight"],
        said["direction"],
        (said["goalpost_min"], said["goalpost_max"]) if has_goalposts else None,
        said["kind"],
        (said["lower_bound"], said["upper_bound"]),
        said["target"],
        None if said["treatment"] is None else treatment_from_dict(said["treatment"]),
    )


def _invalid_method(error: MethodError, above: str) -> InvalidError:
    return InvalidError(
        str(error),
        vi=f"Phương pháp tính chưa hợp lệ: {error}",
        pointer=f"{above}{error.pointer}",
    )
