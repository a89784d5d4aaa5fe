"""say which kind of duty a responsibility is"""

import sqlalchemy as sa
from alembic import op

revision = "d4a2b8d7c0f3"
down_revision = "d3f1a7c6b9e2"


def upgrade() -> None:
    # Null, as for all there are: as role and supply say.
    op.add_column("responsibilities", sa.Column("kind", sa.Text()))
    op.create_check_constraint(
        op.f("ck_responsibilities_kind"), "responsibilities", "kind IN ('figure', 'report')"
    )


def downgrade() -> None:
    op.drop_column("responsibilities", "kind")
