"""limit a period to bodies and indicators"""

import sqlalchemy as sa
from alembic import op

revision = "d3f1a7c6b9e2"
down_revision = "b0d4f6e8a104"


def upgrade() -> None:
    op.create_table(
        "period_scope",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("node_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(organisation_id IS NULL) <> (node_id IS NULL)",
            name=op.f("ck_period_scope_of_one_thing"),
        ),
        sa.ForeignKeyConstraint(
            ["period_id"], ["periods.id"], name=op.f("fk_period_scope_period_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_period_scope_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_period_scope_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period_scope")),
        sa.UniqueConstraint(
            "period_id",
            "organisation_id",
            "node_id",
            name=op.f("uq_period_scope_period_id_organisation_id_node_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.execute(
        "CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON period_scope "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )


def downgrade() -> None:
    op.drop_table("period_scope")
