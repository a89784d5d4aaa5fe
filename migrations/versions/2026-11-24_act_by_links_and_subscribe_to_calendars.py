"""act by links and subscribe to calendars"""

revision = "d6e4b3c5f7a8"
down_revision = "b4c2f1a3d5e6"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
