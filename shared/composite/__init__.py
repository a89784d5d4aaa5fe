"""The arithmetic of a composite index: pure, so that a run can be repeated in any later year."""

from shared.composite.digest import digest
from shared.composite.errors import CompositeError, DataError, FrameworkError, MethodError
from shared.composite.evaluate import Result, evaluate
from shared.composite.framework import Framework, Node
from shared.composite.method import Method

__all__ = [
    "CompositeError",
    "DataError",
    "Framework",
    "FrameworkError",
    "Method",
    "MethodError",
    "Node",
    "Result",
    "digest",
    "evaluate",
]
