"""Answers 304 from memory: an ETag given out holds until anything in the database changes.

Postgres rings on every change of what readers are shown (the ``ring`` triggers); this process
also rings for itself after each commit, so that a caller always sees his own writes. While the
listening connection is down nothing is answered from memory.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request

KEEP_SECONDS = 30  # what depends on the clock, such as "overdue", is at most this old
MOST = 10_000

Key = tuple[bytes, bytes, bytes]  # authorization, path, query


class Known(NamedTuple):
    etag: bytes
    generation: int
    until: float


class Changes:
    """Counts changes; ``live`` tells whether the count can be trusted."""

    def __init__(self) -> None:
        self.generation = 0
        self.live = False

    def ring(self) -> None:
        self.generation += 1


class Etags:
    """What was answered to whom, for as long as nothing changed."""

    def __init__(self, changes: Changes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._changes = changes
        self._clock = clock
        self._known: OrderedDict[Key, Known] = OrderedDict()

    def remember(self, request: Request, etag: str) -> None:
        started: int | None = request.scope.get("pii.generation")
        authorization = request.headers.get("authorization")
        if started is None or authorization is None or not self._changes.live:
            return
        expires = getattr(getattr(request, "caller", None), "expires_at", None)
        if expires is not None and expires.timestamp() < time.time() + KEEP_SECONDS:
            return
        key = (
            authorization.encode("latin-1"),
            request.scope["raw_path"],
            request.scope["query_string"],
        )
        self._known[key] = Known(etag.encode(), started, self._clock() + KEEP_SECONDS)
        self._known.move_to_end(key)
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def still(self, key: Key, etag: bytes) -> bool:
        known = self._known.get(key)
        return (
            known is not None
            and self._changes.live
            and known.generation == self._changes.generation
            and known.etag == etag
            and known.until > self._clock()
        )
