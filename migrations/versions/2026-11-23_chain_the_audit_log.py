"""chain the audit log"""

revision = "f6a4d3e5b7c8"
down_revision = "e5f3c2d4a6b7"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
