"""A JSON file is read so that each mistake in it has a place."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.exchange.errors import FileError, Mistakes, shown

LARGEST_DOCUMENT = 16 * 2**20  # bytes
Model = TypeVar("Model", bound=BaseModel)


def read_bytes(path: Path, largest: int) -> bytes:
    """Raise ``FileError`` for a file that cannot be read or has more than ``largest`` bytes."""
    mistakes = Mistakes(str(path))
    try:
        with path.open("rb") as file:
            # Not the size that is given beforehand: a pipe has none.
            content = file.read(largest + 1)
    except OSError as error:
        mistakes.stop(f"The file cannot be read: {error.strerror}.")
    if len(content) > largest:
        mistakes.stop(f"The file is larger than {largest // 2**20} MiB.")
    return content


def read_document(path: Path, model: type[Model]) -> Model:
    """Raise ``FileError``, with every mistake that the model finds."""
    mistakes = Mistakes(str(path))
    text, document = _parsed(read_bytes(path, LARGEST_DOCUMENT), mistakes)
    try:
        # From the text, not from the document: its messages speak of objects and arrays.
        return model.model_validate_json(text)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            pointer, what = _placed(document, detail)
            mistakes.add(what, pointer=pointer)
        raise FileError(mistakes.file, mistakes.found) from None


def pointer_to(steps: Sequence[str | int]) -> str:
    """JSON Pointer, RFC 6901."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _parsed(content: bytes, mistakes: Mistakes) -> tuple[str, Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        mistakes.stop("The text is not UTF-8.", line=line)
    try:
        # Stricter than json: no NaN, no half of a character, no number beyond a double.
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        mistakes.stop(f"No JSON: {error.msg}.", line=error.lineno, column=error.colno)
    try:
        for pointer in _twice(text):
            mistakes.add("This member stands here twice.", pointer=pointer)
    except RecursionError:
        mistakes.stop("Lists and objects are nested too deeply.")
    mistakes.check()
    return text, document


class _Members(dict[str, Any]):
    """An object that remembers which names it was given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.twice = [] if len(self) == len(names) else [n for n in self if names.count(n) > 1]


def _twice(text: str) -> Iterator[str]:
    """Point at members whose name is used again; parsers differ in which of the two they take."""
    left: list[tuple[tuple[str | int, ...], Any]] = [
        ((), json.loads(text, object_pairs_hook=_Members))
    ]
    while left:
        path, value = left.pop()
        if isinstance(value, _Members):
            yield from (pointer_to((*path, name)) for name in value.twice)
            left += [((*path, name), part) for name, part in value.items()]
        elif isinstance(value, list):
            left += [((*path, position), part) for position, part in enumerate(value)]


def _placed(document: Any, detail: ErrorDetails) -> tuple[str, str]:
    """Say where a mistake stands and what it is."""
    steps, value = _walked(document, detail["loc"])
    what = detail["msg"].removeprefix("Value error, ")
    match detail["type"]:
        case "missing":
            return pointer_to([*steps, detail["loc"][-1]]), "This member is missing."
        case "extra_forbidden":
            return pointer_to(steps), "There is no such member here."
        case "union_tag_invalid":
            known = detail["ctx"]["expected_tags"]
            return pointer_to([*steps, "kind"]), f"{detail['ctx']['tag']!r} is none of {known}."
        case _:
            return pointer_to(steps), f"{what}; it is {shown(value)}."


def _walked(document: Any, location: Sequence[str | int]) -> tuple[list[str | int], Any]:
    """Follow a location; Pydantic puts the kind of a block among its steps, a pointer must not."""
    steps: list[str | int] = []
    value = document
    for step in location:
        with suppress(KeyError, IndexError, TypeError):
            value = value[step]
            steps.append(step)
    # A name that is wrong, not the value that stands there.
    return steps, steps[-1] if location[-1:] == ("[key]",) else value
