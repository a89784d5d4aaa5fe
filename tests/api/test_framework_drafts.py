"""Next year's framework is drafted from this year's, changed at will, and put into force."""

from typing import Any
from uuid import uuid4

import pytest
from httpx import Response
from sqlalchemy import text

from services.api.frameworks.tree import check_place, parent_kind, sort_key
from shared.errors import InvalidError
from shared.models.plan import NODE_KINDS
from tests.api.conftest import Stage
from tests.factories import body, pointers

OLD, NEW = "/v1/frameworks/2024", "/v1/frameworks/2025"
COPY = {"year": 2025, "copy_of": 2024}
LEAF = {"code": "2.1.9", "kind": "indicator", "parent": "2.1"}


async def asked(
    stage: Stage, method: str, path: str, content: Any = None, *, match: str | None = "*"
) -> Response:
    headers = dict(stage.cast.coordinator.headers)
    if match is not None:
        headers["if-match"] = match
    return await stage.client.request(method, path, json=content, headers=headers)


async def done(stage: Stage, method: str, path: str, content: Any = None, status: int = 200) -> Any:
    return body(await asked(stage, method, path, content), status)


async def drafted(stage: Stage, **values: Any) -> Any:
    return await done(stage, "POST", "/v1/frameworks", {**COPY, **values}, 201)


async def told(stage: Stage, path: str) -> Any:
    return body(await stage.client.get(path, headers=stage.cast.viewer.headers))


def without_times(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: node[name] for name in node.keys() - {"updated_at", "allowed_actions"}}
        for node in tree["nodes"]
    ]


async def test_a_draft_says_all_that_the_copied_year_says(stage: Stage) -> None:
    old = await told(stage, OLD)
    made = await asked(stage, "POST", "/v1/frameworks", {**COPY, "name_vi": "PII 2025"})
    draft = body(made, 201)
    assert made.headers["location"] == NEW
    assert (draft["year"], draft["state"], draft["published_at"]) == (2025, "draft", None)
    assert (draft["name_vi"], draft["name_en"]) == ("PII 2025", old["name_en"])
    assert (draft["revision"], draft["weights_assumed"]) == (1, True)
    assert draft["method"] == old["method"]
    assert draft["supply"] == old["supply"]
    assert without_times(draft) == without_times(old)
    assert sum(node["supply_assumed"] for node in draft["nodes"]) > 0
    difference = await told(stage, f"{NEW}/difference?from=2024")
    assert not any(difference[name] for name in difference.keys() - {"from", "to"})
    assert (await told(stage, f"{NEW}/versions"))["items"] == []


async def test_a_year_that_has_a_framework_gets_no_second(stage: Stage) -> None:
    answer = await asked(stage, "POST", "/v1/frameworks", {"year": 2024, "copy_of": 2024})
    assert (answer.status_code, pointers(answer.json())) == (409, ["/year"])
    answer = await asked(stage, "POST", "/v1/frameworks", {"year": 2025, "copy_of": 2023})
    assert (answer.status_code, pointers(answer.json())) == (422, ["/copy_of"])


async def test_a_draft_that_is_asked_for_twice_is_made_once(stage: Stage) -> None:
    headers = {**stage.cast.coordinator.headers, "idempotency-key": uuid4().hex}
    first = await stage.client.post("/v1/frameworks", json=COPY, headers=headers)
    again = await stage.client.post("/v1/frameworks", json=COPY, headers=headers)
    assert body(again, 201) == body(first, 201)
    assert again.headers["location"] == NEW


async def test_a_draft_is_seen_only_by_those_who_ask_for_its_year(stage: Stage) -> None:
    await drafted(stage)
    await done(stage, "PATCH", f"{NEW}/nodes/2.1.1", {"name_vi": "Tên nháp"})
    item = await told(stage, "/v1/indicators/2.1.1")
    assert (item["framework"], item["name_vi"] == "Tên nháp") == (2024, False)
    newest = await told(stage, "/v1/indicators?limit=1")
    assert newest["items"][0]["framework"] == 2024
    asked_for = await told(stage, "/v1/indicators/2.1.1?framework=2025")
    assert (asked_for["framework"], asked_for["name_vi"]) == (2025, "Tên nháp")
    await done(stage, "POST", f"{NEW}/publish")
    assert (await told(stage, "/v1/indicators/2.1.1"))["framework"] == 2025


async def test_what_may_be_done_follows_from_the_state(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers

    async def actions(path: str) -> list[str]:
        found: list[str] = body(await stage.client.get(path, headers=headers))["allowed_actions"]
        return found

    draft = await drafted(stage)
    assert draft["allowed_actions"] == ["edit", "add_node", "publish", "copy", "delete"]
    assert await actions(f"{NEW}/nodes/2.1.1") == ["edit", "delete"]
    await done(stage, "POST", f"{NEW}/publish")
    assert await actions(NEW) == ["edit", "retire", "copy"]
    assert await actions("/v1/indicators/2.1.1") == ["edit"]
    await done(stage, "POST", f"{NEW}/retire", {"reason": "Bộ đã bãi bỏ"})
    assert await actions(NEW) == ["copy"]
    assert await actions(f"{NEW}/nodes/2.1.1") == []
    assert (await told(stage, NEW))["allowed_actions"] == []


async def test_a_draft_changes_freely_and_keeps_no_versions(stage: Stage) -> None:
    await drafted(stage)
    added = await done(stage, "POST", f"{NEW}/nodes", {**LEAF, "name_vi": "Mới", "weight": 2}, 201)
    assert (added["parent"], added["supply"], added["evidence_required"]) == (
        "2.1",
        "unknown",
        True,
    )
    node = await done(stage, "PATCH", f"{NEW}/nodes/2.1.9", {"parent": "2.2", "target": 5})
    assert (node["parent"], node["target"]) == ("2.2", 5.0)
    listed = await told(stage, "/v1/indicators?framework=2025&group=2.2")
    assert "2.1.9" in [item["code"] for item in listed["items"]]
    assert (await asked(stage, "DELETE", f"{NEW}/nodes/2.1.1")).status_code == 204
    await done(stage, "PATCH", NEW, {"method": {"normalisation": {"kind": "rank"}}})
    tree = await told(stage, NEW)
    assert (tree["revision"], tree["weights_assumed"]) == (1, True)
    assert (await told(stage, f"{NEW}/versions"))["items"] == []
    difference = await told(stage, f"{NEW}/difference?from=2024")
    assert [found["code"] for found in difference["added"]] == ["2.1.9"]
    assert [found["code"] for found in difference["dropped"]] == ["2.1.1"]
    assert (await told(stage, OLD))["method"]["engine"]["normalisation"]["kind"] == "mixed"


async def test_publishing_freezes_the_draft_as_its_first_version(stage: Stage) -> None:
    await drafted(stage)
    await done(stage, "POST", f"{NEW}/nodes", LEAF, 201)
    tree = await done(stage, "POST", f"{NEW}/publish")
    assert (tree["state"], tree["revision"]) == ("published", 1)
    assert tree["published_at"] == tree["updated_at"]
    whole = await told(stage, f"{NEW}/versions/1")
    assert [node["code"] for node in whole["nodes"]] == [node["code"] for node in tree["nodes"]]
    audit = await stage.client.get("/v1/audit?limit=1", headers=stage.cast.coordinator.headers)
    entry = body(audit)["items"][0]
    assert (entry["action"], entry["object_id"]) == ("published", "2025")
    changed = await done(stage, "PATCH", f"{NEW}/nodes/2.1.1", {"weight": 3, "reason": "QĐ mới"})
    assert changed["weight"] == 3
    assert (await told(stage, NEW))["revision"] == 2


async def test_publishing_needs_the_etag_that_was_read(stage: Stage) -> None:
    await drafted(stage)
    assert (await asked(stage, "POST", f"{NEW}/publish", match=None)).status_code == 428
    headers = stage.cast.coordinator.headers
    etag = (await stage.client.get(NEW, headers=headers)).headers["etag"]
    await done(stage, "PATCH", f"{NEW}/nodes/2.1.1", {"weight": 3})
    stale = await asked(stage, "POST", f"{NEW}/publish", match=etag)
    assert stale.status_code == 412
    assert (await told(stage, NEW))["state"] == "draft"


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([("POST", "/nodes", {"code": "8", "kind": "pillar", "parent": "input"})], "8"),
        ([("POST", "/nodes", {"code": "2.9", "kind": "group", "parent": "2"})], "2.9"),
        ([("PATCH", f"/nodes/2.1.{n}", {"weight": 0}) for n in (1, 2, 3)], "2.1"),
    ],
)
async def test_a_tree_that_cannot_be_added_up_is_not_published(
    stage: Stage, steps: list[tuple[str, str, Any]], named: str
) -> None:
    await drafted(stage)
    for method, path, content in steps:
        assert (await asked(stage, method, NEW + path, content)).is_success
    answer = await asked(stage, "POST", f"{NEW}/publish")
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    assert (await told(stage, NEW))["state"] == "draft"


async def test_a_draft_without_nodes_is_built_from_its_root_and_not_published_before(
    stage: Stage,
) -> None:
    tree = await drafted(stage)
    for kind in reversed(NODE_KINDS):
        for node in tree["nodes"]:
            if node["kind"] == kind:
                gone = await asked(stage, "DELETE", f"{NEW}/nodes/{node['code']}")
                assert gone.status_code == 204
    assert (await asked(stage, "POST", f"{NEW}/publish")).status_code == 422
    parent, chain = None, {"index": "PII", "subindex": "input", "pillar": "1", "group": "1.1"}
    for kind, code in {**chain, "indicator": "1.1.1"}.items():
        node = {"code": code, "kind": kind, "parent": parent}
        await done(stage, "POST", f"{NEW}/nodes", node, 201)
        parent = code
    second = await asked(stage, "POST", f"{NEW}/nodes", {"code": "PII2", "kind": "index"})
    assert (second.status_code, pointers(second.json())) == (409, ["/code"])
    await done(stage, "POST", f"{NEW}/publish")
    kept = await told(stage, f"{NEW}/versions/1")
    assert [node["code"] for node in kept["nodes"]] == ["PII", "input", "1", "1.1", "1.1.1"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"parent": "2.9"}, "/parent"),
        ({"parent": "2"}, "/parent"),
        ({"parent": "2.1.1"}, "/parent"),
        ({"parent": None}, "/parent"),
        ({"kind": "index"}, "/parent"),
        ({"kind": "group", "parent": "2", "target": 5}, "/target"),
        ({"kind": "chapter"}, "/kind"),
        ({"code": "2 1"}, "/code"),
        ({"weight": -1}, "/weight"),
        ({"goalpost_min": 3}, "/goalpost_min"),
        ({"lower_bound": 3, "upper_bound": 2}, "/lower_bound"),
        ({"treatment": {"kind": "trim"}}, "/treatment"),
        ({"sort_key": "1"}, "/sort_key"),
    ],
)
async def test_a_node_that_does_not_fit_is_refused_with_its_place(
    stage: Stage, change: dict[str, Any], where: str
) -> None:
    await drafted(stage)
    answer = await asked(stage, "POST", f"{NEW}/nodes", {**LEAF, **change})
    assert answer.status_code == 422, answer.text
    assert any(found.startswith(where) for found in pointers(answer.json())), answer.text


@pytest.mark.parametrize("code", ["2.1.1", "2.01.1", "PII"])
async def test_a_code_is_used_once_and_not_with_more_zeros(stage: Stage, code: str) -> None:
    tree = await drafted(stage)
    root = tree["nodes"][0]["code"]
    answer = await asked(
        stage, "POST", f"{NEW}/nodes", {**LEAF, "code": root if code == "PII" else code}
    )
    assert (answer.status_code, pointers(answer.json())) == (409, ["/code"])


async def test_a_node_is_moved_only_to_where_its_kind_belongs(stage: Stage) -> None:
    await drafted(stage)
    for parent in ("2", "2.2.1", "9.9"):
        answer = await asked(stage, "PATCH", f"{NEW}/nodes/2.1.1", {"parent": parent})
        assert (answer.status_code, pointers(answer.json())) == (422, ["/parent"])
    moved = await done(stage, "PATCH", f"{NEW}/nodes/2.1", {"parent": "3"})
    assert moved["parent"] == "3"


async def test_a_node_is_dropped_when_nothing_stands_below_or_holds_it(stage: Stage) -> None:
    await drafted(stage)
    answer = await asked(stage, "DELETE", f"{NEW}/nodes/2.1")
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:pii:problem:node-has-children",
    )
    found = await told(stage, "/v1/responsibilities?framework=2025&indicator=2.1.1")
    assert len(found["items"]) == 1
    assert (await asked(stage, "DELETE", f"{NEW}/nodes/9.9.9")).status_code == 404
    assert (await asked(stage, "DELETE", f"{NEW}/nodes/2.1.2", match='"x"')).status_code == 412
    assert (await asked(stage, "DELETE", f"{NEW}/nodes/2.1.2")).status_code == 204
    assert (await asked(stage, "DELETE", f"{NEW}/nodes/2.1.2")).status_code == 404
    for code, left in (("2.1.1", 1), ("2.1.2", 0)):
        found = await told(stage, f"/v1/responsibilities?framework=2025&indicator={code}")
        assert len(found["items"]) == left
    (entry, *_) = body(
        await stage.client.get(
            "/v1/audit?object_type=node&action=deleted", headers=stage.cast.coordinator.headers
        )
    )["items"]
    assert entry["changes"]["responsibilities"] == [1, 0]


async def duties(stage: Stage, year: int, **asked_for: Any) -> list[dict[str, Any]]:
    """List a framework's responsibilities, but for what a copy has of its own."""
    params = {"framework": year, "limit": 200, **asked_for}
    found = await stage.client.get(
        "/v1/responsibilities", params=params, headers=stage.cast.viewer.headers
    )
    return sorted(
        (
            {name: duty[name] for name in duty.keys() - {"id", "framework"}}
            for duty in body(found)["items"]
        ),
        key=str,
    )


async def test_a_draft_takes_along_who_answers_and_how_figures_are_checked(stage: Stage) -> None:
    rules = {"scale": 100.0, "change_percent": 20.0, "same_denominator_as": ["2.1.2"]}
    path = "/v1/indicators/2.1.1/rules"
    await done(stage, "PUT", f"{path}?framework=2024", rules)
    # Who answers until the year before is not copied; who begins during the year is.
    ended, begins = {"valid_to": "2024-12-31"}, {"valid_from": "2025-03-01"}
    (duty,) = (await told(stage, "/v1/responsibilities?framework=2024&indicator=2.1.2"))["items"]
    await done(stage, "POST", f"/v1/responsibilities/{duty['id']}/end", ended)
    follows = {
        "framework": 2024,
        "node": "2.1.2",
        "organisation": "so-nv",
        "role": "lead",
        "legal_basis": "QĐ 5/2025",
        **begins,
    }
    await done(stage, "POST", "/v1/responsibilities", follows, 201)
    draft = await drafted(stage)
    copied = set()
    for day in ("2025-01-01", "2025-03-01", "2030-01-01"):
        old = await duties(stage, 2024, on=day)
        assert await duties(stage, 2025, on=day) == old
        copied |= {str(sorted(duty.items())) for duty in old}
    assert draft["copied"] == {"nodes": 82, "responsibilities": len(copied), "rules": 1}
    assert await duties(stage, 2025, indicator="2.1.2", on="2024-12-31") == []
    (follower,) = await duties(stage, 2025, indicator="2.1.2")
    assert (follower["legal_basis"], follower["valid_from"]) == ("QĐ 5/2025", "2025-03-01")
    kept = await told(stage, f"{path}?framework=2025")
    assert {name: kept[name] for name in rules} == rules
    # Who asks for no year is not shown the draft's.
    unasked = await told(stage, "/v1/responsibilities?indicator=2.1.2")
    assert [item["framework"] for item in unasked["items"]] == [2024]


async def test_a_draft_is_made_without_duties_and_rules_where_they_are_not_wanted(
    stage: Stage,
) -> None:
    await done(stage, "PUT", "/v1/indicators/2.1.1/rules?framework=2024", {"scale": 100.0})
    draft = await drafted(stage, responsibilities=False, rules=False)
    assert draft["copied"] == {"nodes": 82, "responsibilities": 0, "rules": 0}
    assert await duties(stage, 2025) == []
    assert (await told(stage, "/v1/indicators/2.1.1/rules?framework=2025"))["scale"] is None


async def test_the_difference_says_who_answers_otherwise(stage: Stage) -> None:
    await drafted(stage)
    (duty,) = (await told(stage, "/v1/responsibilities?framework=2025&indicator=2.1.2"))["items"]
    ended = {"valid_to": duty["valid_from"]}
    await done(stage, "POST", f"/v1/responsibilities/{duty['id']}/end", ended)
    follows = {
        "framework": 2025,
        "node": "2.1.2",
        "organisation": "so-nv",
        "role": "lead",
        "legal_basis": "QĐ",
        "valid_from": "2025-01-01",
    }
    await done(stage, "POST", "/v1/responsibilities", follows, 201)
    difference = await told(stage, f"{NEW}/difference?from=2024")
    of = {"node": "2.1.2", "role": "lead"}
    assert difference["assigned"] == [{**of, "organisation": "so-nv"}]
    assert difference["released"] == [{**of, "organisation": "so-gddt"}]


async def test_what_a_new_drafts_etag_allows_is_to_change_it(stage: Stage) -> None:
    made = await asked(stage, "POST", "/v1/frameworks", COPY)
    match = made.headers["etag"]
    assert (await asked(stage, "PATCH", NEW, {"name_en": "PII"}, match=match)).status_code == 200


async def test_a_draft_whose_duties_were_handed_over_stays(stage: Stage) -> None:
    await drafted(stage)
    act = {
        "kind": "transfer",
        "from": ["so-gddt"],
        "to": "so-nv",
        "effective_on": "2025-03-01",
        "basis": {"title": "Quyết định thử"},
        "responsibilities": [{"node": "2.1.2", "from": "so-gddt"}],
    }
    planned = await done(stage, "POST", "/v1/handovers", act, 201)
    await done(stage, "POST", f"/v1/handovers/{planned['id']}/carry-out")
    for path, kind in ((f"{NEW}/nodes/2.1.2", "node-handed-over"), (NEW, "framework-in-use")):
        answer = await asked(stage, "DELETE", path)
        assert (answer.status_code, answer.json()["type"]) == (409, f"urn:pii:problem:{kind}")


async def test_a_draft_is_deleted_with_its_nodes_when_no_period_is_on_it(stage: Stage) -> None:
    before = await stage.counts()
    await drafted(stage)
    period = {
        "code": "ky-moi",
        "name": "Kỳ",
        "framework": 2025,
        "reference_year": 2025,
        "due_on": "2030-01-01",
    }
    async with stage.undone():
        await done(stage, "POST", "/v1/periods", period, 201)
        assert (await asked(stage, "DELETE", NEW)).status_code == 409
        opened = await asked(stage, "POST", "/v1/periods/ky-moi/open")
        assert (opened.status_code, opened.json()["type"]) == (
            409,
            "urn:pii:problem:framework-not-in-force",
        )
        await done(stage, "POST", f"{NEW}/publish")
        await done(stage, "POST", "/v1/periods/ky-moi/open")
    assert (await asked(stage, "DELETE", NEW, match='"x"')).status_code == 412
    assert (await asked(stage, "DELETE", NEW)).status_code == 204
    assert (await asked(stage, "GET", NEW)).status_code == 404
    after = await stage.counts()
    assert after == {**before, "audit_log": after["audit_log"]}


STRUCTURAL: list[tuple[str, str, Any]] = [
    ("POST", "/nodes", LEAF),
    ("PATCH", "/nodes/2.1.1", {"parent": "2.2"}),
    ("DELETE", "/nodes/2.1.1", None),
    ("DELETE", "", None),
]
STATED: list[tuple[str, str, Any]] = [
    ("PATCH", "/nodes/2.1.1", {"weight": 2}),
    ("PATCH", "/nodes/2.1.1", {"name_en": "Renamed"}),
    ("PATCH", "/nodes/2.1.1", {"guidance_vi": "Lấy số ngày 31/12", "reason": "Bộ hướng dẫn"}),
    ("PATCH", "/nodes/2.1.1", {"accepted_evidence": ["signed"], "source": "Bộ GD&ĐT"}),
    ("PATCH", "/nodes/2.1.1", {"unit": "điểm", "lower_bound": 1, "evidence_required": False}),
    ("PATCH", "/nodes/2.1.1", {"note": "mới"}),
    ("PATCH", "", {"name_en": "Renamed"}),
]
RULES = "/v1/indicators/2.1.1/rules"


@pytest.mark.parametrize(("method", "path", "content"), STRUCTURAL)
async def test_the_tree_of_a_published_framework_is_fixed(
    stage: Stage, method: str, path: str, content: Any
) -> None:
    answer = await asked(stage, method, OLD + path, content)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:pii:problem:framework-fixed")
    headers = {**stage.cast.coordinator.headers, "if-match": "*", "accept-language": "en"}
    said = await stage.client.request(method, OLD + path, json=content, headers=headers)
    assert "copy it as a new year" in said.json()["detail"]
    assert (await told(stage, OLD))["revision"] == 1


@pytest.mark.parametrize(("method", "path", "content"), STRUCTURAL + STATED)
async def test_nothing_of_a_retired_framework_changes(
    stage: Stage, method: str, path: str, content: Any
) -> None:
    retired = await done(stage, "POST", f"{OLD}/retire", {"reason": "Bộ đã bãi bỏ"})
    assert (retired["state"], retired["published_at"] is None) == ("retired", False)
    answer = await asked(stage, method, OLD + path, content)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:pii:problem:framework-retired")


async def test_the_rules_of_a_retired_framework_stay_and_those_of_its_copy_change(
    stage: Stage,
) -> None:
    await drafted(stage)
    assert (await told_rules(stage, 2024))["allowed_actions"] == ["edit"]
    await done(stage, "POST", f"{OLD}/retire", {"reason": "Bộ đã bãi bỏ"})
    before = await told_rules(stage, 2024)
    assert before["allowed_actions"] == []
    answer = await asked(stage, "PUT", f"{RULES}?framework=2024", {"scale": 10.0})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:pii:problem:framework-retired")
    assert await told_rules(stage, 2024) == before
    await done(stage, "PUT", f"{RULES}?framework=2025", {"scale": 10.0})


async def told_rules(stage: Stage, year: int) -> Any:
    path = f"{RULES}?framework={year}"
    return body(await stage.client.get(path, headers=stage.cast.coordinator.headers))


async def test_the_difference_of_two_years_names_what_is_asked_for_and_how_it_is_checked(
    stage: Stage,
) -> None:
    rules = {"change_percent": 20.0, "integer_only": True, "two_step": True}
    await done(stage, "PUT", f"{RULES}?framework=2024", rules)
    await drafted(stage)
    assert (await told(stage, f"{NEW}/difference?from=2024"))["rules"] == []
    said = {
        "unit": "%",
        "source": "Bộ GD&ĐT",
        "guidance_vi": "Lấy điểm trung bình năm môn.",
        "guidance_en": "Take the mean of five subjects.",
        "accepted_evidence": ["signed"],
    }
    await done(stage, "PATCH", f"{NEW}/nodes/2.1.1", said)
    await done(stage, "PUT", f"{RULES}?framework=2025", {"change_percent": 10.0, "decimals": 2})
    difference = await told(stage, f"{NEW}/difference?from=2024")
    (changed,) = difference["redefined"]
    assert {name: new for name, (_, new) in changed["changes"].items()} == said
    assert difference["rules"] == [
        {
            "code": "2.1.1",
            "changes": {
                "change_percent": [20.0, 10.0],
                "decimals": [None, 2],
                "integer_only": [True, False],
                "scale": [1.0, 100.0],  # the unit's
                "two_step": [True, False],
            },
        }
    ]


async def test_a_copy_takes_along_how_figures_are_made_and_proved(stage: Stage) -> None:
    said = {
        "guidance_vi": "Lấy điểm trung bình năm môn.",
        "guidance_en": "Take the mean of five subjects.",
        "accepted_evidence": ["signed", "extract"],
        "source": "Bộ GD&ĐT",
    }
    change = {**said, "reason": "Bộ hướng dẫn"}
    await done(stage, "PATCH", f"{OLD}/nodes/2.1.1", change)
    await drafted(stage)
    for year in (2024, 2025):
        assert (await told(stage, f"/v1/indicators/2.1.1?framework={year}")).items() >= said.items()
    leaf = {**LEAF, "guidance_vi": "Cách tính", "accepted_evidence": ["link"]}
    added = await done(stage, "POST", f"{NEW}/nodes", leaf, 201)
    assert (added["guidance_vi"], added["accepted_evidence"]) == ("Cách tính", ["link"])


async def test_no_component_is_put_under_an_indicator_that_combines_leads_figures(
    stage: Stage,
) -> None:
    await drafted(stage)
    await done(stage, "PATCH", f"{NEW}/nodes/2.1.1", {"combination": "lead"})
    part = {"code": "2.1.1.a", "kind": "component", "parent": "2.1.1"}
    answer = await asked(stage, "POST", f"{NEW}/nodes", part)
    assert (answer.status_code, pointers(answer.json())) == (422, ["/parent"])
    moved = await asked(stage, "PATCH", f"{NEW}/nodes/3.2.1.duong-bo", {"parent": "2.1.1"})
    assert (moved.status_code, pointers(moved.json())) == (422, ["/parent"])
    await done(stage, "PATCH", f"{NEW}/nodes/2.1.1", {"combination": "all_agree"})
    await done(stage, "POST", f"{NEW}/nodes", part, 201)


async def test_no_new_period_is_opened_on_a_retired_framework_and_open_ones_go_on(
    stage: Stage,
) -> None:
    await done(stage, "POST", f"{OLD}/retire", {"reason": "Bộ đã bãi bỏ"})
    audit = await stage.client.get("/v1/audit?limit=1", headers=stage.cast.coordinator.headers)
    entry = body(audit)["items"][0]
    assert (entry["action"], entry["reason"]) == ("retired", "Bộ đã bãi bỏ")
    assert (await asked(stage, "POST", "/v1/periods/ky-nhap/open")).status_code == 409
    await done(stage, "POST", "/v1/periods/ky-2024/open")
    await drafted(stage)  # what is retired can be copied


async def test_a_step_is_taken_from_its_own_state_only(stage: Stage) -> None:
    reason = {"reason": "Bộ đã bãi bỏ"}
    assert (await asked(stage, "POST", f"{OLD}/publish")).status_code == 409
    assert (await asked(stage, "POST", f"{OLD}/retire")).status_code == 422
    assert (await asked(stage, "POST", f"{OLD}/retire", reason, match='"x"')).status_code == 412
    await drafted(stage)
    assert (await asked(stage, "POST", f"{NEW}/retire", reason)).status_code == 409
    await done(stage, "POST", f"{OLD}/retire", reason)
    for step in ("publish", "retire"):
        assert (await asked(stage, "POST", f"{OLD}/{step}", reason)).status_code in {409, 422}
    for method, path in (("POST", "/publish"), ("POST", "/retire"), ("DELETE", ""), ("PATCH", "")):
        content = None if method == "DELETE" or path == "/publish" else reason
        answer = await asked(stage, method, f"/v1/frameworks/2099{path}", content)
        assert answer.status_code == 404, (method, path)


async def test_a_state_that_does_not_exist_cannot_be_stored(stage: Stage) -> None:
    for wrong in ("state = 'open'", "state = 'draft'"):  # 2024 has been published
        async with stage.undone():
            statement = text(f"UPDATE frameworks SET {wrong} WHERE year = 2024")  # noqa: S608 our own
            with pytest.raises(Exception, match="ck_frameworks_"):
                await stage.connection.execute(statement)


def test_each_kind_stands_one_below_the_one_before() -> None:
    assert parent_kind("index") is None
    assert [parent_kind(kind) for kind in NODE_KINDS[1:]] == list(NODE_KINDS[:-1])
    for kind in NODE_KINDS:
        for parent in (None, *NODE_KINDS):
            if parent == parent_kind(kind):
                check_place(kind, parent)
            else:
                with pytest.raises(InvalidError):
                    check_place(kind, parent)


def test_the_top_stands_before_the_pillars_and_ten_after_two() -> None:
    keys = [
        sort_key("index", "PII"),
        sort_key("subindex", "input"),
        sort_key("subindex", "output"),
        sort_key("subindex", "third"),
        sort_key("pillar", "1"),
        sort_key("indicator", "1.1.2"),
        sort_key("indicator", "1.1.10"),
    ]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
