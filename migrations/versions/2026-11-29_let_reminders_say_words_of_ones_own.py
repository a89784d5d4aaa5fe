"""let reminders say words of one's own

A template's versions are kept for ever: a line of the ledger names the one that was sent.
"""

import sqlalchemy as sa
from alembic import op

revision = "d2e0b9c1f3a5"
down_revision = "c1d9a8b0e2f4"


def upgrade() -> None:
    op.create_table(
        "reminder_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("words_vi", sa.Text(), nullable=False),
        sa.Column("words_en", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_reminder_templates_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_templates")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_reminder_templates_code_version")),
    )
    op.execute(
        "CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON reminder_templates "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON reminder_templates "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )
    op.add_column(
        "reminder_steps", sa.Column("channel", sa.Text(), server_default="email", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_reminder_steps_channel"), "reminder_steps", "channel IN ('email')"
    )
    op.add_column("reminder_steps", sa.Column("template", sa.Text()))
    op.add_column("reminders", sa.Column("template_id", sa.Uuid()))


def downgrade() -> None:
    op.drop_column("reminders", "template_id")
    op.drop_column("reminder_steps", "template")
    op.drop_constraint(op.f("ck_reminder_steps_channel"), "reminder_steps", type_="check")
    op.drop_column("reminder_steps", "channel")
    op.drop_table("reminder_templates")
