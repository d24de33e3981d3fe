"""Differences of means between groups of runs: many against one control, and each with each."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
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


def many_to_one(
    groups: Mapping[str, Sequence[float]], control: str, confidence: float = 0.95, seed: int = 0
) -> dict[str, Contrast]:
    """Each other group against the control, by Dunnett's test, two-sided.

    Dunnett, A Multiple Comparison Procedure for Comparing Several Treatments with a Control, JASA 50, 1955.  The
    intervals hold all at once, their widths to a few per cent, as they are integrated by quasi-Monte Carlo.  It pools
    the groups' variances, which is doubtful where one varies far more than the others.  Where no group varies, p is 1
    for equal means and else 0.  Raises BenchmarkInputError for a control that is no group, and for groups of fewer than
    two values.
    """
    _check(groups)
    if control not in groups:
        raise BenchmarkInputError(f"control is {control[:60]!r}; allowed: {', '.join(groups)}")
    others = {name: np.asarray(values, float) for name, values in groups.items() if name != control}
    if not others:
        return {}
    base = np.asarray(groups[control], float)
    differences = {name: float(values.mean() - base.mean()) for name, values in others.items()}
    if all(np.ptp(values) == 0 for values in (base, *others.values())):
        return {name: Contrast(each, each, each, float(each == 0)) for name, each in differences.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that a group does not vary, whose variance it only pools
        found = stats.dunnett(*others.values(), control=base, rng=seed)
        warnings.simplefilter("ignore", UserWarning)  # that its quasi-Monte Carlo is noisy, which the docstring says
        interval = found.confidence_interval(confidence)
    return {
        name: Contrast(differences[name], float(low), float(high), float(p))
        for name, low, high, p in zip(others, interval.low, interval.high, found.pvalue, strict=True)
    }


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
    shares = [each.deviation**2 / each.n / count**2 for each, count in sides]
    difference = np.mean([each.mean for each in ones]) - np.mean([each.mean for each in others])
    variance = sum(shares)
    if variance == 0:
        return float(difference == 0)
    degrees = variance**2 / sum(share**2 / (each.n - 1) for share, (each, _) in zip(shares, sides, strict=True))
    return float(2 * stats.t.sf(abs(difference) / variance**0.5, degrees))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted for all of them by Holm's procedure (Scandinavian Journal of Statistics 6, 1979), in their order."""
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(adjusted, 1.0)[np.argsort(order, kind="stable")].tolist()
