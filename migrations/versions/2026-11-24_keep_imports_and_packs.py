"""keep imports and packs"""

revision = "b4c2f1a3d5e6"
down_revision = "a3b1e0f2c4d5"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
