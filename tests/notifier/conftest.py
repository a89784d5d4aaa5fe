"""Real Postgres with real commits, because the notifier locks; a real SMTP server on loopback."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.mailer import SmtpMailer
from services.notifier.sending import Office
from shared.db import PooledDatabase, create_engine
from shared.models import (
    Alarm,
    Assignment,
    Contact,
    Framework,
    Node,
    Organisation,
    Period,
    Reminder,
    ReminderPolicy,
    Responsibility,
    Submission,
)
from tests.notifier.cast import Clock, World, raise_curtain
from tests.notifier.post import PostOffice

SERVER = os.environ.get("TEST_DATABASE_URL", "postgresql+asyncpg://pii@127.0.0.1:5499/")
NAME = "notifier_test"
# What the tests write, children first; history tables refuse to be emptied and stay empty.
TABLES = (
    Reminder, Alarm, ReminderPolicy, Submission, Assignment, Responsibility, Contact, Period, Node,
    Framework, Organisation,
)  # fmt: skip


@pytest.fixture(scope="session")
async def notifier_engine() -> AsyncIterator[AsyncEngine]:
    admin = create_engine(SERVER + "postgres").execution_options(isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)"))
        await connection.execute(text(f"CREATE DATABASE {NAME}"))
    await admin.dispose()
    config = Config(toml_file="pyproject.toml")
    config.set_main_option("sqlalchemy.url", SERVER + NAME)
    await asyncio.to_thread(command.upgrade, config, "head")
    engine = create_engine(SERVER + NAME)
    yield engine
    await engine.dispose()


@pytest.fixture
async def database(notifier_engine: AsyncEngine) -> PooledDatabase:
    async with notifier_engine.begin() as connection:
        for table in TABLES:
            await connection.execute(delete(table))
    return PooledDatabase(notifier_engine)


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
