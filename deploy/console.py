"""Tells the person at the terminal what happens: plain lines, and on a terminal the steps under way."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

CLEAR = "\r\x1b[K"
COLOURS = {"green": "32", "yellow": "33", "red": "31", "bold": "1", "grey": "2"}


class Console:
    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self.is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._coloured = self.is_terminal and not os.environ.get("NO_COLOR")
        self._running: list[str] = []
        encoding = (stream.encoding or "ascii").lower()
        self._done, self._more = ("✓", "…") if "utf" in encoding else ("+", "...")

    def line(self, text: str = "") -> None:
        self._write(f"{CLEAR if self.is_terminal else ''}{text}\n")
        self._show_running()

    def warn(self, text: str) -> None:
        self.line(self.paint(f"{time.strftime('%H:%M:%S')} {text}", "yellow"))

    def paint(self, text: str, colour: str) -> str:
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if self._coloured else text

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Name what is under way; once it is done, say how long it took."""
        began = time.monotonic()
        self._running.append(name)
        self._show_running()
        try:
            yield
        finally:
            self._running.remove(name)
        self.line(f"{self.paint(self._done, 'green')} {name:<48}{time.monotonic() - began:5.1f} s")

    def _show_running(self) -> None:
        if self.is_terminal and self._running:
            text = f"{self._more} {', '.join(self._running)}"
            width = shutil.get_terminal_size().columns - 1
            self._write(CLEAR + self.paint(text[:width], "grey"))

    def _write(self, text: str) -> None:
        """Write what can be written: a closed terminal must not keep us from stopping."""
        with suppress(OSError, ValueError):
            encoding = self._stream.encoding or "ascii"
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
