"""A noun may read what another noun reads, and take it in hand; it never writes another's tables."""

import ast
from pathlib import Path

API = Path("services/api")
NOUNS = sorted(folder.name for folder in API.iterdir() if (folder / "routes.py").exists())
OPEN_TO_OTHERS = {
    "explanation",
    "hand",
    "history",
    "queries",
    "recall",
    "rows",
    "schemas",
    "states",
    "store",
    "tree",
}
# A file's rows are written by the commands that write one figure, so that no rule holds for one way only.
BY_ANOTHERS_COMMANDS = {
    "figures": {
        "submissions.commands",
        "submissions.figures",
        "submissions.words",
        "evidence.commands",
    }
}


def foreign_imports() -> list[str]:
    found = []
    for noun in NOUNS:
        for path in (API / noun).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.ImportFrom) or not node.module:
                    continue
                parts = node.module.split(".")
                if parts[:2] != ["services", "api"] or len(parts) < 3 or parts[2] not in NOUNS:
                    continue
                modules = parts[3:4] or [alias.name for alias in node.names]
                found += [
                    f"{path}: {parts[2]}.{module}"
                    for module in modules
                    if parts[2] != noun and module not in OPEN_TO_OTHERS
                    if f"{parts[2]}.{module}" not in BY_ANOTHERS_COMMANDS.get(noun, ())
                ]
    return found


def test_nouns_meet_only_where_they_read() -> None:
    assert len(NOUNS) >= 12
    assert foreign_imports() == []
