"""Numbers for operators, in Prometheus' text format; what workers did is read from the truth."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import text

from shared.alarms import KINDS
from shared.db import Reader

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

# Every part is answered from a partial index or a short table.
TRUTH = text(
    """
    SELECT
      (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
         FROM outbox WHERE sent_at IS NULL) AS outbox_oldest_unsent_seconds,
      (SELECT count(*) FROM outbox WHERE sent_at IS NULL) AS outbox_unsent,
      (SELECT coalesce(sum(newest), 0)::bigint
         FROM (SELECT max(number) AS newest FROM runs GROUP BY period_id) AS per_period) AS runs,
      (SELECT coalesce(extract(epoch FROM now() - max(created_at)), 0)::float8
         FROM runs) AS newest_run_age_seconds,
      (SELECT count(*) FROM alarms WHERE cleared_at IS NULL) AS alarms_standing,
      (SELECT coalesce(extract(epoch FROM now() - min(at)), 0)::float8 FROM (
         SELECT min(send_at) AS at FROM reminders WHERE state = 'planned' AND send_at < now()
         UNION ALL
         SELECT min(r.send_at) FROM mails AS m JOIN reminders AS r ON r.mail_id = m.id
          WHERE m.state IN ('claimed', 'waiting') AND r.state = 'claimed'
       ) AS unsent) AS reminder_oldest_due_seconds,
      (SELECT count(*) FROM mails
        WHERE state = 'failed' AND created_at > now() - interval '1 day') AS mails_failed_last_day,
      (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM mails
        WHERE state IN ('claimed', 'waiting')) AS mail_oldest_due_seconds,
      (SELECT extract(epoch FROM now() - coalesce(
         (SELECT ended_at FROM notifier_runs WHERE work = 'planning'), notices_since))::float8
         FROM reminder_settings) AS planning_age_seconds,
      (SELECT count(*) FROM holds WHERE state = 'waiting') AS holds_waiting,
      (SELECT count(*) FROM suppressed_addresses WHERE lifted_at IS NULL) AS suppressed_addresses,
      (SELECT count(*) FROM alarms
        WHERE kind = 'no_contact' AND cleared_at IS NULL) AS bodies_without_contact,
      (SELECT count(*) FROM
         (SELECT DISTINCT extract(year FROM day)::int AS year
            FROM unnest(ARRAY[now(), now() + interval '30 days']) AS day) AS ahead
        WHERE NOT EXISTS (SELECT FROM calendar_years c WHERE c.year = ahead.year AND c.confirmed)
      ) AS calendar_years_unconfirmed,
      (SELECT paused::int FROM reminder_settings) AS reminders_paused,
      (SELECT coalesce(extract(epoch FROM now() - min(at)), 0)::float8 FROM audit_log
        WHERE id = (SELECT min(audit_id) FROM audit_waiting)) AS audit_oldest_unlinked_seconds
    """
)
# What is done with needs no watching, and to count it would read the whole ledger.
REMINDERS = text(
    """
    SELECT 'due' AS state, count(*) AS rows FROM reminders WHERE state = 'planned' AND send_at < now()
    UNION ALL
    SELECT 'held', CASE WHEN EXISTS (SELECT FROM holds WHERE state = 'waiting')
                        THEN (SELECT count(*) FROM reminders WHERE state = 'held') ELSE 0 END
    UNION ALL
    SELECT 'failed', count(*) FROM reminders
     WHERE state = 'failed' AND send_at BETWEEN now() - interval '1 day' AND now()
    """
)
RUNS = text(
    "SELECT work, extract(epoch FROM now() - ended_at)::float8 AS age FROM notifier_runs ORDER BY work"
)
ALARMS = text(
    "SELECT kind, count(*) AS standing FROM alarms WHERE cleared_at IS NULL GROUP BY kind"
)
HEARTBEATS = text(
    "SELECT part, extract(epoch FROM now() - max(seen_at))::float8 AS age FROM heartbeats GROUP BY part"
)
HELP = {
    "outbox_oldest_unsent_seconds": "Age of the oldest event that has not been handed to Redis.",
    "outbox_unsent": "Events that have not been handed to Redis.",
    "runs": "Index runs stored so far.",
    "newest_run_age_seconds": "Time since the newest run.",
    "alarms_standing": "Alarms that wait for the coordinator.",
    "audit_oldest_unlinked_seconds": "Age of the oldest audit entry that the chain has not linked.",
    "reminder_oldest_due_seconds": "How long the oldest row of the ledger has been due and is not sent.",
    "mail_oldest_due_seconds": "Age of the oldest mail that was begun or put off and is not sent.",
    "planning_age_seconds": "Time since reminders were last planned; where they never were, since installation.",
    "mails_failed_last_day": "Mails of the last day that could not be sent.",
    "holds_waiting": "Held runs that wait for the coordinator.",
    "suppressed_addresses": "Addresses that get no mail since theirs came back.",
    "bodies_without_contact": "Bodies with duties and nobody to write to.",
    "calendar_years_unconfirmed": "Years of the next 30 days whose days off nobody has confirmed.",
    "reminders_paused": "1 while the coordinator has paused all mail.",
}


class Metrics:
    """One registry for each application, so that two in a process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "pii_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "pii_http_request_seconds",
            "Time to answer.",
            ["route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._truth = {
            name: Gauge(f"pii_{name}", text, registry=self.registry) for name, text in HELP.items()
        }
        self._reminders = Gauge(
            "pii_reminders",
            "Rows of the ledger: due, held, and failed in the last day.",
            ["state"],
            registry=self.registry,
        )
        self._alarms = Gauge(
            "pii_alarms",
            "Alarms that stand, by what they are about.",
            ["kind"],
            registry=self.registry,
        )
        self._works = Gauge(
            "pii_notifier_run_age_seconds",
            "Time since the notifier last ended a work.",
            ["work"],
            registry=self.registry,
        )
        self._parts = Gauge(
            "pii_part_silent_seconds",
            "Time since a worker's last sign of life.",
            ["part"],
            registry=self.registry,
        )
        self._queues = Gauge(
            "pii_queue_oldest_job_seconds",
            "Age of the oldest job waiting in Redis.",
            ["queue"],
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:
            children = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(route),
            )
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    async def read_truth(self, read: Reader) -> None:
        row = await read.first(TRUTH)
        assert row is not None
        for name, gauge in self._truth.items():
            gauge.set(row[name])
        self._reminders.clear()
        for state, rows in await read.all(REMINDERS):
            self._reminders.labels(state).set(rows)
        standing = dict(await read.all(ALARMS))
        for kind in {*KINDS, *standing}:  # none is a number too: a rule can watch it
            self._alarms.labels(kind).set(standing.get(kind, 0))
        for work, age in await read.all(RUNS):
            self._works.labels(work).set(age)
        for part, age in await read.all(HEARTBEATS):
            self._parts.labels(part).set(age)

    def waiting(self, queue: str, seconds: float) -> None:
        self._queues.labels(queue).set(seconds)

    def render(self) -> bytes:
        return generate_latest(self.registry)
