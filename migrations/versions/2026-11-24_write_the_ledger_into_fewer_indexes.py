"""write the ledger into fewer indexes

A plan is written by the hundred thousand lines, and each index and each foreign key takes its share of every
line: what another index finds as well, what is empty until a mail is made, and parents that are never deleted.
"""

from alembic import op

revision = "f8a6d5e7b9c1"
down_revision = "e7f5c4d6a8b9"

PARENTS = {"explanation_id": "explanation_requests", "user_id": "users"}


def upgrade() -> None:
    for column in PARENTS:
        op.drop_constraint(op.f(f"fk_reminders_{column}"), "reminders", type_="foreignkey")
    op.drop_index("ix_reminders_open", table_name="reminders")
    op.create_index(
        "ix_reminders_held", "reminders", ["hold_id"], postgresql_where="state = 'held'"
    )
    op.drop_index("ix_reminders_assignment", table_name="reminders")
    op.create_index("ix_reminders_assignment", "reminders", ["assignment_id"])
    op.drop_index("ix_reminders_mail", table_name="reminders")
    op.create_index(
        "ix_reminders_mail", "reminders", ["mail_id"], postgresql_where="mail_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_index("ix_reminders_mail", table_name="reminders")
    op.create_index("ix_reminders_mail", "reminders", ["mail_id"])
    op.drop_index("ix_reminders_assignment", table_name="reminders")
    op.create_index("ix_reminders_assignment", "reminders", ["assignment_id", "send_at", "id"])
    op.drop_index("ix_reminders_held", table_name="reminders")
    op.create_index(
        "ix_reminders_open",
        "reminders",
        ["subject_id"],
        postgresql_where="state IN ('planned', 'held')",
    )
    for column, table in PARENTS.items():
        op.create_foreign_key(op.f(f"fk_reminders_{column}"), "reminders", table, [column], ["id"])
