"""Why a hand-over cannot be carried out, or taken back, now."""

from shared.errors import ConflictError


class NotPlannedError(ConflictError):
    """It is no longer planned: it was carried out or cancelled.

    Việc bàn giao không còn ở trạng thái dự kiến: đã thực hiện hoặc đã hủy.
    """


class NotCarriedOutError(ConflictError):
    """It has not been carried out.

    Việc bàn giao chưa được thực hiện.
    """


class AlreadyReversedError(ConflictError):
    """It was taken back already.

    Việc bàn giao đã được đảo lại.
    """


class AlreadyPlannedError(ConflictError):
    """The body is handed over already, by another planned hand-over.

    Cơ quan này đã nằm trong một việc bàn giao khác đang dự kiến.
    """


class TooEarlyError(ConflictError):
    """It is too early to carry it out.

    Chưa đến ngày thực hiện.
    """


class BlockedError(ConflictError):
    """Something stands against it: see the preview's conflicts.

    Có vướng mắc: xem các mục conflicts trong bản xem trước.
    """
