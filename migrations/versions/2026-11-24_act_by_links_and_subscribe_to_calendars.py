"""act by links and subscribe to calendars"""

import sqlalchemy as sa
from alembic import op

revision = "d6e4b3c5f7a8"
down_revision = "b4c2f1a3d5e6"


def upgrade() -> None:
    """Keep feeds; links need no table, since they carry their own right."""
    op.create_table(
        "feeds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_feeds_user_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_feeds_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feeds_token_hash")),
    )
    op.create_index("ix_feeds_user", "feeds", ["user_id", "created_at", "id"])
    # That a calendar looked is shown, but is no reason to ask everything anew.
    op.execute(
        "CREATE TRIGGER ring AFTER INSERT OR UPDATE OF revoked_at OR DELETE ON feeds "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )


def downgrade() -> None:
    op.drop_table("feeds")
