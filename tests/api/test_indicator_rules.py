"""Figures and their fractions, answers without a figure, and the rules that refuse or ask for a reason."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from services.api.rules import schemas
from services.api.submissions.figures import NO_RULES, Rules
from services.api.submissions.findings import Known, Neighbour, Past, findings
from shared.models.review import RULE_DEFAULTS
from shared.units import scale_of
from tests.api.conftest import Stage
from tests.cast import Cast
from tests.factories import (
    PDF,
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
    assert (body(first)["scale"], body(first)["scale_used"]) == (None, 1.0)
    assert body(first)["denominator_change_percent"] == 20.0
    assert body(first)["updated_at"] is None
    without = await stage.client.put(path, json={"scale": 100.0}, headers=headers)
    assert without.status_code == 428
    match = {**headers, "if-match": first.headers["etag"]}
    second = await stage.client.put(path, json={"scale": 100.0, "decimals": 2}, headers=match)
    assert (body(second)["scale"], body(second)["decimals"]) == (100.0, 2)
    assert (await stage.client.put(path, json={}, headers=match)).status_code == 412
    match = {**headers, "if-match": second.headers["etag"]}
    third = body(await stage.client.put(path, json={"decimals": 3}, headers=match))
    assert (third["scale"], third["decimals"], third["framework"]) == (None, 3, 2024)
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


YEARS = {2020 + n: Known(value, None) for n, value in enumerate((10.0, 11.0, 9.0, 10.0))}


def test_standard_deviations_are_measured_from_last_years_figure() -> None:
    rules = Rules(deviations=2.0)
    rising = {2021: Known(10.0, None), 2022: Known(20.0, None), 2023: Known(30.0, None)}
    found = looked(rules, Past(2024, rising), value=51.0)["far_from_history"]
    # From the mean, 20, it would be 3.1.
    assert found == {"value": 51.0, "last_year": 30.0, "deviation": 10.0, "deviations": 2.1}
    assert looked(rules, Past(2024, rising), value=50.0) == {}
    assert "far_from_history" in looked(rules, Past(2024, rising), value=9.0)
    (said,) = findings(
        {"value": 51.0, "numerator": None, "denominator": None}, rules, Past(2024, rising)
    )
    assert "2.1 standard deviations away from last year's figure, 30" in said.english
    assert "is that of 3 earlier years" in said.english
    assert "cách số liệu năm trước (30) 2,1 lần độ lệch chuẩn" in said.vietnamese


def test_with_fewer_than_three_earlier_years_there_are_no_standard_deviations() -> None:
    two = {2022: Known(10.0, None), 2023: Known(11.0, None)}
    assert looked(Rules(deviations=2.0), Past(2024, two), value=50.0) == {}
    assert looked(Rules(deviations=2.0), Past(2024, {2021: Known(12.0, None)} | two), value=50.0)


def test_without_last_years_figure_deviations_are_measured_from_the_mean_of_the_others() -> None:
    rules, past = Rules(deviations=2.0), Past(2025, YEARS)
    assert looked(rules, past, value=11.0) == {}
    figures = looked(rules, past, value=12.0)["far_from_history"]
    assert figures["mean"] == 10.0
    assert figures["deviations"] == pytest.approx(2 / (2 / 3) ** 0.5)


def test_figures_that_never_changed_have_no_deviation_and_any_change_is_found() -> None:
    rules, past = Rules(deviations=2.0), Past(2024, {2020 + n: Known(10.0, None) for n in range(4)})
    assert looked(rules, past, value=10.0) == {}
    assert looked(rules, past, value=10.1)["far_from_history"]["deviations"] is None


def test_every_rule_of_a_figure_that_breaks_all_speaks_in_order() -> None:
    rules = Rules(
        expected_high=1.0,
        change_percent=1.0,
        deviations=1.0,
        denominator_change_percent=1.0,
        same_denominator_as=("2.1.2",),
    )
    years = {2020 + n: Known(1.0, 10.0) for n in range(4)}
    neighbours = {"2.1.2": Neighbour(10.0, 0.005)}
    past = Past(2024, years, neighbours, (6.0,), ("signed",), ("copy",))
    found = looked(rules, past, value=5.0, numerator=4.0, denominator=20.0)
    assert tuple(found) == (*CODES, "evidence_differs", "evidence_not_accepted")
    assert looked(Rules(), Past(2024, years, neighbours={}), value=5.0) == {}
    assert looked(rules, past) == {}


@pytest.mark.parametrize("times", [0.001, 0.01, 0.1, 10.0, 100.0, 1000.0])
def test_a_figure_in_another_unit_is_named_as_such_and_not_as_a_fraction_that_differs(
    times: float,
) -> None:
    rules = Rules(scale=100.0)
    found = looked(rules, value=50.0 * times * 1.004, numerator=5.0, denominator=10.0)
    assert list(found) == ["unit_scale"]
    assert (found["unit_scale"]["fraction"], found["unit_scale"]["scale"]) == (50.0, 100.0)
    past = Past(2024, {2023: Known(45.0, None)})
    (held,) = findings({"value": 50.0 * times, "numerator": None, "denominator": None}, rules, past)
    assert (held.code, held.figures["last_year"]) == ("unit_scale", 45.0)
    assert "is it in the unit that is asked for?" in held.english
    assert "có đúng đơn vị tính không?" in held.vietnamese


@pytest.mark.parametrize("value", [49.0, 51.0, 5.5, 300.0, 500_000.0, -500.0, 0.0])
def test_a_figure_that_is_off_by_anything_else_only_differs_from_its_fraction(value: float) -> None:
    found = looked(Rules(scale=100.0), value=value, numerator=5.0, denominator=10.0)
    assert list(found) == ["differs_from_fraction"]


@pytest.mark.parametrize(
    ("last", "value"), [(45.0, 300.0), (0.0, 10.0), (45.0, 46.0), (-1.0, 10.0)]
)
def test_a_change_that_is_no_power_of_ten_is_none_of_the_unit(last: float, value: float) -> None:
    assert looked(Rules(), Past(2024, {2023: Known(last, None)}), value=value) == {}


@pytest.mark.parametrize(
    ("unit", "scale"),
    [
        ("%", 100.0),
        ("% / điểm PAR Index", 100.0),
        ("phần trăm", 100.0),
        ("‰", 1000.0),
        ("số/1.000 dân", 1000.0),
        ("tỷ đồng/1.000 lao động", 1000.0),
        ("FTE/10.000 dân", 10_000.0),
        ("đơn/10 000 dân", 10_000.0),
        ("người/vạn dân", 10_000.0),
        ("ca/100 nghìn dân", 100_000.0),
        ("per 100,000 inhabitants", 100_000.0),
        ("tỷ lệ", 1.0),
        ("tỷ lệ /GRDP", 1.0),
        ("điểm PAPI 1-10", 1.0),
        ("chỉ số 0-1 (HDI)", 1.0),
        ("số/xã", 1.0),
        ("đồng/12 tháng", 1.0),
        ("", 1.0),
    ],
)
def test_a_unit_says_by_what_a_fraction_is_multiplied(unit: str, scale: float) -> None:
    assert scale_of(unit) == scale


def test_what_holds_without_rules_is_the_same_wherever_it_is_said() -> None:
    shown = schemas.Rules().model_dump()
    assert shown.pop("scale") is None
    assert shown == RULE_DEFAULTS
    used = NO_RULES._asdict() | {"same_denominator_as": [], "two_step": False}
    assert used.pop("scale") == 1.0
    assert used == RULE_DEFAULTS


async def test_a_percentage_is_a_hundred_times_its_fraction_without_any_rule(
    client: AsyncClient, cast: Cast
) -> None:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    said = {"unit": "%", "upper_bound": 100, "reason": "Công văn của bộ"}
    body(await client.patch("/v1/frameworks/2024/nodes/2.1.1", json=said, headers=headers))
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], numerator=5.0, denominator=10.0)
    assert (draft["value"], draft["findings"]) == (50.0, [])
    draft = body(await patched(client, cast, draft, value=0.5))
    assert codes(draft) == ["unit_scale"]
    await attached(client, cast.officer, draft["id"])
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert pointers(refused.json()) == ["/explanations/unit_scale"]
    await ruled(client, cast, scale=1.0)  # said, and so no longer the unit's
    draft = body(await patched(client, cast, draft, note="tỷ lệ"))
    assert draft["findings"] == []
    await ruled(client, cast)
    draft = body(await patched(client, cast, draft, value=50, note=""))
    assert codes(draft) == ["evidence_differs"]  # it states 0.5; of its unit nothing is odd


async def test_a_denominator_is_held_against_last_years_until_that_is_switched_off(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast, code="ky-2023", reference_year=2023)
    old = await assignment_of(client, cast, period="ky-2023")
    await accepted(client, cast, old["id"], value=6, numerator=600.0, denominator=100.0)
    duty = await officers_duty(client, cast)
    moved = {"value": 6, "numerator": 726.0, "denominator": 121.0}
    draft = await drafted(client, cast.officer, duty["id"], **moved)
    assert codes(draft) == ["denominator_change"]
    near = body(await patched(client, cast, draft, numerator=720.0, denominator=120.0))
    assert near["findings"] == []
    await ruled(client, cast, denominator_change_percent=None)
    draft = body(await patched(client, cast, draft, numerator=1200.0, denominator=200.0))
    assert draft["findings"] == []


async def test_whoever_comes_second_is_told_that_the_denominators_differ(
    client: AsyncClient, cast: Cast
) -> None:
    await ruled(client, cast, same_denominator_as=["2.1.2"], tolerance=0.05)
    duty = await officers_duty(client, cast)
    fraction = {"numerator": 5000.0, "denominator": 1000.0}
    await submitted(client, cast.officer, duty["id"], **fraction)
    # 2.1.2 names nobody: it is named, and the tolerance is that of whoever names it.
    other = await assignment_of(client, cast, "2.1.2")
    draft = await drafted(client, cast.officer, other["id"], numerator=5.0, denominator=1040.0)
    assert draft["findings"] == []
    draft = body(await patched(client, cast, draft, denominator=1100.0))
    assert codes(draft) == ["denominator_differs"]
    assert draft["findings"][0]["figures"] == {"denominator": 1100.0, "2.1.1": 1000.0}
    stranger = await assignment_of(client, cast, "2.1.3")
    draft = await drafted(client, cast.officer, stranger["id"], numerator=5.0, denominator=7.0)
    assert draft["findings"] == []


async def test_evidence_of_a_kind_that_the_indicator_does_not_take_is_explained(
    client: AsyncClient, cast: Cast
) -> None:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    said = {"accepted_evidence": ["signed", "extract"], "reason": "Công văn của bộ"}
    body(await client.patch("/v1/frameworks/2024/nodes/2.1.1", json=said, headers=headers))
    duty = await officers_duty(client, cast)
    assert (duty["accepted_evidence"], duty["guidance_vi"]) == (["signed", "extract"], "")
    draft = await drafted(client, cast.officer, duty["id"], value=6)
    assert draft["findings"] == []  # without any document that is asked for first
    await attached(client, cast.officer, draft["id"])
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert pointers(refused.json()) == ["/explanations/evidence_not_accepted"]
    assert "signed document, extract" in refused.json()["errors"][0]["message"]
    await attached(client, cast.officer, draft["id"], content=PDF + b"2", level="signed")
    seen = await client.get(f"/v1/submissions/{draft['id']}", headers=cast.officer.headers)
    assert body(seen)["findings"] == []
    await done(client, cast.officer, draft["id"], "submit")


async def test_the_document_that_names_a_central_source_is_of_a_kind_that_is_taken(
    client: AsyncClient, cast: Cast
) -> None:
    headers = {**cast.coordinator.headers, "if-match": "*"}
    said = {"accepted_evidence": ["signed"], "reason": "Công văn của bộ"}
    body(await client.patch("/v1/frameworks/2024/nodes/2.1.1", json=said, headers=headers))
    duty = await officers_duty(client, cast)
    answer = {"answer": "central_source", "nil_reason": "Xem niên giám thống kê"}
    draft = await drafted(client, cast.officer, duty["id"], **answer)
    await attached(client, cast.officer, draft["id"])
    refused = await act(client, cast.officer, draft["id"], "submit")
    assert pointers(refused.json()) == ["/explanations/evidence_not_accepted"]
    why = {"evidence_not_accepted": "Bản gốc do bộ giữ"}
    body(await patched(client, cast, draft, explanations=why))
    await done(client, cast.officer, draft["id"], "submit")
