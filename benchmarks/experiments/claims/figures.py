"""Ways to read what was found here from the CSVs of other experiments; a missing file answers nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from typing import Any

from scipy.stats import t

from benchmarks.experiments.claims.rules import Figure
from benchmarks.markdown import rows
from benchmarks.statistics.intervals import mean_interval
from benchmarks.tables.model_rows import keeps
from benchmarks.tables.models import LEAST_SEEDS

Row = dict[str, Any]

TOLERANCE = 0.01
"""By how much quality may be below another's and still count as equal, as in the tables of detection, segmentation."""


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
    return tuple(rows(path))


Source = Callable[[Results], Figure]


def over(values: Iterable[float], basis: str, measured: str) -> Figure:
    """The mean with the least and the most."""
    found = [float(value) for value in values if not math.isnan(value)]
    if not found:
        return Figure()
    return Figure(sum(found) / len(found), min(found), max(found), len(found), basis, measured)


def over_tasks(cells: Iterable[tuple[str, float]], basis: str, measured: str, ratios: bool = False) -> Figure:
    """The mean over tasks of the mean of each one's cells, one an accelerator, with Student's 95% interval of tasks.

    Cells of a task share its networks' trainings and its surrogate: as draws of their own they would make the interval
    too narrow.  ratios: geometric means, so that a cell of large figures counts as much as any other.
    """
    found: dict[str, list[float]] = {}
    for task, value in cells:
        if not math.isnan(value):
            found.setdefault(task, []).append(math.log(value) if ratios else float(value))
    ends = mean_interval([fmean(values) for values in found.values()])
    ours, low, high = (math.exp(each) for each in ends) if ratios else ends
    above = [value > 0 for values in found.values() for value in values]
    note = f"above {'1' if ratios else '0'} in {sum(above)} of {len(above)} cells" if found else ""
    return Figure(ours, low, high, len(found), basis, f"{measured}, mean over tasks; n counts tasks", note=note)


def known_by(rows: Iterable[Row]) -> str:
    """How the quality of all these rows is known at least."""
    return "trained" if all(row["seeds"] for row in rows) else "predicted"


def trained_alike(*rows: Row) -> bool:
    """Whether all these rows' networks have trainings, by one recipe and on one kind of machine: trainings on two end a
    little apart (`accelnas reproduce agreement`).
    """
    how = {(row["recipe"], row.get("trained_on")) for row in rows}
    return all(row["seeds"] for row in rows) and len(how) == 1


def kept(row: Row, name: str = "latency_reduction_pct", asked: int = 1) -> tuple[float, float, float]:
    """A column of a row's network: 0 unless it keeps the quality, 0 unless it surely does, and as it is.

    A table without the columns that say so is held to the tolerance of the others.  asked: networks of which the best
    that surely does is taken, one of which does by chance the sooner the more there are: their intervals are as wide as
    Bonferroni's inequality asks of Student's distribution with the degrees of freedom of the fewer seeds.
    """
    told = row if "keeps_quality" in row else keeps(row, TOLERANCE)
    value, surely = float(row[name]), told["surely_keeps"]
    if asked > 1 and surely:
        difference = row["quality_difference"]
        seeds = [each for each in (row["seeds"], row.get("baseline_seeds", row["seeds"])) if each >= LEAST_SEEDS]
        degrees = min(seeds, default=math.inf) - 1  # of fewer seeds the interval is by what is known of noise
        wider = float(t.ppf(1 - 0.025 / asked, degrees) / t.ppf(0.975, degrees))
        low = difference - wider * (difference - row["quality_difference_low"])
        surely = keeps(row | {"quality_difference_low": low}, TOLERANCE)["surely_keeps"]
    return value if told["keeps_quality"] else 0.0, value if surely else 0.0, value


def at_equal_quality(
    models: Mapping[str, tuple[str, ...]], what: str, name: str = "latency_reduction_pct", most: bool = False
) -> Source:
    """A column of models at equal quality, 0 of one that does not keep it: the most of an accelerator's, and of these
    the mean, or the most.  The ends count those alone that surely keep it (of the most, for all networks at once), and
    all.

    models: by file; where an accelerator has several trained, the best is one of as many.  Only networks with trainings
    of their own count: what a prediction says of them does not tell whether the quality is kept.  There is no figure
    while a network without trainings might change it, as which is trained first would decide: one that might have more,
    and of a mean any on an accelerator without trained ones.  Trainings on two kinds of machine end a little apart: it
    is said where the figure's networks and baselines are so.  Said too are whose the most is, and the figure that there
    would be if no quality had to be kept.
    """

    def source(results: Results) -> Figure:
        rows: list[Row] = [
            row | {"of": file.partition("/")[0]}
            for file, names in models.items()
            for row in results.rows(file)
            if row["model"] in names
        ]
        title = ", ".join(each for names in models.values() for each in names)
        of = "most of any" if most else "mean over accelerators"
        measured = f"{what} by {title} at equal quality (0 where it is not kept), {of}; n counts networks"
        trained = [row for row in rows if row["seeds"]]
        if not trained:
            return Figure(measured=measured, lacking=f"no trainings of {title}" if rows else "")
        best: dict[str, tuple[float, ...]] = {}
        of_each = Counter(row["accelerator"] for row in trained)
        for row in trained:
            where = row["accelerator"]
            values = kept(row, name, len(trained) if most else of_each[where])
            best[where] = tuple(map(max, best.get(where, values), values))
        ours, low, high = (max(values) if most else fmean(values) for values in zip(*best.values(), strict=True))
        waiting = []
        for row in rows:
            known = ours if most else best.get(row["accelerator"], (-math.inf,))[0]
            if not row["seeds"] and row[name] > known:
                waiting.append(f"{row['model']} on {row['accelerator']}")
        if waiting:
            return Figure(measured=measured, lacking=f"no trainings of {', '.join(dict.fromkeys(waiting))}")
        apart = [
            f"{row['model']} on {row['accelerator']} was trained on {row['trained_on']}, its baseline on {machine}"
            for row in trained
            if (machine := row.get("baseline_trained_on", row.get("trained_on"))) != row.get("trained_on")
            if kept(row, name)[0] == (ours if most else best[row["accelerator"]][0]) > 0
        ]
        best_of = [
            f"ours is that of {row['model']} ({row['of']}) on {row['accelerator']}"
            for row in trained
            if most and kept(row, name)[0] == ours > 0
        ]
        notes = (*best_of[:1], *apart, f"whether the quality is kept or not {high:.3g}")
        return Figure(ours, low, high, len(trained), "compiled, trained", measured, note="; ".join(notes))

    return source


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
