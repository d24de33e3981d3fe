"""Differences of means between groups of runs: many against one control, and each with each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmarks.errors import BenchmarkInputError

LEVEL = 0.05


class Contrast(NamedTuple):
    """How one group's mean differs from another's."""

    difference: float
    """Its mean less the other's."""
    low: float
    """Of the simultaneous interval of the difference."""
    high: float
    p: float
    """Two-sided, adjusted for all contrasts of the family."""


def many_to_one(groups: Mapping[str, Sequence[float]], control: str, confidence: float = 0.95) -> dict[str, Contrast]:
    """Each other group against the control, by Welch's test, two-sided and adjusted by Holm's procedure.

    Variances and sizes are taken as they are: searches differ in them by an order of magnitude, which Dunnett's test
    would pool.  The intervals hold all at once, by Bonferroni's inequality, and so are a little wider than p is strict.
    Where neither group varies, p is 1 for equal means and else 0.  Raises BenchmarkInputError for a control that is no
    group, and for groups of fewer than two values.
    """
    _check(groups)
    if control not in groups:
        raise BenchmarkInputError(f"control is {control[:60]!r}; allowed: {', '.join(groups)}")
    found, base = {}, np.asarray(groups[control], float)
    for name, values in groups.items():
        if name != control:
            found[name] = _welch(np.asarray(values, float), base, 1 - (1 - confidence) / (len(groups) - 1))
    adjusted = holm([each.p for each in found.values()])
    return {name: each._replace(p=p) for (name, each), p in zip(found.items(), adjusted, strict=True)}


def _welch(one: np.ndarray, other: np.ndarray, confidence: float) -> Contrast:
    difference = float(one.mean() - other.mean())
    if np.ptp(one) == np.ptp(other) == 0:
        return Contrast(difference, difference, difference, float(one[0] == other[0]))  # means are rounded by n
    error, degrees = _error((values.var(ddof=1) / len(values), len(values)) for values in (one, other))
    half = float(stats.t.ppf((1 + confidence) / 2, degrees)) * error
    p = float(2 * stats.t.sf(abs(difference) / error, degrees))
    return Contrast(difference, difference - half, difference + half, p)


def each_to_each(groups: Mapping[str, Sequence[float]], confidence: float = 0.95) -> dict[tuple[str, str], Contrast]:
    """Every ordered pair of groups, by the test of Games and Howell, which takes variances and sizes as they are.

    Games and Howell, Pairwise Multiple Comparison Procedures with Unequal N's and/or Variances, Journal of Educational
    Statistics 1, 1976.  The intervals hold all at once.  Raises BenchmarkInputError for groups of fewer than two values
    and, of two groups and more, for one that does not vary.
    """
    _check(groups)
    if len(groups) < 2:
        return {}
    still = [name for name, values in groups.items() if np.ptp(values) == 0]
    if still:
        raise BenchmarkInputError(f"all values of {still[0][:60]} are the same; allowed: groups that vary")
    names, samples = list(groups), [np.asarray(values, float) for values in groups.values()]
    found = stats.tukey_hsd(*samples, equal_var=False)
    interval = found.confidence_interval(confidence)
    return {
        (one, other): Contrast(
            *(float(part[i, j]) for part in (found.statistic, interval.low, interval.high, found.pvalue))
        )
        for i, one in enumerate(names)
        for j, other in enumerate(names)
        if i != j
    }


def _check(groups: Mapping[str, Sequence[float]]) -> None:
    for name, values in groups.items():
        if len(values) < 2 or not np.isfinite(values).all():
            raise BenchmarkInputError(f"{name[:60]} has {len(values)} values; allowed: two or more, all finite")


class Summary(NamedTuple):
    """A group of which only the mean is known, with Student's 95% interval, as tables hold it."""

    mean: float
    low: float
    high: float
    n: int
    """How many values, two or more."""

    @property
    def deviation(self) -> float:
        """Standard deviation of the values: what the interval's half width was made from."""
        quantile = float(stats.t.ppf(0.975, self.n - 1))
        return (self.high - self.low) / 2 / quantile * self.n**0.5


def welch(one: Summary, other: Summary) -> float:
    """Two-sided p of Welch's test for a difference of means; 1 or 0 where neither group varies."""
    if one.deviation == other.deviation == 0:
        return float(one.mean == other.mean)
    found = stats.ttest_ind_from_stats(
        one.mean, one.deviation, one.n, other.mean, other.deviation, other.n, equal_var=False
    )
    return float(found.pvalue)


def welch_of_means(ones: Sequence[Summary], others: Sequence[Summary]) -> float:
    """Two-sided p of a difference of two means of groups' means, each group as weighty as the others on its side.

    Welch, Biometrika 34, 1947: variances add up, and degrees of freedom are Satterthwaite's; of one group on each side
    it is `welch`.  1 or 0 where no group varies.
    """
    sides = [(each, len(side)) for side in (ones, others) for each in side]
    one, other = (float(np.mean([each.mean for each in side])) for side in (ones, others))
    if all(each.deviation == 0 for each, _ in sides):
        return float(math.isclose(one, other, rel_tol=1e-12))  # means are rounded by how many there are
    difference = one - other
    error, degrees = _error((each.deviation**2 / each.n / count**2, each.n) for each, count in sides)
    return float(2 * stats.t.sf(abs(difference) / error, degrees))


def _error(parts: Iterable[tuple[float, int]]) -> tuple[float, float]:
    """Standard error and Satterthwaite's degrees of freedom of a sum whose parts are (variance, values behind it)."""
    shares = list(parts)
    variance = sum(share for share, _ in shares)
    return variance**0.5, variance**2 / sum(share**2 / (n - 1) for share, n in shares)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted for all of them by Holm's procedure (Scandinavian Journal of Statistics 6, 1979), in their order."""
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(adjusted, 1.0)[np.argsort(order, kind="stable")].tolist()
