"""What is made by the thousand has an id in the order of time, so that what is read together lies together."""

from uuid import UUID

from tests.api.conftest import Stage
from tests.factories import body


async def test_duties_figures_documents_and_comments_have_ids_in_the_order_of_time(
    stage: Stage,
) -> None:
    said = await stage.client.post(
        f"/v1/submissions/{stage.mine['draft']}/comments",
        json={"text": "Số liệu tạm"},
        headers=stage.cast.officer.headers,
    )
    made = [stage.mine[name] for name in ("assignment", "draft", "evidence_of_draft")]
    ids = [UUID(one) for one in (*made, body(said, 201)["id"])]
    assert [one.version for one in ids] == [7] * 4
    moments = [one.int >> 80 for one in ids]
    assert moments == sorted(moments)
