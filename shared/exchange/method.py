"""The method block of files and of the API: bounded, and refused where a member is not known.

What is left out has the default of ``shared.composite.Method``; a kind has its own settings only.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from shared.composite import Method, Treatment
from shared.composite.method import AggregationKind, Imputation, Log, treatment_from_dict

MOST_POINTS = 1000
MOST_UNITS = 1_000_000

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Threshold = Annotated[Number, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, le=1)]


def ordered(
    pair: tuple[float | None, float | None],
) -> tuple[float | None, float | None]:
    low, high = pair
    if low is not None and high is not None and low >= high:
        raise ValueError("the first figure must be below the second")
    return pair


Range = Annotated[tuple[Number, Number], AfterValidator(ordered)]


class Block(BaseModel):
    """An object of a file. A member that is not known is a slip of the pen, and refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def kind_or(default: str) -> Discriminator:
    """Choose the shape by ``kind``, which may be left out for the default."""

    def kind(block: Any) -> str:
        found = block.get("kind", default) if isinstance(block, dict) else None
        found = getattr(block, "kind", found)
        return found if isinstance(found, str) else str(found)

    return Discriminator(kind)


class NoTreatment(Block):
    """Outliers stay as they are."""

    kind: Literal["none"] = "none"


class Winsorise(Block):
    """The most extreme figures of a series that fails the test are replaced by the next ones, one at a time.

    A series passes if its |skewness| or its excess kurtosis is within the threshold.
    """

    kind: Literal["winsorise"]
    max_points: Annotated[int, Field(strict=True, ge=0, le=MOST_POINTS)] = Field(
        default=Treatment.max_points, description="How many figures may be replaced at most."
    )
    skewness: Threshold = Field(
        default=Treatment.skewness,
        description="Greatest |skewness| that passes; sample-adjusted G1, the SKEW of Excel.",
    )
    kurtosis: Threshold = Field(
        default=Treatment.kurtosis,
        description="Greatest excess kurtosis that passes; sample-adjusted G2, the KURT of Excel.",
    )
    otherwise: Log = Field(
        default=Treatment.otherwise,
        description="What is done instead, on the untouched series, where that does not make it pass.",
    )


class Logarithm(Block):
    """The logarithm is taken in any case: that of the GII 2020, or that of COINr ("log_ct")."""

    kind: Literal["log_gii", "log_ct"]


TreatmentBlock = Annotated[
    Annotated[NoTreatment, Tag("none")]
    | Annotated[Winsorise, Tag("winsorise")]
    | Annotated[Logarithm, Tag("log_gii")]
    | Annotated[Logarithm, Tag("log_ct")],
    kind_or("none"),
]


class ImputationBlock(Block):
    """Gaps are filled before outliers are looked for."""

    kind: Imputation = Field(
        default="none",
        description="What a missing figure is replaced by: that of all units, or of the unit's group.",
    )


class Normalised(Block):
    minimum_units: Annotated[int, Field(strict=True, ge=1, le=MOST_UNITS)] = Field(
        default=2, description="How many units must have a figure before they count as a panel."
    )


class Points(Normalised):
    """The place between two figures.

    min_max: the panel's least and greatest figure. goalposts: the leaf's own. mixed: goalposts
    where the leaf has them, the panel elsewhere.
    """

    kind: Literal["min_max", "goalposts", "mixed"] = "min_max"
    range: Range = Field(
        default=(0.0, 100.0), description="Points of the worst and of the best figure."
    )


class Shares(Normalised):
    """The place among the units, as a share.

    percentile_rank: (rank - 1)/(n - 1), the worst has rank 1. distance_to_best: the way from the
    panel's worst figure to its best.
    """

    kind: Literal["percentile_rank", "distance_to_best"]
    range: Range = Field(default=(0.0, 1.0), description="What the share is spread over.")


class Targeted(Normalised):
    """The way from the panel's worst figure to the leaf's target; a leaf without a target is n/a."""

    kind: Literal["distance_to_target"]
    range: Range = Field(default=(0.0, 1.0), description="What the share is spread over.")
    cap: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Whether a figure beyond its target counts as the target."
    )


class Unspread(Normalised):
    """z_score: distance to the mean in standard deviations. rank: 1 is the worst."""

    kind: Literal["z_score", "rank"]


NormalisationBlock = Annotated[
    Annotated[Points, Tag("min_max")]
    | Annotated[Points, Tag("goalposts")]
    | Annotated[Points, Tag("mixed")]
    | Annotated[Shares, Tag("percentile_rank")]
    | Annotated[Shares, Tag("distance_to_best")]
    | Annotated[Targeted, Tag("distance_to_target")]
    | Annotated[Unspread, Tag("z_score")]
    | Annotated[Unspread, Tag("rank")],
    kind_or("min_max"),
]

Depth = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,3})$")]


class AggregationBlock(Block):
    """The weighted mean of a node's children."""

    kind: AggregationKind = Field(default="arithmetic", description="Which mean.")
    by_level: dict[Depth, AggregationKind] = Field(
        default_factory=dict,
        description='Another mean for single levels, by the depth of the parent: "0" is the root.',
        json_schema_extra={"additionalProperties": False},
        max_length=100,
    )


class MissingBlock(Block):
    """A missing figure is left out, and the weights of its siblings stand for the whole."""

    kind: Literal["drop"] = "drop"
    minimum_coverage: Share = Field(
        default=0.0, description="Share of leaves under which a score is marked; it is not hidden."
    )
    screen_units_below: Share = Field(
        default=0.0, description="Share of leaves under which a unit is left out altogether."
    )


class MethodBlock(Block):
    """How figures become an index. What is left out has its default."""

    treatment: TreatmentBlock = Field(
        default=NoTreatment(), description="What is done about outliers."
    )
    imputation: ImputationBlock = Field(
        default=ImputationBlock(), description="What is done about missing figures first."
    )
    normalisation: NormalisationBlock = Field(
        default=Points(), description="How figures of different units become points."
    )
    aggregation: AggregationBlock = Field(
        default=AggregationBlock(), description="How points are added up along the tree."
    )
    missing: MissingBlock = Field(
        default=MissingBlock(), description="What is done about figures that are missing still."
    )

    def to_method(self) -> Method:
        """Raise ``MethodError`` for what only the arithmetic can judge, such as an endless range."""
        return Method.from_dict(self.model_dump(mode="json"))


def to_treatment(block: TreatmentBlock) -> Treatment:
    return treatment_from_dict(block.model_dump(mode="json"))
