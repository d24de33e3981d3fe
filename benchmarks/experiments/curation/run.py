"""Does curation help a search, and is it because the space is smaller or because it is better aligned?

Three kinds of space over each task's skeleton, curated, auto-curated and uncurated, and two controls.  Random subsets
of the uncurated space have as many choices as the curated one, decision by decision, but of other channels from the
whole range, and so more different networks.  The shifted space is the curated one with one channel less throughout, so
that only alignment is lost.  All are searched by the same strategy with the same spend and number of searches, on the
task's trained table, for the highest expected quality within the baseline's latency, and again for the least latency at
the baseline's quality.  The searches are shared out over ten draws of the random subset.

Writes results/curation/curation.csv, curation_winners.csv (which networks to train for a live confirmation) and a plot
of each task; run: accelnas reproduce curation.  `accelnas
curate-compare` asks the same of a space of one's own.

quality ... failed_latency: see `searches.Outcome`; the best known quality is that of 2 x 6,400 evaluations by NSGA-II
in each space that networks were trained from, all of which the uncurated one holds, or what a search here found above
that.  latency_ms counts a search that found nothing faster at the baseline's quality with the baseline, which it keeps;
failed_latency says how many found nothing at that quality.  monotone_share: of steps up in the channels of one layer,
those along which latency rises as MACs do, by more than .2%; level_share: along which it changes by no more; both
networks compiled whole, but for accelerators that are a model, whose own latency counts.  estimated_monotone_share: of
the same steps, by the estimator.  --set steps_only=true works these out for the table that is there (half an hour of a
core).  local_minima_share: of sampled networks, those that no change of one decision betters in the objective, every
such change checked; channel_minima_share: that no step up or down in channels or width multiplier betters, whatever a
change of blocks would do; feasible_share: of those within the baseline's latency.  latency_minima_share: of sampled
networks with a neighbour of fewer MACs, those that no step in channels or width multiplier makes faster.  *_low,
*_high: 95% intervals; of random subsets they are over draws.  n_* say of how many.
different_channels_share: of the choices of channels, those that are not the channels of another choice, counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import jax
import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.curation.figures import AIMS, Figures, ManyFigures, asks_of
from benchmarks.experiments.curation.landscape import Shape, shape_of, walks
from benchmarks.experiments.curation.searches import Found, Outcome, Setting, best_so_far, outcome, searcher
from benchmarks.experiments.curation.settings import ACCELERATORS, KINDS, Settings
from benchmarks.experiments.curation.spaces import Subsets, different_channels, subsets_of
from benchmarks.experiments.curation.steps import Steps, compiled_steps
from benchmarks.runtime.console import print_frame
from benchmarks.statistics.intervals import share_interval
from benchmarks.store.files import merge_rows, read_own_csv, write_table
from benchmarks.tables.confirm import CONFIRMED
from benchmarks.tables.design import REFERENCE, table_spaces
from benchmarks.tables.optima import best_within, evaluation_by, searched
from benchmarks.tables.query import TrainedTable, load_table
from hw_model.cost_models import cost_model
from hw_model.vela.accelerators import ETHOS_U
from tasks.spaces.registry import skeleton_for

DRAWS = 10
KNOWN = (6_400, 2)  # evaluations and searches, as the experiment truth has them for large spaces


class Cell:
    """A task's table on an accelerator, and the searches in its spaces; compiled functions are shared by cells."""

    def __init__(self, table: TrainedTable, accelerator: str, compiled: dict[Any, Any]):
        """table: of the uncurated space.  compiled: what was compiled for the task so far, which this adds to."""
        self.table, self.accelerator, self._compiled = table, accelerator, compiled
        estimate, self._ask = cost_model(accelerator).estimate, asks_of(table)
        asked = compiled.setdefault("figures", jax.jit(self._ask))
        self.evaluate = ManyFigures(asked, table.surrogate, estimate)
        genotype = table.space.encode(skeleton_for(table.task).baseline())
        self.baseline = Figures(*(float(each[0]) for each in self.evaluate(np.array([genotype], np.int32))))
        self.setting = Setting(table.surrogate, estimate, self.baseline)

    def best_known(self) -> float:
        """The highest quality within the baseline's latency that long searches find in the spaces that networks were
        trained from: the uncurated one holds all others, in which searches as long find better networks.
        """
        best = -np.inf
        for space in table_spaces(self.table.task):
            table = load_table(self.table.task.name, space)
            for _, scores in searched(table.space.cardinalities, evaluation_by(table, self.accelerator), *KNOWN):
                inside = best_within(scores, self.baseline.latency_ms)
                best = max(best, -float(scores[inside[0], 0])) if len(inside) else best
        return best

    def searches(self, subsets: Subsets, algorithm: str, evaluations: int, count: int, key: jax.Array) -> list[Found]:
        """What is found for each of AIMS."""
        what = (subsets.cardinalities, subsets.has_multiplier)
        if what not in self._compiled:
            self._compiled[what] = searcher(self._ask, algorithm, subsets, evaluations)
        keys = jax.random.split(key, len(AIMS))
        return [
            best_so_far(self._compiled[what], self.setting, aim, subsets, count, own)
            for aim, own in zip(AIMS, keys, strict=True)
        ]


class Study(NamedTuple):
    """Of a task."""

    rows: pd.DataFrame
    """Of curation.csv."""
    winners: pd.DataFrame
    """Of curation_winners.csv."""
    curves: dict[tuple[str, str, str], np.ndarray]
    """By task, accelerator and space the regret after each evaluation, float[searches, evaluations], in per cent, inf
    before anything within the bound was found."""


def study(name: str, settings: Settings, home: Path) -> Study:
    """Search and walk over all spaces of a task on all accelerators."""
    table = load_table(name)
    compiled: dict[Any, Any] = {}
    rows: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    curves = {}
    for accelerator in settings.accelerators:
        draw_key, shape_key, search_key = _keys(name, accelerator)
        cell = Cell(table, accelerator, compiled)
        spaces = subsets_of(table.task, accelerator, settings.spaces, min(DRAWS, settings.searches), draw_key)
        best: dict[str, list[Found]] = {}
        for kind, subsets in spaces.items():
            started = time.perf_counter()
            own = jax.random.fold_in(search_key, KINDS.index(kind))
            best[subsets.name] = cell.searches(
                subsets, settings.algorithm, settings.evaluations, settings.searches, own
            )
            took = time.perf_counter() - started
            print(f"{name} {accelerator} {subsets.name}: searched in {took:.0f} s", flush=True)
        known = max(cell.best_known(), *(float(found[0].best.max()) for found in best.values()))
        for kind, subsets in spaces.items():
            started = time.perf_counter()
            own, steps_key = jax.random.split(jax.random.fold_in(shape_key, KINDS.index(kind)))
            shape = shape_of(
                subsets, cell.table.space, cell.evaluate, cell.baseline, settings.points, settings.walked, own
            )
            quality, latency = best[subsets.name]
            found = outcome(quality.best, latency.best, known, cell.baseline.latency_ms, subsets.draws)
            compiled_columns = step_columns(cell, subsets, settings.compiled, home, steps_key)
            first = {"task": name, "accelerator": accelerator, "space": subsets.name, "searches": settings.searches}
            last = {"algorithm": settings.algorithm, "evaluations": settings.evaluations, "draws": subsets.draws}
            last |= {"best_known_quality": known, "baseline_quality": cell.baseline.quality}
            last |= {"baseline_latency_ms": cell.baseline.latency_ms}
            rows.append(_row(first, subsets, found, shape) | last | compiled_columns)
            curves[name, accelerator, subsets.name] = 100 * (1 - quality.best / known)
            if accelerator == REFERENCE:
                kept += _winners(first, settings.algorithm, quality)
            took = time.perf_counter() - started
            print(f"{name} {accelerator} {subsets.name}: walked in {took:.0f} s", flush=True)
    return Study(pd.DataFrame(rows), pd.DataFrame(kept), curves)


def _keys(task: str, accelerator: str) -> jax.Array:
    """For draws of the random subset, shapes and searches; the same whichever cells are done beside it, and another for
    each, as tasks that share their luck are no independent ones.
    """
    number = ACCELERATORS.index(accelerator) if accelerator in ACCELERATORS else crc32(accelerator.encode())
    of_task = jax.random.fold_in(jax.random.key(0), crc32(task.encode()))
    return jax.random.split(jax.random.fold_in(of_task, number), 3)


def step_columns(cell: Cell, subsets: Subsets, count: int, home: Path, key: jax.Array) -> dict[str, Any]:
    """Columns of steps that are compiled; none for an accelerator that is a model."""
    if cell.accelerator not in ETHOS_U:
        return {}
    what = (subsets, cell.table.space, cell.evaluate, cell.accelerator)
    return compiled_steps(*what, count, home, key).columns()


def compile_steps(settings: Settings, home: Path, file: Path) -> pd.DataFrame:
    """The table on file with the columns of steps worked out anew, compiled ones, or a model's.

    Raises BenchmarkInputError where there is none.
    """
    if not file.exists():
        raise BenchmarkInputError(f"no {file}; run without steps_only first")
    rows = read_own_csv(file).to_dict("records")
    for name in settings.tasks:
        table = load_table(name)
        compiled: dict[Any, Any] = {}
        for accelerator in settings.accelerators:
            draw_key, shape_key, _ = _keys(name, accelerator)
            cell = Cell(table, accelerator, compiled)
            spaces = subsets_of(table.task, accelerator, settings.spaces, min(DRAWS, settings.searches), draw_key)
            for kind, subsets in spaces.items():
                own, steps_key = jax.random.split(jax.random.fold_in(shape_key, KINDS.index(kind)))
                found = step_columns(cell, subsets, settings.compiled, home, steps_key)
                if not found:
                    walked = walks(subsets, cell.table.space, cell.evaluate, settings.walked, own)
                    found = Steps(walked["moves"], walked["monotone"], walked["level"], walked["monotone"]).columns()
                for row in rows:
                    if (row["task"], row["accelerator"], row["space"]) == (name, accelerator, subsets.name):
                        row.update(found)
    whole = pd.DataFrame(rows)
    write_table(file, whole)
    return whole


def _winners(first: Mapping[str, Any], algorithm: str, quality: Found) -> Iterator[dict[str, Any]]:
    """What CONFIRMED of the searches found, spread over all so that they are of different random subsets."""
    count = len(quality.best)
    for search in np.linspace(0, count, min(CONFIRMED, count), endpoint=False).astype(int).tolist():
        expected = float(quality.best[search, -1])
        if np.isfinite(expected):
            yield {
                **{name: first[name] for name in ("task", "accelerator", "space")},
                **{"algorithm": algorithm, "search": search},
                "genotype": " ".join(map(str, quality.genotypes[search].tolist())),
                "expected_quality": expected,
            }


def _row(first: Mapping[str, Any], subsets: Subsets, found: Outcome, shape: Shape) -> dict[str, Any]:
    shares = {
        "monotone_share": (shape.monotone, shape.moves),
        "local_minima_share": (shape.minima, shape.points),
        "level_share": (shape.level, shape.moves),
        "feasible_share": (shape.feasible, shape.points),
        "latency_minima_share": (shape.latency_minima, shape.latency_points),
        "channel_minima_share": (shape.channel_minima, shape.points),
    }
    counted = {name: part.sum() / max(whole.sum(), 1) for name, (part, whole) in shares.items()}
    intervals = {}
    for name, (part, whole) in shares.items():
        low, high = share_interval(part.tolist(), whole.tolist())
        intervals |= {f"{name}_low": low, f"{name}_high": high}
    counts = {"n_moves": shape.moves, "n_points": shape.points, "n_latency_points": shape.latency_points}
    counts = {name: int(count.sum()) for name, count in counts.items()}
    size: dict[str, float] = {"log10_size": float(np.log10(np.array(subsets.cardinalities, float)).sum())}
    size["different_channels_share"], size["n_channels"] = different_channels(subsets)
    estimated = {"estimated_monotone_share": counted["monotone_share"]}
    return {**first, **found._asdict(), **counted, **intervals, **counts, **size, **estimated}


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Search and walk over all spaces of all tasks on all accelerators, print and write the table and the plots."""
    from benchmarks.experiments.curation.plot import write_plot

    folder.mkdir(parents=True, exist_ok=True)
    if settings.steps_only:
        steps = compile_steps(settings, home, folder / "curation.csv")
        shown = ["task", "accelerator", "space", "monotone_share", "estimated_monotone_share", "n_moves"]
        print_frame(pd.DataFrame(steps[shown]))
        return
    parts, winners = [], []
    for name in settings.tasks:
        found = study(name, settings, home)
        write_plot(found.curves, folder / f"curation_{name}.png")
        parts.append(found.rows)
        winners.append(found.winners)
    table = merge_rows(folder / "curation.csv", pd.concat(parts, ignore_index=True), ("task", "accelerator"))
    merge_rows(folder / "curation_winners.csv", pd.concat(winners, ignore_index=True), ("task", "accelerator"))
    shown = ["task", "accelerator", "space", "quality", "regret", "evaluations_to_5pct", "success_rate", "latency_ms"]
    print(pd.DataFrame(table[shown]).to_string(index=False, float_format="%.4g"))
