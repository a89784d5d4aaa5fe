"""let a file serve several figures"""

import sqlalchemy as sa
from alembic import op

revision = "b8c6f5a7d9e0"
down_revision = "a7b5e4f6c8d9"

CHECKS = {
    "pages": "pages > 0",
    "level": "level IN ('signed', 'copy', 'extract', 'link')",
    "scan": "scan IN ('not_scanned', 'waiting', 'clean', 'infected')",
    "link": "(level = 'link') = (url IS NOT NULL) AND (url IS NULL) = (storage_key IS NOT NULL)",
}


def upgrade() -> None:
    op.create_table(
        "evidence_uses",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("stated", sa.Double(), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_by_name", sa.Text(), nullable=False),
        sa.Column(
            "added_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "stated NOT IN ('NaN', 'Infinity', '-Infinity')", name=op.f("ck_evidence_uses_stated")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_evidence_uses_submission_id")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_id"], ["evidence.id"], name=op.f("fk_evidence_uses_evidence_id")
        ),
        sa.PrimaryKeyConstraint("submission_id", "evidence_id", name=op.f("pk_evidence_uses")),
    )
    op.create_index(op.f("ix_evidence_uses_evidence_id"), "evidence_uses", ["evidence_id"])
    op.execute(
        "INSERT INTO evidence_uses"
        " (submission_id, evidence_id, place, added_by, added_by_name, added_at)"
        " SELECT submission_id, id, '', uploaded_by, uploaded_by_name, uploaded_at FROM evidence"
    )
    for column in (
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.Text(), server_default="copy", nullable=False),
        sa.Column("blocks", sa.LargeBinary(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("scan", sa.Text(), server_default="not_scanned", nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
    ):
        op.add_column("evidence", column)
    op.execute(
        "UPDATE evidence SET organisation_id = a.organisation_id FROM submissions s"
        " JOIN assignments a ON a.id = s.assignment_id WHERE s.id = evidence.submission_id"
    )
    op.alter_column("evidence", "organisation_id", nullable=False)
    op.alter_column("evidence", "storage_key", nullable=True)
    op.create_foreign_key(
        op.f("fk_evidence_organisation_id"),
        "evidence",
        "organisations",
        ["organisation_id"],
        ["id"],
    )
    op.create_index(op.f("ix_evidence_organisation_id"), "evidence", ["organisation_id"])
    op.create_index(
        "ix_evidence_waiting",
        "evidence",
        ["uploaded_at"],
        postgresql_where=sa.text("scan = 'waiting'"),
    )
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_evidence_{name}"), "evidence", rule)
    op.drop_index(op.f("ix_evidence_submission_id"), table_name="evidence")
    op.drop_column("evidence", "submission_id")
    op.execute(
        "CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON evidence_uses "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )


def downgrade() -> None:
    """Each document goes back to the submission it was first used for; links are lost."""
    op.add_column("evidence", sa.Column("submission_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE evidence SET submission_id = (SELECT u.submission_id FROM evidence_uses u"
        " WHERE u.evidence_id = evidence.id ORDER BY u.added_at, u.submission_id LIMIT 1)"
    )
    op.drop_table("evidence_uses")
    op.execute("DELETE FROM evidence WHERE submission_id IS NULL OR storage_key IS NULL")
    op.alter_column("evidence", "submission_id", nullable=False)
    op.create_foreign_key(
        op.f("fk_evidence_submission_id"), "evidence", "submissions", ["submission_id"], ["id"]
    )
    op.create_index(op.f("ix_evidence_submission_id"), "evidence", ["submission_id"])
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_evidence_{name}"), "evidence", type_="check")
    op.drop_index("ix_evidence_waiting", table_name="evidence")
    op.alter_column("evidence", "storage_key", nullable=False)
    for column in ("pages", "scanned_at", "scan", "url", "blocks", "level", "organisation_id"):
        op.drop_column("evidence", column)
