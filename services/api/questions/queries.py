"""What a question needs beside the run it is about."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.api.frameworks.queries import FRAMEWORK_BY_YEAR, NODES, FrameworkNotFoundError
from services.api.index.queries import RunNotFoundError
from services.api.index.recall import RecalledRun, Runs
from services.api.index.schemas import RunChoice
from services.api.periods.queries import MEANT
from shared.composite import Trend, Year, trend
from shared.db import Reader
from shared.freshness import newest_run_id
from shared.models import Framework, OfficialResult, Period, Run

NEWEST_OF_YEAR = (
    select(Run.id)
    .join(Period, Run.id == newest_run_id)
    .where(Period.reference_year == bindparam("year"), Period.opened_at.is_not(None))
    .order_by(*MEANT)
    .limit(1)
)
RUN_BEFORE = select(Run.id).where(
    Run.period_id == select(Run.period_id).where(Run.id == bindparam("run")).scalar_subquery(),
    Run.number == bindparam("number"),
)
ESTIMATES = (
    select(
        Period.reference_year,
        Period.made_up,
        Run.id,
        Run.score,
        Run.rank,
        Run.units,
        Run.framework_id,
        Run.framework_revision,
        Run.inputs["method"].label("method"),
        Framework.locality_code,
        Run.summary["made_up"].as_boolean().label("panel_made_up"),
    )
    .ext(distinct_on(Period.reference_year))
    .join(Run, Run.id == newest_run_id)
    .join(Framework, Framework.id == Period.framework_id)
    .where(Period.opened_at.is_not(None))
    .order_by(Period.reference_year, *MEANT)
    .limit(200)
)
OFFICIAL = (
    select(
        OfficialResult.year,
        OfficialResult.score,
        OfficialResult.rank,
        OfficialResult.units_ranked,
    )
    .where(OfficialResult.locality_code == bindparam("locality"), OfficialResult.level == "overall")
    .order_by(OfficialResult.year)
    .limit(200)
)
CITY = select(Framework.locality_code).order_by(Framework.year.desc()).limit(1)
NO_CITY = ""


async def framework_said(read: Reader, year: int) -> tuple[Any, list[dict[str, Any]]]:
    """Give a framework of any state, and what its nodes say."""
    framework = await read.first(FRAMEWORK_BY_YEAR, year=year)
    if framework is None:
        raise FrameworkNotFoundError
    return framework, [dict(row) for row in await read.all(NODES, year=year)]


async def run_of_last_year(read: Reader, runs: Runs, run: RecalledRun) -> RecalledRun | None:
    """Give the newest run of the year before, if there is one."""
    found = await read.value(NEWEST_OF_YEAR, year=run.reference_year - 1)
    return None if found is None else await runs.chosen(read, RunChoice(run=found))


async def run_before(read: Reader, runs: Runs, run: RecalledRun, since: UUID | None) -> RecalledRun:
    """Give the run to compare with: the one that was named, or the one before in the period."""
    found = since or await read.value(RUN_BEFORE, run=run.id, number=run.number - 1)
    if found is None:
        raise RunNotFoundError(
            "There is no earlier run in this period; name one with since.",
            vi="Kỳ này chưa có lần tính nào trước đó; hãy nêu một lần tính ở since.",
        )
    return await runs.chosen(read, RunChoice(run=found))


async def years(read: Reader) -> dict[str, Any]:
    """Put the ministry's results and our own estimates beside one another, year by year."""
    locality = await read.value(CITY) or NO_CITY
    official = [
        {
            "year": row["year"],
            "score": row["score"],
            "rank": row["rank"],
            "units": row["units_ranked"],
            "result": "official",
            "made_up": False,
            "run": None,
            "framework": None,
            "method": None,
        }
        for row in await read.all(OFFICIAL, locality=locality)
    ]
    known = {row["year"] for row in official}
    estimates = [
        {
            "year": row["reference_year"],
            "score": row["score"],
            "rank": row["rank"],
            "units": row["units"],
            "result": "estimate",
            "made_up": row["made_up"] or bool(row["panel_made_up"]),
            "run": row["id"],
            "framework": f"{row['framework_id']}/{row['framework_revision']}",
            "method": repr(row["method"]),
        }
        for row in await read.all(ESTIMATES)
        if row["reference_year"] not in known
    ]
    shown = sorted([*official, *estimates], key=lambda row: row["year"])
    return {"locality": locality, **_broken(shown)}


def _broken(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: Trend = trend(
        [
            Year(
                row["year"],
                row["score"],
                row["rank"],
                row["units"],
                row["framework"],
                row["method"],
                row["result"] == "official",
            )
            for row in rows
        ]
    )
    broken = {step.year: list(step.broken_by) for step in found.steps}
    return {
        "years": [
            {
                **{name: row[name] for name in row if name not in {"framework", "method"}},
                "broken_by": broken.get(row["year"], []),
            }
            for row in rows
        ],
        "steps": found.steps,
    }
