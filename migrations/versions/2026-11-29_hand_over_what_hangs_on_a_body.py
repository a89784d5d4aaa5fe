"""hand over what hangs on a body

Questions, rules of review, deadlines, policies, feeds, webhooks and deputies are in the receipt too.
"""

from alembic import op

revision = "5b7d9f1a3c5e"
down_revision = "d2e0b9c1f3a5"

BEFORE = "'responsibility', 'assignment', 'submission', 'contact', 'membership', 'organisation'"
MOVED = f"{BEFORE}, 'explanation', 'review_rule', 'deadline', 'policy', 'feed', 'webhook', 'deputy'"


def replace_kinds(kinds: str, *, of_old: bool) -> None:
    """Receipts are history and stay: rows that are there already are not asked about on the way down."""
    op.drop_constraint(op.f("ck_handover_moves_kind"), "handover_moves")
    op.create_check_constraint(
        op.f("ck_handover_moves_kind"),
        "handover_moves",
        f"kind IN ({kinds})",
        postgresql_not_valid=not of_old,
    )


def upgrade() -> None:
    replace_kinds(MOVED, of_old=True)


def downgrade() -> None:
    replace_kinds(BEFORE, of_old=False)
