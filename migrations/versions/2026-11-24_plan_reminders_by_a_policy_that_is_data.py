"""plan reminders by a policy that is data"""

revision = "c5d3a2b4e6f7"
down_revision = "b4c2f1a3d5e6"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
