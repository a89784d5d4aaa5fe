from collections import Counter

import pytest

from tests.api.conftest import Stage
from tests.factories import body


async def test_the_tree_is_the_plans(stage: Stage) -> None:
    tree = body(await stage.client.get("/v1/frameworks/2024", headers=stage.cast.viewer.headers))
    assert (tree["state"], tree["revision"]) == ("published", 1)
    assert tree["published_at"]
    kinds = Counter(node["kind"] for node in tree["nodes"])
    assert (kinds["pillar"], kinds["group"], kinds["indicator"]) == (7, 16, 52)
    assert kinds["component"] == 4
    marked = {name: count["marked"] for name, count in tree["supply"].items()}
    assert sum(marked.values()) == 52
    expected = {name: count["expected"] for name, count in tree["supply"].items()}
    assert expected == {"local": 13, "central": 39, "unknown": None}


async def test_stating_who_supplies_a_figure_counts_and_is_no_assumption_any_more(
    stage: Stage,
) -> None:
    headers = {**stage.cast.coordinator.headers, "if-match": "*"}
    path = "/v1/frameworks/2024/nodes/2.1.1"
    node = body(
        await stage.client.patch(
            path, json={"supply": "local", "reason": "Công văn của bộ"}, headers=headers
        )
    )
    assert (node["supply"], node["supply_assumed"]) == ("local", False)
    tree = body(await stage.client.get("/v1/frameworks/2024", headers=headers))
    assert tree["supply"]["local"]["marked"] == 1
    assert tree["revision"] == 2


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("q=doanh nghiep", None),
        ("q=DOANH NGHIỆP", None),
        ("q=%", []),
        ("q=6.2.4", ["6.2.4"]),
        ("group=2.1", ["2.1.1", "2.1.2", "2.1.3"]),
        ("lead=so-gddt", ["2.1.1", "2.1.2", "2.1.3"]),
        ("lead=tand-tp", []),
        ("pillar=2&supply=local", []),
    ],
)
async def test_indicators_are_found(stage: Stage, query: str, codes: list[str] | None) -> None:
    params = dict(part.split("=") for part in query.split("&"))
    listed = await stage.client.get(
        "/v1/indicators", params=params, headers=stage.cast.viewer.headers
    )
    items = body(listed)["items"]
    if codes is None:
        assert len(items) > 3
        assert all("doanh nghiệp" in item["name_vi"].lower() for item in items)
    elif codes == [] and params.get("q"):
        assert all("%" in item["name_vi"] for item in items)
    else:
        assert [item["code"] for item in items] == codes


async def test_joint_leads_components_and_requested_bodies_are_told(stage: Stage) -> None:
    headers = stage.cast.viewer.headers
    joint = body(await stage.client.get("/v1/indicators/1.1.2", headers=headers))
    roles = Counter(held["role"] for held in joint["responsibilities"])
    assert roles == {"joint_lead": 3, "requested": 1}
    parts = body(await stage.client.get("/v1/indicators/3.2.1", headers=headers))
    assert len({held["component"] for held in parts["responsibilities"]}) == 4
