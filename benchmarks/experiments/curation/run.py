"""Does curation help a search, and is it because the space is smaller or because it is better aligned?

Three kinds of space over the detection skeleton, curated, auto-curated and uncurated, and two controls.  Random subsets
of the uncurated space are exactly as large as the curated one, decision by decision, but have other channels from the
whole range.  The shifted space is the curated one with one channel less throughout, so that only alignment is lost.
All are searched by the same strategy with the same spend and number of seeds, costs only, for the least latency with
no less MACs and parameters than the baseline has (benchmarks/experiments/curation/costs.py).  The seeds are shared out
over ten draws of the random subset.

Writes results/curation/curation.csv and curation.png; run: accelnas reproduce curation.  What the spaces but the
shifted one come to when they are searched with trainings instead is `benchmarks.experiments.curation.trained`.

evaluations_to_5pct, expected_evaluations, success_rate, spread: see `searches.Outcome`; the best known latency is
the least that any search in any of the spaces found.  monotone_share: of steps up in the channels of one layer, those
along which latency rises as MACs do, by more than .2%; level_share: along which it changes by no more.
local_minima_share: of sampled networks, those
that no change of one decision betters in the objective, every such change checked; channel_minima_share: that no step
up or down in channels or width multiplier betters, whatever a change of blocks would do; feasible_share: of the
networks that meet the floors.  latency_minima_share: of sampled networks with a neighbour of fewer MACs, those that no
step in channels or width multiplier makes faster.  *_low, *_high: 95% intervals; of random subsets they are over draws.
n_* say of how many.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.experiments.curation.costs import Floors
from benchmarks.experiments.curation.landscape import Shape, shape_of
from benchmarks.experiments.curation.searches import Outcome, best_latency_ms, outcome, searcher
from benchmarks.experiments.curation.settings import Settings
from benchmarks.experiments.curation.spaces import Subsets, shifted, spaces_of, stacked, subset_of
from benchmarks.search.many_costs import ManyCosts, compile_costs
from benchmarks.search.problem import baseline_blocks, space_for
from benchmarks.statistics.intervals import share_interval
from benchmarks.store.files import write_table
from hw_model.cost import Estimate
from hw_model.predict import cost_model
from hw_model.workload import workload_from_chains
from tasks.registry import make_task
from tasks.spaces.registry import skeleton_for
from tasks.task import Task

DRAWS = 10


def floors_of(task: Task, accelerator: str) -> Floors:
    """The baseline's costs by the same model that evaluates all others."""
    found: Estimate = cost_model(accelerator).estimate(workload_from_chains([baseline_blocks(task)], 32))
    return Floors(*(float(value[0]) for value in (found.cost.macs, found.cost.param_bytes, found.cost.latency_ms)))


def study(
    accelerators: tuple[str, ...], algorithm: str, evaluations: int, seeds: int, points: int, walked: int
) -> tuple[pd.DataFrame, dict[tuple[str, str], np.ndarray]]:
    """The table; and for each accelerator and space the best latency so far over the best known.

    The latter is float[seeds, evaluations].
    """
    task = make_task("detection")
    uncurated = space_for(task, "uncurated", accelerators[0])
    searchers: dict[Any, Any] = {}
    compiled = compile_costs(uncurated)
    rows, curves = [], {}
    for number, accelerator in enumerate(accelerators):
        draw_key, shape_key, search_key = jax.random.split(jax.random.fold_in(jax.random.key(0), number), 3)
        floors, estimate = floors_of(task, accelerator), cost_model(accelerator).estimate
        evaluator = ManyCosts(compiled, estimate)
        best: dict[str, np.ndarray] = {}
        made = spaces_of(task, accelerator, min(DRAWS, seeds), draw_key)
        spaces = [stacked([subset_of(space, skeleton_for(task)) for space in several]) for several in made.values()]
        spaces.append(shifted(spaces[0]))
        for place, subsets in enumerate(spaces):
            started = time.perf_counter()
            what = (subsets.cardinalities, subsets.has_multiplier)
            if what not in searchers:
                searchers[what] = searcher(uncurated, algorithm, subsets, evaluations)
            best[subsets.name] = best_latency_ms(
                searchers[what], estimate, subsets, floors, seeds, jax.random.fold_in(search_key, place)
            )
            print(f"{accelerator} {subsets.name}: searched in {time.perf_counter() - started:.0f} s", flush=True)
        known = min(float(run[:, -1].min()) for run in best.values())
        for place, subsets in enumerate(spaces):
            started = time.perf_counter()
            shape = shape_of(subsets, evaluator, floors, points, walked, jax.random.fold_in(shape_key, place))
            found = outcome(best[subsets.name], known, subsets.draws)
            told = {"algorithm": algorithm, "evaluations": evaluations, "draws": subsets.draws}
            rows.append(_row(accelerator, subsets, seeds, found, shape) | told | {"best_known_ms": known})
            curves[accelerator, subsets.name] = best[subsets.name] / known
            print(f"{accelerator} {subsets.name}: walked in {time.perf_counter() - started:.0f} s", flush=True)
    return pd.DataFrame(rows), curves


def _row(accelerator: str, subsets: Subsets, seeds: int, found: Outcome, shape: Shape) -> dict[str, Any]:
    first = {"accelerator": accelerator, "space": subsets.name, "seeds": seeds}
    named = {name: getattr(found, name) for name in ("evaluations_to_5pct", "success_rate", "spread")}
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
    size = {"log10_size": float(np.log10(np.array(subsets.cardinalities, float)).sum())}
    return first | named | counted | {**found._asdict(), **named} | intervals | counts | size


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Search and walk over all spaces on all accelerators, print and write the table and the plot."""
    folder.mkdir(parents=True, exist_ok=True)
    from benchmarks.experiments.curation.plot import write_plot

    table, curves = study(
        settings.accelerators,
        settings.algorithm,
        settings.evaluations,
        settings.seeds,
        settings.points,
        settings.walked,
    )
    write_table(folder / "curation.csv", table, digits=5)
    write_plot(curves, table, folder / "curation.png")
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
