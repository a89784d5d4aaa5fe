"""find duties by their indicator"""

from alembic import op

revision = "a3b1e0f2c4d5"
down_revision = "f2a0d9e1b3c4"


def upgrade() -> None:
    op.create_index("ix_assignments_node", "assignments", ["node_id"])


def downgrade() -> None:
    op.drop_index("ix_assignments_node", table_name="assignments")
