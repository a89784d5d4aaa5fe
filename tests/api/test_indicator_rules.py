"""Figures and their fractions, answers without a figure, and the rules that refuse or ask for a reason."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from services.api.submissions.figures import Rules
from services.api.submissions.findings import Known, Past, findings
from tests.api.conftest import Stage
from tests.cast import Cast
from tests.factories import (
    accepted,
    act,
    assignment_of,
    attached,
    body,
    done,
    drafted,
    officers_duty,
    opened_period,
    pointers,
    submitted,
)

CODES = (
    "outside_expected",
    "change_from_last_year",
    "far_from_history",
    "differs_from_fraction",
    "denominator_change",
    "denominator_differs",
)


async def ruled(client: AsyncClient, cast: Cast, indicator: str = "2.1.1", **rules: Any) -> None:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    body(await client.put(f"/v1/indicators/{indicator}/rules", json=rules, headers=headers))


async def patched(client: AsyncClient, cast: Cast, draft: dict[str, Any], **sent: Any) -> Response:
    headers = {**cast.officer.headers, "if-match": "*"}
    return await client.patch(f"/v1/submissions/{draft['id']}", json=sent, headers=headers)


def codes(submission: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in submission["findings"]]


def looked(
    rules: Rules, past: Past | None = None, **content: float | None
) -> dict[str, dict[str, float | None]]:
    given = {"value": None, "numerator": None, "denominator": None} | content
    found = findings(given, rules, past or Past(2024))
    return {finding.code: finding.figures for finding in found}


async def test_rules_are_defaults_until_they_are_set_and_are_replaced_whole(stage: Stage) -> None:
    path, headers = "/v1/indicators/2.1.1/rules", stage.cast.coordinator.headers
    first = await stage.client.get(path, headers=headers)
    assert body(first)["scale"] == 1.0
    assert body(first)["updated_at"] is None
    without = await stage.client.put(path, json={"scale": 100.0}, headers=headers)
    assert without.status_code == 428
    match = {**headers, "if-match": first.headers["etag"]}
    second = await stage.client.put(path, json={"scale": 100.0, "decimals": 2}, headers=match)
    assert (body(second)["scale"], body(second)["decimals"]) == (100.0, 2)
    assert (await stage.client.put(path, json={}, headers=match)).status_code == 412
    match = {**headers, "if-match": second.headers["etag"]}
    third = body(await stage.client.put(path, json={"decimals": 3}, headers=match))
    assert (third["scale"], third["decimals"], third["framework"]) == (1.0, 3, 2024)
    assert third["allowed_actions"] == ["edit"]
    audit = body(await stage.client.get("/v1/audit?limit=2", headers=headers))["items"]
    assert [entry["action"] for entry in audit] == ["rules_set", "rules_set"]


async def test_a_figure_follows_from_its_fraction_and_the_units_scale(
    client: AsyncClient, cast: Cast
) -> None:
    await ruled(client, cast, scale=10.0, decimals=2)
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], numerator=1.0, denominator=3.0)
    assert draft["value"] == 1.0 / 3.0 * 10.0  # rounded by nobody
    follows = body(await patched(client, cast, draft, numerator=2.0))
    assert (follows["value"], follows["findings"]) == (2.0 / 3.0 * 10.0, [])
    stated = body(await patched(client, cast, draft, value=6.67))
    assert (stated["value"], stated["findings"]) == (6.67, [])
    stays = body(await patched(client, cast, draft, numerator=1.0))
    assert stays["value"] == 6.67
    assert codes(stays) == ["differs_from_fraction"]
    assert stays["findings"][0]["figures"]["fraction"] == pytest.approx(3.3333333)
    fine = await patched(client, cast, draft, value=3.333)
    assert pointers(fine.json()) == ["/value"]


async def test_an_odd_figure_is_submitted_with_an_explanation_only(
    client: AsyncClient, cast: Cast
) -> None:
    await ruled(client, cast, expected_low=5.0, expected_high=7.0)
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=9)
    assert codes(draft) == ["outside_expected"]
    assert draft["findings"][0]["figures"] == {"value": 9, "expected_low": 5, "expected_high": 7}
    assert "nằm ngoài khoảng dự kiến: từ 5 đến 7" in draft["findings"][0]["vi"]
    await attached(client, cast.officer, draft["id"])
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:pii:problem:unexplained"
    assert pointers(refused.json()) == ["/explanations/outside_expected"]
    why = {"outside_expected": "Đổi cách thi"}
    explained = body(await patched(client, cast, draft, explanations=why))
    assert explained["explanations"] == why
    sent = await done(client, cast.officer, draft["id"], "submit")
    seen = body(await client.get(f"/v1/submissions/{sent['id']}", headers=cast.coordinator.headers))
    assert (codes(seen), seen["explanations"]) == (["outside_expected"], why)


async def test_rules_set_after_the_draft_are_asked_when_it_is_submitted(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=9.5)
    await attached(client, cast.officer, draft["id"])
    assert draft["findings"] == []
    await ruled(client, cast, expected_high=7.0)
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert pointers(refused.json()) == ["/explanations/outside_expected"]
    await ruled(client, cast, integer_only=True)
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert pointers(refused.json()) == ["/value"]


async def test_last_year_is_the_newest_accepted_figure_whichever_body_gave_it(
    client: AsyncClient, cast: Cast
) -> None:
    await ruled(client, cast, change_percent=10.0, denominator_change_percent=10.0)
    await opened_period(client, cast, code="ky-2023", reference_year=2023)
    old = await assignment_of(client, cast, period="ky-2023")
    await accepted(client, cast, old["id"], value=6, numerator=600.0, denominator=100.0)
    await opened_period(client, cast, code="ky-2022", reference_year=2022)
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], value=6.5)
    assert draft["findings"] == []
    draft = body(await patched(client, cast, draft, value=7))
    assert codes(draft) == ["change_from_last_year"]
    figures = draft["findings"][0]["figures"]
    assert (figures["last_year"], figures["change_percent"]) == (6, pytest.approx(100 / 6))
    draft = body(await patched(client, cast, draft, value=6, numerator=720.0, denominator=120.0))
    assert codes(draft) == ["denominator_change"]


async def test_a_denominator_is_the_same_for_all_that_share_it(
    client: AsyncClient, cast: Cast
) -> None:
    await ruled(client, cast, same_denominator_as=["2.1.2"])
    duty = await officers_duty(client, cast)
    other = await assignment_of(client, cast, "2.1.2")
    fraction = {"numerator": 5.0, "denominator": 1000.0}
    await submitted(client, cast.officer, other["id"], **fraction)
    draft = await drafted(client, cast.officer, duty["id"], numerator=5.0, denominator=1002.0)
    assert draft["findings"] == []  # within the tolerance
    draft = body(await patched(client, cast, draft, denominator=1100.0))
    assert draft["findings"][0]["figures"] == {"denominator": 1100.0, "2.1.2": 1000.0}


@pytest.mark.parametrize("answer", ["nil", "not_applicable", "central_source"])
async def test_no_figure_of_ones_own_needs_a_reason(
    client: AsyncClient, cast: Cast, answer: str
) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], answer=answer)
    assert draft["answer"] == answer
    bare = await act(client, cast.officer, draft["id"], "submit")
    assert pointers(bare.json()) == ["/nil_reason"]
    draft = body(await patched(client, cast, draft, nil_reason="Xem niên giám thống kê"))
    assert draft["answer"] == answer
    if answer == "central_source":  # see document: so there is one
        missing = await act(client, cast.officer, draft["id"], "submit")
        assert pointers(missing.json()) == ["/evidence"]
        await attached(client, cast.officer, draft["id"])
    assert (await done(client, cast.officer, draft["id"], "submit"))["answer"] == answer


async def test_the_kind_of_answer_follows_from_what_is_sent(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], nil_reason="Không thi")
    assert draft["answer"] == "nil"
    draft = body(await patched(client, cast, draft, nil_reason="", value=5))
    assert (draft["answer"], draft["value"]) == ("value", 5)
    draft = body(await patched(client, cast, draft, answer="not_applicable", value=None))
    draft = body(await patched(client, cast, draft, note="ghi chú"))
    assert draft["answer"] == "not_applicable"
    draft = body(await patched(client, cast, draft, value=5))
    assert draft["answer"] == "value"


async def test_a_report_has_no_central_source(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast, "1.1.2", organisation="tand-tp")
    joined = await client.post(
        f"/v1/users/{cast.officer.id}/memberships",
        json={"organisation": "tand-tp", "role": "officer"},
        headers=cast.admin.headers,
    )
    body(joined, 201)
    for content, where in (
        ({"answer": "central_source"}, "/answer"),
        ({"numerator": 1.0, "denominator": 2.0}, "/value"),
    ):
        refused = await client.post(
            f"/v1/assignments/{duty['id']}/submissions",
            json=content,
            headers=cast.officer.headers,
        )
        assert pointers(refused.json()) == [where]


def test_a_change_from_zero_has_no_percentage_but_is_found() -> None:
    rules, past = Rules(change_percent=50.0), Past(2024, {2023: Known(0.0, None)})
    assert looked(rules, past, value=0.0) == {}
    assert looked(rules, past, value=1.0)["change_from_last_year"]["change_percent"] is None


def test_only_the_year_before_is_last_year() -> None:
    rules = Rules(change_percent=1.0, denominator_change_percent=1.0)
    assert (
        looked(
            rules, Past(2024, {2022: Known(1.0, 1.0)}), value=9.0, denominator=9.0, numerator=81.0
        )
        == {}
    )


def test_history_speaks_from_four_years_on() -> None:
    rules = Rules(deviations=2.0)
    years = {2020 + n: Known(value, None) for n, value in enumerate((10.0, 11.0, 9.0))}
    assert looked(rules, Past(2024, years), value=20.0) == {}
    years[2023] = Known(10.0, None)
    assert looked(rules, Past(2024, years), value=11.0) == {}
    figures = looked(rules, Past(2024, years), value=12.0)["far_from_history"]
    assert figures["deviations"] == pytest.approx(2 / (2 / 3) ** 0.5)
    constant = {2020 + n: Known(10.0, None) for n in range(4)}
    assert looked(rules, Past(2024, constant), value=10.0) == {}
    assert looked(rules, Past(2024, constant), value=10.1)["far_from_history"]["deviations"] is None


def test_every_rule_of_a_figure_that_breaks_all_speaks_in_order() -> None:
    rules = Rules(
        expected_high=1.0,
        change_percent=1.0,
        deviations=1.0,
        denominator_change_percent=1.0,
        same_denominator_as=("2.1.2",),
    )
    years = {2020 + n: Known(1.0, 10.0) for n in range(4)}
    past = Past(2024, years, {"2.1.2": 10.0})
    found = looked(rules, past, value=5.0, numerator=1.0, denominator=20.0)
    assert tuple(found) == CODES
    assert looked(Rules(), past, value=5.0) == {}
    assert looked(rules, past) == {}
