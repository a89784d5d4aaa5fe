"""extend deadlines and ask for explanations"""

import sqlalchemy as sa
from alembic import op

revision = "c9d7a6b8e0f1"
down_revision = "b8c6f5a7d9e0"

# What readers are shown; a change of it ends what is answered from memory.
SHOWN = ("calendar_days", "calendar_years")


def upgrade() -> None:
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "NOT confirmed OR decision <> ''", name=op.f("ck_calendar_years_decision")
        ),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('off', 'worked')", name=op.f("ck_calendar_days_kind")),
        sa.CheckConstraint(
            "kind = 'off' OR extract(isodow FROM day) > 5", name=op.f("ck_calendar_days_worked")
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    for table in SHOWN:
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
        )


def downgrade() -> None:
    for table in SHOWN:
        op.drop_table(table)
