"""know everybody who wrote a figure

Whoever edited a draft or changed its evidence does not accept it either. What waits already is told from the audit log
and from its evidence; who was first to accept what he had written is no longer that. What is decided stays as it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "7f3c1a9e5b02"
down_revision = "e3f1c0d2a4b6"

_HANDS = """
    UPDATE submissions AS s SET
        written_by = w.hands,
        first_accepted_by = CASE WHEN w.also_first THEN NULL ELSE s.first_accepted_by END,
        first_accepted_by_name = CASE WHEN w.also_first THEN NULL ELSE s.first_accepted_by_name END,
        first_accepted_at = CASE WHEN w.also_first THEN NULL ELSE s.first_accepted_at END
    FROM (
        SELECT p.id, array_agg(DISTINCT h.hand) AS hands,
            coalesce(bool_or(h.hand = p.first_accepted_by), false) AS also_first
        FROM submissions AS p CROSS JOIN LATERAL (
            SELECT p.created_by AS hand
            UNION SELECT p.submitted_by
            UNION SELECT u.added_by FROM evidence_uses AS u WHERE u.submission_id = p.id
            UNION SELECT a.actor_id FROM audit_log AS a
                WHERE a.object_type = 'submission' AND a.object_id = p.id::text AND a.action = 'edited'
        ) AS h
        WHERE p.state IN ('draft', 'submitted') AND h.hand IS NOT NULL
        GROUP BY p.id
    ) AS w
    WHERE w.id = s.id
"""


def upgrade() -> None:
    op.add_column(
        "submissions",
        sa.Column("written_by", sa.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
    )
    op.execute(_HANDS)
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
