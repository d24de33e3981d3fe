"""What peers look at in a problem, kept: hours of a core, which a change of ours need not repeat."""

from __future__ import annotations

import numpy as np

from benchmarks.experiments.strategies.problems import Problem
from benchmarks.search.peers import PEERS_CODE_VERSION, Lookup, looked_at, versions
from benchmarks.store.sqlite import ResultStore

PEER_RUNS = "strategy_peer"


def lookup_of(problem: Problem, evaluations: int, seed: int) -> Lookup:
    """The problem as a peer's search sees it, of which `seed` draws the trainings."""
    every = np.arange(len(problem.table.scores))
    values = problem.seen()[0] if problem.goal == "front" else problem.errors_seen(seed, every)
    excess = np.maximum(problem.table.scores[:, 1] / problem.bound - 1, 0.0) if problem.goal == "bounded" else None
    return Lookup(problem.table.cardinalities, values, evaluations, excess)


def kept_rows(store: ResultStore, peer: str, problem: Problem, evaluations: int, seed: int) -> np.ndarray:
    """`looked_at`, read from the store where it has been run before with the same versions."""
    key = {
        "peer": peer,
        "versions": versions(peer),
        "table": problem.digest,
        "goal": problem.goal,
        "evaluations": evaluations,
        "seed": seed,
        "code_version": PEERS_CODE_VERSION,
    }
    found = store.cached(PEER_RUNS, key, lambda: looked_at(peer, lookup_of(problem, evaluations, seed), seed).tolist())
    return np.array(found, int)
