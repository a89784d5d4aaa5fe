"""check figures by rules"""

revision = "d0e8b7c9f1a2"
down_revision = "c9d7a6b8e0f1"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
