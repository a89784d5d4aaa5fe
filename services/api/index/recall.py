"""A stored run brought back to the engine, so that it can be explained and asked what-ifs.

A run never changes, so the few that were asked last are kept.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, select

from services.api.index.queries import run_chosen
from services.api.index.schemas import RunChoice
from shared.composite import CompositeError, Result
from shared.db import Reader
from shared.errors import InvalidError, TooManyRequestsError
from shared.inputs import Inputs, recalled
from shared.models import Locality, Node, PanelValue

MOST = 16
MOST_AT_ONCE = 4
Asked = ParamSpec("Asked")
Answered = TypeVar("Answered")

PANEL_FIGURES = (
    select(Locality.code, Node.code.label("node"), PanelValue.value)
    .join(Locality, Locality.id == PanelValue.locality_id)
    .join(Node, Node.id == PanelValue.node_id)
    .where(PanelValue.panel_id == bindparam("panel"))
)
LOCALITY_NAMES = select(Locality.code, Locality.name)
NODE_NAMES = select(Node.code, Node.kind, Node.name_vi, Node.name_en).where(
    Node.framework_id == bindparam("framework")
)


@dataclass(frozen=True, eq=False)
class RecalledRun:
    """A run, what it was computed from, and every stage of its computation."""

    id: UUID
    number: int
    hash: str
    created_at: Any
    period: str
    reference_year: int
    framework_id: UUID
    framework_year: int
    framework_revision: int
    made_up: bool
    assumed: list[str]
    inputs: Inputs
    result: Result

    @property
    def own(self) -> str:
        return self.inputs.own_unit

    def named(self) -> dict[str, Any]:
        """Say in every answer which run it is about, and that it is an estimate."""
        return {
            "result": "estimate",
            "made_up": self.made_up,
            "assumed": self.assumed,
            "run": {
                "id": self.id,
                "number": self.number,
                "created_at": self.created_at,
                "hash": self.hash,
            },
            "period": self.period,
            "framework": self.framework_year,
        }


class BusyError(TooManyRequestsError):
    """Too many questions are being computed; ask again in a moment.

    Đang có quá nhiều câu hỏi được tính; hãy hỏi lại sau giây lát.
    """


class NotComputableError(InvalidError):
    """The engine cannot compute this.

    Không tính được.
    """


class Runs:
    """The runs that were asked last, ready to be asked again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, RecalledRun] = OrderedDict()
        self._busy = 0

    async def compute(
        self, question: Callable[Asked, Answered], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Answered:
        """Work a question out beside the event loop, a few at a time: each holds a connection meanwhile.

        Raises ``NotComputableError`` with what the engine says, and ``BusyError``.
        """
        if self._busy >= MOST_AT_ONCE:
            raise BusyError(retry_after=1)
        self._busy += 1
        try:
            return await asyncio.to_thread(question, *args, **kwargs)
        except CompositeError as error:
            raise NotComputableError(str(error), vi=f"Không tính được: {error}") from error
        finally:
            self._busy -= 1

    async def chosen(self, read: Reader, choice: RunChoice) -> RecalledRun:
        """Bring back the run that was chosen, or the newest. Raises ``NotFoundError``."""
        row = await run_chosen(read, choice)
        found = self._kept.get(row["id"])
        if found is None:
            found = self._kept[row["id"]] = await _recalled(read, row)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        self._kept.move_to_end(row["id"])
        return found


async def _recalled(read: Reader, row: Any) -> RecalledRun:
    panel = await read.all(PANEL_FIGURES, panel=row["panel_id"]) if row["panel_id"] else []
    inputs = recalled(
        row["inputs"], ((figure["code"], figure["node"], figure["value"]) for figure in panel)
    )
    return RecalledRun(
        id=row["id"],
        number=row["number"],
        hash=row["hash"],
        created_at=row["created_at"],
        period=row["period"],
        reference_year=row["reference_year"],
        framework_id=row["framework_id"],
        framework_year=row["framework"],
        framework_revision=row["framework_revision"],
        made_up=row["made_up"] or bool(row["summary"].get("made_up")),
        assumed=row["summary"].get("assumed", []),
        inputs=inputs,
        result=inputs.evaluate(),
    )


async def locality_names(read: Reader) -> dict[str, str]:
    return {row["code"]: row["name"] for row in await read.all(LOCALITY_NAMES)}


async def node_names(read: Reader, run: RecalledRun) -> dict[str, dict[str, str]]:
    rows = await read.all(NODE_NAMES, framework=run.framework_id)
    return {row["code"]: {"name_vi": row["name_vi"], "name_en": row["name_en"]} for row in rows}
