"""Shapes of reminder templates and their versions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from services.api.deps.fields import Body, Line, clean
from services.api.deps.paging import Code, PageQuery

LONGEST = 2000
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST),
    AfterValidator(clean),
]
OptionalWords = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LONGEST), AfterValidator(clean)
]


class TemplateQuery(PageQuery):
    """All of them, by code."""


class VersionQuery(PageQuery):
    """Those of one template, the newest first."""


class NewTemplate(Body):
    """Words that stand in a reminder below its first sentence, above the duties."""

    code: Code = Field(examples=["don-doc-khan"])
    name: Line = Field(examples=["Đôn đốc khẩn"])
    words_vi: Words = Field(description="Plain text; each line becomes a paragraph.")
    words_en: OptionalWords = Field(
        default="",
        description="For the English part; without them the Vietnamese ones stand there.",
    )


class TemplatePatch(Body):
    """What is not sent stays; a change is a new version."""

    name: Line | None = None
    words_vi: Words | None = None
    words_en: OptionalWords | None = None


class VersionShown(BaseModel):
    id: UUID
    code: str
    version: int
    name: str
    words_vi: str
    words_en: str
    created_at: datetime


class TemplateShown(VersionShown):
    """The newest version, which is the one that is sent."""

    steps: int = Field(description="How many steps of policies use it.")
    allowed_actions: list[str]
