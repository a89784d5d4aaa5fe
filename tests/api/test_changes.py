"""An ETag is answered from memory only while nothing changed, the line is live and it is young."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from services.api.deps.changes import KEEP_SECONDS, MOST, Changes, Etags

KEY = (b"Bearer a", b"/v1/periods", b"limit=1")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Asked(Request):
    caller: Any = None


def asked(changes: Changes, *, path: bytes = KEY[1], who: str | None = "Bearer a") -> Asked:
    headers = [(b"authorization", who.encode())] if who else []
    scope = {
        "type": "http",
        "headers": headers,
        "raw_path": path,
        "query_string": KEY[2],
        "pii.generation": changes.generation,
    }
    return Asked(scope)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes() -> Changes:
    made = Changes()
    made.live = True
    return made


@pytest.fixture
def etags(changes: Changes, clock: Clock) -> Etags:
    return Etags(changes, clock=clock)


def test_what_was_given_out_holds(changes: Changes, etags: Etags) -> None:
    etags.remember(asked(changes), '"x"')
    assert etags.still(KEY, b'"x"')
    assert not etags.still(KEY, b'"y"')
    for other in ((b"Bearer b", *KEY[1:]), (KEY[0], b"/v1/me", KEY[2]), (*KEY[:2], b"")):
        assert not etags.still(other, b'"x"')


def test_any_change_ends_it(changes: Changes, etags: Etags) -> None:
    etags.remember(asked(changes), '"x"')
    changes.ring()
    assert not etags.still(KEY, b'"x"')


def test_a_change_while_the_answer_was_made_ends_it_too(changes: Changes, etags: Etags) -> None:
    request = asked(changes)
    changes.ring()
    etags.remember(request, '"x"')
    assert not etags.still(KEY, b'"x"')


def test_nothing_is_answered_from_memory_while_the_line_is_down(
    changes: Changes, etags: Etags
) -> None:
    etags.remember(asked(changes), '"x"')
    changes.live = False
    assert not etags.still(KEY, b'"x"')
    etags.remember(asked(changes, path=b"/v1/me"), '"x"')
    changes.live = True
    assert not etags.still((KEY[0], b"/v1/me", KEY[2]), b'"x"')


def test_it_grows_old(changes: Changes, etags: Etags, clock: Clock) -> None:
    etags.remember(asked(changes), '"x"')
    clock.now += KEEP_SECONDS - 0.001
    assert etags.still(KEY, b'"x"')
    clock.now += 0.001
    assert not etags.still(KEY, b'"x"')


@pytest.mark.parametrize(
    ("seconds", "kept"), [(KEEP_SECONDS - 5, False), (KEEP_SECONDS + 60, True)]
)
def test_a_token_about_to_expire_is_not_outlived(
    changes: Changes, etags: Etags, seconds: int, *, kept: bool
) -> None:
    request = asked(changes)
    expires = datetime.now(UTC) + timedelta(seconds=seconds)
    request.caller = SimpleNamespace(expires_at=expires)
    etags.remember(request, '"x"')
    assert etags.still(KEY, b'"x"') is kept


def test_nobody_is_remembered_without_a_token(changes: Changes, etags: Etags) -> None:
    etags.remember(asked(changes, who=None), '"x"')
    assert not etags.still((b"", *KEY[1:]), b'"x"')


def test_memory_is_bounded_and_the_oldest_goes_first(changes: Changes, etags: Etags) -> None:
    etags.remember(asked(changes), '"x"')
    for number in range(MOST):
        etags.remember(asked(changes, path=str(number).encode()), '"x"')
    assert not etags.still(KEY, b'"x"')
    assert etags.still((KEY[0], b"0", KEY[2]), b'"x"')
