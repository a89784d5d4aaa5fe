"""freeze published frameworks in versions"""

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c3f1a0b2d4e5"
down_revision = "a41f0c9d52e7"

DEFAULT_UNITS = 2
STATES = "'draft', 'published', 'retired'"


def upgrade() -> None:
    # The previous release knows no state: what it writes is in force, as it always was.
    op.add_column(
        "frameworks",
        sa.Column("state", sa.Text(), server_default="published", nullable=False),
    )
    op.add_column(
        "frameworks", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_check_constraint(op.f("ck_frameworks_state"), "frameworks", f"state IN ({STATES})")
    op.create_check_constraint(
        op.f("ck_frameworks_draft"), "frameworks", "state <> 'draft' OR published_at IS NULL"
    )
    op.add_column("nodes", sa.Column("target", sa.Double(), nullable=True))
    op.add_column(
        "nodes",
        sa.Column("treatment", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.create_table(
        "framework_versions",
        sa.Column("framework_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("nodes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("method", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["framework_id"], ["frameworks.id"], name=op.f("fk_framework_versions_framework_id")
        ),
        sa.PrimaryKeyConstraint("framework_id", "revision", name=op.f("pk_framework_versions")),
    )
    bind = op.get_bind()
    for framework_id, method in frameworks(bind):
        store_method(bind, framework_id, {**method, "engine": nested(method["engine"])})
    bind.execute(sa.text("UPDATE frameworks SET published_at = updated_at"))
    for framework_id, method in frameworks(bind):
        keep_version(bind, framework_id, method["engine"])
    # Only now: the rows above are written as one, the guard is for all that come after.
    op.execute(
        "CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON framework_versions "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON framework_versions "
        "FOR EACH STATEMENT EXECUTE FUNCTION ring('changes')"
    )


def downgrade() -> None:
    op.drop_table("framework_versions")
    op.drop_column("nodes", "treatment")
    op.drop_column("nodes", "target")
    bind = op.get_bind()
    for framework_id, method in frameworks(bind):
        store_method(bind, framework_id, {**method, "engine": flat(method["engine"])})
    op.drop_constraint(op.f("ck_frameworks_draft"), "frameworks")
    op.drop_constraint(op.f("ck_frameworks_state"), "frameworks")
    op.drop_column("frameworks", "published_at")
    op.drop_column("frameworks", "state")


def nested(engine: dict[str, Any]) -> dict[str, Any]:
    """Write the flat method as the tree of steps; its "min_max" looked at goalposts first."""
    if isinstance(engine.get("normalisation"), dict):
        return engine
    kind = engine.get("normalisation", "min_max")
    normalisation: dict[str, Any] = {
        "kind": "mixed" if kind == "min_max" else kind,
        "range": [float(bound) for bound in engine.get("range", (0, 100))],
    }
    if (units := engine.get("minimum_units", DEFAULT_UNITS)) != DEFAULT_UNITS:
        normalisation["minimum_units"] = units
    return {
        "treatment": {"kind": "none"},
        "imputation": {"kind": "none"},
        "normalisation": normalisation,
        "aggregation": {"kind": engine.get("aggregation", "arithmetic"), "by_level": {}},
        "missing": {
            "kind": "drop",
            "minimum_coverage": float(engine.get("minimum_coverage", 0)),
            "screen_units_below": 0.0,
        },
    }


def flat(engine: dict[str, Any]) -> dict[str, Any]:
    """Write what the flat method can say; the rest is lost with the columns above."""
    normalisation = engine["normalisation"]
    return {
        "normalisation": "goalposts" if normalisation["kind"] == "goalposts" else "min_max",
        "range": normalisation.get("range", [0.0, 100.0]),
        "aggregation": "arithmetic",
        "minimum_coverage": engine["missing"]["minimum_coverage"],
        "minimum_units": normalisation.get("minimum_units", DEFAULT_UNITS),
    }


def frameworks(bind: sa.Connection) -> list[tuple[Any, dict[str, Any]]]:
    return [tuple(row) for row in bind.execute(sa.text("SELECT id, method FROM frameworks"))]


def store_method(bind: sa.Connection, framework_id: Any, method: dict[str, Any]) -> None:
    bind.execute(
        sa.text("UPDATE frameworks SET method = CAST(:method AS jsonb) WHERE id = :id"),
        {"id": framework_id, "method": json.dumps(method)},
    )


NODES = """
    SELECT node.code, parent.code AS parent, node.kind, node.name_vi, node.name_en, node.weight,
        node.direction, node.unit, node.unit_assumed, node.lower_bound, node.upper_bound,
        node.goalpost_min, node.goalpost_max, node.target, node.treatment, node.supply,
        node.supply_assumed, node.evidence_required, node.source, node.note
    FROM nodes AS node LEFT JOIN nodes AS parent ON parent.id = node.parent_id
    WHERE node.framework_id = :id
    ORDER BY node.sort_key, node.code
"""
VERSION = """
    INSERT INTO framework_versions
        (framework_id, revision, nodes, method, hash, reason, created_by, created_by_name)
    SELECT id, revision, CAST(:nodes AS jsonb), CAST(:method AS jsonb), :hash, '', NULL, 'system'
    FROM frameworks WHERE id = :id
"""


def keep_version(bind: sa.Connection, framework_id: Any, method: dict[str, Any]) -> None:
    nodes = [dict(row) for row in bind.execute(sa.text(NODES), {"id": framework_id}).mappings()]
    bind.execute(
        sa.text(VERSION),
        {
            "id": framework_id,
            "nodes": json.dumps(nodes),
            "method": json.dumps(method),
            "hash": content_hash(nodes, method),
        },
    )


def content_hash(nodes: list[dict[str, Any]], method: dict[str, Any]) -> str:
    """Hash as the release of this migration does: sorted keys, every number a float."""
    plain = floats({"method": method, "nodes": nodes})
    written = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(written.encode()).hexdigest()


def floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [floats(inner) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) + 0.0
    return value
