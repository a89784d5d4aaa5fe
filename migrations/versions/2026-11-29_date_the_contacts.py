"""date the contacts"""

import sqlalchemy as sa
from alembic import op

revision = "d5b3c9e8d1a4"
down_revision = "d4a2b8d7c0f3"


def upgrade() -> None:
    op.add_column("contacts", sa.Column("valid_from", sa.Date()))
    op.add_column("contacts", sa.Column("valid_to", sa.Date()))
    op.create_check_constraint(op.f("ck_contacts_validity"), "contacts", "valid_from <= valid_to")


def downgrade() -> None:
    op.drop_column("contacts", "valid_to")
    op.drop_column("contacts", "valid_from")
