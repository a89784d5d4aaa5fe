"""Errors the domain may raise. The docstring is the message people read, English first, then Vietnamese."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple


class Fault(NamedTuple):
    """One of several things that are wrong; ``pointer`` says where, "" is the whole."""

    pointer: str
    english: str
    vietnamese: str


class DomainError(Exception):
    """Something the caller can fix.

    Có điều cần sửa trong yêu cầu.
    """

    # True where the refusal itself is a change to keep, such as a counted failed sign-in.
    keeps_changes: ClassVar[bool] = False

    def __init__(
        self,
        message: str | None = None,
        *,
        vi: str | None = None,
        pointer: str = "",
        faults: Sequence[Fault] = (),
    ) -> None:
        english, _, vietnamese = (type(self).__doc__ or "").partition("\n\n")
        self.english = message or english.strip()
        self.vietnamese = vi or (self.english if message else vietnamese.strip()) or self.english
        self.pointer = pointer
        self.faults = tuple(faults)
        # Which thing it is of, how the caller is shown it, and what the edge tells beside the message.
        self.about: tuple[str, str] | None = None
        self.shown: Mapping[str, Any] | None = None
        self.members: dict[str, Any] = {}
        super().__init__(self.english)


class InvalidError(DomainError):
    """The request cannot be carried out as it is.

    Yêu cầu không thực hiện được như đã gửi.
    """


class UnauthenticatedError(DomainError):
    """Sign in, or send a valid token.

    Cần đăng nhập hoặc gửi mã truy cập còn hiệu lực.
    """


class ForbiddenError(DomainError):
    """You may see this, but not do that.

    Bạn không có quyền thực hiện thao tác này.
    """


class NotFoundError(DomainError):
    """There is no such thing.

    Không tìm thấy.
    """


class ConflictError(DomainError):
    """The request conflicts with the current state.

    Yêu cầu mâu thuẫn với trạng thái hiện tại.
    """

    # True where somebody else's change of the state is what stands against it.
    of_state: ClassVar[bool] = False


class GoneError(DomainError):
    """This is over.

    Đã hết hiệu lực.
    """


class TooManyRequestsError(DomainError):
    """Too many attempts.

    Quá nhiều lần thử.
    """

    def __init__(
        self, message: str | None = None, *, vi: str | None = None, retry_after: int
    ) -> None:
        super().__init__(message, vi=vi)
        self.retry_after = retry_after
