"""say what time a document covers"""

import sqlalchemy as sa
from alembic import op

revision = "a9c3e5d7f903"
down_revision = "f8b2d4c6e802"

COLUMNS = ("covers_from", "covers_to", "valid_until")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("evidence", sa.Column(name, sa.Date(), nullable=True))
    op.create_check_constraint(op.f("ck_evidence_covers"), "evidence", "covers_from <= covers_to")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_evidence_covers"), "evidence", type_="check")
    for name in reversed(COLUMNS):
        op.drop_column("evidence", name)
