"""What is wrong in a file, each mistake with its place, and all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

# Whoever has made fifty mistakes has made one, fifty times.
MOST_MISTAKES = 50
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to put right.

    In JSON ``pointer`` (RFC 6901) says where, or ``line`` and ``column`` (characters, from 1) where
    the text is no JSON; in CSV ``line`` and the name of the column.
    """

    what: str
    pointer: str = ""
    line: int | None = None
    column: str | int | None = None

    def at(self, file: str) -> str:
        """Say it in one line, the place first; what could move a terminal's cursor is escaped."""
        place = file
        if self.line is not None:
            place += f", line {self.line}"
        if self.column is not None:
            place += f", column {self.column!r}"
        if self.pointer:
            place += f": {self.pointer}"
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in f"{place}: {self.what}")


class FileError(Exception):
    """A file cannot be used as it is."""

    def __init__(self, file: str, mistakes: Sequence[Mistake], *, stopped: bool = False) -> None:
        self.file = file
        self.mistakes = tuple(mistakes)
        self.stopped = stopped
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """List the mistakes, one line each; a last line says when there may be more."""
        said = [mistake.at(self.file) for mistake in self.mistakes]
        if self.stopped:
            said.append(f"{self.file}: stopped after {len(self.mistakes)} mistakes.")
        return said


class Mistakes:
    """Gathers the mistakes in one file, up to a number nobody reads beyond."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Mistake] = []

    def add(
        self,
        what: str,
        *,
        pointer: str = "",
        line: int | None = None,
        column: str | int | None = None,
    ) -> None:
        """Note a mistake. Raises ``FileError`` when there are ``MOST_MISTAKES``."""
        self.found.append(Mistake(what, pointer, line, column))
        if len(self.found) == MOST_MISTAKES:
            raise FileError(self.file, self.found, stopped=True)

    def stop(self, what: str, *, line: int | None = None, column: int | None = None) -> NoReturn:
        """Note a mistake that nothing can be read behind. Raises ``FileError``."""
        found = [*self.found, Mistake(what, line=line, column=column)]
        raise FileError(self.file, found)

    def check(self) -> None:
        """Raise ``FileError`` if there is a mistake."""
        if self.found:
            raise FileError(self.file, self.found)


def shown(value: object) -> str:
    """Quote what stands in the file, without its end if it is long."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
