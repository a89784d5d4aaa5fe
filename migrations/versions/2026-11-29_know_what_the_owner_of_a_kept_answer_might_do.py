"""know what the owner of a kept answer might do

An answer is given again to whoever may still do what he might then. Answers kept before this have no rights beside
them and last a day.
"""

import sqlalchemy as sa
from alembic import op

revision = "8e4d2b0f6c13"
down_revision = "7f3c1a9e5b02"


def upgrade() -> None:
    op.add_column(
        "idempotency_keys",
        sa.Column("rights", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("idempotency_keys", "rights")
