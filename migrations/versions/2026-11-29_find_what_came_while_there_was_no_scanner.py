"""find what came while there was no scanner"""

import sqlalchemy as sa
from alembic import op

revision = "b0d4f6e8a104"
down_revision = "a9c3e5d7f903"


def upgrade() -> None:
    op.create_index(
        "ix_evidence_unscanned",
        "evidence",
        ["uploaded_at"],
        postgresql_where=sa.text("scan = 'not_scanned' AND storage_key IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_evidence_unscanned", table_name="evidence")
