"""The head of a plan, its TOML file, with errors that can say on which line they stand."""

import re
import tomllib
from pathlib import Path
from typing import Any

from deploy.plans.tables import PlanFileError, read_text
from shared.text import nfc


class Head:
    """The plan's TOML file, whose values are refused when they are missing or of another type."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = nfc(read_text(path))
        try:
            self.data = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            # Python 3.11 gives the line in the message only.
            found = re.search(r"at line (\d+)", str(error))
            line = int(found[1]) if found else self.text.count("\n") + 1
            raise PlanFileError(path, line, f"{error}.") from None

    def error(self, section: str, key: str, what: str) -> PlanFileError:
        """Point at the key, else at its section's heading, else at the first line."""
        lines = self.text.splitlines()
        start = next((n for n, line in enumerate(lines) if line.strip() == f"[{section}]"), 0)
        at = start
        for number, line in enumerate(lines[start + 1 :], start=start + 1):
            if line.startswith("["):
                break
            if re.match(rf"\s*{re.escape(key)}\s*=", line):
                at = number
        return PlanFileError(self.path, at + 1, f"[{section}] {key} {what}.")

    def value(self, section: str, key: str, kind: type) -> Any:
        table = self.data.get(section)
        value = table.get(key) if isinstance(table, dict) else None
        # Not isinstance: true would pass for the number 1.
        if type(value) is not kind:
            what = "is missing" if value is None else f"must be of type {kind.__name__}"
            raise self.error(section, key, what)
        return value

    def values(self, section: str, shape: type) -> dict[str, Any]:
        return {key: self.value(section, key, kind) for key, kind in shape.__annotations__.items()}
