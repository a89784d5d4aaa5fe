"""remind until a duty is done

A step may be repeated without an end. The default policy follows where it still is exactly as it was
shipped; one that somebody changed is his.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "e3f1c0d2a4b6"
down_revision = "d5b3c9e8d1a4"

Shipped = list[tuple[int, int | None, int | None, str]]
_FIRST: Shipped = [
    *((days, None, None, who) for days in (-10, -5, -1, 0, 1, 3) for who in ("officer", "deputy")),
    (3, None, None, "head"),
    (15, None, None, "leadership"),
]
BEFORE: Shipped = [
    *_FIRST,
    (5, None, None, "coordinator"),
    (8, 5, 20, "officer"),
    (8, 5, 20, "deputy"),
]
AFTER: Shipped = [*_FIRST, *((5, 5, None, who) for who in ("officer", "deputy", "coordinator"))]
_DEFAULT = sa.text(
    "SELECT id FROM reminder_policies WHERE name = 'Mặc định / Default' AND active AND kind IS NULL"
    " AND organisation_id IS NULL AND indicator IS NULL AND period_id IS NULL FOR UPDATE"
)
_STEPS = sa.text(
    "SELECT offset_days, repeat_every, repeat_count, audience,"
    " days = 'working' AND channel = 'email' AND template IS NULL AND NOT separate AS plain"
    " FROM reminder_steps WHERE policy_id = :id"
)
_ADD = sa.text(
    "INSERT INTO reminder_steps (id, policy_id, offset_days, days, repeat_every, repeat_count, audience)"
    " VALUES (gen_random_uuid(), :id, :offset_days, 'working', :repeat_every, :repeat_count, :audience)"
)
_TELL = sa.text(
    "INSERT INTO audit_log (actor_kind, actor_name, action, object_type, object_id, changes, trace_id)"
    " VALUES ('system', 'pii migrate', 'changed', 'reminder_policy', :id, CAST(:changes AS jsonb), '')"
)
_NAMES = ("offset_days", "repeat_every", "repeat_count", "audience")


def upgrade() -> None:
    op.drop_constraint(op.f("ck_reminder_steps_repeat_whole"), "reminder_steps", type_="check")
    op.create_check_constraint(
        op.f("ck_reminder_steps_repeat_whole"),
        "reminder_steps",
        "repeat_every IS NOT NULL OR repeat_count IS NULL",
    )
    _replace(BEFORE, AFTER)


def downgrade() -> None:
    _replace(AFTER, BEFORE)
    op.execute(
        "UPDATE reminder_steps SET repeat_count = 100"
        " WHERE repeat_every IS NOT NULL AND repeat_count IS NULL"
    )
    op.drop_constraint(op.f("ck_reminder_steps_repeat_whole"), "reminder_steps", type_="check")
    op.create_check_constraint(
        op.f("ck_reminder_steps_repeat_whole"),
        "reminder_steps",
        "(repeat_every IS NULL) = (repeat_count IS NULL)",
    )


def _replace(old: Shipped, new: Shipped) -> None:
    """Replace the steps of the shipped policy where they are these and nothing else."""
    connection = op.get_bind()
    policy = connection.scalar(_DEFAULT)
    found = [] if policy is None else list(connection.execute(_STEPS, {"id": policy}))
    if not all(row.plain for row in found) or {tuple(row)[:4] for row in found} != set(old):
        return
    connection.execute(sa.text("DELETE FROM reminder_steps WHERE policy_id = :id"), {"id": policy})
    for step in new:
        connection.execute(_ADD, {"id": policy, **dict(zip(_NAMES, step, strict=True))})
    connection.execute(
        sa.text("UPDATE reminder_policies SET updated_at = now() WHERE id = :id"), {"id": policy}
    )
    changes = {"steps": [_listed(old), _listed(new)]}
    connection.execute(_TELL, {"id": str(policy), "changes": json.dumps(changes)})


def _listed(steps: Shipped) -> list[dict[str, object]]:
    """List them as the API writes them into the audit log."""
    rest = {"days": "working", "channel": "email", "template": None, "separate": False}
    listed = [dict(zip(_NAMES, step, strict=True)) | rest for step in steps]
    return sorted(listed, key=lambda step: (step["offset_days"], step["audience"]))
