"""What a plan says, in the shapes its files are read into."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Framework:
    year: int
    name_vi: str
    name_en: str
    basis: str
    basis_date: date
    expected_local: int
    expected_central: int
    weights_assumed: bool
    weights_note: str


@dataclass(frozen=True, slots=True)
class City:
    locality_code: str
    name_vi: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """How sure one step of the method is: verified, inferred or unknown."""

    status: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Method:
    normalisation: str
    aggregation: str
    assumed: tuple[Assumption, ...]

    @property
    def engine(self) -> dict[str, dict[str, str]]:
        """What ``shared.composite.Method.from_dict`` reads; all else has its default."""
        return {
            "normalisation": {"kind": self.normalisation},
            "aggregation": {"kind": self.aggregation},
        }


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the tree; ``supply`` is None above the indicators, bounds are None where open."""

    code: str
    parent: str | None
    kind: str
    name_vi: str
    name_en: str
    weight: float
    direction: str
    unit: str
    unit_assumed: bool
    lower_bound: float | None
    upper_bound: float | None
    supply: str | None
    supply_assumed: bool
    source: str
    note: str
    accepted_evidence: tuple[str, ...] = ()
    guidance_vi: str = ""
    guidance_en: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    code: str
    name_vi: str
    name_en: str
    kind: str
    part_in_the_plan: str
    plan_section: str
    is_coordinator: bool


@dataclass(frozen=True, slots=True)
class Responsibility:
    node: str
    organisation: str
    role: str
    plan_section: str
    legal_basis: str


@dataclass(frozen=True, slots=True)
class OfficialResult:
    """What the ministry or the press published; ``score`` 0 to 100, either figure may be unknown."""

    year: int
    locality: str
    level: str
    score: float | None
    rank: int | None
    units_ranked: int
    note: str
    source: str


@dataclass(frozen=True)
class PlanData:
    framework: Framework
    city: City
    coordinator: str
    method: Method
    nodes: tuple[Node, ...]
    organisations: tuple[Organisation, ...]
    responsibilities: tuple[Responsibility, ...]
    official_results: tuple[OfficialResult, ...]

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        """Nodes without children, in file order: those that take a figure."""
        parents = {node.parent for node in self.nodes}
        return tuple(node for node in self.nodes if node.code not in parents)
