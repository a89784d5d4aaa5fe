"""extend deadlines and ask for explanations"""

revision = "c9d7a6b8e0f1"
down_revision = "b8c6f5a7d9e0"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
