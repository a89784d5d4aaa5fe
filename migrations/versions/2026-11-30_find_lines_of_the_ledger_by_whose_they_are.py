"""find lines of the ledger, and mails, by whose they are, of which period or day, and what became of them

A list that asked for one of these read back through years. A planned line needs no place by person, as it is found
among what is due: planning writes as many index entries as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "4b7d2f9c6a18"
down_revision = "9a5e3c1d7f24"


def upgrade() -> None:
    op.add_column("reminders", sa.Column("period_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE reminders SET period_id = found.period_id FROM (SELECT r.id, coalesce(e.period_id, a.period_id) "
        "AS period_id FROM reminders r LEFT JOIN explanation_requests e ON e.id = r.explanation_id "
        "LEFT JOIN assignments a ON a.id = r.assignment_id) AS found "
        "WHERE found.id = reminders.id AND found.period_id IS NOT NULL"
    )
    op.create_check_constraint(
        op.f("ck_reminders_period"),
        "reminders",
        "(period_id IS NULL) = (assignment_id IS NULL AND explanation_id IS NULL)",
    )
    op.create_index(
        "ix_reminders_matter", "reminders", ["organisation_id", "period_id", "send_at", "id"]
    )
    op.create_index(
        "ix_reminders_rare",
        "reminders",
        ["state", "send_at", "id"],
        postgresql_where="state NOT IN ('planned', 'claimed', 'sent')",
    )
    op.create_index(
        "ix_reminders_notices",
        "reminders",
        ["topic", "send_at", "id"],
        postgresql_where="kind = 'notice'",
    )
    op.drop_index("ix_reminders_recipient", table_name="reminders")
    op.create_index(
        "ix_reminders_recipient", "reminders", ["recipient"], postgresql_where="state <> 'planned'"
    )
    op.create_index("ix_mails_day", "mails", ["day", "created_at", "id"])
    op.create_index(
        "ix_mails_rare",
        "mails",
        ["state", "created_at", "id"],
        postgresql_where="state NOT IN ('claimed', 'sent')",
    )
    op.create_index(
        "ix_mails_single",
        "mails",
        ["kind", "created_at", "id"],
        postgresql_where="kind <> 'digest'",
    )
    op.drop_index("ix_assignments_node", table_name="assignments")
    op.create_index("ix_assignments_node", "assignments", ["node_id", "period_id"])
    op.create_index("ix_submissions_state", "submissions", ["state", "created_at", "id"])
    op.create_index("ix_submissions_submitted", "submissions", ["submitted_at"])


def downgrade() -> None:
    op.drop_index("ix_submissions_submitted", table_name="submissions")
    op.drop_index("ix_submissions_state", table_name="submissions")
    op.drop_index("ix_assignments_node", table_name="assignments")
    op.create_index("ix_assignments_node", "assignments", ["node_id"])
    for name in ("single", "rare", "day"):
        op.drop_index(f"ix_mails_{name}", table_name="mails")
    op.drop_index("ix_reminders_recipient", table_name="reminders")
    op.create_index("ix_reminders_recipient", "reminders", ["recipient"])
    op.drop_index("ix_reminders_notices", table_name="reminders")
    op.drop_index("ix_reminders_rare", table_name="reminders")
    op.drop_index("ix_reminders_matter", table_name="reminders")
    op.drop_column("reminders", "period_id")
