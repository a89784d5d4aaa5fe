"""What holds for every method, however its steps are combined."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.composite import Framework, Method, Node, Treatment, evaluate
from shared.composite.treat import treat
from tests.shared.composite.build import names, points, score
from tests.shared.composite.cases import DIRECTIONS, Case, cases, methods

quick = settings(max_examples=30, deadline=None)

COLUMNS = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=12)
# A crowd and a few far away: most of these have outliers.
LOPSIDED = st.tuples(
    st.lists(st.integers(0, 9).map(float), min_size=4, max_size=25),
    st.lists(st.sampled_from((-900.0, -300.0, -30.0, 40.0, 100.0, 800.0, np.nan)), max_size=8),
).map(lambda parts: np.array([*parts[0], *parts[1]]))


def size(method: Method, count: int) -> float:
    return max(1.0, method.normalisation.scale(count))


@quick
@given(cases(), methods())
def test_contributions_of_the_leaves_add_up_to_the_root(case: Case, method: Method) -> None:
    result = case.evaluate(method)
    total = result.contribution[:, case.framework.leaf_positions].sum(axis=1)
    root = result.scores[:, result.node("0")]
    np.testing.assert_allclose(total, root, rtol=1e-9, atol=1e-9)


@quick
@given(cases(), methods())
def test_contributions_of_children_add_up_to_their_parent(case: Case, method: Method) -> None:
    result = case.evaluate(method)
    for level in case.framework.levels:
        added = level.added_up(result.contribution.T[level.children])
        np.testing.assert_allclose(
            added, result.contribution.T[level.parents], rtol=1e-9, atol=1e-9
        )


@quick
@given(cases(), methods())
def test_a_mean_lies_between_what_it_is_the_mean_of(case: Case, method: Method) -> None:
    result = case.evaluate(method)
    for family in case.framework.families:
        children = result.scores[:, family.children]
        above = result.scores[:, family.parent]
        known = ~np.isnan(above)
        np.testing.assert_array_equal(known, (~np.isnan(children)).any(axis=1))
        slack = 1e-12 * size(method, len(case.units))
        assert (above[known] >= np.nanmin(children[known], axis=1, initial=np.inf) - slack).all()
        assert (above[known] <= np.nanmax(children[known], axis=1, initial=-np.inf) + slack).all()


@quick
@given(cases(), methods())
def test_scores_keep_to_the_range(case: Case, method: Method) -> None:
    span = method.normalisation.range
    scores = case.evaluate(method).scores
    known = scores[~np.isnan(scores)]
    if method.normalisation.kind == "rank":
        span = (1.0, float(len(case.units)))
    if span is not None:
        assert (known >= span[0]).all()
        # Only the way to a target may be covered more than whole.
        assert method.normalisation.kind == "distance_to_target" or (known <= span[1]).all()


@quick
@given(cases(), methods(), st.randoms(use_true_random=False))
def test_the_order_of_units_changes_nothing(case: Case, method: Method, chance: Random) -> None:
    order = list(range(len(case.units)))
    chance.shuffle(order)
    straight, mixed = case.evaluate(method), case.in_order(order, method)
    # A mean of the panel (z-scores, imputed means) is added up in the order of the units: its last
    # bit may differ. All else is the same to the bit.
    summed = method.normalisation.kind == "z_score" or method.imputation in {"mean", "group_mean"}
    slack = 1e-11 * size(method, len(case.units)) if summed else 0.0
    for stage in ("imputed", "normalised", "scores", "contribution"):
        one, other = getattr(mixed, stage), getattr(straight, stage)[order]
        np.testing.assert_allclose(one, other, rtol=slack, atol=slack)
    for stage in ("ranks", "coverage", "weights", "screened", "clamped"):
        np.testing.assert_array_equal(getattr(mixed, stage), getattr(straight, stage)[order])
    assert mixed.reason == straight.reason
    for one, other in zip(mixed.treatment, straight.treatment, strict=True):
        assert (one.kind, one.passes, sorted(one.units)) == (
            other.kind,
            other.passes,
            sorted(other.units),
        )


@quick
@given(cases(), methods(), st.randoms(use_true_random=False))
def test_the_order_of_siblings_changes_no_rank(case: Case, method: Method, chance: Random) -> None:
    nodes = list(case.framework.nodes)
    chance.shuffle(nodes)
    framework = Framework(tuple(nodes))
    columns = [case.framework.leaf_index[leaf.code] for leaf in framework.leaves]
    straight = case.evaluate(method)
    mixed = evaluate(framework, case.units, case.raw[:, columns], method, case.groups)
    back = [mixed.node(node.code) for node in case.framework.nodes]
    slack = 1e-9 * size(method, len(case.units))
    np.testing.assert_allclose(mixed.scores[:, back], straight.scores, rtol=0, atol=slack)
    np.testing.assert_array_equal(mixed.ranks[:, back], straight.ranks)


@quick
@given(COLUMNS, st.sampled_from(DIRECTIONS), st.sampled_from(("rank", "percentile_rank")))
def test_any_increasing_map_leaves_places_as_they_are(
    figures: list[float], direction: str, kind: str
) -> None:
    leaf = Node("x", "root", direction=direction)  # type: ignore[arg-type]
    plain, cubed = (
        score(leaf, *series, method=points(kind))  # type: ignore[arg-type]
        for series in (figures, [figure**3 + 5 * figure for figure in figures])
    )
    np.testing.assert_array_equal(cubed.normalised, plain.normalised)


@quick
@given(COLUMNS, st.sampled_from(DIRECTIONS), st.integers(1, 1000), st.integers(-1000, 1000))
def test_another_unit_of_measurement_leaves_points_as_they_are(
    figures: list[float], direction: str, factor: int, shift: int
) -> None:
    leaf = Node("x", "root", direction=direction)  # type: ignore[arg-type]
    for kind in ("min_max", "z_score", "distance_to_best"):
        plain, moved = (
            score(leaf, *series, method=points(kind))
            for series in (figures, [factor * figure + shift for figure in figures])
        )
        np.testing.assert_allclose(moved.normalised, plain.normalised, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(moved.ranks, plain.ranks)


@quick
@given(cases())
def test_the_panels_own_ends_as_goalposts_change_nothing(case: Case) -> None:
    panel = case.evaluate(points("min_max"))
    usable = [
        column for column, reason in enumerate(panel.reason) if reason is None
    ]  # others have no two ends
    for column in usable:
        series = case.raw[:, column]
        leaf = case.framework.leaves[column]
        posts = (float(np.nanmin(series)), float(np.nanmax(series)))
        fixed = score(
            Node("x", "root", direction=leaf.direction, goalposts=posts),
            *series.tolist(),
            method=points("goalposts"),
        )
        np.testing.assert_array_equal(fixed.normalised[:, 0], panel.normalised[:, column])
        assert not fixed.clamped.any()


@quick
@given(cases(), methods(), st.integers(1, 5))
def test_missing_everything_is_na_whatever_the_method(
    case: Case, method: Method, count: int
) -> None:
    raw = np.full((count, len(case.framework.leaves)), np.nan)
    groups = ["north"] * count
    result = evaluate(case.framework, names(count), raw, method, groups)
    assert np.isnan(result.scores).all()
    assert np.isnan(result.contribution).all()
    assert not result.ranks.any()
    assert set(result.reason) == {"no_value"}


@quick
@given(LOPSIDED, st.integers(0, 6), st.sampled_from((0.5, 2.0)), st.sampled_from((0.0, 3.5)))
def test_winsorising_moves_few_points_and_only_inwards(
    figures: NDArray[np.float64], max_points: int, skewness: float, kurtosis: float
) -> None:
    how = Treatment("winsorise", max_points, skewness, kurtosis)
    result = treat(figures[np.newaxis], (how,))
    found, moved = result.series[0], result.moved[0]
    assert moved.sum() <= max_points
    assert (result.kind[0] == "winsorise") == bool(moved.any())
    np.testing.assert_array_equal(found[~moved], figures[~moved])
    np.testing.assert_array_equal(np.isnan(found), np.isnan(figures))
    if moved.any():
        assert result.passes[0]
        # What moved stands at the end of what did not, and was beyond it.
        least, greatest = np.nanmin(figures[~moved]), np.nanmax(figures[~moved])
        assert set(found[moved]) <= {least, greatest}
        assert ((figures[moved] < least) | (figures[moved] > greatest)).all()
        assert least < greatest
    # A column that passes afterwards is not touched a second time.
    again = treat(result.series, (how,))
    np.testing.assert_array_equal(again.series, result.series)


@quick
@given(LOPSIDED, st.sampled_from(("winsorise", "log_ct", "log_gii")))
def test_no_treatment_turns_the_order_round(figures: NDArray[np.float64], kind: str) -> None:
    how = Treatment(kind, otherwise="log_gii")  # type: ignore[arg-type]
    found = treat(figures[np.newaxis], (how,)).series[0]
    known = ~np.isnan(figures)
    order = np.argsort(figures[known], kind="stable")
    assert (np.diff(found[known][order]) >= 0).all()
