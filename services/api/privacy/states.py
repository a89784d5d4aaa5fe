"""Where a person's name stands: found in the models, so that a new table is not forgotten; pure."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Table

from shared.db import Base

# Written at erasure in the place of the login and of addresses, which are unique.
PREFIX = "erased-"


def pseudonym_of(user_id: UUID) -> str:
    return PREFIX + user_id.hex[:12]


def named_columns() -> Iterator[tuple[Table, str, str]]:
    """Give each table that keeps who did something: the column of his id and that of his name."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            who = column.name.removesuffix("_name")
            if column.name.endswith("_by_name") and who in table.columns:
                yield table, who, column.name
