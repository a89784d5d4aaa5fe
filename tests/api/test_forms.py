"""Forms and files that no program of ours would send are refused with words; whoever hangs up is no error."""

import json
from typing import Any

import pytest
from starlette.types import Message, Scope

from services.api.app import behind_the_doorway, create_app
from shared.settings import Settings
from tests.api.conftest import Stage
from tests.conftest import UndoneDatabase
from tests.factories import PDF, PERIOD

PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    """Write a form part by part: name, file name, content."""
    return (
        b"".join(
            PART % (name.encode(), f'; filename="{file}"'.encode() if file else b"", content)
            for name, file, content in parts
        )
        + b"--x--\r\n"
    )


async def sent(stage: Stage, path: str, content: bytes, *, more: str = "") -> Any:
    return await stage.client.post(
        path,
        content=content,
        headers={
            **stage.cast.officer.headers,
            "content-type": f"multipart/form-data; boundary=x{more}",
        },
    )


@pytest.mark.parametrize("charset", ["punycode", "undefined", "idna", "utf-8-sig", "nothing-known"])
async def test_a_form_in_a_strange_encoding_is_refused_or_read_but_never_a_fault(
    stage: Stage, charset: str
) -> None:
    content = form(
        ("file", "Quyết.pdf", PDF), ("issuer", None, "Sở\xff".encode("latin-1", "replace"))
    )
    for path in (f"/v1/submissions/{stage.mine['draft']}/evidence", "/l/abc/extension"):
        answer = await sent(stage, path, content, more=f"; charset={charset}")
        assert answer.status_code < 500, (path, answer.text)


async def test_a_form_that_cannot_be_decoded_is_told_so(stage: Stage) -> None:
    path = f"/v1/submissions/{stage.mine['draft']}/evidence"
    answer = await sent(stage, path, form(("issuer", None, b"a")), more="; charset=undefined")
    assert answer.status_code == 422
    assert "UTF-8" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["file", "issuer"])
async def test_a_member_that_stands_twice_is_refused(stage: Stage, name: str) -> None:
    before = await stage.counts()
    file, issuer = ("file", "a.pdf", PDF), ("issuer", None, "Sở".encode())
    twice = (name, "b.pdf", PDF + b" ") if name == "file" else (name, None, "Bộ".encode())
    path = f"/v1/submissions/{stage.mine['draft']}/evidence"
    answer = await sent(stage, path, form(file, issuer, twice))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{name}"
    assert await stage.counts() == before


@pytest.mark.parametrize("where", ["assignment", "version", "note", "odd"])
async def test_half_a_character_in_a_row_is_refused(stage: Stage, where: str) -> None:
    row = {"assignment": stage.mine["assignment"], "version": "r0", "value": 5, where: "x\ud800"}
    content = json.dumps({"rows": [row]}).encode()
    path = f"/v1/periods/{PERIOD}/figures/import"
    headers = {**stage.cast.officer.headers, "content-type": "application/json"}
    plain = await stage.client.post(path, content=content, headers=headers)
    as_file = await sent(stage, path, form(("file", "a.json", content)))
    for answer in (plain, as_file):
        assert answer.status_code in {400, 422}, answer.text
        assert answer.json()["errors"]


async def test_both_halves_of_a_character_are_one(stage: Stage) -> None:
    row = {"assignment": stage.mine["assignment"], "version": "r0", "value": 5, "note": "😀"}
    content = json.dumps({"rows": [row]}).encode()
    assert b"\\ud83d" in content
    path = f"/v1/periods/{PERIOD}/figures/import?dry_run=true"
    answer = await sent(stage, path, form(("file", "a.json", content)))
    assert answer.status_code == 200, answer.text


async def test_whoever_hangs_up_in_the_middle_of_his_request_is_no_error(
    settings: Settings, database: UndoneDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(settings, database)
    pieces: list[Message] = [
        {"type": "http.request", "body": b'{"login":', "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[Message] = []

    async def receive() -> Message:
        return pieces.pop(0)

    async def send(message: Message) -> None:
        answered.append(message)

    async with app.router.lifespan_context(app) as state:
        scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/auth/token",
            "raw_path": b"/v1/auth/token",
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
            "state": dict(state or {}),
        }
        await behind_the_doorway(app)(scope, receive, send)
    assert answered[0]["status"] == 400
    told = capsys.readouterr().out
    assert "request_failed" not in told
    assert "caller_gone" in told
