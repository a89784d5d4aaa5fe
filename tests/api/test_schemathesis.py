"""The whole OpenAPI document is asked at random, right and wrong, by several roles: never a 5xx, never what is not documented."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from httpx import AsyncClient, Response
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case as AnyCase
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.embedded import Servers
from shared.db import PooledDatabase
from tests.api.scene import make_scene
from tests.cast import Person, make_cast
from tests.conftest import copied_database, serving, settings_for

Case = AnyCase[Any]
DOCUMENT = json.loads(Path("docs/api/openapi.json").read_text())
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Which thing of the scene a path's parameter names, so that half of the requests find something.
REAL = {
    "user_id": "user",
    "membership_id": "membership",
    "key_id": "key",
    "year": "year",
    "contact_id": "contact",
    "responsibility_id": "responsibility",
    "assignment_id": "assignment",
    "submission_id": "draft",
    "evidence_id": "evidence_of_draft",
    "extension_id": "extension",
    "explanation_id": "explanation",
    "deputy_id": "deputy",
    "period": "period",
    "run_id": "run",
    "analysis_id": "analysis",
    "revision": "framework_revision",
    "policy_id": "policy",
    "hold_id": "hold",
    "mail_id": "mail",
    "address_id": "suppressed",
    "handover_id": "handover",
    "webhook_id": "webhook",
    "delivery_id": "delivery",
    "day": "today",
    "pack_id": "pack",
    "feed_id": "feed",
}
CODES = {"/v1/periods": "period", "/v1/organisations": "body"}  # of others it is an indicator's


def checks_of(case: Case) -> list[Any]:
    # Its 503 is an answer, not a fault: some part is missing in a test.
    ready = case.operation.label == "GET /readyz"
    return [check for check in CHECKS if not (ready and check is not_a_server_error)]


def random_cases(examples: int) -> list[Case]:
    """Make the same cases every time: for each operation some that are right and some that are wrong."""
    cases: list[Case] = []
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        for mode in GenerationMode:

            @seed(234)
            @settings(
                max_examples=examples,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy(generation_mode=mode))
            def collect(case: Case) -> None:
                cases.append(case)

            try:
                collect()
            except Unsatisfiable:
                assert not operation.body  # nothing can be sent wrongly where nothing is sent
    # Signing out comes last, since it ends what the others need.
    return sorted(cases, key=lambda case: case.operation.label == "POST /v1/auth/revoke")


async def send(
    client: AsyncClient, case: Case, who: Person, real: dict[str, str] | None
) -> Response | None:
    """Send the case; with ``real`` things in its path and any version accepted. None where it cannot be sent."""
    arguments = case.as_transport_kwargs(base_url="http://test")
    if real is not None:
        names = (
            dict(case.path_parameters or {})
            | real
            | {"code": real[CODES.get(case.path[: case.path.find("/{")], "node")]}
        )
        arguments["url"] = "http://test" + case.path.format_map(names)
    try:
        made = requests.Request(**arguments).prepare()
    except (ValueError, UnicodeError):
        return None
    headers = [
        (name.encode(), value if isinstance(value, bytes) else value.encode("latin-1", "replace"))
        for name, value in made.headers.items()
        if name.lower() not in {"authorization", "if-match" if real else ""}
    ]
    headers.append((b"authorization", f"Bearer {who.token}".encode()))
    if real and case.method in {"PATCH", "DELETE"}:
        headers.append((b"if-match", b"*"))
    assert made.method
    assert made.url
    body: Any = made.body
    return await client.request(made.method, made.url, content=body, headers=headers)


@pytest.mark.timeout(120)
async def test_no_role_finds_a_fault_by_asking_at_random(
    servers: Servers, template: str, tmp_path: Path
) -> None:
    cases = random_cases(2)
    assert {case.operation.label for case in cases} == {
        f"{method.upper()} {path}"
        for path, methods in DOCUMENT["paths"].items()
        for method in methods
    }
    faults: dict[str, str] = {}
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url, evidence_url=f"file:{tmp_path}")
        database = PooledDatabase(settings.database_url, pool=2)
        async with serving(settings) as client:
            async with database.sessions() as session:
                cast = await make_cast(session)
                await session.commit()
                scene = await make_scene(client, cast, session)
            statuses: set[int] = set()
            for role in ("admin", "coordinator", "officer"):
                for number, case in enumerate(cases):
                    things = {name: scene["so-gddt"][thing] for name, thing in REAL.items()}
                    things |= {name: scene["so-gddt"][name] for name in ("node", "period", "body")}
                    answer = await send(
                        client, case, getattr(cast, role), things if number % 2 else None
                    )
                    if answer is None:
                        continue
                    statuses.add(answer.status_code)
                    try:
                        case.validate_response(answer, checks=checks_of(case))
                    except BaseExceptionGroup as group:
                        key = f"{role} {case.operation.label} {answer.status_code}"
                        faults[key] = "\n".join(str(error) for error in group.exceptions)
        await database.close()
    assert faults == {}
    # It would find nothing if it never got through, or only ever got through.
    assert statuses >= {200, 201, 204, 400, 403, 404, 409, 422}
