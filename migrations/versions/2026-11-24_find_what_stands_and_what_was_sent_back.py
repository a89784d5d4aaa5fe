"""find what stands and what was sent back

The follow-up list of a year looks for them in each of its duties; among six revisions it read all of them.
"""

from alembic import op

revision = "a9b7e6f8c0d2"
down_revision = "f8a6d5e7b9c1"

INDEXES = {
    "standing": "state IN ('submitted', 'accepted')",
    "sent_back": "state IN ('returned', 'rejected')",
    "found": "findings <> '[]'",
}


def upgrade() -> None:
    for name, condition in INDEXES.items():
        op.create_index(
            f"ix_submissions_{name}", "submissions", ["assignment_id"], postgresql_where=condition
        )


def downgrade() -> None:
    for name in reversed(INDEXES):
        op.drop_index(f"ix_submissions_{name}", table_name="submissions")
