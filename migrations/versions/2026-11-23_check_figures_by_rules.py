"""check figures by rules"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d0e8b7c9f1a2"
down_revision = "c9d7a6b8e0f1"

JSONB = postgresql.JSONB(astext_type=sa.Text())
SUBMISSION_CHECKS = {
    "numerator": "numerator NOT IN ('NaN', 'Infinity', '-Infinity')",
    "denominator": "denominator NOT IN (0, 'NaN', 'Infinity', '-Infinity')",
    "answer": "answer IN ('value', 'nil', 'not_applicable', 'central_source')",
    "no_value": "value IS NULL OR answer = 'value'",
    "not_its_author": "state <> 'accepted' OR decided_by <> created_by",
    "not_its_sender": "state <> 'accepted' OR decided_by <> submitted_by",
    "two_people": "state <> 'accepted' OR decided_by <> first_accepted_by",
}
RINGING = ("indicator_rules", "review_rules", "comments")


def upgrade() -> None:
    for column in (
        sa.Column("answer", sa.Text(), server_default="value", nullable=False),
        sa.Column("numerator", sa.Double(), nullable=True),
        sa.Column("denominator", sa.Double(), nullable=True),
        sa.Column("findings", JSONB, server_default="[]", nullable=False),
        sa.Column("explanations", JSONB, server_default="{}", nullable=False),
        sa.Column("first_accepted_by", sa.Uuid(), nullable=True),
        sa.Column("first_accepted_by_name", sa.Text(), nullable=True),
        sa.Column("first_accepted_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("submissions", column)
    op.execute("UPDATE submissions SET answer = 'nil' WHERE nil_reason <> ''")
    for name, rule in SUBMISSION_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_submissions_{name}"), "submissions", rule)
    op.create_table(
        "indicator_rules",
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("scale", sa.Double(), server_default="1", nullable=False),
        sa.Column("tolerance", sa.Double(), server_default="0.005", nullable=False),
        sa.Column("integer_only", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=True),
        sa.Column("evidence_must_match", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("expected_low", sa.Double(), nullable=True),
        sa.Column("expected_high", sa.Double(), nullable=True),
        sa.Column("change_percent", sa.Double(), nullable=True),
        sa.Column("deviations", sa.Double(), nullable=True),
        sa.Column("denominator_change_percent", sa.Double(), nullable=True),
        sa.Column("same_denominator_as", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("two_step", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("scale > 0", name=op.f("ck_indicator_rules_scale")),
        sa.CheckConstraint("tolerance BETWEEN 0 AND 1", name=op.f("ck_indicator_rules_tolerance")),
        sa.CheckConstraint("decimals BETWEEN 0 AND 15", name=op.f("ck_indicator_rules_decimals")),
        sa.CheckConstraint(
            "expected_low <= expected_high", name=op.f("ck_indicator_rules_expected")
        ),
        sa.CheckConstraint("change_percent > 0", name=op.f("ck_indicator_rules_change")),
        sa.CheckConstraint("deviations > 0", name=op.f("ck_indicator_rules_deviations")),
        sa.CheckConstraint(
            "denominator_change_percent > 0", name=op.f("ck_indicator_rules_denominator_change")
        ),
        sa.ForeignKeyConstraint(
            ["node_id"],
            ["nodes.id"],
            name=op.f("fk_indicator_rules_node_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("node_id", name=op.f("pk_indicator_rules")),
    )
    _make_review_tables()
    for table in RINGING:
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
        )


def _make_review_tables() -> None:
    op.create_table(
        "review_rules",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('second_reviewer', 'reviewing_body')", name=op.f("ck_review_rules_kind")
        ),
        sa.CheckConstraint(
            "(kind = 'reviewing_body') = (reviewer_id IS NOT NULL)",
            name=op.f("ck_review_rules_reviewer"),
        ),
        sa.CheckConstraint("reviewer_id <> organisation_id", name=op.f("ck_review_rules_another")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_review_rules_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["organisations.id"], name=op.f("fk_review_rules_reviewer_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_review_rules")),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_comments_submission_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_comments_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index("ix_comments_thread", "comments", ["submission_id", "created_at", "id"])


def downgrade() -> None:
    for table in ("comments", "review_rules", "indicator_rules"):
        op.drop_table(table)
    # Without the column no answer but a figure or a nil return can be told apart: both have their reason.
    for name in reversed(SUBMISSION_CHECKS):
        op.drop_constraint(op.f(f"ck_submissions_{name}"), "submissions", type_="check")
    for column in (
        "first_accepted_at",
        "first_accepted_by_name",
        "first_accepted_by",
        "explanations",
        "findings",
        "denominator",
        "numerator",
        "answer",
    ):
        op.drop_column("submissions", column)
