"""know everybody who wrote a figure

Whoever edited a draft or changed its evidence does not accept it either. What waits already is told from the audit log
and from its evidence; who was first to accept what he had written is no longer that. What is decided stays as it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "7f3c1a9e5b02"
down_revision = "d2e0b9c1f3a5"

_HANDS = """
    UPDATE submissions AS s SET written_by = (
        SELECT coalesce(array_agg(DISTINCT hand), '{}') FROM (
            SELECT s.created_by AS hand
            UNION SELECT s.submitted_by
            UNION SELECT u.added_by FROM evidence_uses AS u WHERE u.submission_id = s.id
            UNION SELECT a.actor_id FROM audit_log AS a
                WHERE a.object_type = 'submission' AND a.object_id = s.id::text AND a.action = 'edited'
        ) AS hands WHERE hand IS NOT NULL
    )
    WHERE s.state IN ('draft', 'submitted')
"""
_NO_FIRST = """
    UPDATE submissions
    SET first_accepted_by = NULL, first_accepted_by_name = NULL, first_accepted_at = NULL
    WHERE first_accepted_by = ANY (written_by)
"""


def upgrade() -> None:
    op.add_column(
        "submissions",
        sa.Column("written_by", sa.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
    )
    op.execute(_HANDS)
    op.execute(_NO_FIRST)
    op.create_check_constraint(
        op.f("ck_submissions_not_its_writer"),
        "submissions",
        "state <> 'accepted' OR decided_by <> ALL (written_by)",
    )
    op.create_check_constraint(
        op.f("ck_submissions_not_first_its_writer"),
        "submissions",
        "first_accepted_by <> ALL (written_by)",
    )
    op.create_index("ix_users_address", "users", [sa.literal_column("lower(email)")])


def downgrade() -> None:
    op.drop_index("ix_users_address", table_name="users")
    op.drop_constraint(op.f("ck_submissions_not_first_its_writer"), "submissions", type_="check")
    op.drop_constraint(op.f("ck_submissions_not_its_writer"), "submissions", type_="check")
    op.drop_column("submissions", "written_by")
