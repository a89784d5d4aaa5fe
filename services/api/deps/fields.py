"""Bounded types for what comes in: no text without a limit, no figure that is not finite."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from services.api import patterns

_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """NFC, and no control characters but line breaks and tabs; nor what turns the direction of reading."""
    if any(
        (unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} and c not in "\n\r\t") or c in _TURNS
        for c in text
    ):
        raise ValueError("control characters are not allowed / không được có ký tự điều khiển")
    return unicodedata.normalize("NFC", text)


def _line(text: str) -> str:
    if any(c in "\n\r\t" for c in text):
        raise ValueError("must be one line / phải là một dòng")
    return clean(text)


LONGEST_MAILBOX = 64  # characters before the @, RFC 5321
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _no_time(value: Any) -> Any:
    # Pydantic would take a number for seconds since 1970, in text too, and a midnight for a day.
    if isinstance(value, int | float) or (isinstance(value, str) and not _DAY.fullmatch(value)):
        raise ValueError("must be a date written YYYY-MM-DD / phải là ngày dạng NNNN-TT-NN")
    return value


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(_line),
]
OptionalLine = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_line)
]
Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(clean)
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=2000),
    AfterValidator(clean),
]


def _mailbox(address: str) -> str:
    if len(address.partition("@")[0]) > LONGEST_MAILBOX:
        raise ValueError("has more than 64 characters before the @ / có hơn 64 ký tự trước @")
    return address


Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=patterns.EMAIL,
    ),
    AfterValidator(_mailbox),
]
Flag = Annotated[bool, Field(strict=True)]
MOST_FIGURE = (
    1e18  # more than any figure of a locality, even in đồng; beyond it a column has slipped
)
Figure = Annotated[float, Field(strict=True, allow_inf_nan=False, examples=[12.34])]
LocalFigure = Annotated[Figure, Field(ge=-MOST_FIGURE, le=MOST_FIGURE)]
Year = Annotated[int, Field(strict=True, ge=2000, le=2200, examples=[2024])]
Day = Annotated[date, BeforeValidator(_no_time), Field(ge=date(2000, 1, 1), le=date(2200, 12, 31))]


class Body(BaseModel):
    """A request body: unknown members are refused, so that a typing mistake is not lost."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Body):
    """An empty object."""
