"""What a question needs beside the run it is about."""

from typing import Any

from services.api.frameworks.queries import FRAMEWORK_BY_YEAR, NODES, FrameworkNotFoundError
from shared.db import Reader


async def framework_said(read: Reader, year: int) -> tuple[Any, list[dict[str, Any]]]:
    """Give a framework of any state, and what its nodes say."""
    framework = await read.first(FRAMEWORK_BY_YEAR, year=year)
    if framework is None:
        raise FrameworkNotFoundError
    return framework, [dict(row) for row in await read.all(NODES, year=year)]
