"""Every command over HTTP writes down what it changes: its entry says of each column what it was and what it is."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.conftest import Stage
from tests.api.test_rights import CALLS, OPERATIONS, Call, send

# Where the log's objects are kept, and by what it names them.
TABLES = {
    "period": ("periods", "t.code"),
    "organisation": ("organisations", "t.code"),
    "contact": ("contacts", "t.id::text"),
    "responsibility": ("responsibilities", "t.id::text"),
    "assignment": ("assignments", "t.id::text"),
    "explanation": ("explanation_requests", "t.id::text"),
    "handover": ("handovers", "t.id::text"),
    "api_key": ("api_keys", "t.id::text"),
    "user": ("users", "t.id::text"),
    "node": (
        "nodes",
        "(SELECT year FROM frameworks f WHERE f.id = t.framework_id) || '/' || t.code",
    ),
}
# Who and when stand in the entry itself; the rest is made of what is told, or is a secret.
NOT_TOLD = frozenset(
    {
        "id", "created_at", "updated_at", "search", "sort_key", "parent_id", "key_hash", "password_hash",
        "failed_attempts", "locked_until", "trace_id",
    }
)  # fmt: skip
# What an erasure took is never told.
SILENT = frozenset({"personal_data_erased"})
CHANGING = sorted(name for name in CALLS if OPERATIONS[name][0] != "GET")
Rows = dict[tuple[str, str], dict[str, Any]]


async def rows(stage: Stage) -> Rows:
    found: Rows = {}
    for kind, (table, key) in TABLES.items():
        read = text(f"SELECT {key}, to_jsonb(t) FROM {table} t")  # noqa: S608 names of our own
        found |= {(kind, name): row for name, row in await stage.connection.execute(read)}
    return found


async def entries(stage: Stage, after: int) -> list[Any]:
    read = text(
        "SELECT action, object_type, object_id, changes FROM audit_log WHERE id > :after ORDER BY id"
    )
    return list(await stage.connection.execute(read, {"after": after}))


async def done(stage: Stage, operation: str, call: Call) -> bool:
    """Let the first of the cast do it who may."""
    for who in stage.cast.everybody().values():
        step = await stage.connection.begin_nested()
        answer = await send(stage.client, operation, call, stage.mine, who.headers)
        if answer.is_success:
            await step.commit()
            return True
        await step.rollback()
    return False


def is_told(name: str) -> bool:
    return name not in NOT_TOLD and not name.endswith(("_by", "_by_name"))


def plain(value: Any) -> Any:
    """Make a moment comparable: the database writes it in another way."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def faults(was: dict[str, Any], now: dict[str, Any], changes: dict[str, Any]) -> list[str]:
    """Name the columns that differ and of which the entry does not say from what to what."""
    found = []
    for name in filter(is_told, was.keys() | now.keys()):
        old, new = was.get(name), now.get(name)
        if old == new or (not was and not new) or (not now and not old):
            continue
        told = changes.get(name.removesuffix("_id"))
        if told is None:
            found.append(f"{name}: {old!r} -> {new!r} is not told")
        elif name.endswith("_id"):
            # The log names a thing by its code.
            if [one is None for one in told] != [old is None, new is None]:
                found.append(f"{name}: {told}")
        elif [plain(one) for one in told] != [plain(old), plain(new)]:
            found.append(f"{name}: {old!r} -> {new!r} is told as {told}")
    return found


@pytest.mark.parametrize("operation", CHANGING)
async def test_the_log_says_of_every_column_what_it_was_and_is(
    stage: Stage, operation: str
) -> None:
    wrong = []
    for call in CALLS[operation]:
        async with stage.undone():
            before = await rows(stage)
            last = await stage.connection.scalar(text("SELECT coalesce(max(id), 0) FROM audit_log"))
            if not await done(stage, operation, call):
                continue
            after = await rows(stage)
            told: dict[tuple[str, str], dict[str, Any]] = {}
            for action, kind, key, changes in await entries(stage, last or 0):
                if kind in TABLES and action not in SILENT:
                    known = told.setdefault((kind, key), {})
                    known |= {
                        name: [known.get(name, change)[0], change[1]]
                        for name, change in changes.items()
                    }
            for thing, changes in told.items():
                if thing[0] == "node":
                    changes.setdefault("framework", [thing[1], None])  # its key names the year
                missing = faults(before.get(thing, {}), after.get(thing, {}), changes)
                wrong += [f"{thing[0]}.{fault}" for fault in missing]
    assert wrong == []


def test_a_change_that_is_not_told_is_found() -> None:
    """The comparison above can fail."""
    was, now = {"name": "a", "organisation_id": "x"}, {"name": "b", "organisation_id": None}
    assert len(faults(was, now, {})) == len(now)
    assert faults(was, now, {"name": ["a", "b"], "organisation": ["so", None]}) == []
    assert len(faults(was, now, {"name": ["a", "c"], "organisation": ["so", "so"]})) == len(now)
    assert faults({}, {"day": str(date(2030, 1, 1))}, {"day": [None, "2030-01-01"]}) == []
