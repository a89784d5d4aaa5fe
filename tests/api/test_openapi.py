"""The OpenAPI document is a contract: what it says is what stands in the repository, and is true."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from services.api.app import create_app
from shared.settings import Settings
from tests.api.conftest import Stage
from tests.api.test_rights import CALLS, OPERATIONS, column_of, send

SNAPSHOT = Path("docs/api/openapi.json")
BINARY = {"getEvidenceContent", "getPackContent", "getPackLetter"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    settings = Settings.model_construct(
        database_url="postgresql+asyncpg://", redis_url="redis://", body_limit=1_048_576
    )
    made: dict[str, Any] = json.loads(json.dumps(create_app(settings).openapi()))
    return made


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_in_the_repository_is_the_one_that_is_served(document: dict[str, Any]) -> None:
    """After a change that is meant, write it anew with ``pii openapi`` and look at the difference."""
    assert json.loads(SNAPSHOT.read_text()) == document


async def test_the_document_is_served_as_it_is_made(stage: Stage, document: dict[str, Any]) -> None:
    assert (await stage.client.get("/openapi.json")).json() == document


def test_the_document_is_openapi_3_1_and_says_null_as_3_1_does(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert '"nullable"' not in json.dumps(document)


def test_operation_ids_are_short_unique_words(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][A-Za-z]{1,24}", word) for word in ids)


def test_every_operation_documents_its_errors_as_problem_documents(
    document: dict[str, Any],
) -> None:
    for path, method, operation in operations(document):
        answers = operation["responses"]
        expected = {"422", "503"}
        if path.startswith("/v1/") and not path.startswith(("/v1/auth/token", "/v1/auth/refresh")):
            expected |= {"401", "403"}
        if "{" in path:
            expected.add("404")
        if "requestBody" in operation:
            expected |= {"400", "413", "415"}
        if method == "patch":
            expected |= {"412", "428"}
        assert expected <= answers.keys(), (method, path)
        for code in answers:
            if code.startswith(("4", "5")) and path != "/readyz":
                kind = "Page" if path.startswith("/l/") else "Problem"
                assert answers[code] == {"$ref": f"#/components/responses/{kind}{code}"}
    for name, described in document["components"]["responses"].items():
        page = ["text/html"] if name.startswith("Page") else []
        assert list(described["content"]) == ["application/problem+json", *page]


def test_every_operation_tells_what_it_answers(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if not path.startswith("/v1/") or operation["operationId"] in BINARY:
            continue
        ((code, answer),) = [
            (code, answer) for code, answer in operation["responses"].items() if code[0] == "2"
        ]
        if code != "204":
            schema = answer["content"]["application/json"]["schema"]
            assert schema, (method, path)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found = document
        for step in reference.split("/"):
            found = found[step]
        assert found


def test_only_what_is_public_needs_no_token(document: dict[str, Any]) -> None:
    assert document["security"] == [{"bearer": []}]
    free = {path for path, _, operation in operations(document) if operation.get("security") == []}
    by_address = {path for path in free if "{token}" in path}
    assert free - by_address == {
        "/livez",
        "/readyz",
        "/metrics",
        "/v1/auth/token",
        "/v1/auth/refresh",
    }
    assert all(path.startswith(("/l/", "/feeds/")) for path in by_address)


async def test_every_answer_is_what_the_document_says(
    stage: Stage, document: dict[str, Any]
) -> None:
    wrong = []
    for operation, calls in CALLS.items():
        method, path = OPERATIONS[operation]
        described = document["paths"][path][method.lower()]["responses"]
        for call in calls:
            for person, who in stage.cast.everybody().items():
                if call.may[column_of(person, "so-gddt")] != "Y" or call.success:
                    continue
                async with stage.undone():
                    answer = await send(stage.client, operation, call, stage.mine, who.headers)
                if fault := disagreement(document, described, answer):
                    wrong.append((operation, person, fault))
                break  # the first who may
    assert wrong == []


def disagreement(document: dict[str, Any], described: dict[str, Any], answer: Any) -> str | None:
    """Say where an answer is not as described: status, media type, or members."""
    if str(answer.status_code) not in described:
        return f"{answer.status_code} is not documented"
    content = described[str(answer.status_code)].get("content")
    if not content or "application/json" not in content:
        return None
    media_type = answer.headers["content-type"].partition(";")[0]
    if media_type not in content:
        return f"{media_type} is not documented"
    if media_type != "application/json":
        return None
    # Nothing may be shown that is not described: every object is closed for this check.
    schema = closed(content["application/json"]["schema"])
    components = {name: closed(part) for name, part in document["components"]["schemas"].items()}
    validator = jsonschema_rs.Draft202012Validator(
        {**schema, "components": {"schemas": components}}
    )
    return next(
        (f"{e.instance_path}: {e.message}" for e in validator.iter_errors(answer.json())), None
    )


def closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(part) for name, part in schema.items()}
    if "properties" in made and isinstance(made["properties"], dict):
        made.setdefault("additionalProperties", False)
    return made
