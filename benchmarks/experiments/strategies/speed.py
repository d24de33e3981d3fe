"""How fast and how good are our strategies beside pymoo's and Optuna's, on the same tables with the same evaluations?

Writes results/strategies/strategy_speed.csv (on the first problem, where only its size matters) and
results/strategies/strategy_hypervolume.csv (on every reported problem of
benchmarks/experiments/strategies/problems.py).  Ours run all seeds in one call, shared out over the cores; the peers
run one seed after the other, as their users run them.  Ours and theirs take turns, so that whatever else the machine
does falls on both. total_s of ours is one call with its compilation, of the peers the sum over seeds; us_per_suggestion
is a median of calls divided by their suggestions, for both.  Run: accelnas reproduce strategy_speed
(needs pip install -e ".[peers]")
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jax
import moocore
import numpy as np
import pandas as pd
from jax.sharding import AxisType, PartitionSpec
from rich.progress import track
from scipy import stats

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.strategies.peers import optuna_sampler, pymoo_nsga2
from benchmarks.experiments.strategies.problems import REPORTED, nas_bench_macro, npu_table
from benchmarks.store.files import write_table
from nas_algos.registry import STRATEGIES
from nas_algos.scan import scan
from nas_algos.strategies.nsga2 import Nsga2Settings, nsga2
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.strategy import Strategy
from nas_algos.tabular import Table, load_table, lookup

Peer = Callable[[Table, int, int], np.ndarray]
Keys = Any  # jax.random keys [seeds]

PEERS: dict[str, Peer] = {
    "pymoo NSGA-II": pymoo_nsga2,
    "Optuna NSGA-II": partial(optuna_sampler, sampler="NSGAIISampler"),
    "Optuna TPE": partial(optuna_sampler, sampler="TPESampler"),
}
TURNS, CALLS = 5, 5  # the calls of a turn follow each other: the first of them finds the caches cold
FEWER_CALLS = {"Optuna TPE": 1}  # one takes as long as all calls of the others together
LEFT_OUT = ("bananas", "optuna")  # trains networks in every round; runs on the host, one seed at a time
TOGETHER = 125  # seeds in one vmap, so that what they compute stays in a core's cache
LONG = 1000  # evaluations of a second row for regularised evolution


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce strategy_speed --set NAME=VALUE` may change."""

    table: Path | None = None
    """In place of the reported problems: a .npz as nas_algos.tabular.load_table reads, or NAS-Bench-Macro's .json."""
    evaluations: int = 300
    """Of each search."""
    seeds: int = 1000
    """Of our strategies, all at once."""
    peer_seeds: int = 100
    """Of the peers, one after the other."""
    tpe_seeds: int = 30
    """Of Optuna's TPE, which takes ten times as long as the others."""
    speed: bool = True
    """Write the first table."""
    hypervolume: bool = True
    """Write the second."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Time all, compare hypervolumes, print and write both tables."""
    missing = [name for name in ("optuna", "pymoo") if find_spec(name) is None]
    if missing:
        raise BenchmarkInputError(f"not installed: {', '.join(missing)}; pip install -e '.[peers]' has both")
    try:
        jax.config.update("jax_num_cpu_devices", os.cpu_count() or 1)
    except RuntimeError:
        raise BenchmarkInputError("strategy_speed runs after others; allowed: first, as it sets up JAX") from None
    problems = [_read(settings.table)] if settings.table else [npu_table(name) for name in REPORTED]
    if settings.speed:
        _write(speeds(problems[0], settings.evaluations, settings.seeds), folder / "strategy_speed.csv")
    if settings.hypervolume:
        counts = dict.fromkeys(PEERS, settings.peer_seeds) | {"Optuna TPE": settings.tpe_seeds}
        rows = [row for problem in problems for row in compared(problem, settings.evaluations, settings.seeds, counts)]
        _write(pd.DataFrame(rows), folder / "strategy_hypervolume.csv")


def _read(path: Path) -> Table:
    return nas_bench_macro(path) if path.suffix == ".json" else load_table(path)


def speeds(table: Table, evaluations: int, seeds: int) -> pd.DataFrame:
    """One row for each of ours that can be traced and each peer, timed in turns; the first turn compiles or imports."""
    plans = [(name, evaluations) for name in STRATEGIES if name not in LEFT_OUT]
    plans.append(("regularised_evolution", LONG))
    ours = {(name, length): _ours(name, table, length, seeds) for name, length in plans}
    calls: dict[tuple[str, int], list[float]] = {}
    for turn in track(range(1 + TURNS), description="in turns"):
        for plan, call in ours.items():
            calls.setdefault(plan, []).extend(_seconds(partial(call, turn)) for _ in range(CALLS))
        for name, peer in PEERS.items():
            length, count = (evaluations, FEWER_CALLS.get(name, CALLS)) if turn else (40, 1)
            if turn <= count:
                times = [_seconds(partial(peer, table, length, CALLS * turn + call)) for call in range(count)]
                calls.setdefault((name, evaluations), []).extend(times)
    rows = []
    for (name, length), seconds in calls.items():
        mine = (name, length) in ours
        count = seeds if mine else len(seconds) - 1  # the first call of a peer is for its imports
        rows.append(
            {
                "strategy": name,
                "evaluations": length,
                "seeds": count,
                "total_s": seconds[0] if mine else sum(seconds[1:]),
                "us_per_suggestion": float(np.median(seconds[1:])) / length / (count if mine else 1) * 1e6,
            }
        )
    return _ratios(pd.DataFrame(rows))


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _ours(name: str, table: Table, evaluations: int, seeds: int) -> Callable[[int], np.ndarray]:
    """All seeds of a search with default settings, as a function of a number."""
    searches = _searches(STRATEGIES[name](table.cardinalities), table, evaluations)
    return lambda number: np.asarray(searches(jax.random.split(jax.random.key(number), seeds)))


def _searches(strategy: Strategy, table: Table, evaluations: int) -> Callable[[Keys], Any]:
    """Scores [seeds, evaluations(, M)] of searches from keys [seeds], a number that the cores can share evenly."""
    evaluate = lookup(table, range(strategy.objectives))
    rounds = -(-evaluations // strategy.batch)
    cores = jax.make_mesh((len(jax.devices()),), ("cores",), axis_types=(AxisType.Auto,))
    share = PartitionSpec("cores")

    def one(key: jax.Array) -> jax.Array:
        return scan(strategy, evaluate, rounds, key).scores[:evaluations]

    def several(keys: jax.Array) -> jax.Array:
        return jax.lax.map(one, keys, batch_size=TOGETHER)

    return jax.jit(jax.shard_map(several, mesh=cores, in_specs=share, out_specs=share, check_vma=False))


def compared(table: Table, evaluations: int, seeds: int, peer_seeds: dict[str, int]) -> list[dict[str, object]]:
    """Rows of hypervolumes on one problem: ours for Pareto fronts with many seeds, then the peers."""
    objectives = table.scores.shape[1]
    ours = {
        "random": random_search(table.cardinalities, RandomSettings(20, objectives)),
        "nsga2": nsga2(table.cardinalities, Nsga2Settings(objectives=objectives)),
    }
    volumes = {
        name: hypervolumes(
            table, np.asarray(_searches(strategy, table, evaluations)(jax.random.split(jax.random.key(0), seeds)))
        )
        for name, strategy in ours.items()
    }
    for name, peer in PEERS.items():
        runs = [peer(table, evaluations, seed) for seed in track(range(peer_seeds[name]), description=name)]
        volumes[name] = hypervolumes(table, np.stack(runs))
    return [_volume_row(table, name, evaluations, values, volumes) for name, values in volumes.items()]


def hypervolumes(table: Table, scores: np.ndarray) -> np.ndarray:
    """Hypervolume of each search's trials, [seeds, n, M], as a share of the true front's: float[seeds]."""
    best = moocore.hypervolume(table.scores[np.isfinite(table.scores).all(1)], ref=table.reference)
    scores = scores.astype(float)
    return np.array([moocore.hypervolume(run[np.isfinite(run).all(1)], ref=table.reference) for run in scores]) / best


def _ratios(speed: pd.DataFrame) -> pd.DataFrame:
    """With how many times faster each is than pymoo, and than the faster of Optuna's samplers."""
    micros = speed.set_index("strategy")["us_per_suggestion"]
    optuna = min(micros[name] for name in PEERS if name.startswith("Optuna"))
    return speed.assign(
        ratio_to_pymoo=micros["pymoo NSGA-II"] / speed["us_per_suggestion"],
        ratio_to_optuna=optuna / speed["us_per_suggestion"],
    )


def _volume_row(
    table: Table, name: str, evaluations: int, values: np.ndarray, volumes: dict[str, np.ndarray]
) -> dict[str, object]:
    """Mean over seeds with its 95% interval (Student's t), and the chance of so low ranks if no worse than pymoo."""
    low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    return {
        "problem": table.name,
        "strategy": name,
        "evaluations": evaluations,
        "seeds": len(values),
        "hypervolume": values.mean(),
        "low": low,
        "high": high,
        "p_worse_than_pymoo": stats.mannwhitneyu(values, volumes["pymoo NSGA-II"], alternative="less").pvalue,
    }


def _write(rows: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, rows, digits=5)
    print(rows.to_string(index=False, float_format=lambda value: f"{value:.5g}"))
