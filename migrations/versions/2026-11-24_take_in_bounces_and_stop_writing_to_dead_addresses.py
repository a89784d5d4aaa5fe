"""take in bounces and stop writing to dead addresses"""

revision = "f2a0d9e1b3c4"
down_revision = "e1f9c8d0a2b3"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
