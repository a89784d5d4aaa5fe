"""keep packs for the ministry"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b4c2f1a3d5e6"
down_revision = "a3b1e0f2c4d5"

JSONB = postgresql.JSONB(astext_type=sa.Text())
# Every column of packs but the maker's name, which may be erased.
LASTING = (
    "id, period_id, number, note, framework_id, framework_revision, run_id, made_up, rows, gaps, evidence, "
    "size, manifest_sha256, made_by, made_at"
)


def upgrade() -> None:
    op.create_table(
        "packs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("framework_id", sa.Uuid(), nullable=False),
        sa.Column("framework_revision", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.Column("rows", JSONB, nullable=False),
        sa.Column("gaps", JSONB, nullable=False),
        sa.Column("evidence", JSONB, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("manifest_sha256", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_by_name", sa.Text(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_packs_number")),
        sa.CheckConstraint("size > 0", name=op.f("ck_packs_size")),
        sa.ForeignKeyConstraint(["period_id"], ["periods.id"], name=op.f("fk_packs_period_id")),
        sa.ForeignKeyConstraint(
            ["framework_id"], ["frameworks.id"], name=op.f("fk_packs_framework_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_packs_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packs")),
        sa.UniqueConstraint("period_id", "number", name=op.f("uq_packs_period_id_number")),
    )
    op.create_table(
        "pack_files",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_pack_files_pack_id")),
        sa.PrimaryKeyConstraint("pack_id", "path", name=op.f("pk_pack_files")),
    )
    op.execute(
        f"CREATE TRIGGER never_changed BEFORE UPDATE OF {LASTING} OR DELETE OR TRUNCATE ON packs "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER only_erased BEFORE UPDATE ON packs "
        "FOR EACH ROW EXECUTE FUNCTION only_name_erased('made_by_name')"
    )
    op.execute(
        "CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON pack_files "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER ring AFTER INSERT OR UPDATE ON packs "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )


def downgrade() -> None:
    op.drop_table("pack_files")
    op.drop_table("packs")
