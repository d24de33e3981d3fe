"""What was found here of each claim, read from the CSVs of other experiments; a missing file answers nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from benchmarks.experiments.claims.rules import Figure

Row = dict[str, Any]

COUNTS = ("macs", "params", "depth")
"""Scores that look at no network."""


@dataclass(frozen=True)
class Results:
    """The folder that the CSVs are in."""

    folder: Path

    def rows(self, name: str, **wanted: Any) -> list[Row]:
        """The rows of a file where columns are what is wanted; none where there is no such file."""
        return [row for row in _rows(self.folder / name) if all(row.get(key) == value for key, value in wanted.items())]


@lru_cache(maxsize=32)
def _rows(path: Path) -> tuple[Row, ...]:
    if not path.exists():
        return ()
    return tuple({str(key): value for key, value in row.items()} for row in pd.read_csv(path).to_dict("records"))


Source = Callable[[Results], Figure]


def over(values: Iterable[float], basis: str, measured: str) -> Figure:
    """The mean with the least and the most."""
    found = [float(value) for value in values if not math.isnan(value)]
    if not found:
        return Figure()
    return Figure(sum(found) / len(found), min(found), max(found), len(found), basis, measured)


def known_by(rows: Iterable[Row]) -> str:
    """How the quality of all these rows is known at least."""
    return "trained" if all(row["seeds"] for row in rows) else "predicted"


def kept(row: Row) -> tuple[float, float]:
    """Per cent of latency that a row's network saves: 0 unless it keeps the quality, and 0 unless it surely does."""
    saved = row["latency_reduction_pct"]
    return saved if row["keeps_quality"] else 0.0, saved if row["surely_keeps"] else 0.0


def reductions(file: str, models: tuple[str, ...], most: bool = False) -> Source:
    """Latency saved at equal quality by a table's models, mean over accelerators, or the most of all rows.

    Of a model that does not keep the quality it is 0.  The ends count those alone that surely keep it, and all.
    """

    def source(results: Results) -> Figure:
        rows = [row for row in results.rows(file) if row["model"] in models]
        if not rows:
            return Figure()
        saved, sure = zip(*map(kept, rows), strict=True)
        every = [row["latency_reduction_pct"] for row in rows]
        of, title = (max, "the most of any") if most else (fmean, "mean over accelerators")
        what = f"per cent of latency that {', '.join(models)} saves at equal quality (0 where it is not kept), {title}"
        return Figure(of(saved), of(sure), of(every), len(rows), f"compiled, {known_by(rows)}", what)

    return source


def largest_reduction(results: Results) -> Figure:
    """The most that any table's model saves."""
    parts = [
        reductions("detection/detection.csv", ("V1", "V2", "V3"), most=True)(results),
        reductions("segmentation/segmentation.csv", tuple(f"Model {letter}" for letter in "ABCDE"), most=True)(results),
    ]
    best = max(parts, key=lambda each: -math.inf if math.isnan(each.ours) else each.ours)
    return best._replace(
        low=max((p.low for p in parts if not math.isnan(p.low)), default=math.nan), n=sum(p.n for p in parts)
    )


def column(file: str, name: str, basis: str, measured: str, **wanted: Any) -> Source:
    """A column of some rows: mean, least and most."""
    return lambda results: over((row[name] for row in results.rows(file, **wanted)), basis, measured)


def paired(file: str, name: str, key: tuple[str, ...], one: Row, other: Row, basis: str, measured: str) -> Source:
    """Differences of a column between two kinds of rows that agree in the key, columns of which a file may lack some:
    mean, least and most.
    """

    def source(results: Results) -> Figure:
        others = {tuple(row.get(k) for k in key): row[name] for row in results.rows(file, **other)}
        pairs = [(row[name], tuple(row.get(k) for k in key)) for row in results.rows(file, **one)]
        return over((value - others[where] for value, where in pairs if where in others), basis, measured)

    return source


def saves_more(one: str, other: str) -> Source:
    """Points of per cent of latency that a model of detection saves more than another, both at equal quality: mean over
    accelerators, least and most; at the lower end the first counts only where it surely keeps the quality.
    """

    def source(results: Results) -> Figure:
        others = {row["accelerator"]: row for row in results.rows("detection/detection.csv", model=other)}
        rows = results.rows("detection/detection.csv", model=one)
        pairs = [(row, others[row["accelerator"]]) for row in rows if row["accelerator"] in others]
        found = over(
            (kept(row)[0] - kept(base)[0] for row, base in pairs),
            f"compiled, {known_by(row for pair in pairs for row in pair)}",
            f"points of per cent that {one} saves more than {other}, at equal quality",
        )
        return found._replace(low=min(kept(row)[1] - kept(base)[0] for row, base in pairs)) if pairs else found

    return source


def falling(row: Row) -> float:
    """Share of steps up in channels that lower a space's latency."""
    return max(1 - row["monotone_share"] - row["level_share"], 0.0)  # rounding


def falling_steps(results: Results) -> Figure:
    """Of the uncurated spaces."""
    rows = results.rows("curation/curation.csv", space="uncurated")
    return over(map(falling, rows), "estimated", "share of steps up in channels that lower latency, uncurated")


def _curated_and_not(results: Results) -> list[tuple[Row, Row]]:
    """Rows of the curated and of the uncurated space, by task and accelerator."""
    file = "curation/curation.csv"
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


def fused_early(results: Results) -> Figure:
    """Per cent of latency saved where the first block is fused, at its best expansion of those with more MACs."""
    file, found = "skeletons/skeletons.csv", dict[tuple[str, str], list[float]]()
    base = {(row["task"], row["accelerator"]): row["macs"] for row in results.rows(file, decision="baseline")}
    for row in results.rows(file, decision="block_1_1"):
        where = row["task"], row["accelerator"]
        if row["macs"] > base[where]:
            found.setdefault(where, []).append(row["latency_reduction_pct"])
    what = "per cent of latency saved by fusing the first block, at its best expansion of those with more MACs"
    return over((max(values) for values in found.values()), "compiled", what)


def fused_late(results: Results) -> Figure:
    """Per cent of latency saved where a block of the last stage is fused at the baseline's expansion, the best one."""
    rows = [row for row in results.rows("skeletons/skeletons.csv") if str(row["decision"]).startswith("block_")]
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        last = max(
            str(other["decision"]) for other in rows if other["task"] == row["task"] and "_up_" not in other["decision"]
        )[:-1]
        if row["decision"].startswith(last) and row["choice"] == "fused_ibn_6":
            found.setdefault((row["task"], row["accelerator"]), []).append(row["latency_reduction_pct"])
    what = "per cent of latency saved by fusing blocks of the last stage, best of them"
    return over((max(values) for values in found.values()), "compiled", what)


def macs_of_fusion(results: Results) -> Figure:
    """Per cent by which V2's networks have more MACs than the baseline."""
    base = {row["accelerator"]: row for row in results.rows("detection/detection.csv", model="Baseline")}
    rows = results.rows("detection/detection.csv", model="V2")
    return over(
        (100 * (row["macs"] / base[row["accelerator"]]["macs"] - 1) for row in rows),
        "counted",
        "per cent more MACs of V2's networks",
    )


def interaction(results: Results) -> Figure:
    """Points by which V3 saves more than V1 and V2 would together if their effects were independent, all at equal
    quality; at the lower end V3 counts only where it surely keeps it.
    """
    file = "detection/detection.csv"
    rows = {model: {row["accelerator"]: row for row in results.rows(file, model=model)} for model in ("V1", "V2", "V3")}
    found, sure = list[float](), list[float]()
    for accelerator, row in rows["V3"].items():
        if accelerator in rows["V1"] and accelerator in rows["V2"]:
            left = [1 - kept(rows[model][accelerator])[0] / 100 for model in ("V1", "V2")]
            apart = 100 * (1 - math.prod(left))
            both = kept(row)
            found.append(both[0] - apart)
            sure.append(both[1] - apart)
    figure = over(
        found,
        f"compiled, {known_by(row for each in rows.values() for row in each.values())}",
        "points of per cent that V3 saves beyond 1 - (1 - V1)(1 - V2), at equal quality",
    )
    return figure._replace(low=min(sure)) if sure else figure


def transferred(target: str) -> Source:
    """Quality that the detector's network has less than the target's baseline, the ends of the widest intervals."""

    def source(results: Results) -> Figure:
        rows = results.rows("transfer/transfer.csv", target=target, model="As it is")
        found = over(
            (row["quality_difference"] for row in rows), known_by(rows), f"quality of V3's encoder on {target}"
        )
        if not rows:
            return found
        low = min(row["quality_difference_low"] for row in rows)
        return found._replace(low=low, high=max(row["quality_difference_high"] for row in rows))

    return source


def larger_at_equal_latency(results: Results) -> Figure:
    """Quality gained at the baseline's latency, the ends of the widest intervals."""
    rows = [row for row in results.rows("iso_latency/iso_latency.csv") if row["model"] != "Baseline"]
    basis = f"compiled, {known_by(rows)}"
    found = over((row["quality_difference"] for row in rows), basis, "quality gained at equal latency")
    if not rows:
        return found
    return found._replace(
        low=min(row["quality_difference_low"] for row in rows), high=max(row["quality_difference_high"] for row in rows)
    )


def gpu_days(results: Results) -> Figure:
    """GPU-days of a multi-shot search of 300 trainings."""
    rows = results.rows("head_to_head/head_to_head_ledger.csv", family="multi-shot", budget=300)
    days = [row["seconds"] / 86_400 for row in rows if "NVIDIA" in row["machine"]]
    return over(days, "modelled", "GPU-days of 300 trainings, by FLOPs at the tables' own rate")


def score_speed(results: Results) -> Figure:
    """Networks that a score evaluates in the time of one training, over detection's scores."""
    seconds = [row["core_seconds"] for row in results.rows("tables/recipes.csv", task="detection", recipe="search")]
    rows = results.rows("zero_shot/zero_shot.csv", task="detection")
    return over(
        (row["scores_per_s"] * seconds[0] for row in rows if seconds and row["score"] not in COUNTS),
        "measured",
        "networks scored in the time of one training, scores of detection",
    )


def against_random(other: str, budget: int) -> Source:
    """Regret that a contender saves against another, mean over cells with its interval."""

    def source(results: Results) -> Figure:
        for row in results.rows("head_to_head/head_to_head_differences.csv", budget=budget, algorithm=other):
            if row["other"] == "baseline_genetic":
                return Figure(
                    *(row["difference"], row["low"], row["high"], 9_000),
                    *(
                        "predicted",
                        f"per cent of regret saved by starting from the baseline, no expert, {budget} trainings",
                    ),
                )
        return Figure()

    return source


def users_kwh(results: Results) -> Figure:
    """kWh a year of a million users, by the stated factors."""
    rows = results.rows("sustainability/sustainability.csv", quantity="difference of all users")
    return over(
        (row["value"] for row in rows), "modelled", "kWh a year of a million users, our detector, stated factors"
    )


def nothing(results: Results) -> Figure:
    """No part of this project answers."""
    return Figure()
