"""Real Postgres with real commits, because the notifier locks; a real SMTP server on loopback."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import delete

from deploy.embedded import Servers
from services.notifier.sending.office import Office
from services.notifier.smtp.mailer import SmtpMailer
from shared.db import PooledDatabase
from shared.models import (
    Alarm,
    Assignment,
    CalendarDay,
    CalendarYear,
    Contact,
    Deputy,
    ExplanationRequest,
    Extension,
    Framework,
    Handover,
    Hold,
    Mail,
    Membership,
    Node,
    NotifierRun,
    Organisation,
    Period,
    Reminder,
    ReminderPolicy,
    ReminderStep,
    Responsibility,
    Submission,
    SuppressedAddress,
    User,
)
from tests.conftest import copied_database, settings_for
from tests.notifier.cast import Clock, World, raise_curtain
from tests.notifier.post import PostOffice

# What the tests write, children first; history tables refuse to be emptied and stay empty.
TABLES = (
    Reminder, Hold, SuppressedAddress, Mail, Handover, NotifierRun, Alarm, ReminderStep, ReminderPolicy,
    CalendarDay, CalendarYear, Deputy, Membership, User, ExplanationRequest, Extension, Submission,
    Assignment, Responsibility, Contact, Period, Node, Framework, Organisation,
)  # fmt: skip


@pytest.fixture(scope="session")
async def committing(servers: Servers, blank: str) -> AsyncIterator[PooledDatabase]:
    async with copied_database(servers, blank) as url:
        database = PooledDatabase(settings_for(servers, url).database_url)
        yield database
        await database.close()


@pytest.fixture
async def database(committing: PooledDatabase) -> PooledDatabase:
    async with committing.engine.begin() as connection:
        for table in TABLES:
            await connection.execute(delete(table))
    return committing


@pytest.fixture
async def world(database: PooledDatabase) -> World:
    return await raise_curtain(database)


@pytest.fixture
async def post() -> AsyncIterator[PostOffice]:
    async with PostOffice() as post:
        yield post


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(database: PooledDatabase, post: PostOffice, clock: Clock) -> Office:
    return Office(
        database=database,
        mailer=SmtpMailer(post.url, timeout=2),
        clock=clock,
        mail_from="PII Hà Nội <pii@pii.example.vn>",
        public_url="https://pii.example.vn/",
        claim=timedelta(seconds=40),
    )
