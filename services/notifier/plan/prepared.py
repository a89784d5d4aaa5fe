"""Parts of statements that are made once: writing them down anew takes longer than their answer."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Subquery


class Prepared(NamedTuple):
    """Rows to select from, and the values that whoever executes it hands over."""

    rows: Subquery
    values: Mapping[str, Any]
