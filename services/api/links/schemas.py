"""Shapes of the forms on a link's page."""

from uuid import UUID

from pydantic import field_validator

from services.api.deps.fields import Body, Day, OptionalLine, Reason


class ExtensionForm(Body):
    wished_on: Day
    reason: Reason


class DeputyForm(Body):
    deputy: UUID
    valid_from: Day
    valid_to: Day
    reason: OptionalLine = ""

    @field_validator("deputy", mode="before")
    @classmethod
    def _chosen(cls, value: object) -> object:
        if value == "":
            raise ValueError("choose a person / hãy chọn một người")
        return value


class ReleaseForm(Body):
    reason: OptionalLine = ""


class DiscardForm(Body):
    reason: Reason
