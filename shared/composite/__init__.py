"""The arithmetic of a composite index: pure, so that a run can be repeated in any later year."""

from shared.composite.digest import digest
from shared.composite.errors import CompositeError, DataError, FrameworkError, MethodError
from shared.composite.evaluate import LeafTreatment, Result, evaluate
from shared.composite.framework import Framework, Node
from shared.composite.method import Aggregation, Method, Missing, Normalisation, Treatment

__all__ = [
    "Aggregation",
    "CompositeError",
    "DataError",
    "Framework",
    "FrameworkError",
    "LeafTreatment",
    "Method",
    "MethodError",
    "Missing",
    "Node",
    "Normalisation",
    "Result",
    "Treatment",
    "digest",
    "evaluate",
]
