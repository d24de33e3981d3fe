"""How long a suggestion takes, of ours and of the peers, on the first reported problem, where only its size matters.

Rows "NAME" are of all seeds in one call, as tables are searched; rows "NAME, on the host" of one search round by round,
as with trainings (`nas_algos.rounds.Rounds`); peers run one search after the other, as their users run them.
us_per_suggestion is the median over calls of the CPU time of the process (not of the wall clock, which other work
stretches) divided by suggestions, of networks known already too; total_s is the CPU time of the first call, with its
compilation.  The shipped file is of one core (`taskset -c 0 accelnas ...`): where there are two, XLA hands each call to
another thread, which doubles what a search on the host costs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.experiments.strategies.peer_runs import lookup_of
from benchmarks.experiments.strategies.problems import REPORTED, Problem, npu_table
from benchmarks.search.peers import PEERS, installed, looked_at
from benchmarks.store.files import merge_rows, write_table
from nas_algos.load import build_strategy
from nas_algos.registry import STRATEGIES
from nas_algos.rounds import Rounds, compiled
from nas_algos.scan import scan
from nas_algos.strategy import Strategy
from nas_algos.tabular import Table, lookup

EVALUATIONS, SEEDS, CALLS = 300, 1000, 5
TOGETHER = 64  # seeds in one vmap, so that what they compute stays in a core's cache
FEW_SEEDS = {"gaussian_process": 16, "auto": 16, "bananas": 2}  # of those that compute more than they look up
KEY = ("strategy", "evaluations")


def _peer_search(name: str, problem: Problem, seed: int) -> int:
    look = lookup_of(problem, EVALUATIONS, seed)
    looked_at(name, look, seed)
    return look.proposals


def measure_speed(path: Path, ours: Sequence[str] = tuple(STRATEGIES), peers: Sequence[str] = tuple(PEERS)) -> None:
    """Time these, print, and write their rows anew; the other rows stay, compared with the peers' as they are then."""
    table = npu_table(next(iter(REPORTED)))
    rows = []
    for name in ours:
        strategy = build_strategy(name, table.cardinalities, EVALUATIONS)
        if strategy.traceable:
            seeds = FEW_SEEDS.get(name, SEEDS)
            rows.append(_row(name, seeds, _calls(_together(strategy, table, seeds))))
        rows.append(_row(f"{name}, on the host", 1, _calls(_on_the_host(strategy, table))))
    for name in peers:
        if installed(name) and name != "optuna GP":  # which takes a second for each
            problem = Problem(table, "front" if "front" in PEERS[name].goals else "error")
            rows.append(_row(name, 1, _calls(partial(_peer_search, name, problem))))
    merged = merge_rows(path, pd.DataFrame(rows), KEY)
    merged = merged.assign(
        ratio_to_pymoo=_fastest(merged, "pymoo") / merged["us_per_suggestion"],
        ratio_to_optuna=_fastest(merged, "optuna ") / merged["us_per_suggestion"],
    )
    write_table(path, merged, digits=5)
    print(merged.to_string(index=False, float_format="%.5g"))


def _calls(call: Callable[[int], int]) -> list[tuple[float, int]]:
    """CPU seconds and suggestions of calls with the numbers 0, 1, ...; the first one compiles or imports."""
    calls = []
    for number in range(1 + CALLS):
        begin = time.process_time()
        suggestions = call(number)
        calls.append((time.process_time() - begin, suggestions))
    return calls


def _row(strategy: str, seeds: int, calls: list[tuple[float, int]]) -> dict[str, object]:
    return {
        "strategy": strategy,
        "evaluations": EVALUATIONS,
        "seeds": seeds,
        "total_s": calls[0][0],
        "us_per_suggestion": float(np.median([seconds / suggestions for seconds, suggestions in calls[1:]])) * 1e6,
    }


def _fastest(rows: pd.DataFrame, start: str) -> float:
    """us_per_suggestion of the fastest whose name starts so; NaN where there is none."""
    return min(
        (row["us_per_suggestion"] for row in rows.to_dict("records") if row["strategy"].startswith(start)),
        default=math.nan,
    )


def _together(strategy: Strategy, table: Table, seeds: int) -> Callable[[int], int]:
    """All seeds of a search, as a function of a number to their suggestions."""
    evaluate = lookup(table, range(strategy.objectives))
    rounds = -(-EVALUATIONS // strategy.batch)

    @jax.jit
    def every(keys: Any) -> Any:
        return jax.lax.map(lambda key: scan(strategy, evaluate, rounds, key).scores, keys, batch_size=TOGETHER)

    def call(number: int) -> int:
        every(jax.random.split(jax.random.key(number), seeds)).block_until_ready()
        return rounds * strategy.batch * seeds

    return call


def _on_the_host(strategy: Strategy, table: Table) -> Callable[[int], int]:
    """One search round by round, its scores looked up with NumPy, as a function of a number to its suggestions."""
    functions = compiled(strategy)
    scores = table.scores[:, : strategy.objectives].astype(np.float32)
    scores = scores[:, 0] if strategy.objectives == 1 else scores

    def search(number: int) -> int:
        rounds = Rounds(functions, jax.random.key(number))
        for _ in range(-(-EVALUATIONS // strategy.batch)):
            genotypes = rounds.propose()
            rounds.learn(genotypes, scores[np.ravel_multi_index(tuple(genotypes.T), table.cardinalities)])
        return -(-EVALUATIONS // strategy.batch) * strategy.batch

    return search
