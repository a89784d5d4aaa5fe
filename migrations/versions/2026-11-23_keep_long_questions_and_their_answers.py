"""keep long questions and their answers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "e5f3c2d4a6b7"
down_revision = "d4e2b1c3f5a6"


def upgrade() -> None:
    op.add_column("run_nodes", sa.Column("mode", sa.Text(), nullable=True))
    op.create_table(
        "analyses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("plan_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("steps_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('uncertainty')", name=op.f("ck_analyses_kind")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_analyses_state")
        ),
        sa.CheckConstraint(
            "(state = 'done') = (result IS NOT NULL)", name=op.f("ck_analyses_result")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_analyses_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
        sa.UniqueConstraint(
            "run_id", "kind", "plan_hash", name=op.f("uq_analyses_run_id_kind_plan_hash")
        ),
    )
    op.create_index("ix_analyses_recent", "analyses", ["created_at", "id"])
    op.create_index(
        "ix_analyses_waiting",
        "analyses",
        ["created_at"],
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.execute(
        "CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON analyses "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )


def downgrade() -> None:
    op.drop_table("analyses")
    op.drop_column("run_nodes", "mode")
