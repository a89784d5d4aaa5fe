"""Shapes of the audit log, its chain and its heads."""

import re
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from services.api import patterns
from services.api.audit.verification import Problem
from services.api.deps.clock import HANOI
from services.api.deps.paging import Code, PageQuery, SearchText

_LAST = datetime.fromisoformat("2200-01-01T00:00:00+00:00")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _moment(value: Any, *, after: int) -> Any:
    """Take a day in Hanoi for its first moment, or for the one after its last."""
    # Pydantic would take a number, in text too, for seconds since 1970.
    if isinstance(value, str) and "T" not in value.upper():
        if not _DAY.fullmatch(value):
            raise ValueError(
                "must be a day or a time such as 2026-11-23T08:00:00+07:00 / phải là ngày hoặc thời điểm"
            )
        day = datetime.combine(date.fromisoformat(value), time(), HANOI)
        return day + timedelta(days=after) if day < _LAST else day
    return value


Moment = Annotated[
    AwareDatetime,
    Field(
        ge=datetime.fromisoformat("2000-01-01T00:00:00+00:00"),
        le=_LAST,
        examples=["2026-11-23T08:00:00+07:00"],
    ),
]


class AuditQuery(PageQuery):
    object_type: Code | None = None
    object_id: SearchText | None = None
    actor: SearchText | None = Field(
        default=None,
        description="An id, or a part of the name or login of a person or key as it is today, with or without accents.",
    )
    action: Code | None = None
    since: Annotated[Moment, BeforeValidator(partial(_moment, after=0))] | None = Field(
        default=None, alias="from", description="A moment, or a day in Hanoi: its beginning."
    )
    until: Annotated[Moment, BeforeValidator(partial(_moment, after=1))] | None = Field(
        default=None,
        alias="to",
        description="A moment, not included, or a day in Hanoi, with all of it.",
    )
    trace_id: Annotated[str, Field(pattern=patterns.TRACE_ID)] | None = None
    q: SearchText | None = Field(
        default=None,
        description="Beginnings of words in changes and reason, with or without accents; people's names and "
        "addresses are not among them. An entry is found some seconds after it was made.",
    )
    format: Literal["json", "csv"] | None = Field(
        default=None, description="CSV comes in pages of 5,000, whatever the limit."
    )

    def filters(self) -> dict[str, Any]:
        return {name: value for name, value in super().filters().items() if name != "format"}


class AuditShown(BaseModel):
    id: int
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    action: str
    object_type: str
    object_id: str
    changes: dict[str, Any]
    reason: str | None
    trace_id: str


class Head(BaseModel):
    """Where the chain stood at the end of a day. Signed is all but public_key and signature, in canonical JSON."""

    kind: Literal["pii-audit-head"]
    form: int
    day: date
    links: int = Field(description="Links of this day.")
    last_seq: int
    hash: str
    previous_hash: str = Field(description="The hash at the end of the day before.")
    sealed_at: datetime | None
    provisional: bool = Field(description="The day is not over, or not sealed yet.")
    key_id: str | None
    public_key: str | None
    signature: str | None = Field(description="Ed25519, base64; null where the system has no key.")


class VerificationQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    first: int | None = Field(
        default=None,
        alias="from",
        ge=1,
        le=2**62,
        description="The first link; else the last 1,000.",
    )
    last: int | None = Field(default=None, alias="to", ge=1, le=2**62)


class FindingShown(BaseModel):
    problem: Problem
    seq: int | None
    audit_id: int | None
    at: datetime | None
    action: str | None
    differs: list[str]
    day: date | None


class Verification(BaseModel):
    """What a check of some links found; ``pii audit verify`` checks all of them, and the heads."""

    first: int = Field(serialization_alias="from")
    last: int = Field(serialization_alias="to")
    links: int
    intact: bool
    findings: list[FindingShown] = Field(description="The first hundred, in the chain's order.")
    oldest_unlinked_seconds: float
