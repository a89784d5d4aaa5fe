"""Shapes of sign-in, people and keys."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from services.api import patterns
from services.api.deps.fields import Body, Day, Email, Flag, Line
from services.api.deps.grants import SCOPES
from services.api.deps.paging import Code, PageQuery, SearchText

Role = Literal["admin", "coordinator", "officer", "head", "leader", "viewer"]
Login = Annotated[str, StringConstraints(pattern=patterns.LOGIN)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=128)]
NewPassword = Annotated[SecretStr, Field(min_length=12, max_length=128)]
Scope = Literal[SCOPES]  # type: ignore[valid-type]


class Credentials(Body):
    login: Annotated[str, Field(min_length=1, max_length=64)]
    password: Password


class Refresh(Body):
    refresh_token: Annotated[str, Field(min_length=1, max_length=200)]


class Tokens(BaseModel):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="seconds")
    refresh_token: str


class MembershipShown(BaseModel):
    role: str
    organisation: str


class Me(BaseModel):
    id: UUID
    kind: Literal["user", "api_key"]
    login: str
    name: str
    memberships: list[MembershipShown]
    permissions: dict[str, Literal["all", "own"]]
    token_expires_at: datetime | None


class PasswordChange(Body):
    current_password: Password
    new_password: NewPassword


class NewMembership(Body):
    organisation: Code
    role: Role
    valid_from: Day | None = None
    valid_to: Day | None = None


class NewUser(Body):
    login: Login
    name: Line
    email: Email
    password: NewPassword
    memberships: Annotated[list[NewMembership], Field(max_length=20, default_factory=list)]


class UserPatch(Body):
    name: Line | None = None
    email: Email | None = None
    active: Flag | None = None
    password: NewPassword | None = None


class UserMembership(BaseModel):
    id: UUID
    organisation: str
    role: str
    valid_from: date
    valid_to: date | None


class User(BaseModel):
    id: UUID
    login: str
    name: str
    email: str
    active: bool
    locked_until: datetime | None
    created_at: datetime
    memberships: list[UserMembership]
    allowed_actions: list[str]


class UserQuery(PageQuery):
    q: SearchText | None = None


class NewApiKey(Body):
    name: Line
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
    organisation: Code | None = Field(
        default=None,
        description="The one body it acts for. Whatever its scopes, it does nothing then that concerns the whole city.",
    )
    expires_on: Day


class ApiKey(BaseModel):
    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    organisation: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    allowed_actions: list[str]


class CreatedApiKey(ApiKey):
    key: str | None = Field(description="Shown once, here; null when the request is repeated.")
