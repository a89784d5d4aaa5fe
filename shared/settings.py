"""Environment variables, read once, in each process's ``__main__``."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url


def _asyncpg(url: str) -> str:
    """Accept the URL that other tools use, too."""
    parsed = make_url(url)
    if not parsed.drivername.startswith("postgres"):
        raise ValueError("DATABASE_URL must be a postgresql:// URL")
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def _words(value: object) -> object:
    """Take a list as one line of words, as an environment variable is."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


class KeyFiles(BaseSettings):
    """Where the keys are; no server is needed to make or show one."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    audit_key_file: Path = Path(".local/audit-key.pem")  # Ed25519, signs the heads of the audit log
    # Signs the links in mails: one key a line, the newest first; LINK_KEY goes before the file.
    link_key_file: Path = Path(".local/link-key")
    link_key: SecretStr | None = None


class Settings(KeyFiles):
    """What every process needs. No default hides a missing server."""

    database_url: Annotated[str, AfterValidator(_asyncpg)]
    redis_url: str
    smtp_url: SecretStr  # one relay or several, in order
    bounce_url: SecretStr | None = None  # maildir:/folder or imaps://user:password@host/FOLDER
    evidence_url: str = "file:.local/evidence"
    # tcp://host:3310 or unix:/run/clamd.sock; without it nothing is scanned, and every file says so.
    clamd_url: Annotated[str, Field(pattern=r"^(tcp://[^/:]+:\d+|unix:/.+)$")] | None = None

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = "http://127.0.0.1:8000"
    mail_from: str = "PII Hà Nội <pii@localhost>"

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    database_pool: int = Field(default=10, ge=1, le=100)
    request_timeout: float = Field(default=30, gt=0, le=600)  # seconds
    body_limit: int = Field(default=1_048_576, ge=1_024)  # bytes, all but uploads
    upload_limit: int = Field(default=20_971_520, ge=1_024)  # bytes, one evidence file
    access_minutes: int = Field(default=30, ge=1, le=1_440)
    refresh_days: int = Field(default=14, ge=1, le=90)
    audit_seconds: float = Field(default=2, gt=0, le=60)  # between two looks for entries to link
    sweep_seconds: float = Field(default=10, gt=0, le=60)
    run_interval: float = Field(
        default=0.2, ge=0, le=10
    )  # seconds of rest for each further figure a run found new
    bounce_seconds: float = Field(default=60, gt=0, le=3_600)  # between two looks for bounces
    # Blocks, addresses and host names inside that webhooks may be sent to; all else inside is refused.
    webhook_allow: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = ()
    webhook_http: bool = False  # http:// is taken as well; for trying out only
    webhook_ca_file: Path | None = None  # certificates of an authority of one's own, PEM
    claim_seconds: float = Field(default=40, gt=0, le=3_600)  # a mail claim of a dead notifier
