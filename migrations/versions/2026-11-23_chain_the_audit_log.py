"""chain the audit log"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "f6a4d3e5b7c8"
down_revision = "e5f3c2d4a6b7"

PLACES = "'/actor_name', '/changes/login', '/changes/name', '/changes/email', '/changes/phone'"
INDEXES = {
    "kind": ["object_type"],
    "kind_action": ["object_type", "action"],
    "actor": ["actor_id"],
    "action": ["action"],
    "trace": ["trace_id"],
}
NEVER_CHANGED = ("audit_links", "audit_heads")
SHOWN = ("audit_links", "audit_heads")
# History that names who wrote it: the name may be erased, nothing else changes.
NAMED = {
    "panels": (
        "loaded_by_name",
        "id, period_id, revision, source, made_up, loaded_by, loaded_at",
    ),
    "framework_versions": (
        "created_by_name",
        "framework_id, revision, nodes, method, hash, reason, created_by, created_at",
    ),
}


def upgrade() -> None:
    op.create_table(
        "audit_waiting",
        sa.Column("audit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_waiting")),
    )
    op.create_table(
        "audit_links",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_links")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_links_audit_id")),
    )
    op.create_index("ix_audit_links_day", "audit_links", ["day", "seq"])
    op.create_table(
        "audit_heads",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("links", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_personal",
        sa.Column("audit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("erased_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(f"place IN ({PLACES})", name=op.f("ck_audit_personal_place")),
        sa.CheckConstraint(
            "(salt IS NULL) = (erased_by IS NOT NULL)", name=op.f("ck_audit_personal_erased")
        ),
        sa.ForeignKeyConstraint(
            ["erased_by"], ["audit_log.id"], name=op.f("fk_audit_personal_erased_by")
        ),
        sa.PrimaryKeyConstraint("audit_id", "place", name=op.f("pk_audit_personal")),
    )
    op.create_table(
        "audit_words",
        sa.Column("audit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_words")),
    )
    op.create_index("ix_audit_words_words", "audit_words", ["words"], postgresql_using="gin")
    for name, columns in INDEXES.items():
        op.create_index(f"ix_audit_log_{name}", "audit_log", [*columns, "at", "id"])
    op.create_index("ix_audit_log_at", "audit_log", ["at", "id"])
    op.drop_index("ix_audit_log_object", table_name="audit_log")
    op.create_index("ix_audit_log_object", "audit_log", ["object_type", "object_id", "at", "id"])
    _guard()
    # The trigger first: it waits until whoever is writing has committed, so no entry is left out.
    op.execute(WAIT)
    op.execute(
        "CREATE TRIGGER wait_for_link AFTER INSERT ON audit_log REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION wait_for_link()"
    )
    op.execute("INSERT INTO audit_waiting SELECT id FROM audit_log ON CONFLICT DO NOTHING")


def _guard() -> None:
    for table in NEVER_CHANGED:
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in SHOWN:
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
        )
    op.execute(ONLY_ERASED)
    op.execute(SALT_ERASED)
    op.execute(NAME_ERASED)
    for table, (name, others) in NAMED.items():
        op.execute(f"DROP TRIGGER never_changed ON {table}")
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE UPDATE OF {others} OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER only_erased BEFORE UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION only_name_erased('{name}')"
        )
    op.execute("DROP TRIGGER never_changed ON audit_log")
    for table, function in (("audit_log", "only_erased"), ("audit_personal", "only_salt_erased")):
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER only_erased BEFORE UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


WAIT = """
    CREATE FUNCTION wait_for_link() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO audit_waiting SELECT id FROM added;
        RETURN NULL;
    END $$
"""

# The one change of an entry that is allowed: a person's name or address gives way to a fixed mark, where
# audit_personal says that an entry of the log tells of it. The chain holds a digest and stays whole.
ONLY_ERASED = """
    CREATE FUNCTION only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        mark CONSTANT text := '(đã xóa / erased)';
        erased text[];
        wrong boolean;
    BEGIN
        SELECT coalesce(array_agg(place), '{}') INTO erased
        FROM audit_personal WHERE audit_id = OLD.id AND salt IS NULL;
        SELECT to_jsonb(NEW) = to_jsonb(OLD)
            OR to_jsonb(NEW) - '{actor_name,changes}'::text[]
                <> to_jsonb(OLD) - '{actor_name,changes}'::text[]
            OR NEW.actor_name <> OLD.actor_name
                AND NOT (NEW.actor_name = mark AND '/actor_name' = ANY(erased))
            OR EXISTS (
                SELECT FROM jsonb_each(OLD.changes) AS before
                FULL JOIN jsonb_each(NEW.changes) AS after USING (key)
                WHERE before.value IS DISTINCT FROM after.value
                AND NOT coalesce(
                    before.value IS NOT NULL
                    AND after.value = jsonb_build_array(mark, mark)
                    AND '/changes/' || key = ANY(erased),
                    false
                )
            )
        INTO wrong;
        IF wrong IS DISTINCT FROM false THEN
            RAISE EXCEPTION '% is history: rows are added, never changed or removed', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
"""

SALT_ERASED = """
    CREATE FUNCTION only_salt_erased() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.salt IS NULL OR NEW.salt IS NOT NULL
            OR (NEW.audit_id, NEW.place, NEW.digest) IS DISTINCT FROM (OLD.audit_id, OLD.place, OLD.digest)
            OR NOT EXISTS (
                SELECT FROM audit_log WHERE id = NEW.erased_by AND action = 'personal_data_erased'
            )
        THEN
            RAISE EXCEPTION '% is history: rows are added, never changed or removed', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
"""

NAME_ERASED = """
    CREATE FUNCTION only_name_erased() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF to_jsonb(NEW) - TG_ARGV[0] <> to_jsonb(OLD) - TG_ARGV[0] OR to_jsonb(NEW) = to_jsonb(OLD)
            OR to_jsonb(NEW) ->> TG_ARGV[0] IS DISTINCT FROM '(đã xóa / erased)'
        THEN
            RAISE EXCEPTION '% is history: rows are added, never changed or removed', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
"""


def downgrade() -> None:
    for table in NAMED:
        op.execute(f"DROP TRIGGER only_erased ON {table}")
        op.execute(f"DROP TRIGGER never_changed ON {table}")
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("DROP TRIGGER wait_for_link ON audit_log")
    op.execute("DROP TRIGGER only_erased ON audit_log")
    op.execute("DROP TRIGGER never_changed ON audit_log")
    op.execute(
        "CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.drop_index("ix_audit_log_object", table_name="audit_log")
    op.create_index("ix_audit_log_object", "audit_log", ["object_type", "object_id", "id"])
    op.drop_index("ix_audit_log_at", table_name="audit_log")
    for name in INDEXES:
        op.drop_index(f"ix_audit_log_{name}", table_name="audit_log")
    for table in ("audit_words", "audit_personal", "audit_heads", "audit_links", "audit_waiting"):
        op.drop_table(table)
    for function in ("wait_for_link", "only_erased", "only_salt_erased", "only_name_erased"):
        op.execute(f"DROP FUNCTION {function}")
