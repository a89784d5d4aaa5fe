"""The choices of a method that others could have made differently, one factor of uncertainty each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, get_args

from shared.composite.errors import MethodError
from shared.composite.framework import Framework
from shared.composite.method import Aggregation, Method, Normalisation, Treatment

Factor = Literal["normalisation", "aggregation", "missing", "treatment"]
FACTORS: Final[tuple[Factor, ...]] = get_args(Factor)
MOST_ALTERNATIVES = 12
# Of the range: 1 of 0 to 100, as in the JRC's audits and in COINr's example.
LIFT = 0.01
# Sub-indices and pillars in a tree of root, sub-index, pillar, group, indicator.
LEVELS_BELOW_PILLARS = 3

Blocks = Mapping[Factor, Any]


def block(method: Method, factor: Factor) -> Any:
    """Return the part of a method that a factor stands for."""
    return method.imputation if factor == "missing" else getattr(method, factor)


def written(method: Method, factor: Factor) -> dict[str, Any]:
    """Write this part as ``Method.to_dict`` does."""
    shown: dict[str, Any] = method.to_dict()["imputation" if factor == "missing" else factor]
    return shown


def alternatives(framework: Framework, method: Method) -> tuple[Method, ...]:
    """List methods that differ from the nominal one in one factor each, as audits of indices vary them.

    - aggregation: the geometric mean at the pillars and above, as in the JRC's audits of the Global
      Innovation Index; the levels below stay. Arithmetic, if the nominal one is not.
    - missing: gaps filled in by the median, or left open if the nominal method fills them. The JRC
      estimates them (expectation maximisation); the median is the robust simple stand-in.
    - normalisation: percentile ranks, which forget distances, or min-max if the nominal one does
      already. Saisana, Saltelli and Tarantola (2005) and COINr's example take z-scores; these go
      below zero, where no geometric mean is, so they are for callers who vary no aggregation.
    - treatment: none, if the nominal method has one.
    """
    found = [replace(method, imputation="median" if method.imputation == "none" else "none")]
    how = method.normalisation
    kind: Literal["min_max", "percentile_rank"] = (
        "min_max" if how.kind in {"z_score", "rank", "percentile_rank"} else "percentile_rank"
    )
    other = Normalisation(kind=kind, range=how.range, minimum_units=how.minimum_units)
    found.append(replace(method, normalisation=other))
    if not _arithmetic(method.aggregation):
        found.append(replace(method, aggregation=Aggregation()))
    elif how.kind != "z_score":
        height = max(framework.depth.values())
        top = range(max(1, height - LEVELS_BELOW_PILLARS + 1))
        upper = Aggregation(by_level=dict.fromkeys(top, "geometric"))
        found.append(replace(method, aggregation=upper))
    if method.treatment.kind != "none":
        found.append(replace(method, treatment=Treatment()))
    return tuple(found)


def by_factor(method: Method, others: Sequence[Method]) -> dict[Factor, tuple[Method, ...]]:
    """Sort methods by the one factor in which each differs from the nominal one, which comes first.

    Raises ``MethodError``: too many, one that differs in none or in several, or z-scores beside a
    mean that needs scores above 0.
    """
    if len(others) > MOST_ALTERNATIVES:
        raise MethodError(
            f"There are more than {MOST_ALTERNATIVES} alternatives.", pointer="/alternatives"
        )
    found: dict[Factor, list[Method]] = {}
    for position, other in enumerate(others):
        differing = [name for name in FACTORS if block(other, name) != block(method, name)]
        if len(differing) != 1 or other.missing != method.missing:
            raise MethodError(
                "An alternative differs from the method in exactly one of "
                f"{', '.join(FACTORS)}; this one in {', '.join(differing) or 'none'}.",
                pointer=f"/alternatives/{position}",
            )
        found.setdefault(differing[0], [method]).append(other)
    _check_positive(method, found)
    return {name: tuple(found[name]) for name in FACTORS if name in found}


def _check_positive(method: Method, found: Mapping[Factor, Sequence[Method]]) -> None:
    normalisations = [other.normalisation for other in found.get("normalisation", [method])]
    aggregations = [other.aggregation for other in found.get("aggregation", [method])]
    if any(how.kind == "z_score" for how in normalisations) and not all(
        _arithmetic(how) for how in aggregations
    ):
        raise MethodError(
            "z-scores go below 0 and have no part in a geometric or harmonic mean.",
            pointer="/alternatives",
        )


def combined(method: Method, chosen: Blocks) -> Method:
    """Put chosen parts together into one method.

    Where that is not the nominal one and a geometric or harmonic mean would meet points of 0, the
    range is lifted: 0 to 100 becomes 1 to 100.
    """
    made = Method(
        treatment=chosen.get("treatment", method.treatment),
        imputation=chosen.get("missing", method.imputation),
        normalisation=chosen.get("normalisation", method.normalisation),
        aggregation=chosen.get("aggregation", method.aggregation),
        missing=method.missing,
    )
    span = made.normalisation.range
    if made == method or span is None or span[0] > 0 or _arithmetic(made.aggregation):
        return made
    width = span[1] - span[0]
    lifted = replace(made.normalisation, range=(LIFT * width, width))
    return replace(made, normalisation=lifted)


def _arithmetic(how: Aggregation) -> bool:
    return {how.kind, *how.by_level.values()} == {"arithmetic"}
