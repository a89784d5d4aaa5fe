"""say how a figure is made and proved

What was shown as guidance is the remark of those who keep the plan: it stays where it is, and is shown no more.
"""

import sqlalchemy as sa
from alembic import op

revision = "d3a1f6c8b0e5"
down_revision = "5b7d9f1a3c5e"

LEVELS = "'signed', 'copy', 'extract', 'link'"


def upgrade() -> None:
    for name in ("guidance_vi", "guidance_en"):
        op.add_column("nodes", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column(
        "nodes",
        sa.Column("accepted_evidence", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_nodes_accepted_evidence"), "nodes", f"accepted_evidence <@ ARRAY[{LEVELS}]"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_nodes_accepted_evidence"), "nodes", type_="check")
    for name in ("accepted_evidence", "guidance_en", "guidance_vi"):
        op.drop_column("nodes", name)
