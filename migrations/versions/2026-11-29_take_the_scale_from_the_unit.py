"""take the scale from the unit

A scale of 1 was what stood there when nobody said anything: such rows follow their indicator's unit from now on.
The previous release goes on reading ``scale``, which stays filled in. It knew no check of denominators that nobody
asked for; none has been switched off either, so that rows without a limit get the usual one.
"""

import sqlalchemy as sa
from alembic import op

revision = "d4b2a7d9c1f6"
down_revision = "d3a1f6c8b0e5"


def upgrade() -> None:
    op.add_column(
        "indicator_rules",
        sa.Column("scale_from_unit", sa.Boolean(), server_default="false", nullable=False),
    )
    op.execute(
        "UPDATE indicator_rules SET scale_from_unit = (scale = 1), "
        "denominator_change_percent = coalesce(denominator_change_percent, 20)"
    )


def downgrade() -> None:
    op.drop_column("indicator_rules", "scale_from_unit")
