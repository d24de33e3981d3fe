"""What the article says of curated search spaces."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import fmean

from benchmarks.experiments.claims.claim import ESTIMATOR, Claim
from benchmarks.experiments.claims.figures import Results, Row, Source, over, paired
from benchmarks.experiments.claims.rules import Figure

CURATION = "curation/curation.csv"
CURATING = "Search space curation"


def falling(row: Row) -> float:
    """Share of steps up in channels that lower a space's latency."""
    return max(1 - row["monotone_share"] - row["level_share"], 0.0)  # rounding


def falling_steps(results: Results) -> Figure:
    """Of the uncurated spaces."""
    rows = results.rows(CURATION, space="uncurated")
    return over(map(falling, rows), "estimated", "share of steps up in channels that lower latency, uncurated")


def _curated_and_not(results: Results) -> list[tuple[Row, Row]]:
    """Rows of the curated and of the uncurated space, by task and accelerator."""
    file = CURATION
    others = {(row["task"], row["accelerator"]): row for row in results.rows(file, space="uncurated")}
    found = [(row, others.get((row["task"], row["accelerator"]))) for row in results.rows(file, space="curated")]
    return [(row, other) for row, other in found if other is not None]


def fewer_falling_steps(results: Results) -> Figure:
    """What falls less often in the curated space."""
    values = (falling(other) - falling(row) for row, other in _curated_and_not(results))
    return over(values, "estimated", "fewer of the steps up in channels that lower latency, uncurated less curated")


def curated_gain(name: str, ends: tuple[str, str], low_is_better: bool, measured: str) -> Source:
    """What the curated space has more of a column than the uncurated one, mean over tasks and accelerators; the ends
    from the two intervals, errors taken as independent, the least and most of all rows.

    ends: columns of the interval.  low_is_better: take it the other way round.
    """

    def source(results: Results) -> Figure:
        sign = -1 if low_is_better else 1
        return _gains(
            (
                (sign * (row[name] - base[name]), [(each[ends[1]] - each[ends[0]]) / 2 for each in (row, base)])
                for row, base in _curated_and_not(results)
            ),
            measured,
        )

    return source


def steadier(results: Results) -> Figure:
    """How much less searches of the curated space differ in where they end; of a standard deviation over n searches the
    interval is 1.96 of its own error, s / sqrt(2 (n - 1)).
    """
    return _gains(
        (
            (
                base["spread"] - row["spread"],
                [1.959964 * each["spread"] / math.sqrt(2 * (each["searches"] - 1)) for each in (row, base)],
            )
            for row, base in _curated_and_not(results)
        ),
        "standard deviation of where searches end, uncurated less curated",
    )


def _gains(differences: Iterable[tuple[float, list[float]]], measured: str) -> Figure:
    """The mean of differences; ends of the widest intervals, of which each is given the half widths that it is of."""
    found = [(value, math.hypot(*halves)) for value, halves in differences]
    if not found:
        return Figure()
    mean = fmean(value for value, _ in found)
    low, high = min(v - half for v, half in found), max(v + half for v, half in found)
    return Figure(mean, low, high, len(found), "predicted", measured)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "accelerator-aware cost goes up and down where MACs go one way",
        f"{CURATING}: However, the inclusion of accelerator-aware constraints",
        math.nan,
        "above",
        falling_steps,
        CURATION,
        begins=0.0,
    ),
    Claim(
        "the curated space is more monotone",
        f"{CURATING}: During the optimization process, they resulted in",
        math.nan,
        "above",
        fewer_falling_steps,
        CURATION,
        begins=0.0,
    ),
    Claim(
        "searches of the curated space converge faster",
        f"{CURATING}: During the optimization process, they resulted in a faster convergence rate",
        math.nan,
        "above",
        curated_gain(
            *("expected_evaluations", ("expected_low", "expected_high"), True),
            "fewer evaluations until within 5% of the best known, curated than uncurated",
        ),
        CURATION,
        begins=0.0,
    ),
    Claim(
        "searches of the curated space are more stable",
        f"{CURATING}: During the optimization process, they resulted in (stability)",
        math.nan,
        "above",
        steadier,
        CURATION,
        begins=0.0,
    ),
    Claim(
        "searches of the curated space are more reliable",
        f"{CURATING}: During the optimization process, they resulted in (reliability)",
        math.nan,
        "above",
        curated_gain(
            *("success_rate", ("success_low", "success_high"), False),
            "more of the searches end within 5% of the best known, curated than uncurated",
        ),
        CURATION,
        begins=0.0,
    ),
    Claim(
        "a regression on parts, accumulated, gives the model's latency (better than MACs do)",
        f"{CURATING}: At inference time, the estimator would decompose",
        math.nan,
        "above",
        paired(
            *(
                ESTIMATOR,
                "kendall_tau",
                ("accelerator", "set"),
                {"method": "estimator", "set": "general"},
                {"method": "macs", "set": "general"},
            ),
            *("compiled", "Kendall's tau with compiled latency, estimator less MACs"),
        ),
        ESTIMATOR,
        begins=0.0,
    ),
)
