"""The tables of a contest: a row for each search, and one for each contender.

quality, quality_low, quality_high: mean over searches of the winner's mean quality on test examples, trained anew, with
Student's 95% interval over searches.  latency_ms: mean of the winners', compiled whole where there is a compiler.
within_bound: share of them within the latency bound by that cost (of one search: whether its winner is); the searches
go by the cost model.  trainings, example_passes, train_flops, wall_s, kwh: of one search, means; winners' trainings are
not in them.  wall_s: seconds of one core.  kwh: those at WATTS_PER_CORE, a stated model, not a measurement.
hypervolume: of (quality, latency over the bound) of each winner against the point (0, 2), mean over searches: a network
of quality 1 and no latency has 2.  p_value: Welch's t-test of the searches' qualities against those of random search,
two-sided; p_adjusted: the same with false discovery rate controlled over the task's contenders (Benjamini and
Hochberg).  With so few searches only large
differences can be told from none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import moocore
import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.experiments.head_to_head.contest import Contest
from benchmarks.experiments.head_to_head.run import Evaluated
from benchmarks.statistics.intervals import mean_interval

# a server's core under load, with its share of memory and losses of the power supply
WATTS_PER_CORE = 15.0
JOULES_PER_KWH = 3.6e6
REFERENCE = (0.0, 2.0)  # quality, and latency over its bound
KEY = ("task", "accelerator", "algorithm")
REFERENCE_ALGORITHM = "random"


def searches_table(contest: Contest, evaluated: Sequence[Evaluated]) -> pd.DataFrame:
    """A row for each search."""
    return pd.DataFrame([_search_row(contest, each) for each in evaluated])


def contenders_table(searches: pd.DataFrame) -> pd.DataFrame:
    """A row for each contender, from the rows of its searches."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in searches.to_dict("records"):
        groups.setdefault(tuple(row[name] for name in KEY), []).append({str(name): row[name] for name in row})
    p_values = {key: _p_value(groups, key) for key in groups}
    adjusted = dict.fromkeys(groups, math.nan)
    for contest in {key[:2] for key in groups}:
        tested = [key for key, p in p_values.items() if key[:2] == contest and math.isfinite(p)]
        if tested:
            corrected = stats.false_discovery_control([p_values[key] for key in tested])
            adjusted |= dict(zip(tested, map(float, corrected), strict=True))
    rows = [
        _contender_row(rows) | {"p_value": p_values[key], "p_adjusted": adjusted[key]} for key, rows in groups.items()
    ]
    return pd.DataFrame(rows)


def curves_table(contest: Contest, evaluated: Sequence[Evaluated]) -> pd.DataFrame:
    """The anytime curves: best quality so far, as the search saw it, after so many example passes."""
    return pd.DataFrame(
        [
            {**_who(contest, each), "example_passes": passes, "best_seen": quality}
            for each in evaluated
            for passes, quality in each.winner.curve
        ],
        columns=pd.Index([*KEY, "family", "seed", "example_passes", "best_seen"]),
    )


def _who(contest: Contest, each: Evaluated) -> dict[str, Any]:
    names = (contest.spec.task.name, contest.spec.accelerator, each.contender.name)
    return dict(zip(KEY, names, strict=True)) | {"family": each.contender.family, "seed": each.seed}


def _search_row(contest: Contest, each: Evaluated) -> dict[str, Any]:
    spend, latency = each.winner.spend, float(each.cost.latency_ms)
    quality = float(np.mean(each.qualities)) if each.qualities else math.nan
    bound = contest.spec.bounds.get("latency_ms", math.nan)
    return {
        **_who(contest, each),
        "space": contest.spec.space.name,
        "metric": contest.spec.task.metric,
        "quality": quality,
        "final_trainings": len(each.qualities),
        "seen_by_search": each.winner.quality,
        "latency_ms": latency,
        "latency_bound_ms": bound,
        "within_bound": latency <= bound,
        "peak_activation_bytes": float(each.cost.peak_activation_bytes),
        "param_bytes": float(each.cost.param_bytes),
        "macs": float(each.cost.macs),
        "trainings": spend.trainings,
        "example_passes": spend.example_passes,
        "train_flops": spend.training_flops,
        "wall_s": spend.seconds,
        "kwh": spend.seconds * WATTS_PER_CORE / JOULES_PER_KWH,
        "hypervolume": _hypervolume(quality, latency / bound),
        "budget_passes": contest.spec.passes,
    }


def _hypervolume(quality: float, share: float) -> float:
    if not (math.isfinite(quality) and math.isfinite(share)):
        return math.nan
    return float(moocore.hypervolume(np.array([[-quality, share]]), ref=[-REFERENCE[0], REFERENCE[1]]))


def _contender_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    first = rows[0]
    mean, low, high = mean_interval([row["quality"] for row in rows if math.isfinite(row["quality"])])

    def average(name: str) -> float:
        return float(np.mean([row[name] for row in rows]))

    return {
        **{name: first[name] for name in (*KEY, "family")},
        "seeds": len(rows),
        **{name: average(name) for name in ("trainings", "example_passes", "train_flops", "wall_s", "kwh")},
        "quality": mean,
        "quality_low": low,
        "quality_high": high,
        "latency_ms": average("latency_ms"),
        "within_bound": float(np.mean([row["latency_ms"] <= row["latency_bound_ms"] for row in rows])),
        "hypervolume": average("hypervolume"),
        "seen_by_search": average("seen_by_search"),
        "metric": first["metric"],
        "space": first["space"],
        "budget_passes": first["budget_passes"],
    }


def _p_value(groups: Mapping[tuple[Any, ...], list[dict[str, Any]]], key: tuple[Any, ...]) -> float:
    """Of one contender's searches against the same task's and accelerator's random ones."""
    own, other = (
        [row["quality"] for row in groups.get(name, []) if math.isfinite(row["quality"])]
        for name in (key, (*key[:2], REFERENCE_ALGORITHM))
    )
    if key[2] == REFERENCE_ALGORITHM or min(len(own), len(other)) < 2:
        return math.nan
    return float(np.asarray(stats.ttest_ind(own, other, equal_var=False)[1]))
