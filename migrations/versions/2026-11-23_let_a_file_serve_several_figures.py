"""let a file serve several figures"""

revision = "b8c6f5a7d9e0"
down_revision = "a7b5e4f6c8d9"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
