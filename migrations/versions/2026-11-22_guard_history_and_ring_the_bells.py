"""guard history and ring the bells"""

from alembic import op

revision = "a41f0c9d52e7"
down_revision = "99fc199fb2bb"

NEVER_CHANGED = ("audit_log", "runs", "run_nodes", "panels", "panel_values")

# What readers are shown. Left out: what no answer shows, or only with its own time beside it.
SHOWN = (
    "alarms",
    "assignments",
    "contacts",
    "evidence",
    "frameworks",
    "localities",
    "memberships",
    "nodes",
    "official_results",
    "organisations",
    "panels",
    "periods",
    "reminder_policies",
    "reminders",
    "responsibilities",
    "runs",
    "submissions",
    "audit_log",
)


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is history: rows are added, never changed or removed', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )
    for table in NEVER_CHANGED:
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        """
        CREATE FUNCTION ring() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify(TG_ARGV[0], '');
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER ring AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION ring('outbox')"
    )
    for table in SHOWN:
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
        )
    # Rights act at once; a sign-in or a key's last use alone changes no answer.
    op.execute(
        "CREATE TRIGGER ring AFTER UPDATE OF ended_at, access_hash ON sign_ins "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )
    op.execute(
        "CREATE TRIGGER ring AFTER UPDATE OF active, name, password_hash ON users "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )
    op.execute(
        "CREATE TRIGGER ring AFTER UPDATE OF revoked_at, scopes, expires_at ON api_keys "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )


def downgrade() -> None:
    for table in (*SHOWN, "outbox", "sign_ins", "users", "api_keys"):
        op.execute(f"DROP TRIGGER ring ON {table}")
    for table in NEVER_CHANGED:
        op.execute(f"DROP TRIGGER never_changed ON {table}")
    op.execute("DROP FUNCTION ring")
    op.execute("DROP FUNCTION refuse_change")
