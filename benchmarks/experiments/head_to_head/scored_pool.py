"""Networks within the bounds with their zero-shot scores: what zero-shot searches and hybrids choose from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks.errors import NoResultError
from benchmarks.evaluators.zero_shot import BATCH, SCORES_CODE_VERSION, score_genotypes
from benchmarks.experiments.head_to_head.contest import Contest
from benchmarks.runtime.jobs import run_jobs
from benchmarks.runtime.worker_data import WorkerData
from benchmarks.store.sqlite import open_store
from hw_model.cost import count_macs
from nas_algos.ledger import Spend
from nas_algos.objectives import within
from nas_algos.single_shot.algorithm import Look
from nas_algos.single_shot.charges import TRAINING
from nas_algos.zero_shot.scores import SCORES, Combination, example_passes, measured_names
from tasks.spaces.moves import sample
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import TRAINING_CODE_VERSION

DRAWS_PER_NETWORK = 50


@dataclass(frozen=True)
class ScoredPool:
    """genotypes: int32[n, D], distinct, within the bounds.  macs: int[n].

    scores: {measured score: float64[n]}, larger is better, not a number where there is none; seconds: what each took,
    its compilation included.
    """

    genotypes: np.ndarray
    macs: np.ndarray
    scores: dict[str, np.ndarray]
    seconds: dict[str, float]

    def of(self, name: str) -> np.ndarray:
        """A score, float64[n], combined from measured ones if it is a combination."""
        score = SCORES[name]
        return score.combine(self.scores) if isinstance(score, Combination) else self.scores[name]

    def looks(self, name: str) -> tuple[Look, ...]:
        """Each network with a score as its quality."""
        return tuple(map(Look, map(tuple, self.genotypes.tolist()), self.of(name).tolist()))

    def spend(self, names: Sequence[str]) -> Spend:
        """What scoring the pool by these is charged."""
        each = example_passes(names, BATCH)
        seconds = sum(self.seconds[name] for name in measured_names(names))
        return Spend(0, each * len(self.genotypes), each * TRAINING * float(self.macs.sum()), seconds)


class Measured(NamedTuple):
    """values: a score of each network.  seconds: what that took."""

    values: list[float]
    seconds: float


@dataclass(frozen=True)
class PoolJob:
    """Scores of one seed's pool: picklable."""

    space: SearchSpace
    genotypes: np.ndarray
    names: tuple[str, ...]
    seed: int
    data: str
    home: Path


def draw_pool(contest: Contest, seed: int) -> np.ndarray:
    """Distinct uniform genotypes within the bounds, int32[at most contest.pool, D].

    Raises NoResultError where fewer than two of many are within the bounds, with the least seen.
    """
    bounds = contest.spec.bounds
    count = contest.pool * DRAWS_PER_NETWORK
    drawn = np.asarray(sample(jax.random.fold_in(jax.random.key(1), seed), contest.spec.space.cardinalities, count))
    costs = jax.jit(contest.spec.costs)(drawn)
    inside = within(costs, bounds, count)
    rows = list(dict.fromkeys(map(tuple, drawn[inside].tolist())))[: contest.pool]
    if len(rows) < 2:
        limits = " and ".join(f"{name} <= {bound:.4g}" for name, bound in bounds.items())
        least = " and ".join(f"{np.nanmin(costs[name]):.4g}" for name in bounds)
        raise NoResultError(f"{len(rows)} of {count} random networks are within {limits}; the least seen was {least}")
    return np.array(rows, np.int32)


def score_pools(contest: Contest, names: Sequence[str]) -> dict[int, ScoredPool]:
    """Each seed's pool, scored by all of these; what is stored under the contest's home is not repeated."""
    if not names:
        return {}
    pools = {seed: draw_pool(contest, seed) for seed in range(contest.seeds)}
    measured = _measure(contest, pools, measured_names(names))
    return {
        seed: ScoredPool(
            rows,
            np.array([count_macs(contest.spec.space.decode(row)) for row in map(tuple, rows.tolist())]),
            {name: np.array(found.values, np.float64) for name, found in measured[seed].items()},
            {name: found.seconds for name, found in measured[seed].items()},
        )
        for seed, rows in pools.items()
    }


def score_key(task: Task, job: PoolJob, name: str) -> dict[str, Any]:
    """All that one score of a pool depends on, as `ResultStore.cached` takes it."""
    return {
        "task": task,
        "data_version": task.data_version(job.data),
        "space": job.space,
        "genotypes": job.genotypes,
        "score": name,
        "batch": BATCH,
        "seed": job.seed,
        "code_version": f"{SCORES_CODE_VERSION}, training {TRAINING_CODE_VERSION}",
    }


def score_pool(
    data: WorkerData, job: PoolJob, report: Callable[[float], None] = lambda fraction: None
) -> dict[str, Measured]:
    """What LocalExecutor.submit takes; each score is stored as soon as it is known."""
    found = {}
    with open_store(job.home) as store:
        for number, name in enumerate(job.names):

            def measure(name: str = name, number: int = number) -> Measured:
                started = time.perf_counter()
                arrays = data.task.arrays(data.splits[job.data, "train"])

                def show(done: int, total: int) -> None:
                    report((number + done / total) / len(job.names))

                key = jax.random.key(job.seed)
                values = score_genotypes(data.task, job.space, job.genotypes, (name,), key, arrays, progress=show)[name]
                return Measured(values.tolist(), time.perf_counter() - started)

            found[name] = Measured(*store.cached("zero_cost_score", score_key(data.task, job, name), measure))
            report((number + 1) / len(job.names))
    return found


def _measure(contest: Contest, pools: dict[int, np.ndarray], names: tuple[str, ...]) -> dict[int, dict[str, Measured]]:
    """Scores of each seed's pool, the seeds side by side."""
    data, home = contest.spec.fidelity.data, contest.home
    jobs = {f"seed {seed}": PoolJob(contest.spec.space, rows, names, seed, data, home) for seed, rows in pools.items()}
    found = run_jobs(
        contest.home, contest.spec.task, ((data, "train"),), "zero-shot scores", score_pool, jobs, _describe
    )
    return dict(zip(pools, found.values(), strict=True))


def _describe(found: dict[str, Measured]) -> str:
    return ", ".join(f"{name} of {len(measured.values)} networks" for name, measured in found.items())
