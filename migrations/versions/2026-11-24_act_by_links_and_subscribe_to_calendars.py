"""act by links and subscribe to calendars"""

revision = "d6e4b3c5f7a8"
down_revision = "c5d3a2b4e6f7"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
