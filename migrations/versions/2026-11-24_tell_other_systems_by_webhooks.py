"""tell other systems by webhooks"""

revision = "e1f9c8d0a2b3"
down_revision = "d0e8b7c9f1a2"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
