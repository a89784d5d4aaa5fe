"""What sending needs from the process around it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.smtp.mailer import Mailer
from shared.db import Database
from shared.links import Links
from shared.names import domain_of

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Office:
    """Where mail is written and handed over."""

    database: Database
    mailer: Mailer
    clock: Clock  # a round outlasts one moment, and a claim's age must be true
    mail_from: str
    public_url: str
    claim: timedelta
    links: Links | None = None  # none: mails lead to the API, and nothing is done from them
    fresh: float = 1.0  # seconds for which what was read may be sent without looking again

    @property
    def domain(self) -> str:
        return domain_of(self.mail_from)
