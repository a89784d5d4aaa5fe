"""Shapes of webhooks: where other systems are told, and how telling went."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from services.api.deps.fields import Body, Email, Flag, OptionalLine
from services.api.deps.paging import Code, PageQuery
from shared.outward import URL_LIMIT
from shared.public import PING, TYPES, choices

DeliveryState = Literal["waiting", "claimed", "delivered", "failed", "dropped"]


def _known(name: str) -> str:
    if name not in choices():
        known = ", ".join(choices())
        raise ValueError(
            f"there is no such event type, choose of {known} / không có loại sự kiện này, chọn trong: {known}"
        )
    return name


EventType = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    AfterValidator(_known),
    Field(json_schema_extra={"enum": [*choices()]}),
]
EventTypes = Annotated[
    list[EventType],
    Field(
        min_length=1,
        max_length=50,
        description="Names, groups such as `submission.*`, or `*`. A ping always comes.",
    ),
]
Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=URL_LIMIT,
        description="https, without user and fragment; not an address inside, unless it is allowed.",
        examples=["https://example.org/hooks/pii"],
    ),
]


class NewWebhook(Body):
    url: Url
    description: OptionalLine = ""
    event_types: EventTypes
    organisation: Code | None = Field(
        default=None, description="Only events of this body; without it those of all."
    )
    owner_email: Email = Field(description="Who is written to when it has been disabled.")


class WebhookPatch(Body):
    url: Url | None = None
    description: OptionalLine | None = None
    event_types: EventTypes | None = None
    owner_email: Email | None = None
    active: Flag | None = Field(
        default=None, description="While it is false, nothing is sent and nothing new is queued."
    )


class Rotation(Body):
    overlap_hours: Annotated[int, Field(strict=True, ge=0, le=168)] = Field(
        default=24, description="For so long messages are signed with the old secret as well."
    )


class WebhookShown(BaseModel):
    id: UUID
    url: str
    description: str
    event_types: list[str]
    organisation: str | None
    owner_email: str
    active: bool
    state: Literal["active", "paused", "disabled"]
    disabled_at: datetime | None
    disabled_reason: Literal["gone", "failing"] | None
    failing_since: datetime | None = Field(description="Null after a success.")
    retry_after: datetime | None = Field(
        description="The receiver asked for nothing before this time."
    )
    secret_since: datetime
    old_secret_until: datetime | None = Field(
        description="Until then messages carry a second signature, of the secret before."
    )
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[str]


class WebhookWithSecret(WebhookShown):
    secret: str | None = Field(
        description="`whsec_` and base64. Shown once, here; null when the request is repeated."
    )
    overlaps: list[UUID] = Field(
        description="Webhooks of the same address that take some of the same events: such an event comes once from "
        "each, signed with its own secret."
    )


class DeliveryQuery(PageQuery):
    state: DeliveryState | None = None
    type: Annotated[
        str | None,
        Field(max_length=64, json_schema_extra={"enum": [*TYPES]}, examples=[PING]),
    ] = None


class Attempt(BaseModel):
    at: datetime
    ms: float = Field(description="From the first byte sent to the last one read.")
    status: int | None
    error: str | None = Field(description="Why there is no status.")
    answer: str = Field(description="The first thousand characters of it.")


class DeliveryShown(BaseModel):
    id: UUID
    webhook: UUID
    message_id: str = Field(description="The `webhook-id`: the same whenever it is sent.")
    event: UUID
    type: str
    occurred_at: datetime
    state: DeliveryState
    reason: str | None
    attempts: int = Field(description="Since it was planned, or last sent again by hand.")
    next_at: datetime | None
    last_attempt: Attempt | None
    created_at: datetime
    finished_at: datetime | None
    trace_id: str
    allowed_actions: list[str]


class DeliveryWithAttempts(DeliveryShown):
    log: list[Attempt] = Field(description="Newest first, at most fifty.")
