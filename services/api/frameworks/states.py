"""A framework is drafted, published and retired; what may be done depends on where it stands."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.errors import ConflictError, InvalidError

ACTIONS: Mapping[str, list[str]] = MappingProxyType(
    {
        "draft": ["edit", "add_node", "publish", "copy", "delete"],
        "published": ["edit", "retire", "copy"],
        "retired": ["copy"],
    }
)
NODE_ACTIONS: Mapping[str, list[str]] = MappingProxyType(
    {"draft": ["edit", "delete"], "published": ["edit"], "retired": []}
)


class FrameworkFixedError(ConflictError):
    """The tree of a published framework is fixed: copy it as a new year and change the draft.

    Cây chỉ số đã công bố thì không đổi được nữa: hãy sao chép thành bộ chỉ số của năm mới rồi sửa bản nháp.
    """


class FrameworkRetiredError(ConflictError):
    """The framework is retired and stays as it is: copy it as a new year and change the draft.

    Bộ chỉ số đã ngừng áp dụng nên không sửa được: hãy sao chép thành bộ chỉ số của năm mới rồi sửa bản nháp.
    """


class FrameworkNotDraftError(ConflictError):
    """Only a draft can be published.

    Chỉ bản nháp mới công bố được.
    """


class FrameworkNotPublishedError(ConflictError):
    """Only a published framework can be retired.

    Chỉ bộ chỉ số đã công bố mới ngừng áp dụng được.
    """


class IdleCombinationError(InvalidError):
    """An indicator with components takes no figure of its own, so combination must stay all_agree: set it at the components.

    Chỉ số có hạng mục không nhận số liệu riêng nên combination phải để all_agree: hãy đặt ở từng hạng mục.
    """


class ReasonMissingError(InvalidError):
    """A change of a published framework is a new version: say why, in reason.

    Sửa bộ chỉ số đã công bố là lập phiên bản mới: hãy nêu lý do trong reason.
    """


def refuse_retired(state: str) -> None:
    if state == "retired":
        raise FrameworkRetiredError


def refuse_fixed(state: str) -> None:
    """Let the tree be changed in a draft only."""
    refuse_retired(state)
    if state != "draft":
        raise FrameworkFixedError
