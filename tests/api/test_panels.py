from typing import Any

from sqlalchemy import func, select

from shared.models import Locality, OutboxMessage, PanelValue
from tests.api.conftest import Stage
from tests.factories import body

PATH = "/v1/panels/ky-2024"


def panel(localities: dict[str, dict[str, float]]) -> dict[str, Any]:
    rows = [{"code": code, "name": code, "values": values} for code, values in localities.items()]
    return {"source": "Bộ KH&CN", "localities": rows}


async def test_a_new_panel_replaces_what_is_shown_and_keeps_the_old(stage: Stage) -> None:
    headers = stage.cast.coordinator.headers
    before = await stage.connection.scalar(select(func.count()).select_from(PanelValue))
    sent = panel({"hue": {"2.1.1": 6.5, "3.2.1.dien-nang": 1e-9}, "an-giang": {"2.1.1": 5}})
    loaded = body(await stage.client.put(PATH, json=sent, headers=headers))
    assert (loaded["revision"], loaded["localities"], loaded["values"]) == (2, 2, 3)
    shown = body(await stage.client.get(PATH, headers=headers))
    assert [row["code"] for row in shown["items"]] == ["an-giang", "hue"]
    assert shown["items"][1]["values"] == {"2.1.1": 6.5, "3.2.1.dien-nang": 1e-9}
    after = await stage.connection.scalar(select(func.count()).select_from(PanelValue))
    assert (before, after) == (2, 5)


async def test_a_panel_is_announced_and_remembers_a_localitys_last_name(stage: Stage) -> None:
    sent = panel({"hai-phong": {"2.1.1": 5}})
    sent["localities"][0]["name"] = "Thành phố Hải Phòng"
    headers = stage.cast.coordinator.headers
    loaded = body(await stage.client.put(PATH, json=sent, headers=headers))
    name = select(Locality.name).where(Locality.code == "hai-phong")
    assert await stage.connection.scalar(name) == "Thành phố Hải Phòng"
    told = select(OutboxMessage.payload).where(OutboxMessage.event == "PanelLoaded")
    panels = [payload["panel_id"] for payload in await stage.connection.scalars(told)]
    assert loaded["id"] in panels


async def test_a_period_without_a_panel_says_so(stage: Stage) -> None:
    answer = await stage.client.get("/v1/panels/ky-2025", headers=stage.cast.viewer.headers)
    assert answer.json()["type"] == "urn:pii:problem:panel-not-found"


async def test_what_the_ministry_published_is_found_without_accents(stage: Stage) -> None:
    headers = stage.cast.viewer.headers
    path = "/v1/official-results"
    items = body(
        await stage.client.get(f"{path}?q=ha noi&level=overall&limit=200", headers=headers)
    )["items"]
    overall = {item["year"]: (item["score"], item["rank"]) for item in items}
    assert overall[2023] == (62.86, 1)
    assert overall[2024] == (60.76, 1)
    assert body(await stage.client.get(f"{path}?q=%25", headers=headers))["items"] == []
