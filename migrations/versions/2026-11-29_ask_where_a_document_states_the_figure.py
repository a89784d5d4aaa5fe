"""ask where a document states the figure"""

import sqlalchemy as sa
from alembic import op

revision = "e7a1c3b5d701"
down_revision = "d4b2a7d9c1f6"


def upgrade() -> None:
    op.add_column(
        "indicator_rules",
        sa.Column("evidence_must_state", sa.Boolean(), server_default="true", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("indicator_rules", "evidence_must_state")
