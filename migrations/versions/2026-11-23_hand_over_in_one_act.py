"""hand over in one act"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a7b5e4f6c8d9"
down_revision = "f6a4d3e5b7c8"

KINDS = "'merge', 'split', 'transfer', 'rename', 'reversal'"
STATES = "'planned', 'carried_out', 'cancelled'"
MOVED = "'responsibility', 'assignment', 'submission', 'contact', 'membership', 'organisation'"
ACTIONS = "'moved', 'in_place', 'joined', 'began', 'ended'"
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("organisations", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("organisations", sa.Column("valid_to", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_organisations_validity"), "organisations", "valid_from <= valid_to"
    )
    # The previous release writes none.
    op.add_column(
        "responsibilities", sa.Column("note", sa.Text(), server_default="", nullable=False)
    )
    create_handovers()
    create_moves()
    create_successions()
    for table in ("handover_moves", "successions"):
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in ("handovers", "handover_moves", "successions"):
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
        )


def create_handovers() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("from_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=True),
        sa.Column("to_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("new_body", JSONB, nullable=True),
        sa.Column("chosen", JSONB, nullable=False),
        sa.Column("exceptions", JSONB, nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("basis_title", sa.Text(), nullable=False),
        sa.Column("basis_number", sa.Text(), nullable=False),
        sa.Column("basis_date", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("left_behind", JSONB, server_default="[]", nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("carried_out_by", sa.Uuid(), nullable=True),
        sa.Column("carried_out_by_name", sa.Text(), nullable=True),
        sa.Column("carried_out_at", MOMENT, nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_handovers_kind")),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_handovers_state")),
        sa.CheckConstraint(
            "(state = 'carried_out') = (carried_out_at IS NOT NULL)",
            name=op.f("ck_handovers_carried_out"),
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_handovers_reversal")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["handovers.id"], name=op.f("fk_handovers_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_handovers_reverses_id")),
    )
    op.create_index("ix_handovers_recent", "handovers", ["created_at", "id"])


def create_moves() -> None:
    op.create_table(
        "handover_moves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("new_object_id", sa.Uuid(), nullable=True),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column("old", JSONB, nullable=False),
        sa.Column("new", JSONB, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.CheckConstraint(f"kind IN ({MOVED})", name=op.f("ck_handover_moves_kind")),
        sa.CheckConstraint(f"action IN ({ACTIONS})", name=op.f("ck_handover_moves_action")),
        *foreign_keys("handover_moves"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_moves")),
        sa.UniqueConstraint(
            "handover_id", "number", name=op.f("uq_handover_moves_handover_id_number")
        ),
    )
    op.create_index("ix_handover_moves_object", "handover_moves", ["object_id"])


def create_successions() -> None:
    op.create_table(
        "successions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_successions_kind")),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_successions_another")),
        *foreign_keys("successions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_successions")),
        sa.UniqueConstraint(
            "handover_id",
            "from_id",
            "to_id",
            name=op.f("uq_successions_handover_id_from_id_to_id"),
        ),
    )
    op.create_index("ix_successions_from", "successions", ["from_id"])
    op.create_index("ix_successions_to", "successions", ["to_id"])


MOMENT = sa.DateTime(timezone=True)


def foreign_keys(table: str) -> list[sa.ForeignKeyConstraint]:
    targets = {"handover_id": "handovers", "from_id": "organisations", "to_id": "organisations"}
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]


def downgrade() -> None:
    op.drop_table("successions")
    op.drop_table("handover_moves")
    op.drop_table("handovers")
    op.drop_column("responsibilities", "note")
    op.drop_constraint(op.f("ck_organisations_validity"), "organisations")
    op.drop_column("organisations", "valid_to")
    op.drop_column("organisations", "valid_from")
