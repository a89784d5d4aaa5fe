"""tell other systems by webhooks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "e1f9c8d0a2b3"
down_revision = "c5d3a2b4e6f7"

TABLES = (
    "public_events",
    "webhook_endpoints",
    "webhook_secrets",
    "webhook_deliveries",
    "webhook_attempts",
)


def now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def identity(table: str) -> tuple[sa.Column[object], sa.PrimaryKeyConstraint]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def belongs(table: str, column: str, to: str, *, goes_with: bool) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{to}.id"],
        name=op.f(f"fk_{table}_{column}"),
        ondelete="CASCADE" if goes_with else None,
    )


def upgrade() -> None:
    _events()
    _endpoints()
    _deliveries()
    op.execute(
        "CREATE TRIGGER ring AFTER INSERT ON public_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('webhooks')"
    )
    # Deliveries are many and change often; whoever shows them does not rest on this bell.
    for table in ("webhook_endpoints", "webhook_secrets"):
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
        )


def _events() -> None:
    op.create_table(
        "public_events",
        *identity("public_events"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        now("occurred_at"),
        sa.Column("period_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_ids", ARRAY(sa.Uuid()), server_default="{}", nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=False),
        moment("fanned_out_at"),
        sa.UniqueConstraint("key", name=op.f("uq_public_events_key")),
    )
    op.create_index(
        "ix_public_events_new",
        "public_events",
        ["occurred_at"],
        postgresql_where="fanned_out_at IS NULL",
    )
    op.create_index(
        "ix_public_events_old",
        "public_events",
        ["fanned_out_at"],
        postgresql_where="fanned_out_at IS NOT NULL AND key IS NULL",
    )


def _endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        *identity("webhook_endpoints"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("event_types", ARRAY(sa.Text()), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("owner_email", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        moment("disabled_at"),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        moment("failing_since"),
        moment("retry_after"),
        now("created_at"),
        now("updated_at"),
        sa.CheckConstraint(
            "disabled_reason IN ('gone', 'failing')",
            name=op.f("ck_webhook_endpoints_disabled_reason"),
        ),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)",
            name=op.f("ck_webhook_endpoints_disabled"),
        ),
        sa.CheckConstraint(
            "cardinality(event_types) BETWEEN 1 AND 50",
            name=op.f("ck_webhook_endpoints_event_types"),
        ),
        belongs("webhook_endpoints", "organisation_id", "organisations", goes_with=False),
    )
    op.create_index("ix_webhook_endpoints_recent", "webhook_endpoints", ["created_at", "id"])
    op.create_table(
        "webhook_secrets",
        *identity("webhook_secrets"),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        now("created_at"),
        moment("expires_at"),
        belongs("webhook_secrets", "endpoint_id", "webhook_endpoints", goes_with=True),
    )
    op.create_index(
        "uq_webhook_secrets_standing",
        "webhook_secrets",
        ["endpoint_id"],
        unique=True,
        postgresql_where="expires_at IS NULL",
    )
    op.create_index("ix_webhook_secrets_endpoint", "webhook_secrets", ["endpoint_id", "created_at"])


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        *identity("webhook_deliveries"),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        moment("next_at", nullable=False),
        moment("claimed_at"),
        now("created_at"),
        moment("finished_at"),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_webhook_deliveries_{name}"))
            for name, rule in {
                "state": "state IN ('waiting', 'claimed', 'delivered', 'failed', 'dropped')",
                "claimed": "(state = 'claimed') = (claimed_at IS NOT NULL)",
                "finished": "(state IN ('waiting', 'claimed')) = (finished_at IS NULL)",
            }.items()
        ),
        belongs("webhook_deliveries", "endpoint_id", "webhook_endpoints", goes_with=True),
        belongs("webhook_deliveries", "event_id", "public_events", goes_with=False),
        sa.UniqueConstraint(
            "endpoint_id", "event_id", name=op.f("uq_webhook_deliveries_endpoint_id_event_id")
        ),
    )
    for name, columns, where in (
        ("open", ["endpoint_id", "next_at", "id"], "state IN ('waiting', 'claimed')"),
        ("recent", ["endpoint_id", "created_at", "id"], None),
        ("event", ["event_id"], None),
        ("finished", ["finished_at"], "finished_at IS NOT NULL"),
    ):
        op.create_index(
            f"ix_webhook_deliveries_{name}", "webhook_deliveries", columns, postgresql_where=where
        )
    op.create_table(
        "webhook_attempts",
        *identity("webhook_attempts"),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        moment("at", nullable=False),
        sa.Column("ms", sa.Double(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        belongs("webhook_attempts", "delivery_id", "webhook_deliveries", goes_with=True),
    )
    op.create_index("ix_webhook_attempts_delivery", "webhook_attempts", ["delivery_id", "at", "id"])


def downgrade() -> None:
    op.execute(
        "UPDATE alarms SET cleared_at = now() WHERE kind = 'webhook_disabled' AND cleared_at IS NULL"
    )
    for table in reversed(TABLES):
        op.drop_table(table)
