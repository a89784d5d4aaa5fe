"""tell other systems by webhooks"""

revision = "e1f9c8d0a2b3"
down_revision = "c5d3a2b4e6f7"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
