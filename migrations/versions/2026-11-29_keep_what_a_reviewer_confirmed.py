"""keep what a reviewer confirmed"""

import sqlalchemy as sa
from alembic import op

revision = "f8b2d4c6e802"
down_revision = "e7a1c3b5d701"


def upgrade() -> None:
    op.create_table(
        "submission_ticks",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("tick", sa.Text(), nullable=False),
        sa.Column("ticked_by", sa.Uuid(), nullable=False),
        sa.Column("ticked_by_name", sa.Text(), nullable=False),
        sa.Column("ticked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("step IN ('first', 'final')", name=op.f("ck_submission_ticks_step")),
        sa.CheckConstraint(
            "tick IN ('evidence_seen', 'acknowledge_wipes')", name=op.f("ck_submission_ticks_tick")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_submission_ticks_submission_id"),
        ),
        sa.PrimaryKeyConstraint("submission_id", "step", "tick", name=op.f("pk_submission_ticks")),
    )


def downgrade() -> None:
    op.drop_table("submission_ticks")
