"""Shapes of the rules by which an indicator's figures are checked."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from services.api.deps.fields import Body, Figure, Flag
from services.api.deps.paging import Code, PageQuery

Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1e12)]


class OfFramework(BaseModel):
    framework: Annotated[
        int | None,
        Field(ge=2000, le=2200, description="A framework's year; without it the newest in force."),
    ] = None


class Rules(Body):
    """All rules of an indicator beside its bounds; what is left out takes its default."""

    scale: Positive | None = Field(
        default=None,
        description="A figure is numerator / denominator x scale: 100 for per cent. Null: as the unit says.",
    )
    tolerance: Annotated[float, Field(strict=True, ge=0, le=1)] = Field(
        default=0.005,
        description="Two figures that lie no farther apart, as a share of the greater, are the same.",
    )
    integer_only: Flag = Field(default=False, description="Hard: whole numbers only.")
    decimals: Annotated[int, Field(strict=True, ge=0, le=15)] | None = Field(
        default=None,
        description="Hard: at most so many decimals, unless it follows from a fraction.",
    )
    expected_low: Figure | None = Field(default=None, description="Soft: lower is explained.")
    expected_high: Figure | None = Field(default=None, description="Soft: higher is explained.")
    change_percent: Positive | None = Field(
        default=None,
        description="Soft: a greater change from last year's accepted figure is explained.",
    )
    deviations: Positive | None = Field(
        default=None,
        description="Soft: farther from last year's figure, in standard deviations of the indicator's earlier "
        "figures; without last year's, from their mean. From three earlier years on; with fewer it says nothing.",
    )
    denominator_change_percent: Positive | None = Field(
        default=20.0,
        description="Soft: a greater change from last year's denominator is explained. Null switches it off.",
    )
    same_denominator_as: Annotated[list[Code], Field(max_length=20)] = Field(
        default=[], description="Soft: indicators that must state the same denominator in a period."
    )

    evidence_must_match: Flag = Field(
        default=False,
        description="Hard: a figure that its evidence states otherwise is not submitted, explained or not.",
    )
    evidence_must_state: Flag = Field(
        default=True,
        description="Soft: where evidence is required, a document states the figure and where it stands; "
        "otherwise that is explained.",
    )
    two_step: Flag = Field(default=False, description="Two people must accept it.")

    @model_validator(mode="after")
    def in_order(self) -> Self:
        low, high = self.expected_low, self.expected_high
        if low is not None and high is not None and low > high:
            raise ValueError(
                "expected_low must not be above expected_high / expected_low không được lớn hơn expected_high"
            )
        return self


class RulesShown(Rules):
    indicator: str
    scale_used: float = Field(description="The scale, or the unit's where none is said.")
    framework: int
    updated_at: datetime | None = Field(description="Null while the defaults hold.")
    allowed_actions: list[str]


class ReviewRuleQuery(PageQuery):
    pass


class ReviewRule(Body):
    """Who must accept a body's figures."""

    kind: Literal["one_reviewer", "second_reviewer", "reviewing_body"] = Field(
        description="One who coordinates; two of them; or one of them, and then one of another body."
    )
    reviewer: Code | None = Field(
        default=None,
        description="The reviewing body; for that kind only, and never the body itself.",
    )

    @model_validator(mode="after")
    def named(self) -> Self:
        if (self.kind == "reviewing_body") != (self.reviewer is not None):
            raise ValueError("reviewer goes with reviewing_body / reviewer đi cùng reviewing_body")
        return self


class ReviewRuleShown(ReviewRule):
    organisation: str
    name_vi: str
    updated_at: datetime | None = Field(description="Null while the default holds.")
    allowed_actions: list[str]
