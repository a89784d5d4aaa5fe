"""Reads a panel out of a table, whichever way it is laid out, and checks every figure of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from services.api.deps.digits import exact_en, exact_vi
from services.api.deps.fields import Line
from services.api.deps.paging import Code
from services.api.errors import pointer_to
from services.api.panels.schemas import MOST_LOCALITIES, NewPanel
from services.api.sheets.faults import Faults, Place, Said, said_of, shown
from services.api.sheets.numbers import sensible
from services.api.sheets.tables import Row, Sheet, Table, cell_at, check_heading

LONG = ("code", "name", "indicator", "value")
ALIKE = 0.5  # share of letters and digits that two codes have in common
_SOURCE = Place("/source")
_NEEDED = {"code": TypeAdapter(Code), "name": TypeAdapter(Line)}


class Leaf(NamedTuple):
    """A node that takes figures, and what they can be."""

    code: str
    low: float | None = None
    high: float | None = None


Leaves = Mapping[str, Leaf]


@dataclass(slots=True)
class PanelRead:
    """A panel as it was read; ``values`` by (locality, leaf), ``names`` by locality."""

    layout: str | None = None  # where the file does not say
    source: str = ""
    made_up: bool = False
    names: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], float] = field(default_factory=dict)


def read_panel(
    table: Table, leaves: Leaves, *, source: str, made_up: bool
) -> tuple[PanelRead, Faults]:
    """Read and check all of it; what is wrong comes back beside it, none of it raised."""
    faults = table.faults
    panel = PanelRead(source=source, made_up=made_up)
    if table.sheet is not None:
        if not source:
            faults.add(_SOURCE, _NO_SOURCE)
        _Reading(table.sheet, leaves, panel, faults).read()
    elif table.kind == "json":
        panel.layout = "json"
    if table.sheet is None and not faults:
        panel = _from_json(table.data, leaves, panel, faults)
    return panel, faults


def check_new(new: NewPanel, leaves: Leaves) -> tuple[PanelRead, Faults]:
    """Check a panel that came as JSON and has the right shape."""
    panel, faults = PanelRead("json", new.source, new.made_up), Faults()
    hints = Hints(leaves)
    for number, locality in enumerate(new.localities):
        if locality.code in panel.names:
            faults.add(Place(pointer_to("localities", number, "code")), _TWICE)
        panel.names[locality.code] = locality.name
        for code, value in locality.values.items():
            place = Place(pointer_to("localities", number, "values", code))
            if said := hints.unknown(code, faults) or unfit(value, leaves[code]):
                faults.add(place, said)
            else:
                panel.values[locality.code, code] = value
    return panel, faults


def _from_json(data: Any, leaves: Leaves, panel: PanelRead, faults: Faults) -> PanelRead:
    """Read what ``PUT`` takes; source and "made up" may stand in the form instead."""
    if isinstance(data, dict):
        if panel.source and data.get("source", panel.source) != panel.source:
            faults.add(_SOURCE, _TWO_SOURCES)
        data = {"source": panel.source or None, **data}
        if data["source"] is None:
            faults.add(_SOURCE, _NO_SOURCE)
            data["source"] = "-"
    try:
        new = NewPanel.model_validate(data)
    except ValidationError as error:
        faults.add_entries(error.errors())
        return panel
    read, found = check_new(new, leaves)
    faults.extend(found)
    read.made_up = read.made_up or panel.made_up
    return read


class Hints:
    """Words an unknown code, with the known one that is nearest to it."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self._said: dict[str, Said] = {}

    def unknown(self, code: str, faults: Faults) -> Said | None:
        if code in self._leaves:
            return None
        if code not in self._said:
            # Looking for what is near takes time; where nothing more is told it is left out.
            near = None if faults.full else self._nearest(code)
            english, vietnamese = (
                (f" The nearest is {near}.", f" Gần nhất là {near}.") if near else ("", "")
            )
            self._said[code] = Said(_UNKNOWN.english + english, _UNKNOWN.vietnamese + vietnamese)
        return self._said[code]

    def _nearest(self, code: str) -> str | None:
        near = {leaf: _likeness(code[:64], leaf) for leaf in self._leaves if _alike(code, leaf)}
        return max(near, key=near.__getitem__, default=None)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _alike(sent: str, leaf: str) -> bool:
    """Compare without the dots, which every code has: 9.9.9 is not like 1.1.1."""
    return _likeness(_signs(sent[:64]), _signs(leaf)) >= ALIKE


def _signs(code: str) -> str:
    return "".join(sign for sign in code if sign.isalnum())


def unfit(value: float, leaf: Leaf) -> Said | None:
    """Say why the leaf cannot have this figure."""
    said = sensible(value)
    if isinstance(said, Said):
        return said
    if (leaf.low is not None and value < leaf.low) or (leaf.high is not None and value > leaf.high):
        return Said(
            f"{exact_en(value)} is outside the bounds of {leaf.code}.",
            f"{exact_vi(value)} nằm ngoài giới hạn của {leaf.code}.",
        )
    return None


class _Reading:
    """One pass over a sheet: locality by locality, or figure by figure."""

    def __init__(self, sheet: Sheet, leaves: Leaves, panel: PanelRead, faults: Faults) -> None:
        self._sheet = sheet
        self._leaves = leaves
        self._panel = panel
        self._faults = faults
        self._hints = Hints(leaves)
        self._checked: dict[tuple[str, str], Said | None] = {}

    def read(self) -> None:
        head = self._sheet.heading.number
        columns = check_heading(self._sheet, self._faults)
        names = [name.lower() for name in self._sheet.names]
        if names[:2] != ["code", "name"]:
            self._faults.add(self._sheet.place(head), _HEADING)
            return
        if not self._sheet.rows:
            self._faults.add(self._sheet.place(head), _NO_ROWS)
        if tuple(names[: len(LONG)]) == LONG and len(columns) == len(LONG):
            self._panel.layout = "long"
            self._each(self._figure_of)
            return
        self._panel.layout = "wide"
        figures = self._leaf_columns(columns)
        self._each(lambda row, code: self._figures_of(row, code, figures))

    def _leaf_columns(self, columns: dict[str, int]) -> dict[str, int]:
        found = {}
        for code, column in columns.items():
            if column < 2:  # noqa: PLR2004 code and name
                continue
            if said := self._hints.unknown(code, self._faults):
                self._faults.add(self._sheet.place(self._sheet.heading.number, column), said)
            else:
                found[code] = column
        return found

    def _each(self, take: Callable[[Row, str], None]) -> None:
        for row in self._sheet.rows:
            code, name = self._word(row, 0, "code"), self._word(row, 1, "name")
            if code is None:
                continue
            known = self._panel.names.get(code)
            if known is None and len(self._panel.names) >= MOST_LOCALITIES:
                self._faults.add(self._sheet.place(row.number, 0), _TOO_MANY)
                continue
            if known is not None and self._panel.layout == "wide":
                self._faults.add(self._sheet.place(row.number, 0), _TWICE)
                continue
            if name is not None:
                if known not in {None, "", name}:
                    self._faults.add(self._sheet.place(row.number, 1), _TWO_NAMES)
                self._panel.names[code] = known or name
            else:
                self._panel.names.setdefault(code, "")
            take(row, code)

    def _figures_of(self, row: Row, locality: str, columns: dict[str, int]) -> None:
        for code, column in columns.items():
            self._take(row, column, locality, code)

    def _figure_of(self, row: Row, locality: str) -> None:
        code = self._sheet.words(cell_at(row, 2))
        said = code if isinstance(code, Said) else self._hints.unknown(code, self._faults)
        if isinstance(code, Said) or said:
            self._faults.add(self._sheet.place(row.number, 2), said or _UNKNOWN)
        elif (locality, code) in self._panel.values:
            self._faults.add(self._sheet.place(row.number, 2), _FIGURE_TWICE)
        else:
            self._take(row, 3, locality, code)

    def _take(self, row: Row, column: int, locality: str, code: str) -> None:
        value = self._sheet.figure(cell_at(row, column))
        if value is None:
            return
        said = value if isinstance(value, Said) else unfit(value, self._leaves[code])
        if said:
            self._faults.add(self._sheet.place(row.number, column), said)
        elif not isinstance(value, Said):
            self._panel.values[locality, code] = value

    def _word(self, row: Row, column: int, kind: str) -> str | None:
        """Read a code or a name, or say what is wrong with it."""
        text = self._sheet.words(cell_at(row, column))
        said = text if isinstance(text, Said) else self._misfit(kind, text)
        if isinstance(text, Said) or said:
            self._faults.add(self._sheet.place(row.number, column), said or _HEADING)
            return None
        return text

    def _misfit(self, kind: str, text: str) -> Said | None:
        if (kind, text) not in self._checked:
            self._checked[kind, text] = misfit(_NEEDED[kind], text)
        return self._checked[kind, text]


def misfit(wanted: TypeAdapter[str], text: str) -> Said | None:
    """Say why a text is not what is wanted, with the text."""
    try:
        wanted.validate_python(text)
    except ValidationError as error:
        said = said_of(error.errors()[0])
        if not text:
            return Said("is empty", "để trống")
        return Said(f"{shown(text)}: {said.english}", f"{shown(text)}: {said.vietnamese}")
    return None


_HEADING = Said(
    "the heading starts with code,name: then either a column for each indicator's code, or indicator,value",
    "tiêu đề bắt đầu bằng code,name: sau đó mỗi mã chỉ số một cột, hoặc indicator,value",
)
_NO_ROWS = Said("there is no row below the heading", "không có dòng nào dưới tiêu đề")
_NO_SOURCE = Said("say where the figures come from", "hãy nêu nguồn số liệu")
_TWO_SOURCES = Said(
    "the form and the file name different sources", "biểu mẫu và tệp nêu nguồn khác nhau"
)
_TOO_MANY = Said(
    f"there are more than {MOST_LOCALITIES} localities", f"có quá {MOST_LOCALITIES} địa phương"
)
_TWICE = Said("This locality stands twice.", "Địa phương này xuất hiện hai lần.")
_TWO_NAMES = Said(
    "this locality had another name above", "địa phương này mang tên khác ở dòng trên"
)
_FIGURE_TWICE = Said(
    "this locality has a figure of this indicator above",
    "địa phương này đã có số liệu của chỉ số này ở dòng trên",
)
_UNKNOWN = Said(
    "The framework has no indicator without components, and no component, with this code.",
    "Bộ chỉ số không có chỉ số (không chia hạng mục) hoặc hạng mục mang mã này.",
)
