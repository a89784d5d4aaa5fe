"""Shapes of the profile."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Body
from services.api.deps.paging import Code
from services.api.index.schemas import Missing, PeriodNamed, RunNamed
from services.api.profile.standing import Band

Ranked = Annotated[
    int,
    Field(description="n: localities with a score here; ranks of fewer than two say nothing."),
]
Percentile = Annotated[
    float | None,
    Field(
        description="Rank percentile (n − rank) / (n − 1): 1 is the best of n, 0 the last. Ties share the "
        "better rank. Null without a rank and where n < 2."
    ),
]


class ProfileQuery(Body):
    period: Code | None = Field(
        default=None, description="Its newest run; by default of the period opened last."
    )
    run: UUID | None = Field(
        default=None, description="This run, however old; with ``period``, one of that period."
    )
    format: Literal["json", "csv", "svg"] | None = Field(
        default=None, description="Goes before the Accept header."
    )
    lang: Literal["vi", "en"] = Field(default="vi", description="The language of the picture.")
    layout: Literal["tall", "wide"] = Field(
        default="tall", description="Of the picture: one column, or two for a landscape page."
    )


class LevelStanding(BaseModel):
    code: str
    name_vi: str
    name_en: str
    score: float | None
    rank: int | None
    ranked: Ranked
    percentile: Percentile
    coverage: float = Field(
        description="Share of the leaves below that have a figure of their own, 0 to 1."
    )
    weight: float
    contribution: float | None = Field(description="Points that it adds to the index.")


class IndicatorStanding(LevelStanding):
    pillar: str | None
    band: Band = Field(
        description="The first that fits: no score; compared with nobody (n = 1); rank 1; the last third; "
        "the top ten; the middle."
    )
    share_of_index: float = Field(
        description="Weights in force multiplied up to the index: the part of the index that the indicator "
        "can contribute at most, 0 to 1; 0 while it has no score."
    )
    reasons: list[Missing] = Field(
        description="Why there is no score, by indicator or component; empty where there is one."
    )


class IndicatorGroup(BaseModel):
    count: int
    codes: list[str]


class NotAvailable(BaseModel):
    code: str
    name_vi: str
    name_en: str
    reasons: list[Missing]


class NotAvailableGroup(BaseModel):
    count: int
    indicators: list[NotAvailable]


class IndicatorGroups(BaseModel):
    """How many indicators there are, and which; a rank may be in two groups where n is small."""

    indicators: int = Field(description="An indicator with components counts once.")
    ranked: int = Field(description="Those with a rank among at least two localities.")
    rank_1: IndicatorGroup
    top_ten: IndicatorGroup = Field(description="Rank 1 to 10, rank 1 included.")
    last_third: IndicatorGroup = Field(
        description="rank > n − n/3: of 34 localities the ranks 23 to 34."
    )
    not_compared: IndicatorGroup = Field(
        description="With a score, but no other locality has one (n = 1)."
    )
    not_available: NotAvailableGroup


class YearOnYear(BaseModel):
    """One code in both years; what was there last year only is not listed."""

    code: str
    name_vi: str
    name_en: str
    rank_then: int | None
    ranked_then: int | None
    rank_now: int | None
    ranked_now: int
    renamed: bool = Field(
        description="The code had another Vietnamese name then and may have measured something else: "
        "no change is given."
    )
    percentile_change: float | None = Field(
        description="Rank percentile now less then; above 0 is better."
    )
    score_change: float | None = Field(
        description="Only where the scores are comparable and n is the same here."
    )


class LastYear(BaseModel):
    period: PeriodNamed
    run: RunNamed
    made_up: bool
    comparable: bool = Field(
        description="The same framework, revision, method and number of localities: nothing breaks the "
        "series of scores. Otherwise only ranks, with n, are set side by side."
    )
    reason_vi: str | None
    reason_en: str | None
    index: YearOnYear | None
    subindices: list[YearOnYear]
    pillars: list[YearOnYear]
    indicators: list[YearOnYear]


class LocalityNamed(BaseModel):
    code: str
    name: str


class FrameworkNamed(BaseModel):
    year: int
    name_vi: str
    name_en: str
    revision: int | None = Field(description="The one that the run has read.")


class Profile(BaseModel):
    result: Literal["estimate"]
    made_up: bool = Field(description="Some of it is demonstration data.")
    stale: bool = Field(
        description="Something newer is accepted or loaded that this run has not seen."
    )
    assumed: list[str]
    locality: LocalityNamed
    framework: FrameworkNamed
    period: PeriodNamed
    run: RunNamed | None = Field(description="Null, with all else empty, before the first run.")
    score: float | None
    rank: int | None
    units: int = Field(description="n: localities with an index.")
    coverage: float | None = Field(
        description="Share of all leaves that have a figure of their own, 0 to 1."
    )
    scale: tuple[float, float] | None = Field(
        description="Between what scores lie under the run's method; null where it sets no bounds."
    )
    subindices: list[LevelStanding]
    pillars: list[LevelStanding]
    indicators: list[IndicatorStanding]
    strengths: list[IndicatorStanding] = Field(
        description="The five best rank percentiles. Of equal ones first the larger ``share_of_index``, "
        "then the natural order of codes."
    )
    weaknesses: list[IndicatorStanding] = Field(
        description="The five worst rank percentiles, the worst first, of those that are no strengths. "
        "Of equal ones first the larger ``share_of_index``, then the natural order of codes."
    )
    groups: IndicatorGroups
    last_year: LastYear | None = Field(
        description="The newest run for the reference year before; of several periods the one opened last."
    )
