"""write the ledger into smaller indexes

A step of a duty has the duty as its subject, which the ledger's key finds; one index is left for what else is
about it. People have few lines each, so their order need not stand in the index too: a fifth of a plan's time.
"""

from alembic import op

revision = "c1d9a8b0e2f4"
down_revision = "b0c8f7a9d1e3"


def upgrade() -> None:
    op.drop_index("ix_reminders_assignment", table_name="reminders")
    op.create_index(
        "ix_reminders_assignment",
        "reminders",
        ["assignment_id"],
        postgresql_where="assignment_id <> subject_id",
    )
    op.drop_index("ix_reminders_recipient", table_name="reminders")
    op.create_index("ix_reminders_recipient", "reminders", ["recipient"])


def downgrade() -> None:
    op.drop_index("ix_reminders_recipient", table_name="reminders")
    op.create_index("ix_reminders_recipient", "reminders", ["recipient", "send_at", "id"])
    op.drop_index("ix_reminders_assignment", table_name="reminders")
    op.create_index("ix_reminders_assignment", "reminders", ["assignment_id"])
