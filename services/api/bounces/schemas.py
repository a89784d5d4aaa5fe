"""Shapes of what became of a mail."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api import patterns
from services.api.deps.fields import Body, Email, Prose
from shared.bounces import Outcome

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
MessageId = Annotated[str, Field(pattern=patterns.MESSAGE_ID, examples=["<a1b2@pii.example.vn>"])]
Status = Annotated[str, Field(pattern=patterns.MAIL_STATUS, max_length=9, examples=["5.1.1"])]


class BounceTold(Body):
    """What RFC 3464 calls a delivery status, of one recipient."""

    message_id: MessageId = Field(description="Of the mail that was sent.")
    recipient: Email = Field(description="Whom it was sent to.")
    action: Action
    status: Status = Field(description="Enhanced status code, RFC 3463.")
    diagnostic: Prose = Field(default="", description="What the recipient's server said.")


class BounceTaken(BaseModel):
    """What one report changed."""

    recipient: str
    action: Action
    status: str
    outcome: Outcome = Field(
        description="unchanged: known already. unknown_mail: not ours. other_recipient: not sent there."
    )
    mail: UUID | None


class BouncesTaken(BaseModel):
    reports: list[BounceTaken] = Field(
        description="Empty where the mail is no report of a delivery."
    )
