"""The plan's files say what the plan says, and a slip in them is named with file and line."""

import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

import deploy.plans
from deploy.plans.reader import PlanFileError, read_plan
from shared import composite

FOLDER = Path(deploy.plans.__file__).parent / "hanoi-2024"
PLAN = read_plan(FOLDER)
BY_CODE = {node.code: node for node in PLAN.nodes}
INDICATORS = [node for node in PLAN.nodes if node.kind == "indicator"]


def parts(node: str) -> set[tuple[str, str]]:
    return {(duty.organisation, duty.role) for duty in PLAN.responsibilities if duty.node == node}


def pillar_of(code: str) -> str:
    parent = BY_CODE[code].parent
    assert parent is not None
    return str(BY_CODE[parent].parent)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


def test_the_tree_has_as_many_nodes_of_each_kind_as_the_plan() -> None:
    assert Counter(node.kind for node in PLAN.nodes) == {
        "index": 1,
        "subindex": 2,
        "pillar": 7,
        "group": 16,
        "indicator": 52,
        "component": 4,
    }


def test_each_pillar_and_each_group_has_its_number_of_indicators() -> None:
    pillars = Counter(pillar_of(node.code) for node in INDICATORS)
    groups = Counter(str(node.parent) for node in INDICATORS)
    assert [pillars[str(number)] for number in range(1, 8)] == [7, 7, 5, 7, 9, 9, 8]
    assert list(groups.values()) == [3, 4, 3, 4, 2, 3, 4, 3, 3, 3, 3, 2, 4, 3, 4, 4]


def test_pillars_one_to_five_are_input_and_the_others_output() -> None:
    pillars = {node.code: node.parent for node in PLAN.nodes if node.kind == "pillar"}
    assert pillars == {**dict.fromkeys("12345", "input"), **dict.fromkeys("67", "output")}


def test_every_code_of_an_indicator_stands_in_its_group() -> None:
    assert all(node.code.startswith(f"{node.parent}.") for node in INDICATORS)


def test_there_are_as_many_bodies_duties_and_results_as_were_collected() -> None:
    assert len(PLAN.organisations) == 20
    assert len(PLAN.responsibilities) == 58
    assert len(PLAN.official_results) == 76


def test_sixteen_bodies_lead_and_the_coordinator_leads_sixteen_indicators() -> None:
    leads = [duty for duty in PLAN.responsibilities if duty.role in {"lead", "joint_lead"}]
    assert len({duty.organisation for duty in leads}) == 16
    assert PLAN.coordinator == "so-khcn"
    assert sum(duty.organisation == PLAN.coordinator for duty in leads) == 16


def test_law_and_order_has_three_joint_leads_and_the_court_is_requested() -> None:
    assert parts("1.1.2") == {
        ("so-tp", "joint_lead"),
        ("catp", "joint_lead"),
        ("cuc-thads", "joint_lead"),
        ("tand-tp", "requested"),
    }
    assert [duty.node for duty in PLAN.responsibilities if duty.role == "requested"] == ["1.1.2"]


def test_each_component_of_the_infrastructure_has_its_own_lead() -> None:
    assert parts("3.2.1") == set()
    assert parts("3.2.1.dien-nang") == {("so-ct", "lead")}
    assert parts("3.2.1.vien-thong") == {("so-tttt", "lead")}
    assert parts("3.2.1.duong-bo") == {("so-gtvt", "lead")}
    assert parts("3.2.1.khu-cong-nghiep") == {("bql-kcncx", "lead")}


def test_every_leaf_has_a_lead() -> None:
    led = {duty.node for duty in PLAN.responsibilities if duty.role != "requested"}
    assert led == {leaf.code for leaf in PLAN.leaves}
    assert len(PLAN.leaves) == 55


def test_every_duty_names_the_section_of_the_plan_it_rests_on() -> None:
    for duty in PLAN.responsibilities:
        basis = f"Kế hoạch 234/KH-UBND ngày 06/8/2024, mục {duty.plan_section}"
        annex = "; Phụ lục Kế hoạch 190/KH-UBND ngày 21/6/2024"
        assert duty.legal_basis == basis + (annex if duty.node == "1.1.2" else "")


def test_every_text_is_in_composed_form() -> None:
    read = list(texts(asdict(PLAN)))
    assert len(read) > 1000
    assert all(unicodedata.is_normalized("NFC", text) for text in read)
    for path in FOLDER.iterdir():
        assert unicodedata.is_normalized("NFC", path.read_text(encoding="utf-8")), path


def test_every_indicator_has_both_names_and_unknown_groups_have_none() -> None:
    named = {"index", "subindex", "pillar", "indicator", "component"}
    assert all(node.name_vi and node.name_en for node in PLAN.nodes if node.kind in named)
    groups = {node.code: node for node in PLAN.nodes if node.kind == "group"}
    with_names = {code for code, node in groups.items() if node.name_vi and node.name_en}
    without = {code for code, node in groups.items() if not (node.name_vi or node.name_en)}
    assert with_names == {"1.1", "1.2", "2.1", "2.2", "7.1", "7.2"}
    assert without == set(groups) - with_names
    assert len({node.name_en for node in INDICATORS}) == 52


def test_the_marking_of_supply_is_as_far_from_the_plan_as_it_really_is() -> None:
    assert Counter(node.supply for node in INDICATORS) == {"central": 9, "unknown": 43}
    assert all(node.supply_assumed == (node.supply == "central") for node in INDICATORS)
    assert (PLAN.framework.expected_local, PLAN.framework.expected_central) == (13, 39)


def test_what_is_assumed_is_said() -> None:
    assert PLAN.framework.weights_assumed
    assert {node.weight for node in PLAN.nodes} == {1.0}
    assert PLAN.framework.basis_date == date(2024, 8, 6)
    assert PLAN.framework.basis.startswith("Kế hoạch 234/KH-UBND ngày 06/8/2024")
    steps = [note.status for note in PLAN.method.assumed]
    assert Counter(steps) == {"verified": 1, "inferred": 2, "unknown": 3}
    assert not any("inferred" in node.unit for node in PLAN.nodes)
    assert sum(node.unit_assumed for node in INDICATORS) == 10


def test_bounds_follow_from_the_quantity() -> None:
    bounds = {node.code: (node.lower_bound, node.upper_bound) for node in PLAN.nodes}
    assert bounds["1.2.1"] == (0, 10)
    assert bounds["3.1.2"] == (1, 10)
    assert bounds["1.2.3"] == bounds["4.2.3"] == bounds["6.3.3"] == (0, 100)
    assert bounds["7.2.4"] == (0, 1)
    assert bounds["7.1.3"] == bounds["3.1.1"] == bounds["6.1.2"] == (0, None)
    assert bounds["7.1.4"] == bounds["7.2.1"] == bounds["1.1"] == (None, None)


def test_the_engine_takes_the_tree_and_the_method() -> None:
    nodes = tuple(composite.Node(node.code, node.parent, node.weight) for node in PLAN.nodes)
    leaves = composite.Framework(nodes).leaves
    assert [leaf.code for leaf in leaves] == [leaf.code for leaf in PLAN.leaves]
    mixed = composite.Method(normalisation=composite.Normalisation("mixed"))
    assert composite.Method.from_dict(PLAN.method.engine) == mixed


def test_published_results_are_as_they_were_published() -> None:
    scores = {(r.year, r.locality, r.level): (r.score, r.rank) for r in PLAN.official_results}
    assert scores[2023, "Hà Nội", "overall"] == (62.86, 1)
    assert scores[2024, "Hà Nội", "overall"] == (60.76, 1)
    assert scores[2023, "Hải Phòng", "input"] == (56.45, None)
    assert {result.units_ranked for result in PLAN.official_results} == {63}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "plan"))


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


SLIPS = [
    ("nodes.csv", "\n1.1,1,group,", "\n1.1,8,group,", 5, "parent '8'"),
    ("nodes.csv", "\n1.1,1,group,", "\n1.1,,group,", 5, "Only the first node"),
    ("nodes.csv", "\n1.1,1,group,", "\n1.1,input,group,", 5, "cannot stand under"),
    ("nodes.csv", "\n1.2.2,1.2,", "\n1.2.1,1.2,", 11, "'1.2.1' stands here a second time"),
    ("nodes.csv", "Entry costs,1,", 'Entry costs,"1,5",', 10, "weight is '1,5'"),
    ("nodes.csv", "Entry costs,1,", "Entry costs,nan,", 10, "weight is 'nan'"),
    ("nodes.csv", "Entry costs,1,", "Entry costs,-1,", 10, "below zero"),
    ("nodes.csv", "Entry costs,1,", "Entry costs,,", 10, "weight is empty"),
    ("nodes.csv", "Entry costs,1,", "Entry costs,", 10, "17 cells instead of 18"),
    ("nodes.csv", "Entry costs,1,higher", "Entry costs,1,up", 10, "direction is 'up'"),
    (
        "nodes.csv",
        "E-Governance,1,higher,điểm PAPI 1-10,true,1,10",
        "E,1,higher,,true,9,1",
        27,
        "9.0",
    ),
    ("nodes.csv", "Infrastructure,1,higher,,false,,,,", "I,1,higher,,false,,,local,", 24, "supply"),
    ("nodes.csv", "code,parent", "code,above", 1, "heading must be"),
    (
        "nodes.csv",
        "exam marks are out of 10,,",
        "exam marks are out of 10,signed stamp,",
        16,
        "accepted_evidence is 'stamp'",
    ),
    ("organisations.csv", "\nso-ct,", "\nso-gddt,", 5, "'so-gddt' stands here a second time"),
    ("organisations.csv", "\nso-ct,", "\n,", 5, "code is empty"),
    ("organisations.csv", "II.4.4,false", "II.4.4,no", 5, "is_coordinator is 'no'"),
    ("organisations.csv", "so-ct,Sở", 'so-ct,"Sở"x', 5, "expected after"),
    ("responsibilities.csv", "\n1.1.1,so-khcn,", "\n1.1.9,so-khcn,", 2, "no node '1.1.9'"),
    ("responsibilities.csv", "\n1.1.1,so-khcn,", "\n1.1.1,so-x,", 2, "no organisation 'so-x'"),
    ("responsibilities.csv", "tand-tp,requested", "tand-tp,ordered", 6, "role is 'ordered'"),
    ("responsibilities.csv", "tand-tp,requested", "catp,requested", 6, "a second time"),
    ("official_results.csv", "overall,62.86,", "overall,162.86,", 2, "score is 162.86"),
    ("official_results.csv", "overall,62.86,1,", "overall,62.86,0,", 2, "rank is 0 of 63"),
    ("official_results.csv", "overall,62.86,1,", "overall,62.86,1st,", 2, "rank is '1st'"),
    ("official_results.csv", "2023,TP. Hồ Chí Minh", "2023,Hà Nội", 3, "a second time"),
    ("plan.toml", "year = 2024", 'year = "2024"', 4, "year must be of type int"),
    ("plan.toml", "year = 2024", "year = ", 4, "Invalid value"),
    ("plan.toml", "expected_local = 13", "", 3, "expected_local is missing"),
    ("plan.toml", "so-khcn", "so-ct", 21, "'so-ct'"),
    ("plan.toml", 'status = "verified"', 'status = "sure"', 23, "assumed needs vi, en"),
    ("plan.toml", "[city]", "[town]", 1, "locality_code is missing"),
]


@pytest.mark.parametrize(("name", "old", "new", "line", "what"), SLIPS)
def test_a_slip_is_named_with_its_file_and_line(
    copy: Path, name: str, old: str, new: str, line: int, what: str
) -> None:
    replace(copy / name, old, new)
    with pytest.raises(PlanFileError) as caught:
        read_plan(copy)
    assert str(caught.value).startswith(f"{copy / name}, line {line}: ")
    assert what in caught.value.what


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "nodes.csv").unlink()
    with pytest.raises(PlanFileError, match=r"nodes\.csv, line 1: There is no such file"):
        read_plan(copy)


def test_a_plan_without_nodes_is_refused(copy: Path) -> None:
    heading = (copy / "nodes.csv").read_text(encoding="utf-8").splitlines()[0]
    (copy / "nodes.csv").write_text(heading, encoding="utf-8")
    with pytest.raises(PlanFileError, match=r"nodes\.csv, line 1: There is no node"):
        read_plan(copy)


def test_text_that_is_not_utf8_is_named_with_its_line(copy: Path) -> None:
    old = (copy / "organisations.csv").read_bytes()
    (copy / "organisations.csv").write_bytes(old.replace("Sở Tư pháp".encode(), b"S\xf4"))
    with pytest.raises(PlanFileError, match=r"organisations\.csv, line 10: .*not UTF-8"):
        read_plan(copy)


def test_a_file_saved_by_a_spreadsheet_reads_the_same(copy: Path) -> None:
    for path in copy.iterdir():
        text = unicodedata.normalize("NFD", path.read_text(encoding="utf-8"))
        path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_plan(copy) == PLAN
