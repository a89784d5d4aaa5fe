"""What the city asks of its index, in one call: as data, as a table, as a picture."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import JSON, answer, answer_bytes
from services.api.deps.edge import Reading, ReadRequest
from services.api.deps.media import chosen
from services.api.profile import queries, schemas
from services.api.profile.drawing import drawing
from services.api.profile.table import table

reading = APIRouter(prefix="/v1/index/profile", tags=["index"], route_class=Reading)

CSV, SVG = "text/csv", "image/svg+xml"
MEDIA = {"json": JSON, "csv": CSV, "svg": SVG}
# Nothing is loaded and nothing runs, should a browser open the picture by itself.
SAFE = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            CSV: {"schema": {"type": "string"}},
            SVG: {"schema": {"type": "string"}},
        }
    },
    404: {},
    406: {},
}


@reading.get("", operation_id="getProfile", response_model=schemas.Profile, responses=RESPONSES)
async def get_profile(
    request: ReadRequest, query: Annotated[schemas.ProfileQuery, Query()]
) -> Response:
    """Show where the city stands: pillars, strengths, weaknesses, what is n/a, and last year's ranks.

    Rank percentile = (n − rank) / (n − 1): 1 is the best of n localities, 0 the last; ties share the
    better rank; none where n < 2. Strengths and weaknesses are the five best and worst by it; of equal
    ones first the larger share of the index, then the natural order of codes. Last third: rank > n − n/3.
    Scores of different years are compared only where framework, method and n are the same. As CSV one
    row for each pillar and indicator (UTF-8 with BOM); as SVG one picture, ``lang`` chooses its words.
    """
    request.caller.require("index:read")
    media = MEDIA[query.format] if query.format else chosen(request, tuple(MEDIA.values()))
    profile = await queries.profile(request.read, query)
    headers = {} if query.format else {"vary": "accept"}
    if media == CSV:
        headers["content-disposition"] = f'attachment; filename="{_filename(profile)}.csv"'
        return answer_bytes(request, table(profile), CSV, headers=headers)
    if media == SVG:
        headers |= SAFE | {
            "content-disposition": f'inline; filename="{_filename(profile)}.svg"',
            "content-language": query.lang,
        }
        return answer_bytes(
            request, drawing(profile, query.lang, query.layout), SVG, headers=headers
        )
    return answer(request, profile, headers=headers)


def _filename(profile: dict[str, Any]) -> str:
    """Name the file; a period's code is letters, digits, dots, dashes and underscores only."""
    run, made_up = profile["run"], profile["made_up"]
    parts = ["profile", profile["period"]["code"], f"run-{run['number'] if run else 0}"]
    return "-".join([*parts, "made-up"] if made_up else parts)


routers = (reading,)
