"""What our strategies and their peers find on whole spaces as tables, and how long a suggestion takes.

Run: accelnas reproduce strategies (hours, nearly all of them the peers'; pip install -e ".[peers]" has these).  Writes
results/strategies/regret.csv: for the least error alone, and for the least within a bound on the cost; hypervolume.csv:
for the Pareto front of both; speed.csv (speed.py).

All are charged for different networks only, whether or not these keep the bound.  Ours have the settings of
`build_strategy` for the budget, and `auto` is told the errors of what misses a bound too, as the peers are; a peer's
search of the largest budget is looked at after fewer evaluations too.  One for one objective sees one noisy draw of the
error, and is worth the true error of what it found; one for the front sees the means, or on a trained table the
expected error.  Made-up tables and NAS-Bench-Macro have three draws in turn; on a trained table each search has one of
its own.  Rows of problems and strategies that are not named, of peers that are not installed, and of
NAS-Bench-Macro where its file is not given, stay as they are in the files.

After a surrogate is fitted anew: --set problems=trained-classification,trained-detection,trained-segmentation --set
speed=no (five minutes of a core, two of them to ask the surrogates of every network).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from rich.progress import track

from benchmarks.errors import check_names
from benchmarks.experiments.strategies.measures import row_of
from benchmarks.experiments.strategies.peer_runs import kept_rows
from benchmarks.experiments.strategies.problems import REPORTED, Problem, nas_bench_macro, npu_table, problems_of
from benchmarks.experiments.strategies.speed import measure_speed
from benchmarks.experiments.strategies.trained import TRAINED, trained_problems
from benchmarks.search.peers import PEERS, installed
from benchmarks.store.files import merge_rows
from benchmarks.store.sqlite import open_store
from nas_algos.compare import distinct_runs
from nas_algos.distinct import without_repeats
from nas_algos.load import build_strategy
from nas_algos.registry import STRATEGIES
from nas_algos.strategies.auto import AutoSettings, auto
from nas_algos.tabular import noise, table_index

MACRO = "nas-bench-macro"
PROBLEMS = (*REPORTED, MACRO, *TRAINED)
FRONTS = ("random", "nsga2", "auto")
"""Ours that take several objectives; at these budgets auto is gaussian_process."""
SINGLE = tuple(name for name in STRATEGIES if name not in ("nsga2", "bananas", "optuna", "gaussian_process"))
"""Ours for one; bananas trains an ensemble in every round, and Optuna's samplers are peers."""
FILES = {
    "regret": ("problem", "bound", "strategy", "evaluations"),
    "hypervolume": ("problem", "strategy", "evaluations"),
}


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce strategies --set NAME=VALUE` may change."""

    problems: tuple[str, ...] = PROBLEMS
    """Tables to search in; NAS-Bench-Macro where its file is given."""
    evaluations: tuple[int, ...] = (30, 100, 300)
    """Budgets, in different networks."""
    seeds: int = 1000
    """Searches of each of our strategies."""
    trained_evaluations: int = 30
    """Most evaluations on trained tables."""
    peer_seeds: int = 30
    """Of each peer."""
    gp_evaluations: int = 30
    """Most evaluations of Optuna's Gaussian process, a fifth of a second for each and later ones more."""
    front_tpe_evaluations: int = 30
    """Of its TPE where a front is sought, whose time for each grows with the square of their number."""
    nas_bench_macro: Path | None = None
    """Its published nas-bench-macro_cifar10.json."""
    strategies: tuple[str, ...] = tuple(dict.fromkeys((*SINGLE, *FRONTS)))
    """Ours to search with."""
    peers: tuple[str, ...] = tuple(PEERS)
    """Peers to search with, where they are installed."""
    speed: bool = True
    """Time suggestions, too."""
    timed: tuple[str, ...] = tuple(STRATEGIES)
    """Ours whose suggestions are timed, beside the peers' above."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Search, time, print and write."""
    check_names("problem", settings.problems, PROBLEMS)
    check_names("peer", settings.peers, PEERS)
    check_names("strategy", settings.timed, STRATEGIES)
    problems = list(_problems(settings))
    missing = [name for name in settings.peers if not installed(name)]
    if missing:
        print(f"not installed, their rows stay as they are: {', '.join(missing)}")
    folder.mkdir(parents=True, exist_ok=True)
    for alike in _alike(problems):
        front = alike[0].goal == "front"
        rows = [*our_rows(alike, settings), *(row for each in alike for row in peer_rows(each, settings, home))]
        if rows:
            name = "hypervolume" if front else "regret"
            table = merge_rows(folder / f"{name}.csv", pd.DataFrame(rows), FILES[name])
            mine = table[table["problem"].isin([each.table.name for each in alike])]
            print(mine.to_string(index=False, float_format="%.4g"))
    if settings.speed:
        measure_speed(folder / "speed.csv", settings.timed, settings.peers)


def _problems(settings: Settings) -> Iterator[Problem]:
    for name in settings.problems:
        if name in REPORTED:
            yield from problems_of(npu_table(name))
        elif name in TRAINED:
            yield from trained_problems(name)
        elif settings.nas_bench_macro is not None:
            yield from problems_of(nas_bench_macro(settings.nas_bench_macro))


def _budgets(problem: Problem, settings: Settings) -> list[int]:
    most = settings.trained_evaluations if problem.table.name in TRAINED else max(settings.evaluations)
    return [budget for budget in settings.evaluations if budget <= most]


def _alike(problems: list[Problem]) -> list[list[Problem]]:
    """Those of as many choices and objectives together: one compiled search serves them all."""
    groups: dict[object, list[Problem]] = {}
    for each in problems:
        groups.setdefault((each.table.cardinalities, each.goal == "front", each.table.name in TRAINED), []).append(each)
    return list(groups.values())


def our_rows(alike: list[Problem], settings: Settings) -> list[dict[str, object]]:
    """Of our strategies that take so many objectives, on problems of as many choices and objectives."""
    front, shape = alike[0].goal == "front", alike[0].table.cardinalities
    names = [name for name in settings.strategies if name in (FRONTS if front else SINGLE)]
    plans = [(name, budget) for name in names for budget in _budgets(alike[0], settings)]
    found = []
    for name, budget in track(plans, description=f"{alike[0].table.name} {alike[0].goal} and the like"):
        strategy, sees_all = build_strategy(name, shape, budget, 2 if front else 1), name == "auto" and not front
        if sees_all:
            strategy = without_repeats(auto(shape, AutoSettings(budget), sees_all=True))
        count = settings.seeds * len(alike)
        keys = jax.random.split(jax.random.key(budget), count)
        runs = distinct_runs(lambda place, strategy=strategy: strategy, shown(alike, sees_all), budget, keys)
        rows = [np.asarray(np.ravel_multi_index(tuple(run.genotypes.T), shape)) for run in runs]
        for place, problem in enumerate(alike):
            found.append(row_of(problem, name, budget, rows[place :: len(alike)]))
    return found


def shown(alike: list[Problem], sees_all: bool) -> Callable[[Any, jax.Array], jax.Array]:
    """What search number `place` sees, place // P of problem place % P: genotypes [b, D] to scores [b], or [b, 2] for a
    front, or where it sees all with the error second, whether or not the bound is kept.
    """
    shape, count = alike[0].table.cardinalities, len(alike)
    if alike[0].seed_std is None:
        values = _in_turn([problem.seen() for problem in alike])
        if sees_all:
            values = np.stack([values, _in_turn([problem.drawn_errors for problem in alike])], -1, dtype=np.float32)
        draws = jnp.asarray(values)
        return lambda place, genotypes: draws[place % len(draws), table_index(genotypes, shape)]
    expected, seed_std, penalty = (
        jnp.asarray(np.stack(parts), jnp.float32)
        for parts in zip(*((each.table.scores[:, 0], each.seed_std, each.penalty) for each in alike), strict=True)
    )
    words = jnp.asarray([each.word for each in alike], jnp.uint32)

    def evaluate(place: Any, genotypes: jax.Array) -> jax.Array:
        problem, rows = place % count, table_index(genotypes, shape)
        word = words[problem] + jnp.uint32(place // count)
        error = expected[problem, rows] + seed_std[problem, rows] * noise(word, rows)
        missed = penalty[problem, rows]
        score = jnp.where(missed > 0, missed, error)
        return jnp.stack([score, error], -1) if sees_all else score

    return evaluate


def _in_turn(values: list[np.ndarray]) -> np.ndarray:
    """Place draw * problems + problem, of [K, N, ...] each: search s is of problem s % problems, its draws in turn."""
    return np.stack([each[draw % len(each)] for draw in range(max(map(len, values))) for each in values])


def peer_rows(problem: Problem, settings: Settings, home: Path) -> list[dict[str, object]]:
    """Of the peers that are installed and can be asked for this."""
    found = []
    with open_store(home) as store:
        for name in settings.peers:
            if problem.goal not in PEERS[name].goals or not installed(name):
                continue
            limits = {"optuna GP": settings.gp_evaluations}
            if problem.goal == "front":
                limits["optuna TPE"] = settings.front_tpe_evaluations
            budgets = [budget for budget in _budgets(problem, settings) if budget <= limits.get(name, budget)]
            if not budgets:
                continue
            most = max(budgets)
            seeds = track(range(settings.peer_seeds), description=f"{problem.table.name} {problem.goal} {name}")
            runs = [kept_rows(store, name, problem, most, seed) for seed in seeds]
            found += [row_of(problem, name, budget, runs) for budget in budgets]
    return found
