"""How an index is computed, as data: what is not written down here cannot differ between runs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeVar, get_args

from shared.composite.errors import MethodError
from shared.composite.settings import count, is_range, number, one_of

Log = Literal["none", "log_gii", "log_ct"]
TreatmentKind = Literal["none", "winsorise", "log_gii", "log_ct"]
Imputation = Literal["none", "mean", "median", "group_mean", "group_median"]
NormalisationKind = Literal[
    "min_max",
    "goalposts",
    "mixed",
    "z_score",
    "rank",
    "percentile_rank",
    "distance_to_best",
    "distance_to_target",
]
AggregationKind = Literal["arithmetic", "geometric", "harmonic"]

POINTS = (0.0, 100.0)
SHARE = (0.0, 1.0)
RANGES: Mapping[str, tuple[float, float]] = {
    "min_max": POINTS,
    "goalposts": POINTS,
    "mixed": POINTS,
    "percentile_rank": SHARE,
    "distance_to_best": SHARE,
    "distance_to_target": SHARE,
}
DEPTH = re.compile(r"0|[1-9][0-9]{0,3}")
_Block = TypeVar("_Block")


@dataclass(frozen=True)
class Treatment:
    """What is done about outliers before figures are normalised.

    - ``kind``: "none"; "winsorise" a series that fails the test, and take ``otherwise`` where that
      does not help; "log_gii" or "log_ct" in any case.
    - A series passes if |skewness| ≤ ``skewness`` or its excess kurtosis ≤ ``kurtosis`` (the
      sample-adjusted G1 and G2 of Excel's SKEW and KURT).
    - ``max_points``: how many points may be moved at most.
    """

    kind: TreatmentKind = "none"
    max_points: int = 5
    skewness: float = 2.0
    kurtosis: float = 3.5
    otherwise: Log = "none"

    def __post_init__(self) -> None:
        one_of("/treatment/kind", self.kind, get_args(TreatmentKind))
        one_of("/treatment/otherwise", self.otherwise, get_args(Log))
        number("/treatment/skewness", self.skewness, least=0)
        number("/treatment/kurtosis", self.kurtosis)
        count("/treatment/max_points", self.max_points, least=0)

    def to_dict(self) -> dict[str, Any]:
        if self.kind != "winsorise":
            return {"kind": self.kind}
        return {
            "kind": self.kind,
            "max_points": self.max_points,
            "skewness": self.skewness + 0.0,
            "kurtosis": self.kurtosis + 0.0,
            "otherwise": self.otherwise,
        }


@dataclass(frozen=True)
class Normalisation:
    """How figures of different units become points.

    - ``kind``: "min_max" between the panel's own least and greatest figure; "goalposts" between
      the leaf's, clamped; "mixed" takes a leaf's goalposts where it has them and the panel
      elsewhere; "z_score"; "rank" (1 = worst); "percentile_rank"; "distance_to_best";
      "distance_to_target".
    - ``range``: points of the worst and the best; no meaning for "z_score" and "rank".
    - ``minimum_units``: how many units must have a figure before they count as a panel.
    - ``cap``: whether a figure beyond its target counts as the target.
    """

    kind: NormalisationKind = "min_max"
    range: tuple[float, float] | None = None
    minimum_units: int = 2
    cap: bool = False

    def __post_init__(self) -> None:
        one_of("/normalisation/kind", self.kind, get_args(NormalisationKind))
        count("/normalisation/minimum_units", self.minimum_units, least=1)
        if self.range is None:
            object.__setattr__(self, "range", RANGES.get(self.kind))
        elif self.kind not in RANGES:
            raise MethodError(f"{self.kind} has no range.", pointer="/normalisation/range")
        if self.range is not None and not is_range(self.range):
            raise MethodError(
                f"The range {self.range} is not two finite numbers, the lower first.",
                pointer="/normalisation/range",
            )
        if type(self.cap) is not bool:
            raise MethodError("cap is true or false.", pointer="/normalisation/cap")
        if self.cap and self.kind != "distance_to_target":
            raise MethodError(f"{self.kind} has nothing to cap.", pointer="/normalisation/cap")

    @property
    def uses_panel(self) -> bool:
        """Whether a unit's points can depend on the figures of the others."""
        return self.kind != "goalposts"

    def scale(self, units: int) -> float:
        """Give the size of the greatest possible score, against which rounding is judged."""
        if self.range is not None:
            return max(abs(bound) for bound in self.range)
        return float(max(units, 1)) if self.kind == "rank" else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Leave out what says nothing: a minimum or a cap at its default."""
        shown: dict[str, Any] = {"kind": self.kind}
        if self.range is not None:
            shown["range"] = [bound + 0.0 for bound in self.range]
        if self.minimum_units != Normalisation.minimum_units:
            shown["minimum_units"] = self.minimum_units
        if self.cap:
            shown["cap"] = True
        return shown


@dataclass(frozen=True)
class Aggregation:
    """How the children of a node are added up: a weighted mean.

    ``by_level`` says it for single levels, by the depth of the parent: 0 is the root.
    """

    kind: AggregationKind = "arithmetic"
    by_level: Mapping[int, AggregationKind] = field(default_factory=dict)

    def __post_init__(self) -> None:
        one_of("/aggregation/kind", self.kind, get_args(AggregationKind))
        for depth, kind in self.by_level.items():
            count(f"/aggregation/by_level/{depth}", depth, least=0)
            one_of(f"/aggregation/by_level/{depth}", kind, get_args(AggregationKind))

    def __hash__(self) -> int:
        return hash((self.kind, tuple(sorted(self.by_level.items()))))

    def at(self, depth: int) -> AggregationKind:
        return self.by_level.get(depth, self.kind)

    def to_dict(self) -> dict[str, Any]:
        by_level = {str(depth): kind for depth, kind in sorted(self.by_level.items())}
        return {"kind": self.kind, "by_level": by_level}


@dataclass(frozen=True)
class Missing:
    """What is done about figures that nobody has: they are dropped and the weights re-scaled.

    - ``minimum_coverage``: share of leaves, 0 to 1, under which a node is marked (never hidden).
    - ``screen_units_below``: share of leaves, 0 to 1, under which a unit is left out altogether.
    """

    minimum_coverage: float = 0.0
    screen_units_below: float = 0.0

    def __post_init__(self) -> None:
        number("/missing/minimum_coverage", self.minimum_coverage, least=0, most=1)
        number("/missing/screen_units_below", self.screen_units_below, least=0, most=1)

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": "drop",
            "minimum_coverage": self.minimum_coverage + 0.0,
            "screen_units_below": self.screen_units_below + 0.0,
        }


@dataclass(frozen=True)
class Method:
    """The choices that turn figures into scores. Raises ``MethodError``."""

    treatment: Treatment = Treatment()
    imputation: Imputation = "none"
    normalisation: Normalisation = Normalisation()
    aggregation: Aggregation = Aggregation()
    missing: Missing = Missing()

    def __post_init__(self) -> None:
        one_of("/imputation/kind", self.imputation, get_args(Imputation))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON types only; equal methods give equal dictionaries.

        The digest is taken over this. A setting added later must be left out while it has its
        default, or runs stored before it would no longer reproduce their digest.
        """
        return {
            "treatment": self.treatment.to_dict(),
            "imputation": {"kind": self.imputation},
            "normalisation": self.normalisation.to_dict(),
            "aggregation": self.aggregation.to_dict(),
            "missing": self.missing.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote; what is absent has its default.

        An unknown setting is refused (``MethodError``): to drop it would compute something else
        than what was stored. The flat form of the first runs is understood as well.
        """
        if isinstance(stored.get("normalisation"), str):
            stored = _from_flat(stored)
        _known("", stored, ("treatment", "imputation", "normalisation", "aggregation", "missing"))
        imputation = _members("imputation", stored, ("kind",))
        normalisation = _members("normalisation", stored, ("kind", "range", "minimum_units", "cap"))
        if isinstance(normalisation.get("range"), list):
            normalisation["range"] = tuple(normalisation["range"])
        aggregation = _members("aggregation", stored, ("kind", "by_level"))
        if "by_level" in aggregation:
            aggregation["by_level"] = _levels(aggregation["by_level"])
        missing = _members("missing", stored, ("kind", "minimum_coverage", "screen_units_below"))
        one_of("/missing/kind", missing.pop("kind", "drop"), ("drop",))
        return cls(
            treatment=treatment_from_dict(stored.get("treatment", {})),
            imputation=imputation.get("kind", "none"),
            normalisation=_made("/normalisation", Normalisation, normalisation),
            aggregation=_made("/aggregation", Aggregation, aggregation),
            missing=_made("/missing", Missing, missing),
        )


def treatment_from_dict(stored: Mapping[str, Any]) -> Treatment:
    """Read what ``Treatment.to_dict`` wrote. Raises ``MethodError``."""
    members = _members(
        "treatment",
        {"treatment": stored},
        ("kind", "max_points", "skewness", "kurtosis", "otherwise"),
    )
    return _made("/treatment", Treatment, members)


def _from_flat(stored: Mapping[str, Any]) -> dict[str, Any]:
    _known(
        "", stored, ("normalisation", "range", "aggregation", "minimum_coverage", "minimum_units")
    )
    kind = stored["normalisation"]
    normalisation = {"kind": "mixed" if kind == "min_max" else kind}
    for name in ("range", "minimum_units"):
        if name in stored:
            normalisation[name] = stored[name]
    return {
        "normalisation": normalisation,
        "aggregation": {"kind": stored.get("aggregation", "arithmetic")},
        "missing": {"minimum_coverage": stored.get("minimum_coverage", 0.0)},
    }


def _levels(by_level: Any) -> dict[int, Any]:
    # "01" would be a second name of level 1.
    if not isinstance(by_level, Mapping) or not all(
        DEPTH.fullmatch(str(depth)) for depth in by_level
    ):
        raise MethodError(
            "by_level names levels by their depth, 0 for the root.",
            pointer="/aggregation/by_level",
        )
    return {int(depth): kind for depth, kind in by_level.items()}


def _members(name: str, stored: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    block = stored.get(name, {})
    if not isinstance(block, Mapping):
        raise MethodError(f"{name} is not an object.", pointer=f"/{name}")
    _known(f"/{name}", block, known)
    return dict(block)


def _made(pointer: str, block: type[_Block], members: dict[str, Any]) -> _Block:
    try:
        return block(**members)
    except (TypeError, OverflowError) as error:
        raise MethodError(f"A setting has the wrong type: {error}.", pointer=pointer) from error


def _known(pointer: str, stored: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := sorted(stored.keys() - set(known)):
        raise MethodError(
            f"There is no setting {unknown[0]!r} in a method.", pointer=f"{pointer}/{unknown[0]}"
        )
