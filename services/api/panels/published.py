"""Shapes of what the ministry published, and of our estimate beside it."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import File, UploadFile
from pydantic import BaseModel, Field, model_validator

from services.api.deps.fields import Body, Figure, Line, OptionalLine
from services.api.deps.paging import Code, PageQuery, SearchText
from services.api.panels.schemas import Import, ImportReport

MOST_RANKED = 1_000
MOST_RESULTS = 20_000  # 200 localities with 100 nodes each
OfficialYear = Annotated[int, Field(ge=2000, le=2200)]


class ResultFile(Body):
    """A multipart form: the file, and where its results were published."""

    file: Annotated[
        UploadFile,
        File(
            description="CSV, XLSX (the sheet named official, or else the first) or JSON ({results: [...]})."
            " Columns locality (its name or code) or locality_code, node (its code, or overall, input,"
            " output, pillar 4), score, rank, units_ranked, value, note, source. A column that is left"
            " out leaves what is stored; an empty cell says that it is not known."
        ),
    ]
    source: OptionalLine = Field(default="", description="For the rows that name none.")


class NewResult(Body):
    locality: Line | None = None
    locality_code: Code | None = None
    node: Line
    score: Figure | None = None
    rank: Annotated[int, Field(strict=True, ge=1, le=MOST_RANKED)] | None = None
    units_ranked: Annotated[int, Field(strict=True, ge=1, le=MOST_RANKED)]
    value: Figure | None = None
    note: OptionalLine = ""
    source: OptionalLine = ""

    @model_validator(mode="after")
    def _names_a_locality(self) -> Self:
        if self.locality is None and self.locality_code is None:
            raise ValueError("needs locality or locality_code / cần locality hoặc locality_code")
        return self


class NewResults(Body):
    results: Annotated[list[NewResult], Field(min_length=1, max_length=MOST_RESULTS)]


class ResultChange(BaseModel):
    locality: str
    node: str
    member: str
    before: float | str | None = Field(alias="from")
    after: float | str | None = Field(alias="to")


class ResultImport(ImportReport):
    year: int
    framework: int = Field(
        description="The year of the framework whose nodes are meant: this year's, or else the nearest before."
    )
    rows: int
    new: int
    changed: int
    unchanged: int
    samples: list[ResultChange] = Field(description="At most 50 corrections.")


class ImportResults(Import):
    year: OfficialYear


class OfficialQuery(PageQuery):
    year: OfficialYear | None = None
    level: SearchText | None = None
    locality: Code | None = Field(default=None, description="Code of a locality.")
    node: Code | None = Field(default=None, description="Code of a node of the framework.")
    q: SearchText | None = Field(
        default=None, description="Searched without accents in the locality's name."
    )


class OfficialResultShown(BaseModel):
    id: UUID
    year: int
    locality: str
    locality_code: str | None
    level: str
    node_code: str | None
    score: float | None
    rank: int | None
    units_ranked: int
    value: float | None = Field(description="The figure itself, where it was published.")
    note: str
    source: str
    imported_at: datetime | None = Field(description="Null for what came with the plan.")
    imported_by: str | None


class ReconciliationQuery(Body):
    run: UUID | None = None
    period: Code | None = Field(
        default=None, description="Its newest run; the newest open period's by default."
    )
    year: OfficialYear | None = Field(
        default=None, description="The year published; by default that of the run's framework."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.run is not None and self.period is not None:
            raise ValueError("ask for a run or a period / chỉ hỏi theo run hoặc period")
        return self


class Estimate(BaseModel):
    score: float | None
    rank: int | None
    ranked: int
    value: float | None
    reason: str | None = Field(description="Why there is no score.")


class Published(BaseModel):
    score: float | None
    rank: int | None
    units_ranked: int
    value: float | None
    source: str


Cause = Literal[
    "not_published",
    "no_estimate",
    "agrees",
    "own_figure",
    "value_not_published",
    "others_or_method",
    "below",
    "weights_or_method",
    "children_not_published",
]


class NodeCompared(BaseModel):
    code: str
    parent: str | None
    kind: str
    name_vi: str
    name_en: str
    ours: Estimate
    ministry: Published | None
    difference: float | None = Field(description="Our score less the ministry's.")
    rank_difference: int | None = Field(description="Our rank less the ministry's.")
    cause: Cause = Field(
        description="What can be told from what was published. own_figure: the ministry has another figure. "
        "others_or_method: the same figure, so the other localities' or the normalisation differ. "
        "value_not_published: one or the other. below: the children's published scores under our weights give "
        "the published score. weights_or_method: they do not."
    )


class Bias(BaseModel):
    compared: int
    mean_difference: float | None
    mean_absolute_difference: float | None


class ReconciledRun(BaseModel):
    id: UUID
    number: int
    created_at: datetime
    period: str
    framework: int


class PublishedShare(BaseModel):
    nodes: int
    published: int
    share: float


class Reconciliation(BaseModel):
    run: ReconciledRun
    year: int
    locality: str
    made_up: bool
    assumed: list[str]
    tolerance: float = Field(description="Published scores are rounded: this far apart they agree.")
    coverage: PublishedShare
    not_in_framework: list[str] = Field(
        description="Published nodes that the run's framework does not have."
    )
    causes: dict[str, int]
    bias: Bias
    bias_by_kind: dict[str, Bias]
    nodes: list[NodeCompared]
