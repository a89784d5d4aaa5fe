"""plan reminders by a policy that is data"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "c5d3a2b4e6f7"
down_revision = "d0e8b7c9f1a2"

TOPICS = (
    "due", "returned", "rejected", "accepted", "reopened", "extension_asked", "extension_granted",
    "extension_refused", "explanation_asked", "explanation_answered", "deputy_named", "handed_over",
)  # fmt: skip
AUDIENCES = ("officer", "deputy", "head", "coordinator", "leadership")
STATES = ("planned", "held", "claimed", "sent", "delivered", "failed", "skipped")
SHOWN = ("mails", "holds", "reminder_steps", "reminder_settings", "suppressed_addresses")
OLD_AUDIENCES = ("officer", "head", "coordinator")
OLD_STATES = ("planned", "claimed", "sent", "failed", "skipped")
POLICY_COLUMNS = ("offset_days", "repeat_every_days", "repeat_count", "audience")


def one_of(*words: str) -> str:
    return ", ".join(f"'{word}'" for word in words)


def now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    op.add_column("contacts", sa.Column("language", sa.Text(), server_default="vi", nullable=False))
    op.create_check_constraint(op.f("ck_contacts_language"), "contacts", "language IN ('vi', 'en')")
    op.create_index("ix_submissions_decided", "submissions", ["decided_at"])
    _policies()
    _settings()
    _mails()
    _reminders()
    _alarms()
    for table in SHOWN:
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
        )


def _policies() -> None:
    """Make one policy of all steps there are: they were every duty's."""
    op.create_table(
        "reminder_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("repeat_every", sa.Integer(), nullable=True),
        sa.Column("repeat_count", sa.Integer(), nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("separate", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint(
            f"audience IN ({one_of(*AUDIENCES)})", name=op.f("ck_reminder_steps_audience")
        ),
        sa.CheckConstraint("days IN ('working', 'calendar')", name=op.f("ck_reminder_steps_days")),
        sa.CheckConstraint(
            "offset_days BETWEEN -365 AND 365", name=op.f("ck_reminder_steps_offset")
        ),
        sa.CheckConstraint(
            "repeat_every BETWEEN 1 AND 365 AND repeat_count BETWEEN 1 AND 100",
            name=op.f("ck_reminder_steps_repeat"),
        ),
        sa.CheckConstraint(
            "(repeat_every IS NULL) = (repeat_count IS NULL)",
            name=op.f("ck_reminder_steps_repeat_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"],
            ["reminder_policies.id"],
            name=op.f("fk_reminder_steps_policy_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_steps")),
        sa.UniqueConstraint(
            "policy_id",
            "days",
            "offset_days",
            "audience",
            name=op.f("uq_reminder_steps_policy_id_days_offset_days_audience"),
        ),
    )
    op.execute("CREATE TEMPORARY TABLE old_steps ON COMMIT DROP AS SELECT * FROM reminder_policies")
    op.execute("DELETE FROM reminder_policies")
    for column in POLICY_COLUMNS:
        op.drop_column("reminder_policies", column)
    for column in (
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("indicator", sa.Text(), nullable=True),
        sa.Column("period_id", sa.Uuid(), nullable=True),
        now("created_at"),
    ):
        op.add_column("reminder_policies", column)
    op.create_check_constraint(
        op.f("ck_reminder_policies_kind"),
        "reminder_policies",
        "kind IN ('figure', 'report', 'explanation')",
    )
    for column, table in (("organisation_id", "organisations"), ("period_id", "periods")):
        op.create_foreign_key(
            op.f(f"fk_reminder_policies_{column}"), "reminder_policies", table, [column], ["id"]
        )
    op.create_unique_constraint(
        "uq_reminder_policies_scope",
        "reminder_policies",
        ["kind", "organisation_id", "indicator", "period_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.execute(
        "INSERT INTO reminder_policies (id, name) SELECT gen_random_uuid(), 'Mặc định / Default' "
        "WHERE EXISTS (SELECT 1 FROM old_steps)"
    )
    op.execute(
        "INSERT INTO reminder_steps (id, policy_id, offset_days, days, repeat_every, repeat_count, audience) "
        "SELECT old_steps.id, reminder_policies.id, offset_days, 'calendar', repeat_every_days, "
        "repeat_count, audience FROM old_steps, reminder_policies WHERE old_steps.active"
    )


def _settings() -> None:
    op.create_table(
        "reminder_settings",
        sa.Column("id", sa.Integer(), autoincrement=False, server_default="1", nullable=False),
        sa.Column("opens_at", sa.Time(), server_default="08:00", nullable=False),
        sa.Column("closes_at", sa.Time(), server_default="17:30", nullable=False),
        sa.Column("digest_at", sa.Time(), server_default="08:00", nullable=False),
        sa.Column("paused", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("pause_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("most_mails", sa.Integer(), server_default="2000", nullable=False),
        sa.Column("usual_factor", sa.Integer(), server_default="5", nullable=False),
        sa.Column("calendar_required", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("summary_weekday", sa.Integer(), server_default="1", nullable=True),
        sa.Column("operator_email", sa.Text(), server_default="", nullable=False),
        sa.Column("silent_hours", sa.Integer(), server_default="2", nullable=False),
        sa.Column("unsent_minutes", sa.Integer(), server_default="60", nullable=False),
        now("notices_since"),
        now("updated_at"),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_reminder_settings_{name}"))
            for name, rule in {
                "one": "id = 1",
                "window": "opens_at < closes_at",
                "digest": "digest_at >= opens_at AND digest_at < closes_at",
                "most_mails": "most_mails BETWEEN 1 AND 1000000",
                "usual_factor": "usual_factor BETWEEN 1 AND 1000",
                "summary_weekday": "summary_weekday BETWEEN 1 AND 7",
                "silent_hours": "silent_hours BETWEEN 1 AND 168",
                "unsent_minutes": "unsent_minutes BETWEEN 1 AND 10080",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_settings")),
    )
    op.execute("INSERT INTO reminder_settings DEFAULT VALUES")


def _mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("recipient_name", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("facts", JSONB(), server_default="{}", nullable=False),
        sa.Column("state", sa.Text(), server_default="claimed", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        moment("claimed_at"),
        sa.Column("maybe_sent", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("relay", sa.Text(), nullable=True),
        moment("sent_at"),
        moment("delivered_at"),
        moment("bounced_at"),
        sa.Column("trace_id", sa.Text(), nullable=False),
        now("created_at"),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_mails_{name}"))
            for name, rule in {
                "kind": "kind IN ('digest', 'separate', 'notice', 'summary', 'hold', 'alarm', 'test')",
                "state": "state IN ('claimed', 'waiting', 'sent', 'delivered', 'failed', 'empty')",
                "claimed": "(state = 'claimed') = (claimed_at IS NOT NULL)",
                "sent": "state NOT IN ('sent', 'delivered') OR sent_at IS NOT NULL",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("key", name=op.f("uq_mails_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_mails_message_id")),
    )
    op.create_index(
        "ix_mails_open", "mails", ["next_at"], postgresql_where="state IN ('claimed', 'waiting')"
    )
    op.create_index("ix_mails_recent", "mails", ["created_at", "id"])
    op.create_index("ix_mails_recipient", "mails", ["recipient", "created_at", "id"])
    op.create_index("ix_mails_sent", "mails", ["sent_at"], postgresql_where="sent_at IS NOT NULL")
    op.create_table(
        "suppressed_addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=True),
        now("suppressed_at"),
        moment("lifted_at"),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_by_name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["mails.id"], name=op.f("fk_suppressed_addresses_mail_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressed_addresses")),
    )
    op.create_index(
        "uq_suppressed_addresses_standing",
        "suppressed_addresses",
        [sa.text("lower(address)")],
        unique=True,
        postgresql_where="lifted_at IS NULL",
    )
    op.create_index(
        "ix_suppressed_addresses_recent", "suppressed_addresses", ["suppressed_at", "id"]
    )
    op.create_table(
        "notifier_runs",
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("counts", JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("work", name=op.f("pk_notifier_runs")),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        now("created_at"),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=True),
        moment("decided_at"),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_holds_{name}"))
            for name, rule in {
                "kind": "kind IN ('too_many', 'calendar')",
                "state": "state IN ('waiting', 'released', 'discarded')",
                "decided": "(state = 'waiting') = (decided_at IS NULL)",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index(
        "uq_holds_waiting", "holds", ["kind"], unique=True, postgresql_where="state = 'waiting'"
    )
    op.create_index("ix_holds_recent", "holds", ["created_at", "id"])


def _reminders() -> None:
    """Keep the old ledger: what was sent gets its mail, and calendar days stay calendar days."""
    op.execute(
        "INSERT INTO mails (id, key, kind, recipient, recipient_name, day, message_id, state, attempts, "
        "next_at, sent_at, trace_id, created_at) "
        "SELECT id, 'separate:' || id, 'separate', recipient, recipient_name, "
        "(sent_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, message_id, 'sent', attempts, send_at, sent_at, "
        "trace_id, created_at FROM reminders WHERE state = 'sent'"
    )
    for name in ("ix_reminders_due", "ix_reminders_recent"):
        op.drop_index(name, table_name="reminders")
    op.drop_constraint(
        "uq_reminders_assignment_id_due_on_step_days_recipient", "reminders", type_="unique"
    )
    op.drop_constraint(op.f("ck_reminders_state"), "reminders", type_="check")
    for column in (
        sa.Column("kind", sa.Text(), server_default="step", nullable=False),
        sa.Column("topic", sa.Text(), server_default="due", nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("explanation_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("step", sa.Text(), server_default="", nullable=False),
        sa.Column("separate", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("mail_id", sa.Uuid(), nullable=True),
        moment("planned_at"),
        moment("acknowledged_at"),
    ):
        op.add_column("reminders", column)
    op.execute(
        "UPDATE reminders SET subject_id = assignment_id, planned_at = send_at, organisation_id = a.organisation_id, "
        "step = regexp_replace(step_days::text, '^(?=[0-9])', '+') || 'c', state = CASE state WHEN 'claimed' THEN 'planned' "
        "ELSE state END, mail_id = CASE state WHEN 'sent' THEN reminders.id END "
        "FROM assignments a WHERE a.id = assignment_id"
    )
    for column in ("kind", "topic"):
        op.alter_column("reminders", column, server_default=None)
    for column in ("subject_id", "organisation_id", "planned_at"):
        op.alter_column("reminders", column, nullable=False)
    for column in ("assignment_id", "due_on", "contact_id"):
        op.alter_column("reminders", column, nullable=True)
    for column in ("step_days", "message_id", "attempts", "claimed_at"):
        op.drop_column("reminders", column)
    op.alter_column("reminders", "id", server_default=sa.text("gen_random_uuid()"))
    for column, table in {
        "explanation_id": "explanation_requests",
        "organisation_id": "organisations",
        "user_id": "users",
        "hold_id": "holds",
        "mail_id": "mails",
    }.items():
        op.create_foreign_key(op.f(f"fk_reminders_{column}"), "reminders", table, [column], ["id"])
    for name, rule in {
        "state": f"state IN ({one_of(*STATES)})",
        "kind": "kind IN ('step', 'notice')",
        "topic": f"topic IN ({one_of(*TOPICS)})",
        "audience": f"audience IN ({one_of(*AUDIENCES)})",
        "due": "(kind = 'step') = (due_on IS NOT NULL)",
        "claimed": "(state = 'claimed') <= (mail_id IS NOT NULL)",
        "held": "(state = 'held') = (hold_id IS NOT NULL)",
    }.items():
        op.create_check_constraint(op.f(f"ck_reminders_{name}"), "reminders", rule)
    op.create_unique_constraint(
        "uq_reminders_key",
        "reminders",
        ["subject_id", "topic", "due_on", "step", "recipient"],
        postgresql_nulls_not_distinct=True,
    )
    for name, columns, where in (
        ("due", ["send_at", "recipient"], "state = 'planned'"),
        ("open", ["subject_id"], "state IN ('planned', 'held')"),
        ("recent", ["send_at", "id"], None),
        ("assignment", ["assignment_id", "send_at", "id"], None),
        ("mail", ["mail_id"], None),
        ("recipient", ["recipient", "send_at", "id"], None),
    ):
        op.create_index(f"ix_reminders_{name}", "reminders", columns, postgresql_where=where)


def _alarms() -> None:
    op.drop_index("uq_alarms_standing", table_name="alarms")
    op.add_column("alarms", sa.Column("subject", sa.Text(), server_default="", nullable=False))
    op.add_column("alarms", moment("mailed_at"))
    op.execute("UPDATE alarms SET subject = organisation_id::text, mailed_at = raised_at")
    op.alter_column("alarms", "organisation_id", nullable=True)
    op.create_index(
        "uq_alarms_standing",
        "alarms",
        ["kind", "subject"],
        unique=True,
        postgresql_where="cleared_at IS NULL",
    )
    op.create_index("ix_alarms_recent", "alarms", ["raised_at", "id"])
    op.create_index(
        "ix_alarms_unmailed", "alarms", ["raised_at"], postgresql_where="mailed_at IS NULL"
    )


def downgrade() -> None:
    """Go back to one step list for all; what the old ledger had no words for is left out."""
    for name in ("ix_alarms_unmailed", "ix_alarms_recent", "uq_alarms_standing"):
        op.drop_index(name, table_name="alarms")
    op.execute(
        "DELETE FROM alarms WHERE organisation_id IS NULL OR subject <> organisation_id::text"
    )
    op.alter_column("alarms", "organisation_id", nullable=False)
    op.drop_column("alarms", "subject")
    op.drop_column("alarms", "mailed_at")
    op.create_index(
        "uq_alarms_standing",
        "alarms",
        ["kind", "organisation_id"],
        unique=True,
        postgresql_where="cleared_at IS NULL",
    )
    _old_reminders()
    for table in ("holds", "notifier_runs", "suppressed_addresses", "mails", "reminder_settings"):
        op.drop_table(table)
    _old_policies()
    op.drop_index("ix_submissions_decided", table_name="submissions")
    op.drop_constraint(op.f("ck_contacts_language"), "contacts", type_="check")
    op.drop_column("contacts", "language")


def _old_reminders() -> None:
    for column in (
        sa.Column("step_days", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        moment("claimed_at"),
    ):
        op.add_column("reminders", column)
    op.execute(
        "DELETE FROM reminders WHERE kind <> 'step' OR explanation_id IS NOT NULL OR contact_id IS NULL "
        "OR audience NOT IN ('officer', 'head', 'coordinator')"
    )
    op.execute(
        "UPDATE reminders SET step_days = substring(step FROM '[+-][0-9]+')::int, "
        "message_id = '<reminder.' || id || '@localhost>', "
        "state = CASE WHEN state IN ('held', 'claimed') THEN 'planned' WHEN state = 'delivered' "
        "THEN 'sent' ELSE state END, hold_id = NULL"
    )
    op.execute(
        "DELETE FROM reminders r USING reminders other WHERE r.id > other.id AND (r.assignment_id, r.due_on, "
        "r.step_days, r.recipient) = (other.assignment_id, other.due_on, other.step_days, other.recipient)"
    )
    for name in ("due", "open", "recent", "assignment", "mail", "recipient"):
        op.drop_index(f"ix_reminders_{name}", table_name="reminders")
    op.drop_constraint("uq_reminders_key", "reminders", type_="unique")
    for name in ("state", "kind", "topic", "audience", "due", "claimed", "held"):
        op.drop_constraint(op.f(f"ck_reminders_{name}"), "reminders", type_="check")
    for column in (
        "kind", "topic", "subject_id", "explanation_id", "organisation_id", "step", "separate",
        "user_id", "hold_id", "mail_id", "acknowledged_at", "planned_at",
    ):  # fmt: skip
        op.drop_column("reminders", column)
    for column in ("assignment_id", "due_on", "contact_id", "step_days", "message_id"):
        op.alter_column("reminders", column, nullable=False)
    op.alter_column("reminders", "id", server_default=None)
    op.create_check_constraint(
        op.f("ck_reminders_state"), "reminders", f"state IN ({one_of(*OLD_STATES)})"
    )
    op.create_unique_constraint(
        "uq_reminders_assignment_id_due_on_step_days_recipient",
        "reminders",
        ["assignment_id", "due_on", "step_days", "recipient"],
    )
    op.create_index(
        "ix_reminders_due",
        "reminders",
        ["send_at"],
        postgresql_where="state IN ('planned', 'claimed')",
    )
    op.create_index("ix_reminders_recent", "reminders", ["send_at", "id"])


def _old_policies() -> None:
    op.execute(
        "CREATE TEMPORARY TABLE new_steps ON COMMIT DROP AS SELECT DISTINCT ON (offset_days, audience) s.* "
        "FROM reminder_steps s JOIN reminder_policies p ON p.id = s.policy_id WHERE p.active "
        "AND num_nonnulls(p.kind, p.organisation_id, p.indicator, p.period_id) = 0 "
        "AND s.audience IN ('officer', 'head', 'coordinator') ORDER BY offset_days, audience, s.id"
    )
    op.drop_table("reminder_steps")
    op.execute("DELETE FROM reminder_policies")
    op.drop_constraint("uq_reminder_policies_scope", "reminder_policies", type_="unique")
    for column in ("organisation_id", "period_id"):
        op.drop_constraint(
            op.f(f"fk_reminder_policies_{column}"), "reminder_policies", type_="foreignkey"
        )
    op.drop_constraint(op.f("ck_reminder_policies_kind"), "reminder_policies", type_="check")
    for column in ("name", "kind", "organisation_id", "indicator", "period_id", "created_at"):
        op.drop_column("reminder_policies", column)
    for column in (
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("repeat_every_days", sa.Integer(), nullable=True),
        sa.Column("repeat_count", sa.Integer(), nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
    ):
        op.add_column("reminder_policies", column)
    for name, rule in {
        "audience": f"audience IN ({one_of(*OLD_AUDIENCES)})",
        "offset": "offset_days BETWEEN -365 AND 365",
        "repeat": "repeat_every_days BETWEEN 1 AND 365 AND repeat_count BETWEEN 1 AND 100",
        "repeat_whole": "(repeat_every_days IS NULL) = (repeat_count IS NULL)",
    }.items():
        op.create_check_constraint(op.f(f"ck_reminder_policies_{name}"), "reminder_policies", rule)
    op.create_unique_constraint(
        "uq_reminder_policies_offset_days_audience",
        "reminder_policies",
        ["offset_days", "audience"],
    )
    op.execute(
        "INSERT INTO reminder_policies (id, offset_days, repeat_every_days, repeat_count, audience) "
        "SELECT id, offset_days, repeat_every, repeat_count, audience FROM new_steps"
    )
