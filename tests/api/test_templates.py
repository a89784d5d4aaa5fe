"""Words of the coordinator's own in reminders: a change is a version, and what was sent keeps its own."""

from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.api.conftest import Stage
from tests.factories import body, pointers

TEMPLATES, POLICIES = "/v1/reminder-templates", "/v1/reminder-policies"
NEW = {"code": "khan-nhat", "name": "Đôn đốc khẩn", "words_vi": "Đề nghị làm ngay.\nXin cảm ơn."}


async def made(stage: Stage, **values: Any) -> Response:
    return await stage.client.post(
        TEMPLATES, json=NEW | values, headers=stage.cast.coordinator.headers
    )


async def changed(stage: Stage, code: str, **values: Any) -> Response:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    return await stage.client.patch(f"{TEMPLATES}/{code}", json=values, headers=headers)


async def got(stage: Stage, path: str) -> dict[str, Any]:
    return dict(body(await stage.client.get(path, headers=stage.cast.viewer.headers)))


async def test_each_change_is_a_version_and_none_is_lost(stage: Stage) -> None:
    first = body(await made(stage), 201)
    assert (first["version"], first["steps"], first["allowed_actions"]) == (1, 0, ["edit"])
    second = body(await changed(stage, "khan-nhat", words_en="Please act now."))
    assert (second["version"], second["words_vi"]) == (2, NEW["words_vi"])
    again = body(await changed(stage, "khan-nhat", words_en="Please act now."))
    assert again["version"] == 2
    versions = (await got(stage, f"{TEMPLATES}/khan-nhat/versions"))["items"]
    assert [(one["version"], one["words_en"]) for one in versions] == [
        (2, "Please act now."),
        (1, ""),
    ]


async def test_what_changed_stands_in_the_audit_log(stage: Stage) -> None:
    await made(stage)
    await changed(stage, "khan-nhat", words_vi="Khác.")
    path = "/v1/audit?object_type=reminder_template&object_id=khan-nhat"
    found = body(await stage.client.get(path, headers=stage.cast.coordinator.headers))["items"]
    assert [(entry["action"], entry["changes"]) for entry in found] == [
        ("changed", {"words_vi": [NEW["words_vi"], "Khác."], "version": [1, 2]}),
        (
            "created",
            {
                "name": [None, NEW["name"]],
                "words_vi": [None, NEW["words_vi"]],
                "words_en": [None, ""],
                "version": [None, 1],
            },
        ),
    ]


async def test_a_code_is_given_once(stage: Stage) -> None:
    await made(stage)
    assert (await made(stage)).status_code == 409


async def test_the_database_refuses_other_words_for_a_version(stage: Stage) -> None:
    await made(stage)
    refused = text("UPDATE reminder_templates SET words_vi = 'x'")
    async with stage.undone():
        with pytest.raises(DBAPIError, match="is history"):
            await stage.connection.execute(refused)


async def test_a_step_names_a_template_that_is_there(stage: Stage) -> None:
    step = {"offset_days": 1, "audience": "officer", "template": "khan-nhat"}
    new = {"name": "Riêng", "kind": "report", "steps": [step]}
    headers = stage.cast.coordinator.headers
    refused = await stage.client.post(POLICIES, json=new, headers=headers)
    assert (refused.status_code, pointers(refused.json())) == (422, ["/steps/0/template"])
    await made(stage)
    policy = body(await stage.client.post(POLICIES, json=new, headers=headers), 201)
    assert policy["steps"][0]["template"] == "khan-nhat"
    assert policy["steps"][0]["channel"] == "email"
    assert (await got(stage, f"{TEMPLATES}/khan-nhat"))["steps"] == 1


async def test_templates_are_listed_by_code_a_page_at_a_time(stage: Stage) -> None:
    for code in ("z2", "z1", "z3"):
        await made(stage, code=code)
    await changed(stage, "z1", name="Khác")
    first = await got(stage, f"{TEMPLATES}?limit=2")  # one stands in the scene
    assert [(one["code"], one["version"]) for one in first["items"]] == [("khan", 1), ("z1", 2)]
    rest = await got(stage, f"{TEMPLATES}?limit=2&cursor={first['next_cursor']}")
    assert [one["code"] for one in rest["items"]] == ["z2", "z3"]
    assert rest["next_cursor"] is None
    versions = await got(stage, f"{TEMPLATES}/z1/versions?limit=1")
    assert [one["version"] for one in versions["items"]] == [2]
    older = await got(stage, f"{TEMPLATES}/z1/versions?limit=1&cursor={versions['next_cursor']}")
    assert [one["version"] for one in older["items"]] == [1]
