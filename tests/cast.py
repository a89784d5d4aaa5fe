"""A fixed cast: one person for each role, in bodies that share nothing, signed in."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.caller import ACCESS_PREFIX, token_hash
from services.api.deps.clock import today_in_hanoi
from shared.models import Membership, Organisation, SignIn, User

ROLES = {
    "admin": ("admin", "so-khcn"),
    "coordinator": ("coordinator", "so-khcn"),
    "second_coordinator": ("coordinator", "so-khcn"),
    "officer": ("officer", "so-gddt"),
    "head": ("head", "so-gddt"),
    "foreign_officer": ("officer", "so-ct"),
    "coordinating_officer": ("officer", "so-khcn"),
    "leader": ("leader", "ubnd-tp"),
    "viewer": ("viewer", "mttq-tp"),
}


@dataclass(frozen=True)
class Person:
    id: UUID
    login: str
    name: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """Who asks, in English, so that a test can read the answer's words."""
        return {"authorization": f"Bearer {self.token}", "accept-language": "en"}


@dataclass(frozen=True)
class Cast:
    """``officer`` and ``head`` are of Sở Giáo dục và Đào tạo, ``foreign_officer`` of Sở Công Thương."""

    admin: Person
    coordinator: Person
    second_coordinator: Person
    officer: Person
    head: Person
    foreign_officer: Person
    coordinating_officer: Person
    leader: Person
    viewer: Person

    def everybody(self) -> dict[str, Person]:
        return {role: getattr(self, role) for role in ROLES}


async def make_cast(session: AsyncSession) -> Cast:
    bodies = dict((await session.execute(select(Organisation.code, Organisation.id))).all())
    return Cast(
        **{
            name: await _person(session, name, role, bodies[body])
            for name, (role, body) in ROLES.items()
        }
    )


async def _person(session: AsyncSession, login: str, role: str, body: UUID) -> Person:
    user = User(
        id=uuid4(),
        login=login,
        name=f"{login} (thử nghiệm)",
        email=f"{login}@example.org",
        password_hash="!",
    )
    session.add(user)
    await session.flush()
    # By Hanoi's day, as the API gives it: the server's own is another for seven hours of each night.
    session.add(
        Membership(user_id=user.id, organisation_id=body, role=role, valid_from=today_in_hanoi())
    )
    token = ACCESS_PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    session.add(
        SignIn(
            user_id=user.id,
            access_hash=token_hash(token),
            access_expires_at=now + timedelta(hours=1),
            refresh_hash=secrets.token_bytes(32),
            refresh_expires_at=now + timedelta(days=1),
        )
    )
    await session.flush()
    return Person(user.id, login, user.name, token)
