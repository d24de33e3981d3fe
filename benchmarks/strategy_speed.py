"""How fast and how good are our strategies beside pymoo's and Optuna's, on the same table with the same evaluations?

Writes results/strategy_speed.csv and results/strategy_hypervolume.csv.  The default table is synthetic and says so in
its name: it serves speed, where only its size matters.  Give a real one with --table.  Ours run all seeds at once on
all cores, the peers one after the other as their users run them; total_s of ours is one call with its compilation,
of the peers the sum over seeds, and us_per_suggestion comes from the median call.
Run: python -m benchmarks.strategy_speed   (needs pip install pymoo optuna moocore)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import jax
import moocore
import numpy as np
import pandas as pd
import tyro
from rich.progress import track
from scipy import stats

from benchmarks.strategy_peers import optuna_sampler, pymoo_nsga2
from nas_algos import search
from nas_algos.nsga2 import Nsga2Settings, nsga2
from nas_algos.random_search import RandomSettings, random_search
from nas_algos.regularised_evolution import regularised_evolution
from nas_algos.strategy import Strategy
from nas_algos.tabular import Table, load_table, lookup, make_table

PEERS: dict[str, Callable[[Table, int, int], np.ndarray]] = {
    "pymoo NSGA-II": pymoo_nsga2,
    "Optuna NSGA-II": partial(optuna_sampler, sampler="NSGAIISampler"),
    "Optuna TPE": partial(optuna_sampler, sampler="TPESampler"),
}


def main(
    table: Path | None = None,
    output: Path = Path("results"),
    evaluations: int = 300,
    seeds: int = 1000,
    peer_seeds: int = 30,
) -> None:
    """Time all, compare hypervolumes, print and write both tables.

    Args:
        table: A .npz file as nas_algos.tabular.load_table reads; the synthetic one where it is left out.
        output: Directory of the results.
        evaluations: Of each search.
        seeds: Of our strategies, all at once.
        peer_seeds: Of the peers, one after the other.
    """
    problem = load_table(table) if table else synthetic_table()
    choices, objectives = problem.cardinalities, problem.scores.shape[1]
    both = range(objectives)
    ours = {
        "random": (random_search(choices, RandomSettings(20, objectives)), evaluations, both),
        "nsga2": (nsga2(choices, Nsga2Settings(objectives=objectives)), evaluations, both),
        "regularised_evolution": (regularised_evolution(choices), 1000, [0]),
    }
    speed, volumes = [], {}
    for name, (strategy, count, columns) in ours.items():
        first_s, warm_s, scores = _time_ours(strategy, problem, columns, count, seeds)
        speed.append(_speed_row(name, count, seeds, first_s, warm_s))
        if len(columns) == objectives:
            volumes[name] = hypervolumes(problem, scores)
    for name, peer in PEERS.items():
        peer(problem, 40, 0)  # imports and first calls
        seconds, runs = [], []
        for seed in track(range(peer_seeds), description=name):
            begin = time.perf_counter()
            runs.append(peer(problem, evaluations, seed))
            seconds.append(time.perf_counter() - begin)
        # the median, as for ours: whatever else the machine does must not count as theirs
        speed.append(_speed_row(name, evaluations, peer_seeds, sum(seconds), float(np.median(seconds)) * peer_seeds))
        volumes[name] = hypervolumes(problem, np.stack(runs))
    _write(_ratios(pd.DataFrame(speed)), output / "strategy_speed.csv")
    rows = [_volume_row(problem, name, evaluations, values) for name, values in volumes.items()]
    _write(pd.DataFrame(rows), output / "strategy_hypervolume.csv")
    for name in ("random", "nsga2"):
        worse = stats.mannwhitneyu(volumes[name], volumes["pymoo NSGA-II"], alternative="less").pvalue
        print(f"{name}: p = {worse:.3g} of so low hypervolumes if no worse than pymoo's NSGA-II (Mann-Whitney)")


def synthetic_table(decisions: int = 8, choices: int = 3) -> Table:
    """A made-up table of the size of NAS-Bench-Macro: error and cost, no real network's.

    Error is a sum over decisions and over neighbouring ones, cost a sum over decisions; larger choices cost more and
    tend to err less.  Both are scaled to 0..1, and the reference point is (1, 1).
    """
    generator = np.random.default_rng(0)
    shape = (choices,) * decisions
    genotypes = np.indices(shape).reshape(decisions, -1).T
    gains = np.sort(generator.gamma(1.0, size=(decisions, choices)), axis=1)
    pairs = generator.normal(0, 0.3, (decisions - 1, choices, choices))
    costs = np.cumsum(generator.gamma(2.0, size=(decisions, choices)), axis=1)
    position = np.arange(decisions)
    error = -gains[position, genotypes].sum(1) + pairs[position[:-1], genotypes[:, :-1], genotypes[:, 1:]].sum(1)
    scores = np.stack([error, costs[position, genotypes].sum(1)], axis=1)
    scores = (scores - scores.min(0)) / np.ptp(scores, axis=0)
    return make_table(f"synthetic-{decisions}x{choices}", shape, scores, np.ones(2))


def hypervolumes(table: Table, scores: np.ndarray) -> np.ndarray:
    """Hypervolume of each search's trials, [seeds, n, M], as a share of the true front's: float[seeds]."""
    best = moocore.hypervolume(table.scores[np.isfinite(table.scores).all(1)], ref=table.reference)
    return np.array([moocore.hypervolume(run[np.isfinite(run).all(1)], ref=table.reference) for run in scores]) / best


def _time_ours(
    strategy: Strategy, table: Table, columns: range | list[int], evaluations: int, seeds: int
) -> tuple[float, float, np.ndarray]:
    """Seconds with compilation, median seconds of five calls without, and the scores [seeds, n(, M)]."""
    rounds = -(-evaluations // strategy.batch)
    evaluate = lookup(table, columns)
    searches = jax.jit(jax.vmap(lambda key: search.scan(strategy, evaluate, rounds, key).scores))
    seconds, scores = [], np.zeros(0)
    for repeat in range(6):
        keys = jax.random.split(jax.random.key(repeat), seeds)
        begin = time.perf_counter()
        scores = np.asarray(searches(keys))
        seconds.append(time.perf_counter() - begin)
    return seconds[0], float(np.median(seconds[1:])), scores[:, :evaluations].astype(float)


def _speed_row(name: str, evaluations: int, seeds: int, total_s: float, warm_s: float) -> dict[str, object]:
    microseconds = warm_s / (evaluations * seeds) * 1e6
    return {
        "strategy": name,
        "evaluations": evaluations,
        "seeds": seeds,
        "total_s": total_s,
        "us_per_suggestion": microseconds,
    }


def _ratios(speed: pd.DataFrame) -> pd.DataFrame:
    """With how many times faster each is than pymoo, and than the faster of Optuna's samplers."""
    micros = speed.set_index("strategy")["us_per_suggestion"]
    optuna = min(micros[name] for name in PEERS if name.startswith("Optuna"))
    return speed.assign(
        ratio_to_pymoo=micros["pymoo NSGA-II"] / speed["us_per_suggestion"],
        ratio_to_optuna=optuna / speed["us_per_suggestion"],
    )


def _volume_row(table: Table, name: str, evaluations: int, values: np.ndarray) -> dict[str, object]:
    """Mean over seeds with its 95% interval (Student's t)."""
    low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    return {
        "problem": table.name,
        "strategy": name,
        "evaluations": evaluations,
        "seeds": len(values),
        "hypervolume": values.mean(),
        "low": low,
        "high": high,
    }


def _write(rows: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(path, index=False, float_format="%.5g")
    print(rows.to_string(index=False, float_format=lambda value: f"{value:.5g}"))


if __name__ == "__main__":
    tyro.cli(main)
