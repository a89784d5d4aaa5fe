"""The arithmetic of a composite index: pure, so that a run can be repeated in any later year."""

from shared.composite.defence import Attack, Defence, defence
from shared.composite.difference import Difference, NodeDifference, Side, difference
from shared.composite.digest import digest
from shared.composite.errors import CompositeError, DataError, FrameworkError, MethodError
from shared.composite.evaluate import LeafTreatment, Result, evaluate
from shared.composite.framework import Framework, Node
from shared.composite.goal import Least, Standing, Target, least_figure
from shared.composite.leverage import Leverage, Step, leverage
from shared.composite.method import Aggregation, Method, Missing, Normalisation, Treatment
from shared.composite.place import Gap, Place, place
from shared.composite.scenario import Rescored, Scenarios
from shared.composite.shortlist import Raise, ShortestList, Skipped, shortest_list
from shared.composite.threat import Threat, Threats, threats
from shared.composite.trend import Break, Segment, Trend, Year, YearStep, trend
from shared.composite.what_if import Change, Move, NodeWhatIf, UnitWhatIf, WhatIf, what_if

__all__ = [
    "Aggregation",
    "Attack",
    "Break",
    "Change",
    "CompositeError",
    "DataError",
    "Defence",
    "Difference",
    "Framework",
    "FrameworkError",
    "Gap",
    "LeafTreatment",
    "Least",
    "Leverage",
    "Method",
    "MethodError",
    "Missing",
    "Move",
    "Node",
    "NodeDifference",
    "NodeWhatIf",
    "Normalisation",
    "Place",
    "Raise",
    "Rescored",
    "Result",
    "Scenarios",
    "Segment",
    "ShortestList",
    "Side",
    "Skipped",
    "Standing",
    "Step",
    "Target",
    "Threat",
    "Threats",
    "Treatment",
    "Trend",
    "UnitWhatIf",
    "WhatIf",
    "Year",
    "YearStep",
    "defence",
    "difference",
    "digest",
    "evaluate",
    "least_figure",
    "leverage",
    "place",
    "shortest_list",
    "threats",
    "trend",
    "what_if",
]
