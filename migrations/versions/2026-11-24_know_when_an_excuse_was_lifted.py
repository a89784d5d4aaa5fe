"""know when an excuse was lifted

Which reminders are over by then must not depend on whether a notifier ran while the duty was excused.
"""

import sqlalchemy as sa
from alembic import op

revision = "b0c8f7a9d1e3"
down_revision = "a9b7e6f8c0d2"


def upgrade() -> None:
    op.add_column("assignments", sa.Column("excuse_lifted_at", sa.DateTime(timezone=True)))
    # Of those that were lifted before, the duty's last change is the nearest that is known.
    op.execute(
        "UPDATE assignments SET excuse_lifted_at = updated_at WHERE excused_at IS NULL AND id::text IN "
        "(SELECT object_id FROM audit_log WHERE object_type = 'assignment' AND action = 'excuse_lifted')"
    )


def downgrade() -> None:
    op.drop_column("assignments", "excuse_lifted_at")
