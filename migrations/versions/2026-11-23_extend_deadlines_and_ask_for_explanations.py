"""extend deadlines and ask for explanations"""

import sqlalchemy as sa
from alembic import op

revision = "c9d7a6b8e0f1"
down_revision = "b8c6f5a7d9e0"

# What readers are shown; a change of it ends what is answered from memory.
SHOWN = (
    "calendar_days",
    "calendar_years",
    "period_deadlines",
    "contributions",
    "extensions",
    "deputies",
    "explanation_requests",
)

PERIOD_CHECKS = {
    "kind": "kind IN ('annual', 'progress', 'on_demand')",
    "span": "span IN ('month', 'quarter', 'half_year', 'year')",
    "progress": "(kind = 'progress') = (span IS NOT NULL)",
    "covers": "(covers_from IS NULL) = (covers_to IS NULL) AND (covers_from IS NULL OR covers_from <= covers_to)",
    "working_days_before": "working_days_before BETWEEN 0 AND 250",
}


def upgrade() -> None:
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "NOT confirmed OR decision <> ''", name=op.f("ck_calendar_years_decision")
        ),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('off', 'worked')", name=op.f("ck_calendar_days_kind")),
        sa.CheckConstraint(
            "kind = 'off' OR extract(isodow FROM day) > 5", name=op.f("ck_calendar_days_worked")
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    _periods()
    _assignments()
    op.add_column(
        "nodes", sa.Column("combination", sa.Text(), server_default="all_agree", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_nodes_combination"),
        "nodes",
        "combination IN ('all_agree', 'lead', 'mean_of_components')",
    )
    op.create_table(
        "contributions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_contributions_assignment_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_contributions_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributions")),
    )
    op.create_index(
        "ix_contributions_order", "contributions", ["assignment_id", "created_at", "id"]
    )
    _extensions()
    _deputies()
    _explanations()
    for table in SHOWN:
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
        )


def _periods() -> None:
    for column in (
        sa.Column("kind", sa.Text(), server_default="annual", nullable=False),
        sa.Column("span", sa.Text(), nullable=True),
        sa.Column("covers_from", sa.Date(), nullable=True),
        sa.Column("covers_to", sa.Date(), nullable=True),
        sa.Column("ministry_due_on", sa.Date(), nullable=True),
        sa.Column("working_days_before", sa.Integer(), nullable=True),
        sa.Column("late_allowed", sa.Boolean(), server_default="false", nullable=False),
    ):
        op.add_column("periods", column)
    for name, condition in PERIOD_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_periods_{name}"), "periods", condition)
    op.create_table(
        "period_deadlines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("node_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "organisation_id IS NOT NULL OR node_id IS NOT NULL",
            name=op.f("ck_period_deadlines_of_something"),
        ),
        sa.ForeignKeyConstraint(
            ["period_id"], ["periods.id"], name=op.f("fk_period_deadlines_period_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_period_deadlines_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["node_id"], ["nodes.id"], name=op.f("fk_period_deadlines_node_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period_deadlines")),
        sa.UniqueConstraint(
            "period_id",
            "organisation_id",
            "node_id",
            name=op.f("uq_period_deadlines_period_id_organisation_id_node_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )


def _assignments() -> None:
    for column in (
        sa.Column("extended_due_on", sa.Date(), nullable=True),
        sa.Column("excused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("excused_by", sa.Uuid(), nullable=True),
        sa.Column("excused_by_name", sa.Text(), nullable=True),
        sa.Column("excused_reason", sa.Text(), nullable=True),
    ):
        op.add_column("assignments", column)
    op.create_check_constraint(
        op.f("ck_assignments_excused"),
        "assignments",
        "(excused_at IS NULL) = (excused_reason IS NULL) AND (excused_at IS NULL) = (excused_by IS NULL)",
    )


def _extensions() -> None:
    op.create_table(
        "extensions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("wished_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("granted_until", sa.Date(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'granted', 'refused', 'withdrawn')",
            name=op.f("ck_extensions_state"),
        ),
        sa.CheckConstraint(
            "(state = 'granted') = (granted_until IS NOT NULL)", name=op.f("ck_extensions_granted")
        ),
        sa.CheckConstraint(
            "state = 'asked' OR decided_at IS NOT NULL", name=op.f("ck_extensions_decided")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_extensions_assignment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extensions")),
    )
    op.create_index(
        "uq_extensions_asked",
        "extensions",
        ["assignment_id"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index("ix_extensions_recent", "extensions", ["asked_at", "id"])
    op.create_index("ix_extensions_assignment", "extensions", ["assignment_id"])


def _deputies() -> None:
    op.create_table(
        "deputies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_deputies_validity")),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_deputies_membership_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["deputy_id"], ["users.id"], name=op.f("fk_deputies_deputy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputies")),
    )
    op.create_index(
        "ix_deputies_deputy",
        "deputies",
        ["deputy_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_deputies_membership", "deputies", ["membership_id"])
    op.create_index("ix_deputies_recent", "deputies", ["created_at", "id"])


def _explanations() -> None:
    op.create_table(
        "explanation_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=True),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_by_name", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_by_name", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'answered', 'closed')", name=op.f("ck_explanation_requests_state")
        ),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL)",
            name=op.f("ck_explanation_requests_answered"),
        ),
        sa.CheckConstraint(
            "state <> 'answered' OR answer IS NOT NULL",
            name=op.f("ck_explanation_requests_answer"),
        ),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)",
            name=op.f("ck_explanation_requests_closed"),
        ),
        sa.ForeignKeyConstraint(
            ["period_id"], ["periods.id"], name=op.f("fk_explanation_requests_period_id")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"],
            ["assignments.id"],
            name=op.f("fk_explanation_requests_assignment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["node_id"], ["nodes.id"], name=op.f("fk_explanation_requests_node_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_explanation_requests_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_explanation_requests")),
    )
    op.create_index(
        op.f("ix_explanation_requests_organisation_id"), "explanation_requests", ["organisation_id"]
    )
    op.create_index("ix_explanation_requests_recent", "explanation_requests", ["asked_at", "id"])
    op.create_index(
        "ix_explanation_requests_waiting",
        "explanation_requests",
        ["due_on"],
        postgresql_where=sa.text("state = 'asked'"),
    )


def downgrade() -> None:
    for table in SHOWN:
        op.drop_table(table)
    op.drop_constraint(op.f("ck_nodes_combination"), "nodes")
    op.drop_column("nodes", "combination")
    op.drop_constraint(op.f("ck_assignments_excused"), "assignments")
    for name in (
        "excused_reason",
        "excused_by_name",
        "excused_by",
        "excused_at",
        "extended_due_on",
    ):
        op.drop_column("assignments", name)
    for name in PERIOD_CHECKS:
        op.drop_constraint(op.f(f"ck_periods_{name}"), "periods")
    for name in (
        "late_allowed",
        "working_days_before",
        "ministry_due_on",
        "covers_to",
        "covers_from",
        "span",
        "kind",
    ):
        op.drop_column("periods", name)
