"""Outliers are drawn in before they stretch the scale of everybody else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.composite.figures import same
from shared.composite.method import Log, Treatment, TreatmentKind
from shared.composite.moments import Sums, harmless, skewness_and_kurtosis

LOG_CT_SHIFT = 0.01  # of the range

Series = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Treated:
    """Per column: ``series`` and ``moved`` (columns, units), what was done, and whether it passes now."""

    series: Series
    moved: Mask
    kind: tuple[TreatmentKind, ...]
    passes: tuple[bool, ...]


def treat(series: Series, treatments: tuple[Treatment, ...]) -> Treated:
    """Treat each column, (columns, units), for outliers; NaN stays.

    The procedure of the GII and of COINr: a column that fails the test is winsorised one value at a
    time, the greatest (skewness ≥ 0) or the least replaced by its neighbour, until it passes. Where
    ``max_points`` points do not suffice, or would leave all figures the same, this is undone and
    ``otherwise`` is taken; "none" leaves the column as it was. Units tied at the end move together
    and count each. A log that cannot be taken leaves the column as it was, too (``passes`` is then
    false).
    """
    kinds: list[TreatmentKind] = ["none"] * len(series)
    passes = [True] * len(series)
    moved = np.zeros(series.shape, dtype=np.bool_)
    treated = series
    # Mostly it is one object for all, and told by that more quickly than by its value.
    rows_of: dict[int, list[int]] = {}
    for row, own in enumerate(treatments):
        rows_of.setdefault(id(own), []).append(row)
    for same_rows in rows_of.values():
        treatment = treatments[same_rows[0]]
        if treatment.kind == "none":
            continue
        if treated is series:
            treated = series.copy()
        rows = np.array(same_rows)
        log: Log = "none"
        if treatment.kind == "winsorise":
            rows, skewness = _failing(rows, series, treatment)
            drawn_in, points, done = _winsorise(series[rows], skewness, treatment)
            treated[rows[done]] = drawn_in[done]
            moved[rows[done]] = points[done]
            for row in rows[done]:
                kinds[row] = "winsorise"
            rows, log = rows[~done], treatment.otherwise
        else:
            log = treatment.kind
        if rows.size:
            treated[rows], defined = _log(series[rows], log)
            passed = _within(*skewness_and_kurtosis(treated[rows]), treatment)
            for row, possible, passes_now in zip(rows, defined, passed, strict=True):
                kinds[row], passes[row] = log if possible else "none", bool(passes_now)
    return Treated(treated, moved, tuple(kinds), tuple(passes))


def _within(skewness: Series, kurtosis: Series, treatment: Treatment) -> Mask:
    """Tell whether a series passes; where skewness or kurtosis is not defined it does."""
    failing: Mask = (np.abs(skewness) > treatment.skewness) & (kurtosis > treatment.kurtosis)
    return ~failing


def _failing(rows: Places, series: Series, treatment: Treatment) -> tuple[Places, Series]:
    """Keep the rows that neither skewness nor kurtosis lets pass, and their skewness."""
    skewness, kurtosis = skewness_and_kurtosis(series[rows])
    failing = ~_within(skewness, kurtosis, treatment)
    rows, skewness = rows[failing], skewness[failing]
    # The moments of equal figures are the rounding of their mean.
    level = same(*_extremes(series[rows]))
    return rows[~level], skewness[~level]


def _winsorise(series: Series, skewness: Series, treatment: Treatment) -> tuple[Series, Mask, Mask]:
    """Return the failing rows drawn in, which points moved, and for each row whether it passes so.

    Only points near the ends can move, so all others are summed up once.
    """
    scaled, exponents = harmless(series)
    ends, core = _ends_and_core(scaled, treatment.max_points)
    values = np.take_along_axis(scaled, ends, axis=1)
    moved = np.zeros(values.shape, dtype=np.bool_)
    done = np.zeros(len(series), dtype=np.bool_)
    rows = np.arange(len(series))
    if ends.shape[1] < series.shape[1]:
        values, moved, settled, done = _from_one_end(values, core, skewness, treatment)
        rows = rows[~settled]
    _point_by_point(rows, skewness[rows], values, moved, done, core, treatment)
    # One unit apart from all others is no reason to score nobody.
    done &= ~same(*_extremes(values))
    drawn_in, points = scaled.copy(), np.zeros(series.shape, dtype=np.bool_)
    np.put_along_axis(drawn_in, ends, values, axis=1)
    np.put_along_axis(points, ends, moved, axis=1)
    return drawn_in if exponents is None else np.ldexp(drawn_in, exponents), points, done


def _from_one_end(
    values: Series, core: Sums, skewness: Series, treatment: Treatment
) -> tuple[Series, Mask, Mask, Mask]:
    """Look at all states at once that a row goes through if it is drawn in from one end only.

    ``values`` are the ends, rising. Return them drawn in, which moved, for which rows that settles it
    (the skewness keeps its sign until the row passes or may move no more), and which of them pass.
    """
    width = treatment.max_points + 1
    sign = np.where(skewness >= 0, 1.0, -1.0)[:, np.newaxis]
    flipped = np.where(sign > 0, values[:, ::-1], values)  # the end that is drawn in comes first
    far = flipped[:, :width]
    rest = core.joined(Sums.of(flipped[:, width:], core.centre))
    powers = np.empty((4, *far.shape))
    powers[0] = far - core.centre[:, np.newaxis]
    np.multiply(powers[0], powers[0], out=powers[1])
    np.multiply(powers[1], powers[:2], out=powers[2:])
    left = np.cumsum(powers[:, :, ::-1], axis=2)[:, :, ::-1]
    states = Sums(
        core.centre,
        (rest.count + width)[:, np.newaxis],
        rest.powers[:, :, np.newaxis] + left + np.arange(width) * powers,
    )
    skew, kurtosis = states.skewness_and_kurtosis()
    # A state is gone through if all that is tied beyond it has moved.
    real = np.ones(far.shape, dtype=np.bool_)
    real[:, 1:] = far[:, 1:] != far[:, :-1]
    ends_here = real & _within(skew, kurtosis, treatment)
    turns = real & ((skew >= 0) != (sign > 0)) & ~ends_here
    passes = ends_here.any(axis=1)
    last = np.where(passes, ends_here.argmax(axis=1), width)
    first_turn = np.where(turns.any(axis=1), turns.argmax(axis=1), width)
    settled: Mask = (first_turn > last) | ((first_turn == width) & ~passes)
    settled &= ~np.isnan(values).any(axis=1)
    passes &= settled
    bound = np.take_along_axis(far, np.minimum(last, width - 1)[:, np.newaxis], axis=1)
    moved: Mask = (values * sign > bound * sign) & passes[:, np.newaxis]
    return np.where(moved, bound, values), moved, settled, passes


def _point_by_point(
    rows: Places,
    skewness: Series,
    values: Series,
    moved: Mask,
    done: Mask,
    core: Sums,
    treatment: Treatment,
) -> None:
    """Draw rows in, one value after another, from whichever end the skewness points to."""
    while rows.size:
        high = (skewness >= 0)[:, np.newaxis]
        upright = np.where(high, values[rows], -values[rows])
        # Missing figures are never at the end.
        upright[np.isnan(upright)] = -np.inf
        at_end = upright == upright.max(axis=1)[:, np.newaxis]
        spare = (moved[rows] | at_end).sum(axis=1) <= treatment.max_points
        rows, high, upright, at_end = rows[spare], high[spare], upright[spare], at_end[spare]
        neighbour = np.where(at_end, -np.inf, upright).max(axis=1, initial=-np.inf)[:, np.newaxis]
        values[rows] = np.where(at_end, np.where(high, neighbour, -neighbour), values[rows])
        moved[rows] |= at_end
        rest = core.of_rows(rows)
        whole = rest.joined(Sums.of(values[rows], rest.centre))
        skewness, kurtosis = whole.skewness_and_kurtosis()
        passed = _within(skewness, kurtosis, treatment)
        done[rows[passed]] = True
        rows, skewness = rows[~passed], skewness[~passed]


def _ends_and_core(series: Series, max_points: int) -> tuple[Places, Sums]:
    """Places of each row's least and greatest figures, and the sums of the rest about the median.

    One more than may move, because the last to move takes its neighbour's figure. A row with no more
    figures than that is all ends.
    """
    order = np.argsort(np.where(np.isnan(series), np.inf, series), axis=1)
    count = (~np.isnan(series)).sum(axis=1)
    middle = np.take_along_axis(order, (count // 2)[:, np.newaxis], axis=1)
    width = max_points + 1
    ends = order
    if series.shape[1] > 2 * width:
        places = np.broadcast_to(np.arange(2 * width), (len(series), 2 * width)).copy()
        places[:, width:] += np.maximum(count - 2 * width, 0)[:, np.newaxis]
        ends = np.take_along_axis(order, places, axis=1)
    core = series.copy()
    np.put_along_axis(core, ends, np.nan, axis=1)
    return ends, Sums.of(core, np.take_along_axis(series, middle, axis=1)[:, 0])


def _log(series: Series, kind: Log) -> tuple[Series, Mask]:
    """Take the logarithm of each row; return it, and for which rows it is defined.

    - "log_ct": ln(x - min + 0.01 (max - min)), COINr's log_CT.
    - "log_gii": ln((max - 1)(x - min)/(max - min) + 1), GII 2020. With max ≤ 1 it would turn the
      series round or not exist, so it is not defined there.
    """
    least, greatest = _extremes(series)
    defined: Mask = ~same(least, greatest) & (kind != "none")
    if kind == "log_gii":
        defined &= greatest > 1
    result = series.copy()
    low, high = least[defined, np.newaxis], greatest[defined, np.newaxis]
    above, span = series[defined] - low, high - low
    if kind == "log_gii":
        result[defined] = np.log((high - 1) * (above / span) + 1)
    else:
        result[defined] = np.log(above + LOG_CT_SHIFT * span)
    return result, defined


def _extremes(series: Series) -> tuple[Series, Series]:
    """Least and greatest figure of each row; 0 where there is none."""
    known = ~np.isnan(series)
    least = np.where(known, series, np.inf).min(axis=1, initial=np.inf)
    greatest = np.where(known, series, -np.inf).max(axis=1, initial=-np.inf)
    empty = ~known.any(axis=1)
    return np.where(empty, 0.0, least), np.where(empty, 0.0, greatest)
