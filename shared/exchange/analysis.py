"""The shape of an uncertainty analysis in a file; ``uncertainty`` makes what it describes."""

from typing import Annotated, Literal

from pydantic import Field

from shared.exchange.method import (
    AggregationBlock,
    Block,
    ImputationBlock,
    MethodBlock,
    NormalisationBlock,
    Number,
    Share,
    TreatmentBlock,
)

Rank = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Correlation = Annotated[float, Field(ge=-1, le=1)]
RANKS_OF_UNITS = "null: n/a in every draw."


class NominalRanks(Block):
    """The index as the method says, without any chance; lists by unit."""

    ranks: list[Rank | None] = Field(description="Of the root; null: n/a.")
    scores: list[float | None] = Field(description="Of the root, unrounded; null: n/a.")


class RanksDrawn(Block):
    """What the draws make of each unit; draws in which it is n/a do not count.

    A quantile is the least rank that so large a share of the draws does not exceed (the inverse of
    the empirical distribution): always a rank that occurred.
    """

    median: list[Rank | None] = Field(description=RANKS_OF_UNITS)
    p5: list[Rank | None] = Field(description="Quantile 0.05. " + RANKS_OF_UNITS)
    p95: list[Rank | None] = Field(description="Quantile 0.95. " + RANKS_OF_UNITS)
    mean: list[float | None] = Field(description=RANKS_OF_UNITS)
    first: list[Share] = Field(description="Share of all draws at rank 1, alone or not.")
    absent: list[Share] = Field(description="Share of all draws in which the unit is n/a.")


class OwnRank(Block):
    nominal: Rank | None
    median: Rank | None
    p5: Rank | None
    p95: Rank | None


class OwnScore(Block):
    """Of the draws that normalise as the method does: only they are on its scale."""

    nominal: float | None
    median: float | None
    p5: float | None
    p95: float | None
    draws: Count = Field(description="How many draws these are.")


class OwnUnit(Block):
    """The unit that was asked for."""

    unit: str
    rank: OwnRank
    histogram: list[Count] = Field(description="Draws at rank 1, 2, …")
    score: OwnScore
    ahead_of: list[Share | None] = Field(
        description="By unit: share of the draws in which both have a rank and its is the better one."
    )


class Moved(Block):
    unit: str
    change: int


class Removed(Block):
    """The index without this node and all below it. A change is new minus nominal rank: below 0 is better."""

    mean_change: Annotated[float, Field(ge=0)] | None = Field(
        description="Mean of the changes' sizes over the units with a rank in both."
    )
    own_change: int | None = Field(description="Of the unit that was asked for.")
    most_moved: Moved | None = Field(description="null: no rank changes.")
    lost: Count = Field(description="How many units have no rank any more.")


class EffectiveWeightShown(Block):
    nominal: Share | None = Field(
        description="Weights in force along the path, multiplied; mean over the units."
    )
    correlation: Correlation | None = Field(description="Pearson's r of the node with the root.")
    importance: Share | None = Field(description="Its square.")


class PairShown(Block):
    nodes: tuple[str, str]
    r: Correlation


class AboveShown(Block):
    parent: Correlation | None
    root: Correlation | None


class FlagShown(Block):
    kind: Literal["redundant", "counter_moving"] = Field(
        description="redundant: siblings with r above 0.92. counter_moving: siblings with r below -0.3, or a negative r with the parent."
    )
    node: str
    other: str = Field(description="The sibling or the parent.")
    r: Correlation


class Correlations(Block):
    """Pearson's r of scores over the units that have both; null with fewer than three or no variance."""

    siblings: list[PairShown] = Field(description="Of families of more than 200 none is listed.")
    above: dict[str, AboveShown] = Field(description="By code, of every node but the root.")
    flags: list[FlagShown]


class SobolIndices(Block):
    """In order of the factors; each confidence is half the width of a 95 % interval.

    Estimates: they may lie a little outside 0 to 1.
    """

    first: list[Number] = Field(description="Share of the variance that is the factor's alone.")
    first_confidence: list[Number]
    total: list[Number] = Field(description="With all interactions it takes part in.")
    total_confidence: list[Number]


class SobolShown(Block):
    """Which factor the ranks hang on; null for an output that no draw changes or that has gaps."""

    samples: Count
    evaluations: Count
    factors: list[str] = Field(description="Codes of nodes whose weights vary, then choices.")
    mean_rank_change: SobolIndices | None = Field(description="Mean |rank - nominal rank|.")
    own_rank: SobolIndices | None = Field(description="Rank of the unit that was asked for.")


class PlanShown(Block):
    draws: Annotated[int, Field(ge=1)]
    seed: Count
    weight_spread: Annotated[float, Field(ge=0, lt=1)]
    weight_levels: list[int] | None = Field(description="null: all depths below the root.")
    alternatives: list[MethodBlock] | None = Field(description="null: the usual ones.")


class Choices(Block):
    """Factors with more than one choice, the method's own first; all equally likely."""

    normalisation: list[NormalisationBlock] = Field(default_factory=list)
    aggregation: list[AggregationBlock] = Field(default_factory=list)
    missing: list[ImputationBlock] = Field(default_factory=list)
    treatment: list[TreatmentBlock] = Field(default_factory=list)


class LeftOutShown(Block):
    """An alternative that would lose leaves which the method scores."""

    factor: Literal["normalisation", "aggregation", "missing", "treatment"]
    choice: NormalisationBlock | AggregationBlock | ImputationBlock | TreatmentBlock
    reason: str


class UncertaintyFile(Block):
    """How sure the ranks of an index are, and what they hang on."""

    units: list[str] = Field(description="In the order of the data; that of all lists by unit.")
    nominal: NominalRanks = Field(description="The index as the method says.")
    ranks: RanksDrawn = Field(description="What the draws make of each unit.")
    own: OwnUnit | None = Field(description="null: no unit was asked for.")
    removal: dict[str, Removed] = Field(description="By code, of every node but the root.")
    effective_weights: dict[str, EffectiveWeightShown] = Field(description="By code.")
    correlations: Correlations = Field(
        description="Which nodes go together, and which against one another."
    )
    consistency: dict[str, float | None] = Field(
        description="Cronbach's alpha of a parent's children, by its code; null: not defined."
    )
    availability: dict[str, Share] = Field(
        description="By the leaf's code: share of units with a figure."
    )
    sobol: SobolShown | None = Field(description="null: not asked for.")
    plan: PlanShown = Field(description="What was varied, and how often.")
    seed: Count = Field(description="The same seed gives the same answer.")
    choices: Choices = Field(description="What each draw chose among.")
    left_out: list[LeftOutShown] = Field(
        description="Alternatives that these figures do not allow."
    )
    method: MethodBlock = Field(description="The nominal method.")
    hash: str = Field(
        pattern="^sha256:[0-9a-f]{64}$",
        description="Of framework, method, units and figures, as in the result of pii score.",
    )
