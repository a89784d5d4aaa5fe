"""close the gaps of the workflow: nothing of the schema changes"""

revision = "a3b1e0f2c4d5"
down_revision = "f2a0d9e1b3c4"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
