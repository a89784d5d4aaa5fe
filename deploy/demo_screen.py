"""What the demonstration shows on a terminal of eighty columns."""

from typing import Any

from rich.table import Table

MADE_UP = "SỐ LIỆU GIẢ ĐỊNH · MADE-UP DATA"


def index_table(index: dict[str, Any], before: dict[str, Any] | None) -> Table:
    coverage = index["coverage"]
    moved = f", trước đó / before: {written(before['score'])}" if before else ""
    old = {row["code"]: row["score"] for row in rows_of(before or index)}
    table = Table(
        title=f"PII Hà Nội (ước tính / estimate): [bold]{written(index['score'])}[/]{moved}",
        caption=f"[yellow]{MADE_UP}[/]\nhạng / rank {index['rank']} of {index['units']} · "
        f"{coverage['scored']}/{coverage['leaves']} scored · run {index['run']['number']}",
    )
    table.add_column("Trụ cột / Pillar", max_width=30)
    table.add_column("Điểm", justify="right", no_wrap=True)
    table.add_column("0        50       100", min_width=20, no_wrap=True)
    table.add_column("Hạng", justify="right", no_wrap=True)
    for row in rows_of(index):
        score = row["score"]
        rank = f"{row['rank']}/{row['ranked']}" if row["rank"] else "–"
        name = f"{row['code']} {row['name_vi']}"
        if score is None:
            table.add_row(name, "n/a", "[dim]chưa có số liệu / no figures[/]", rank)
        else:
            table.add_row(
                name, written(score) + arrow(old[row["code"]], score), "█" * round(score / 5), rank
            )
    return table


def rows_of(index: dict[str, Any]) -> list[dict[str, Any]]:
    return [*index["subindices"], *index["pillars"]]


def arrow(old: float | None, new: float) -> str:
    if old == new:
        return "  "
    return " ▲" if old is None or new > old else " ▼"


def written(number: float) -> str:
    """Write a number as people in Việt Nam read it: 1.234,56."""
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))
