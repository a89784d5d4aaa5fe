"""say which node an official result is of"""

import sqlalchemy as sa
from alembic import op

revision = "d4e2b1c3f5a6"
down_revision = "c3f1a0b2d4e5"

COLUMNS = {
    "locality_code": sa.Text(),
    "node_code": sa.Text(),
    "value": sa.Double(),
    "imported_at": sa.DateTime(timezone=True),
    "imported_by": sa.Uuid(),
    "imported_by_name": sa.Text(),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("official_results", sa.Column(name, kind, nullable=True))
    op.create_unique_constraint(
        op.f("uq_official_results_year_locality_code_node_code"),
        "official_results",
        ["year", "locality_code", "node_code"],
    )
    op.execute(
        """
        UPDATE official_results SET node_code = found.code
        FROM (SELECT DISTINCT code, kind FROM nodes) AS found
        WHERE (kind = 'index' AND level = 'overall')
           OR (kind = 'subindex' AND level = found.code)
           OR (kind NOT IN ('index', 'subindex') AND level = kind || ' ' || found.code)
        """
    )
    op.execute(
        """
        UPDATE official_results SET locality_code = localities.code
        FROM localities
        WHERE locality = localities.name AND node_code IS NOT NULL
        """
    )


def downgrade() -> None:
    op.drop_constraint(op.f("uq_official_results_year_locality_code_node_code"), "official_results")
    for name in COLUMNS:
        op.drop_column("official_results", name)
