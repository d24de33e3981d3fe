"""Single-shot searches with real supernets: one call, or a job for each seed in the workers of an executor."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax

from benchmarks.evaluators.task_supernet import TaskSupernet
from benchmarks.runtime.jobs import run_jobs
from benchmarks.runtime.worker import release_memory
from benchmarks.runtime.worker_data import WorkerData
from benchmarks.store.keys import settings_digest
from benchmarks.store.sqlite import open_store
from hw_model.predict import cost_model
from nas_algos.ledger import Spend
from nas_algos.single_shot.algorithm import Look, SingleShot
from nas_algos.single_shot.charges import Budget
from nas_algos.single_shot.registry import find_single_shot
from nas_algos.single_shot.run import SingleShotRun, trained_variables
from nas_algos.single_shot.run import run_single_shot as run_algorithm
from tasks.fidelity import Fidelity
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import TRAINING_CODE_VERSION

SUPERNET_CODE_VERSION = "1"
"""Raise it when a change to supernets or single-shot algorithms changes what a search with one comes to."""

Genotype = tuple[int, ...]


@dataclass(frozen=True)
class SingleShotJob:
    """A search: picklable, and all that its result depends on, with task and data.

    bounds: {cost: most}.  home: where result and checkpoints are kept, which the result does not depend on.
    """

    space: SearchSpace
    accelerator: str
    algorithm: str
    bounds: dict[str, float]
    budget: Budget
    fidelity: Fidelity
    seed: int
    home: Path


@dataclass(frozen=True)
class Point:
    """A search's incumbent after a spend: the network that it would have given out then.

    quality: with inherited weights; not a number where the algorithm decides without judging whole networks.
    within_bounds: whether the incumbent keeps them.  loss: mean of the last training steps.  skipped: so far.
    """

    step: int
    spend: Spend
    genotype: Genotype
    cost: dict[str, float]
    within_bounds: bool
    quality: float
    loss: float
    skipped: int


@dataclass(frozen=True)
class SingleShotResult:
    """What a search found, and what it spent.

    genotype: within the bounds by the cost model; cost: by it.  quality: with inherited weights.  preferred: the
    network that the algorithm would have chosen without the bounds, None if it is the same; the one given out then is
    the most probable within them.  history: incumbents as the spend grew.  looks: networks judged with inherited
    weights after the training, with that quality.  certainty, computed_flops: as SingleShotRun.
    """

    algorithm: str
    seed: int
    genotype: Genotype
    cost: dict[str, float]
    quality: float
    preferred: Genotype | None
    certainty: float | None
    spend: Spend
    computed_flops: float
    steps: int
    skipped: int
    history: tuple[Point, ...]
    looks: tuple[Look, ...]


@dataclass(frozen=True)
class RankJob:
    """Genotypes to judge with the weights that a search's supernet came to."""

    search: SingleShotJob
    genotypes: tuple[Genotype, ...]


def search_key(task: Task, job: SingleShotJob) -> dict[str, Any]:
    """All that a search's result depends on, as `ResultStore.cached` takes it."""
    settings = inspect.signature(find_single_shot(job.algorithm)).parameters["settings"].default
    return {
        "task": task,
        "data_version": task.data_version(job.fidelity.data),
        "space": job.space,
        "cost_model": cost_model(job.accelerator).fingerprint,
        "algorithm": job.algorithm,
        "settings": settings,
        "bounds": job.bounds,
        "budget": job.budget,
        "fidelity": job.fidelity,
        "seed": job.seed,
        "code_version": f"{SUPERNET_CODE_VERSION}, training {TRAINING_CODE_VERSION}",
    }


def checkpoint_folder(task: Task, job: SingleShotJob) -> Path:
    """Where a job's checkpoints are: the same search finds them again, another one does not."""
    return job.home / "single_shot" / settings_digest(search_key(task, job))[:20]


def run_single_shot(
    data: WorkerData, job: SingleShotJob, report: Callable[[float], None] = lambda fraction: None
) -> SingleShotResult:
    """Search, or go on from the job's checkpoints, or take the result from the store; what LocalExecutor.submit takes.

    data: of `benchmarks.runtime.worker_data.load_worker_data`, with training and evaluation split.  Raises
    AlgorithmInputError for a budget that is too small, and bounds that no network keeps.
    """

    def search() -> dict[str, Any]:
        supernet = supernet_for(data, job)
        return asdict(_result(run_algorithm(*_training(data.task, supernet, job), report), job))

    return _read(_stored(job, "supernet_search", search_key(data.task, job), search, report))


def rank(data: WorkerData, job: RankJob, report: Callable[[float], None] = lambda fraction: None) -> tuple[float, ...]:
    """Qualities with inherited weights, not numbers where a prediction is not finite; in no search's spend.

    The supernet is read from its last checkpoint, or trained if there is none.  Raises what `run_single_shot` does.
    """
    search = job.search

    def judge() -> list[float]:
        supernet, qualities = supernet_for(data, search), []
        variables = trained_variables(*_training(data.task, supernet, search))
        for genotype in job.genotypes:
            qualities.append(supernet.quality(variables, genotype))
            report(len(qualities) / len(job.genotypes))
        return qualities

    key = search_key(data.task, search) | {"genotypes": job.genotypes}
    return tuple(_stored(search, "inherited_quality", key, judge, report))


def _training(
    task: Task, supernet: TaskSupernet, job: SingleShotJob
) -> tuple[SingleShot, TaskSupernet, Budget, jax.Array, Path]:
    """What a job's training is called with; its folder is there then."""
    algorithm, folder = find_single_shot(job.algorithm)(supernet, job.bounds), checkpoint_folder(task, job)
    folder.mkdir(parents=True, exist_ok=True)
    return algorithm, supernet, job.budget, jax.random.key(job.seed), folder / "checkpoints"


def _stored(
    job: SingleShotJob,
    kind: str,
    key: Mapping[str, Any],
    compute: Callable[[], Any],
    report: Callable[[float], None],
) -> Any:
    """What the store of the job's home holds under that key, computed if it is not there."""

    def compute_and_clean_up() -> Any:
        found = compute()
        # thousands of compiled kernels would stay mapped until the process may map no more, and gigabytes with them
        jax.clear_caches()
        release_memory()
        return found

    with open_store(job.home) as store:
        found = store.cached(kind, key, compute_and_clean_up)
    report(1.0)
    return found


def supernet_for(data: WorkerData, job: SingleShotJob) -> TaskSupernet:
    """The untrained supernet of a job."""
    fidelity = job.fidelity
    model = cost_model(job.accelerator).estimate
    return TaskSupernet(
        data.task,
        job.space,
        lambda genotypes: model(job.space.lower(genotypes)).cost._asdict(),
        data.splits[fidelity.data, "train"],
        data.splits[fidelity.data, fidelity.eval_split],
        fidelity,
    )


def run_side_by_side(home: Path, task: Task, title: str, jobs: Sequence[SingleShotJob]) -> list[SingleShotResult]:
    """The jobs' results in their order, one worker for each core.  Raises JobFailedError when one fails."""

    def describe(found: SingleShotResult) -> str:
        return f"{task.metric} {found.quality:.3f} inherited ({found.spend.seconds:.0f} s)"

    by_label = {_label(job): job for job in jobs}
    return list(run_jobs(home, task, _splits(jobs), title, run_single_shot, by_label, describe).values())


def rank_side_by_side(
    home: Path, task: Task, title: str, jobs: Sequence[SingleShotJob], genotypes: Sequence[Genotype]
) -> list[tuple[float, ...]]:
    """`rank` of the same genotypes with each job's supernet, one worker for each core."""
    by_label = {f"{_label(job)}, ranking": RankJob(job, tuple(genotypes)) for job in jobs}

    def describe(qualities: tuple[float, ...]) -> str:
        return f"{len(qualities)} networks judged, best {task.metric} {max(qualities, default=math.nan):.3f}"

    return list(run_jobs(home, task, _splits(jobs), title, rank, by_label, describe).values())


def _splits(jobs: Sequence[SingleShotJob]) -> list[tuple[str, str]]:
    return sorted({(job.fidelity.data, split) for job in jobs for split in ("train", job.fidelity.eval_split)})


def _label(job: SingleShotJob) -> str:
    amount, unit = next((value, name) for name, value in job.budget._asdict().items() if value is not None)
    return f"{job.algorithm} seed {job.seed}, {amount:g} {unit.replace('_', ' ')}"


def _result(found: SingleShotRun, job: SingleShotJob) -> SingleShotResult:
    points = [
        Point(m.step, m.spend, m.genotype, m.cost, _within(m.cost, job.bounds), math.nan, m.loss, m.skipped)
        for m in found.history
        if m.genotype is not None
    ]
    best, last = -math.inf, found.history[-1]
    for look, cost, spend in zip(found.looks, found.looks_cost, found.looks_spend, strict=True):
        if look.quality > best:
            best = look.quality
            point = Point(found.steps, spend, look.genotype, cost, True, best, last.loss, found.skipped)
            points.append(point)
    return SingleShotResult(
        algorithm=found.algorithm,
        seed=job.seed,
        genotype=found.genotype,
        cost=found.cost,
        quality=found.quality,
        preferred=found.preferred,
        certainty=found.certainty,
        spend=found.spend,
        computed_flops=found.computed_flops,
        steps=found.steps,
        skipped=found.skipped,
        history=tuple(points),
        looks=found.looks,
    )


def _within(cost: dict[str, float], bounds: dict[str, float]) -> bool:
    return all(cost[name] <= bound for name, bound in bounds.items())


def _read(content: dict[str, Any]) -> SingleShotResult:
    preferred = content["preferred"]
    history = [
        Point(**row | {"spend": Spend(*row["spend"]), "genotype": tuple(row["genotype"])}) for row in content["history"]
    ]
    looks = tuple(Look(tuple(genotype), quality) for genotype, quality in content["looks"])
    plain = {"looks": looks, "genotype": tuple(content["genotype"]), "preferred": preferred and tuple(preferred)}
    plain |= {"spend": Spend(*content["spend"]), "history": tuple(history)}
    return SingleShotResult(**content | plain)
