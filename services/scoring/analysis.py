"""Answer one long question in a process of its own: a JSON object comes in, JSON lines go out.

``python -m services.scoring.analysis`` reads the question from standard input and writes
``{"progress": [done, total]}`` now and then, and at last ``{"result": …}`` or ``{"error": …}``.
"""

import sys
import time
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import orjson

from shared.composite import CompositeError, Method, evaluate
from shared.composite.plan import Plan
from shared.exchange.uncertainty import Progress, uncertainty_document
from shared.inputs import framework_read

REPORT_EVERY = 0.3  # seconds
_ABOUT = ("unit", "node", "pointer")


def analyse(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Answer a question as ``request_of`` writes it. Raises ``CompositeError``."""
    framework = framework_read(request["nodes"])
    units = request["units"]
    # None becomes NaN.
    raw = np.array(request["raw"], dtype=np.float64).reshape(len(units), len(framework.leaves))
    plan = dict(request["plan"])
    samples = plan.pop("sobol_samples", None)
    method = Method.from_dict(request["method"])
    return uncertainty_document(
        evaluate(framework, units, raw, method, request.get("groups")),
        Plan.from_dict(plan),
        own=request.get("own_unit"),
        sobol_samples=samples,
        progress=progress,
    )


def answer(question: bytes, write: Callable[[dict[str, Any]], None]) -> None:
    """Write what there is to say; a question that cannot be computed is answered by its error."""
    last = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= REPORT_EVERY:
            last = time.monotonic()
            write({"progress": [done, total]})

    try:
        write({"result": analyse(orjson.loads(question), progress)})
    except CompositeError as error:
        about = {name: getattr(error, name) for name in _ABOUT if getattr(error, name, None)}
        write({"error": {"message": str(error), **about}})


def _to(stream: BinaryIO) -> Callable[[dict[str, Any]], None]:
    def write(report: dict[str, Any]) -> None:
        stream.write(orjson.dumps(report, option=orjson.OPT_APPEND_NEWLINE))
        stream.flush()

    return write


if __name__ == "__main__":
    answer(sys.stdin.buffer.read(), _to(sys.stdout.buffer))
