"""Shapes of the questions that take long, and of what is answered."""

import math
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.api.deps.fields import Flag
from services.api.deps.paging import PageQuery
from services.api.index.schemas import RunChoice

AT_ONCE = 2000  # draws; more is a job

Seed = Annotated[int, Field(ge=0, le=2**53 - 1, description="The same seed gives the same answer.")]
Spread = Annotated[
    float,
    Field(gt=0, lt=1, description="Each weight is drawn from w(1 - s) to w(1 + s), independently."),
]


class UncertaintyQuery(RunChoice):
    """A quick look: few draws, answered at once."""

    draws: Annotated[int, Field(ge=100, le=AT_ONCE)] = 1000
    seed: Seed = 1
    weight_spread: Spread = 0.25

    def plan(self) -> dict[str, Any]:
        return {"draws": self.draws, "seed": self.seed, "weight_spread": self.weight_spread}


class UncertaintyQuestion(RunChoice):
    """A thorough look: a job, whose answer is kept."""

    draws: Annotated[int, Field(strict=True, ge=100, le=100_000)] = 10_000
    seed: Annotated[Seed, Field(strict=True)] = 1
    weight_spread: Spread = 0.25
    sobol: Flag = Field(
        default=False,
        description="Also first-order and total Sobol indices of the weights and choices.",
    )
    sobol_samples: Annotated[
        int, Field(strict=True, ge=64, le=2048, description="A power of two.")
    ] = 256

    def plan(self) -> dict[str, Any]:
        samples = 2 ** round(math.log2(self.sobol_samples))
        return {
            "draws": self.draws,
            "seed": self.seed,
            "weight_spread": self.weight_spread,
            "sobol_samples": samples if self.sobol else None,
        }


class AnalysisQuery(PageQuery):
    run: UUID | None = None
    state: Literal["queued", "running", "done", "failed"] | None = None


class Progress(BaseModel):
    done: int
    total: int


class AnalysisShown(BaseModel):
    id: UUID
    kind: Literal["uncertainty"]
    run: UUID
    run_hash: str
    period: str
    made_up: bool = Field(description="Some of it is demonstration data.")
    plan: dict[str, Any]
    state: Literal["queued", "running", "done", "failed"]
    progress: Progress
    error: str | None
    asked_by: str
    trace_id: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class AnalysisDetail(AnalysisShown):
    result: dict[str, Any] | None = Field(
        description="As in docs/api/uncertainty.schema.json, once the state is done."
    )
