"""The variables from which every service learns where the others are."""

from collections.abc import Mapping


def environment(
    *,
    database_url: str,
    redis_url: str,
    smtp_url: str,
    evidence_url: str,
    api_host: str = "127.0.0.1",
    api_port: int = 8000,
    public_url: str | None = None,
    key_files: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return what a service needs beside the caller's own environment."""
    return {
        **(key_files or {}),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SMTP_URL": smtp_url,
        "EVIDENCE_URL": evidence_url,
        "API_HOST": api_host,
        "API_PORT": str(api_port),
        "PUBLIC_URL": public_url or f"http://{reachable_host(api_host)}:{api_port}",
        "PYTHONUNBUFFERED": "1",  # a log must not keep its last lines to itself when a part dies
        "PYTHONUTF8": "1",  # names are Vietnamese, whatever the machine's locale
    }


def reachable_host(host: str) -> str:
    """Where to reach a server of this machine that listens on ``host``."""
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - we connect there and bind nothing
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
