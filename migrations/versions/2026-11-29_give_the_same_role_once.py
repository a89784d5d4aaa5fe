"""give the same role once

A role that stood twice was ended once and went on. Of those that stand without an end the one that began first is kept,
with what was lent of the others.
"""

from alembic import op

revision = "9a5e3c1d7f24"
down_revision = "8e4d2b0f6c13"

_KEPT = """
    SELECT id, first_value(id) OVER (
        PARTITION BY user_id, organisation_id, role ORDER BY valid_from, id
    ) AS kept
    FROM memberships WHERE valid_to IS NULL
"""


def upgrade() -> None:
    op.execute(
        f"UPDATE deputies AS d SET membership_id = m.kept FROM ({_KEPT}) AS m"  # noqa: S608 our own words
        " WHERE m.id = d.membership_id AND m.id <> m.kept"
    )
    op.execute(
        f"DELETE FROM memberships USING ({_KEPT}) AS m"  # noqa: S608 our own words
        " WHERE m.id = memberships.id AND m.id <> m.kept"
    )
    op.create_index(
        "uq_memberships_standing",
        "memberships",
        ["user_id", "organisation_id", "role"],
        unique=True,
        postgresql_where="valid_to IS NULL",
    )


def downgrade() -> None:
    op.drop_index("uq_memberships_standing", table_name="memberships")
