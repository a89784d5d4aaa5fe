"""Reads published results out of a table and checks them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from services.api.deps.fields import Line, OptionalLine
from services.api.deps.paging import Code
from services.api.errors import pointer_to
from services.api.panels.layouts import misfit
from services.api.panels.names import locality_key, node_of
from services.api.panels.published import MOST_RANKED, MOST_RESULTS, NewResults
from services.api.sheets.faults import Faults, Place, Said, shown
from services.api.sheets.tables import Row, Sheet, Table, cell_at, check_heading

FULL_SCORE = 100
COLUMNS = (
    "locality_code",
    "locality",
    "node",
    "level",
    "score",
    "rank",
    "units_ranked",
    "value",
    "note",
    "source",
    "year",
)
_TEXTS = {
    "locality_code": TypeAdapter(Code),
    "locality": TypeAdapter(Line),
    "note": TypeAdapter(OptionalLine),
    "source": TypeAdapter(OptionalLine),
}
_FIGURES = ("score", "rank", "units_ranked", "value")
MEASURED = frozenset({"indicator", "component"})


@dataclass(frozen=True, slots=True)
class Known:
    """What names can stand for: nodes' kinds by code, localities' names by code, and codes by name's key."""

    kinds: Mapping[str, str]
    names: Mapping[str, str]
    codes: Mapping[str, str]


class Result(NamedTuple):
    """One published result; ``given`` are the members that the file has, so that others are left alone."""

    locality: str
    locality_code: str | None
    node: str
    given: dict[str, Any]

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Under which of its names it may be known already: the locality's code, and its name."""
        names = (self.locality_code, locality_key(self.locality))
        return tuple((name, self.node) for name in names if name)


def read_results(
    table: Table, known: Known, *, year: int, source: str
) -> tuple[list[Result], Faults]:
    """Read and check all of it; what is wrong comes back beside it, none of it raised."""
    faults = table.faults
    if table.sheet is not None:
        rows = _of_sheet(table.sheet, faults, year)
    else:
        rows = [] if faults else _of_json(table.data, faults)
    results: list[Result] = []
    seen: set[tuple[str, str]] = set()
    for place_of, given in rows:
        result = _result(given, place_of, known, source, faults)
        if result is None:
            continue
        if not seen.isdisjoint(result.keys):
            faults.add(place_of("node"), _TWICE)
        seen |= {*result.keys}
        results.append(result)
    return results, faults


def _of_json(data: Any, faults: Faults) -> list[tuple[Any, dict[str, Any]]]:
    try:
        new = NewResults.model_validate(data)
    except ValidationError as error:
        faults.add_entries(error.errors())
        return []
    return [
        (partial(_in_json, number), result.model_dump(exclude_unset=True))
        for number, result in enumerate(new.results)
    ]


def _in_json(number: int, member: str) -> Place:
    return Place(pointer_to("results", number, member))


def _of_sheet(sheet: Sheet, faults: Faults, year: int) -> list[tuple[Any, dict[str, Any]]]:
    head = sheet.heading.number
    columns = {name.lower(): at for name, at in check_heading(sheet, faults).items()}
    for name in [name for name in columns if name not in COLUMNS]:
        faults.add(sheet.place(head, columns[name]), _UNKNOWN_COLUMN)
    if not {"node", "level"} & columns.keys() or not {"locality", "locality_code"} & columns.keys():
        faults.add(sheet.place(head), _HEADING)
        return []
    if not sheet.rows:
        faults.add(sheet.place(head), _NO_ROWS)
    if len(sheet.rows) > MOST_RESULTS:
        faults.add(sheet.place(sheet.rows[MOST_RESULTS].number), _TOO_MANY)
        return []
    read = []
    for row in sheet.rows:
        before = faults.total
        place_of = partial(_in_sheet, sheet, row, columns)
        given = {
            name: cell
            for name, at in columns.items()
            if name in COLUMNS and (cell := _cell(sheet, row, name, at, faults)) is not _BAD
        }
        if given.pop("year", year) not in {year, None}:
            faults.add(place_of("year"), _OTHER_YEAR)
        if faults.total == before:
            read.append((place_of, given))
    return read


def _in_sheet(sheet: Sheet, row: Row, columns: Mapping[str, int], member: str) -> Place:
    name = "level" if member == "node" and "node" not in columns else member
    return sheet.place(row.number, columns.get(name))


_BAD = object()


def _cell(sheet: Sheet, row: Row, name: str, column: int, faults: Faults) -> Any:
    """Read a cell as its column is; None is an empty one, ``_BAD`` one that was told of."""
    cell = cell_at(row, column)
    numeric = name in {"score", "value", "rank", "units_ranked", "year"}
    value: Any = sheet.figure(cell) if numeric else sheet.words(cell)
    if name in {"rank", "units_ranked", "year"} and isinstance(value, float):
        value = int(value) if value.is_integer() else _NOT_WHOLE
    if name in _TEXTS and isinstance(value, str) and value:
        value = misfit(_TEXTS[name], value) or value
    if isinstance(value, Said):
        faults.add(sheet.place(row.number, column), value)
        return _BAD
    return None if value == "" else value


def _result(
    given: dict[str, Any], place_of: Any, known: Known, source: str, faults: Faults
) -> Result | None:
    before = faults.total
    words = given.get("node") or given.get("level") or ""
    node = node_of(words, known.kinds)
    if node is None:
        faults.add(place_of("node"), _unknown_node(words))
    code, name = _locality(given, known)
    if not name:
        faults.add(place_of("locality_code"), _UNNAMED)
    members: dict[str, Any] = {name: given[name] for name in _FIGURES if name in given}
    members |= {name: given[name] or "" for name in ("note", "source") if name in given}
    if not members.get("source") and source:
        members["source"] = source
    _check(members, place_of, known.kinds.get(node or ""), faults)
    if faults.total > before or node is None:
        return None
    return Result(name, code, node, members)


def _locality(given: dict[str, Any], known: Known) -> tuple[str | None, str]:
    """Find a locality by its code, or by its name; a name that nobody knows is taken as it is."""
    code, name = given.get("locality_code"), given.get("locality") or ""
    if code is None and name in known.names:
        code, name = name, ""
    code = code or known.codes.get(locality_key(name))
    return code, name or known.names.get(code or "", "")


def _check(members: dict[str, Any], place_of: Any, kind: str | None, faults: Faults) -> None:
    score, rank, units = (members.get(name) for name in ("score", "rank", "units_ranked"))
    if score is not None and not 0 <= score <= FULL_SCORE:
        faults.add(place_of("score"), _SCORE)
    if units is None or not 1 <= units <= MOST_RANKED:
        faults.add(place_of("units_ranked"), _UNITS)
    elif rank is not None and not 1 <= rank <= units:
        faults.add(place_of("rank"), _RANK)
    if members.get("value") is not None and kind is not None and kind not in MEASURED:
        faults.add(place_of("value"), _NOT_MEASURED)
    if all(members.get(name) is None for name in ("score", "rank", "value")):
        faults.add(place_of("score"), _NOTHING)
    if not members.get("source"):
        faults.add(place_of("source"), _NO_SOURCE)


def _unknown_node(words: str) -> Said:
    return Said(
        f"{shown(words)} is no node of the framework: give its code, or overall, input, output, pillar 4",
        f"{shown(words)} không phải là mục của bộ chỉ số: hãy ghi mã, hoặc overall, input, output, pillar 4",
    )


_HEADING = Said(
    "the heading needs locality or locality_code, and node; then score, rank, units_ranked, value, note, source",
    "tiêu đề cần có locality hoặc locality_code, và node; rồi đến score, rank, units_ranked, value, note, source",
)
_UNKNOWN_COLUMN = Said("there is no such column", "không có cột nào tên như vậy")
_NO_ROWS = Said("there is no row below the heading", "không có dòng nào dưới tiêu đề")
_TOO_MANY = Said(f"there are more than {MOST_RESULTS} rows", f"có quá {MOST_RESULTS} dòng")
_OTHER_YEAR = Said("is another year than is asked for", "khác với năm được yêu cầu")
_NOT_WHOLE = Said("must be a whole number", "phải là số nguyên")
_TWICE = Said(
    "this locality has a result of this node above",
    "địa phương này đã có kết quả của mục này ở dòng trên",
)
_UNNAMED = Said(
    "no locality is known by this code: give its name",
    "chưa có địa phương nào mang mã này: hãy ghi tên",
)
_SCORE = Said("a score is from 0 to 100", "điểm từ 0 đến 100")
_UNITS = Said(
    f"say how many were ranked, 1 to {MOST_RANKED}",
    f"hãy ghi số địa phương được xếp hạng, từ 1 đến {MOST_RANKED}",
)
_RANK = Said("a rank is from 1 to units_ranked", "thứ hạng từ 1 đến units_ranked")
_NOT_MEASURED = Said(
    "only indicators and components have a figure", "chỉ chỉ số và hạng mục mới có số liệu"
)
_NOTHING = Said(
    "there is no score, no rank and no value", "không có điểm, thứ hạng hay số liệu nào"
)
_NO_SOURCE = Said("say where the result was published", "hãy nêu nguồn công bố")
