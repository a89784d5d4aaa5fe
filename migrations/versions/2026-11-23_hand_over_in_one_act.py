"""hand over in one act"""

revision = "a7b5e4f6c8d9"
down_revision = "f6a4d3e5b7c8"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
