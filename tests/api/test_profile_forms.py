"""The profile as picture and as table: always well-formed, never harmful, whatever the names are."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal
from xml.etree import ElementTree as ET

import pytest

from services.api.profile import standing
from services.api.profile.captions import MADE_UP
from services.api.profile.drawing import drawing
from services.api.profile.shapes import cut, wrap
from services.api.profile.standing import Row
from services.api.profile.table import COLUMNS, table

SVG = "{http://www.w3.org/2000/svg}"
HARM = "<script>alert(1)</script> \"'&]]>\ufffe\x01"
LONG = "Vốn con người và nghiên cứu, phát triển " * 7 + "x" * 300


def rows(pillars: int = 7, each: int = 8, name: str = "Tên dài", lost: str = "") -> list[Row]:
    """Make a run whose indicators stand all over the field; ``lost`` is a code without a score."""

    def made(code: str, parent: str | None, kind: str, place: int = 1) -> Row:
        gone = code == lost
        return Row(
            code=code,
            kind=kind,
            parent_code=parent,
            name_vi=name,
            name_en="",
            score=None if gone else 100.0 / place,
            rank=None if gone else place,
            ranked=0 if gone else 34,
            coverage=0.0 if gone else 1.0,
            weight=1.0,
            weight_in_force=0.0 if gone else 1 / 7,
            contribution=None if gone else 1.5,
            reason="not_supplied" if gone else None,
        )

    found = [made("PII", None, "index")]
    for pillar in range(1, pillars + 1):
        found.append(made(str(pillar), "PII", "pillar", pillar))
        found += [
            made(f"{pillar}.1.{n}", str(pillar), "indicator", (n * 5 + pillar) % 34 + 1)
            for n in range(1, each + 1)
        ]
    return found


def profile(made: list[Row] | None = None, **values: Any) -> dict[str, Any]:
    made = rows() if made is None else made
    shown = standing.indicators(made)
    strengths, weaknesses = standing.strengths_and_weaknesses(shown)
    told: dict[str, Any] = {
        "result": "estimate",
        "made_up": False,
        "stale": False,
        "assumed": ["a / b"],
        "locality": {"code": "ha-noi", "name": "Hà Nội"},
        "framework": {"year": 2024, "name_vi": "Bộ chỉ số", "name_en": "Index", "revision": 1},
        "period": {"code": "ky-2024", "name": "Kỳ 2024", "reference_year": 2024},
        "run": {
            "number": 3,
            "created_at": datetime(2026, 11, 22, 17, 30, tzinfo=UTC),
            "hash": "sha256:ab",
        },
        "score": 60.764,
        "rank": 1,
        "units": 34,
        "scale": (0.0, 100.0),
        "pillars": [standing.level(row) for row in made if row.kind == "pillar"],
        "indicators": shown,
        "strengths": strengths,
        "weaknesses": weaknesses,
        "last_year": None,
    }
    return told | values


def words(drawn: bytes) -> list[str]:
    return [element.text or "" for element in ET.fromstring(drawn).iter(f"{SVG}text")]  # noqa: S314 our own


def test_the_picture_scales_and_says_what_it_is() -> None:
    root = ET.fromstring(drawing(profile(), "vi"))  # noqa: S314 our own
    assert root.attrib["viewBox"].startswith("0 0 600 ")
    assert not {"width", "height"} & root.attrib.keys()
    assert root.attrib["role"] == "img"
    told = {element.attrib["id"]: element.text for element in root if "id" in element.attrib}
    assert root.attrib["aria-labelledby"].split() == list(told)
    assert all(told.values())
    background = root.find(f"{SVG}rect")
    assert background is not None
    assert background.attrib["fill"] == "#ffffff"


def test_the_picture_tells_score_rank_with_n_estimate_and_the_day_in_hanoi() -> None:
    vietnamese = words(drawing(profile(stale=True), "vi"))
    assert {"60,76 điểm", "hạng 1/34", "Bộ chỉ số"} <= set(vietnamese)
    assert "Ước tính, không phải kết quả chính thức. Lần tính 3, ngày 23/11/2026." in vietnamese
    assert "Đã có số liệu mới hơn, chưa được tính vào đây." in vietnamese
    assert "Có điểm: 56/56 chỉ số" in vietnamese
    english = words(drawing(profile(), "en"))
    assert {"60.76 points", "rank 1/34", "Index"} <= set(english)
    assert "Estimate, not an official result. Run 3 of 2026-11-23." in english
    assert not any("newer" in line for line in english)


@pytest.mark.parametrize("layout", ["tall", "wide"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_made_up_figures_are_called_so_and_no_others(
    language: Literal["vi", "en"], layout: Literal["tall", "wide"]
) -> None:
    shown = drawing(profile(made_up=True), language, layout)
    assert words(shown).count(MADE_UP) == 2
    assert MADE_UP not in drawing(profile(), language, layout).decode()


@pytest.mark.parametrize("layout", ["tall", "wide"])
def test_every_indicator_is_on_the_picture_with_code_and_rank(
    layout: Literal["tall", "wide"],
) -> None:
    made = profile(rows(lost="2.1.3"))
    shown = words(drawing(made, "vi", layout))
    for entry in made["indicators"]:
        assert shown.count(entry["code"]) == 1
    assert "n/a" in shown
    assert "Có điểm: 55/56 chỉ số" in shown
    assert {"25", "50", "75", "100"} <= set(shown)


@pytest.mark.parametrize("name", [HARM, LONG, "", "&amp;", "]]>"])
def test_no_name_does_harm_or_breaks_the_picture(name: str) -> None:
    named = {"vi": name, "en": name}
    made = profile(
        rows(name=name),
        locality={"code": "ha-noi", "name": name},
        framework={"name_vi": named["vi"], "name_en": named["en"], "year": 2024, "revision": 1},
        period={"code": "ky", "name": name, "reference_year": 2024},
    )
    drawn = drawing(made, "vi")
    root = ET.fromstring(drawn)  # noqa: S314 our own
    used = {element.tag.removeprefix(SVG) for element in root.iter()}
    drawable = {"svg", "title", "desc", "rect", "g", "text", "line", "circle", "polygon"}
    assert used <= drawable
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith("on") or "href" in name for name in attributes)
    assert b"url(" not in drawn
    assert b"<script" not in drawn


@pytest.mark.parametrize(
    ("pillars", "each"), [(0, 0), (1, 1), (2, 30), (3, 1), (7, 9), (8, 13), (12, 4)]
)
def test_any_shape_of_framework_can_be_drawn(pillars: int, each: int) -> None:
    drawn = drawing(profile(rows(pillars, each, lost="1")), "vi")
    room = float(ET.fromstring(drawn).attrib["viewBox"].split()[3])  # noqa: S314 our own
    boxes = re.findall(r"translate\(0 (-?[0-9.]+)\)", drawn.decode())
    assert all(float(top) < room for top in boxes)


def test_an_indicator_under_no_pillar_is_drawn_and_listed() -> None:
    root, _, *indicators = rows(1, 2)
    made = [root, *(replace(row, parent_code="PII") for row in indicators)]
    shown = profile(made)
    assert "Khác" in words(drawing(shown, "vi"))
    assert [line["code"] for line in read(table(shown))] == ["1.1.1", "1.1.2"]


def test_a_pillar_without_a_score_leaves_the_shape_open() -> None:
    whole, open_ = (drawing(profile(rows(lost=lost)), "vi") for lost in ("", "3"))
    assert b"<polygon" in whole
    assert b"<polygon" not in open_


def test_scores_without_a_scale_are_not_drawn_on_one() -> None:
    drawn = drawing(profile(scale=None), "vi")
    assert b"<polygon" not in drawn
    assert b"<circle" not in drawn
    fractions = words(drawing(profile(scale=(0.0, 1.0)), "vi"))
    assert {"0,25", "0,50", "0,75", "1"} <= set(fractions)


def test_before_the_first_run_the_picture_and_the_table_say_nothing() -> None:
    empty = profile([], run=None, score=None, rank=None, units=0, scale=None, assumed=[])
    assert "Chưa có lần tính nào" in words(drawing(empty, "vi"))
    assert read(table(empty)) == []


def read(written: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))


def test_the_table_has_a_row_for_each_pillar_and_indicator_in_order() -> None:
    written = table(profile(rows(2, 10, lost="1.1.2"), made_up=True))
    assert written.startswith(b"\xef\xbb\xbfkind,code,")
    assert written.count(b"\r\n") == written.count(b"\n") == 23
    lines = read(written)
    assert tuple(lines[0]) == COLUMNS
    assert [line["kind"] for line in lines] == ["pillar", *["indicator"] * 10] * 2
    assert [line["code"] for line in lines[:11]] == ["1", *(f"1.1.{n}" for n in range(1, 11))]
    assert {(line["made_up"], line["result"], line["run"]) for line in lines} == {
        ("true", "estimate", "3")
    }
    lost = lines[2]
    assert (lost["score"], lost["rank"], lost["percentile"]) == ("", "", "")
    assert (lost["band"], lost["reasons"]) == ("not_available", "1.1.2:not_supplied")


def test_the_table_gives_back_every_figure_to_the_last_digit() -> None:
    made = profile(rows(3, 7))
    figures = {entry["code"]: entry for entry in [*made["pillars"], *made["indicators"]]}
    for line in read(table(made)):
        for name in ("score", "percentile", "contribution", "weight"):
            assert float(line[name]) == figures[line["code"]][name]


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("http://x","y")'],
)
def test_no_name_is_run_as_a_formula_and_numbers_stay_numbers(name: str) -> None:
    made = profile(rows(1, 1, name=name))
    made["indicators"][0]["score"] = -1.25
    line = read(table(made))[1]
    assert line["name_vi"] == f"'{name}"
    assert line["score"] == "-1.25"


@pytest.mark.parametrize("name", ['He said "x", y', "dòng một\r\ndòng hai", "a;b,c", "Đổi mới"])
def test_any_other_name_comes_back_as_it_was(name: str) -> None:
    assert read(table(profile(rows(1, 1, name=name))))[1]["name_vi"] == name


def test_lines_are_broken_where_words_end_and_no_line_is_too_long() -> None:
    assert wrap("Vốn con người và nghiên cứu, phát triển", 17, 5) == [
        "Vốn con người và",
        "nghiên cứu, phát",
        "triển",
    ]
    assert wrap("a" * 25, 10, 5) == ["a" * 10, "a" * 10, "a" * 5]
    assert wrap("một hai ba bốn năm", 7, 2) == ["một hai", "ba bốn…"]
    assert wrap("", 7, 2) == [""]
    assert all(len(line) <= 9 for line in wrap(LONG, 9, 4))
    assert (cut("abc", 3), cut("abcd", 3)) == ("abc", "ab…")
