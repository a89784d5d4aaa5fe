"""What each role may do, what a system's key may be given, and which of it ends at one body."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

ALL: Literal["all"] = "all"
OWN: Literal["own"] = "own"

_OFFICER = {
    "plan:read": ALL,
    "index:read": ALL,
    "assignments:read": OWN,
    "submissions:read": OWN,
    "submissions:write": OWN,
    "explanations:read": OWN,
    "contacts:read": OWN,
    "reminders:read": OWN,
    "handovers:read": OWN,
}
# What each role may do, and where: in every body, or in the one of the membership.
GRANTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "admin": {
            "plan:read": ALL,
            "people:write": ALL,
            "keys:write": ALL,
            "webhooks:write": ALL,
            "audit:read": ALL,
        },
        "coordinator": {
            "plan:read": ALL,
            "plan:write": ALL,
            "index:read": ALL,
            "panels:write": ALL,
            "periods:write": ALL,
            "assignments:read": ALL,
            "assignments:write": ALL,
            "submissions:read": ALL,
            "submissions:review": ALL,
            "explanations:read": ALL,
            "explanations:write": ALL,
            "contacts:read": ALL,
            "contacts:write": ALL,
            "reminders:read": ALL,
            "reminders:write": ALL,
            "bounces:write": ALL,
            "handovers:read": ALL,
            "packs:read": ALL,
            "packs:write": ALL,
            "webhooks:write": ALL,
            "audit:read": ALL,
        },
        "officer": _OFFICER,
        "head": _OFFICER,
        "leader": {
            "plan:read": ALL,
            "index:read": ALL,
            "assignments:read": ALL,
            "submissions:read": ALL,
            "explanations:read": ALL,
            "explanations:write": ALL,
            "reminders:read": ALL,
            "contacts:read": ALL,
            "handovers:read": ALL,
            "packs:read": ALL,
            "audit:read": ALL,
        },
        "viewer": {"plan:read": ALL, "index:read": ALL, "accepted:read": ALL},
    }
)
# Systems never manage people or keys, nor say where else the system tells what happens.
SCOPES = tuple(
    sorted(
        {grant for grants in GRANTS.values() for grant in grants}
        - {"people:write", "keys:write", "webhooks:write"}
    )
)
# What is nobody's own: whose right ends at one body may not. What all bodies are shown alike (the plan, the
# index) and what is asked for each body stands apart.
OF_THE_CITY = frozenset(
    {
        "audit:read",
        "bounces:write",
        "keys:write",
        "packs:read",
        "packs:write",
        "panels:write",
        "people:write",
        "periods:write",
        "plan:write",
        "reminders:write",
        "webhooks:write",
    }
)
