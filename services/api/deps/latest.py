"""Tells who is refused because somebody was faster what that other one changed: as far as he may read it."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import bindparam, literal_column, select
from starlette.requests import Request

from services.api.deps.answers import body, etag_of
from services.api.deps.caller import Caller
from services.api.errors import PreconditionFailedError
from shared.db import Reader
from shared.errors import ConflictError, DomainError
from shared.models import AuditEntry

# Where a path leads to one thing: how the audit log names it, from the path and from what was shown.
_THINGS: Mapping[str, tuple[str, str]] = {
    "/v1/users/{user_id}": ("user", "{user_id}"),
    "/v1/periods/{code}": ("period", "{code}"),
    "/v1/frameworks/{year}/nodes/{code}": ("node", "{year}/{code}"),
    "/v1/frameworks/{year}": ("framework", "{year}"),
    "/v1/indicators/{code}/rules": ("node", "{framework}/{code}"),
    "/v1/organisations/{code}": ("organisation", "{code}"),
    "/v1/review-rules/{code}": ("organisation", "{code}"),
    "/v1/contacts/{contact_id}": ("contact", "{contact_id}"),
    "/v1/assignments/{assignment_id}": ("assignment", "{assignment_id}"),
    "/v1/submissions/{submission_id}": ("submission", "{submission_id}"),
    "/v1/evidence/{evidence_id}": ("evidence", "{evidence_id}"),
    "/v1/extensions/{extension_id}": ("extension", "{extension_id}"),
    "/v1/explanations/{explanation_id}": ("explanation", "{explanation_id}"),
    "/v1/handovers/{handover_id}": ("handover", "{handover_id}"),
    "/v1/calendar/{year}": ("calendar", "{year}"),
    "/v1/responsibilities/{responsibility_id}": ("responsibility", "{responsibility_id}"),
    "/v1/reminder-templates/{code}": ("reminder_template", "{code}"),
    "/v1/reminder-policies/{policy_id}": ("reminder_policy", "{policy_id}"),
    "/v1/reminder-settings": ("reminder_settings", "1"),
    "/v1/webhooks/{webhook_id}": ("webhook", "{webhook_id}"),
}
# Whoever may read it is shown who did what to it.
_NAMES_SHOWN = frozenset({"submission", "extension", "explanation"})
Refusal = TypeVar("Refusal", bound=DomainError)
_LATEST = (
    select(
        AuditEntry.at,
        AuditEntry.actor_id,
        AuditEntry.actor_name,
        AuditEntry.action,
        AuditEntry.changes,
    )
    .where(
        AuditEntry.object_type == bindparam("kind"),
        AuditEntry.object_id == bindparam("key"),
        AuditEntry.action != literal_column("'commented'"),
    )
    .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    .limit(1)
)


def about(error: DomainError, kind: str, key: object, shown: Mapping[str, Any]) -> None:
    """Note on a refusal which thing it is of, and how the caller is shown it now."""
    error.about, error.shown = (kind, str(key)), shown


_PATHS = {"evidence": "evidence", "submission": "submissions"}


def existing(error: Refusal, kind: str, key: object) -> Refusal:
    """Name what is there already and stands against it, which the caller may read."""
    error.members["existing"] = {"kind": kind, "id": str(key), "link": f"/v1/{_PATHS[kind]}/{key}"}
    return error


async def tell_change(request: Request, error: DomainError, read: Reader, caller: Caller) -> None:
    """Add to a refusal as stale, or for its state, the ETag of now and the last change."""
    is_stale = isinstance(error, PreconditionFailedError)
    if not (is_stale or (isinstance(error, ConflictError) and error.of_state)):
        return
    readable = error.shown if error.shown is not None else request.scope.get("pii.shown")
    thing = error.about or _thing_of(request, readable)
    if error.shown is not None:
        error.members["current_etag"] = etag_of(body(error.shown))
    if thing is None or readable is None:
        return
    kind, key = thing
    row = await read.first(_LATEST, kind=kind, key=key)
    if row is not None:
        error.members["last_change"] = _told(row, kind, readable, caller)


def _thing_of(request: Request, shown: Mapping[str, Any] | None) -> tuple[str, str] | None:
    path = getattr(request.scope.get("route"), "path", "")
    names = {**(shown or {}), **request.path_params}
    # The longest first: a node is more than its framework.
    for start in sorted(_THINGS, key=len, reverse=True):
        if path == start or path.startswith(f"{start}/"):
            kind, key = _THINGS[start]
            return kind, key.format_map(names)
    return None


def _told(row: Any, kind: str, readable: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """Tell of the fields that the caller is shown, and of nobody's name whom he is not."""
    names_him = kind in _NAMES_SHOWN or caller.may("audit:read") or row["actor_id"] == caller.id
    changes = row["changes"] or {}
    return {
        "at": row["at"],
        "by": row["actor_name"] if names_him else None,
        "action": row["action"],
        "changes": {
            name: {"old": change[0], "new": change[1]}
            for name, change in changes.items()
            if name in readable and isinstance(change, list) and len(change) == 2  # noqa: PLR2004
        },
    }
