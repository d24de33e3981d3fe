"""Single-shot searches with real supernets: one call, or a job for each seed in the workers of an executor."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import jax

from benchmarks.evaluators.task_supernet import TaskSupernet
from benchmarks.runtime.jobs import run_jobs
from benchmarks.runtime.worker import release_memory
from benchmarks.runtime.worker_data import WorkerData
from hw_model.files import write_whole
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

Genotype = tuple[int, ...]


@dataclass(frozen=True)
class SingleShotJob:
    """A search: picklable, and all that its result depends on, with task and data.

    bounds: {cost: most}.  folder: of checkpoints and the result; of this search alone.
    """

    space: SearchSpace
    accelerator: str
    algorithm: str
    bounds: dict[str, float]
    budget: Budget
    fidelity: Fidelity
    seed: int
    folder: Path


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


def make_job(
    home: Path,
    task: Task,
    space: SearchSpace,
    accelerator: str,
    algorithm: str,
    bounds: Mapping[str, float],
    budget: Budget,
    fidelity: Fidelity,
    seed: int,
) -> SingleShotJob:
    """A job with a folder of its own under home: the same search finds it again, another one does not."""
    job = SingleShotJob(space, accelerator, algorithm, dict(bounds), budget, fidelity, seed, Path())
    digest = hashlib.sha256(_stamp(task, job).encode()).hexdigest()[:20]
    return replace(job, folder=home / "single_shot" / digest)


def run_single_shot(
    data: WorkerData, job: SingleShotJob, report: Callable[[float], None] = lambda fraction: None
) -> SingleShotResult:
    """Search, or go on where the job's folder says, or read the result there; what LocalExecutor.submit takes.

    data: of `benchmarks.runtime.worker_data.load_worker_data`, with training and evaluation split.  Raises
    AlgorithmInputError for a budget that is too small, bounds that no network keeps, or a folder of another job.
    """

    def search() -> dict[str, Any]:
        supernet = supernet_for(data, job)
        return asdict(_result(run_algorithm(*_training(supernet, job), report), job))

    return _read(_kept(data.task, job, "result.json", search, report))


def rank(data: WorkerData, job: RankJob, report: Callable[[float], None] = lambda fraction: None) -> tuple[float, ...]:
    """Qualities with inherited weights, not numbers where a prediction is not finite; in no search's spend.

    The supernet is read from its last checkpoint, or trained if there is none.  Raises what `run_single_shot` does.
    """
    search = job.search

    def judge() -> list[float]:
        supernet, qualities = supernet_for(data, search), []
        variables = trained_variables(*_training(supernet, search))
        for genotype in job.genotypes:
            qualities.append(supernet.quality(variables, genotype))
            report(len(qualities) / len(job.genotypes))
        return qualities

    digest = hashlib.sha256(repr(job.genotypes).encode()).hexdigest()[:20]
    return tuple(_kept(data.task, search, f"ranked-{digest}.json", judge, report))


def _training(supernet: TaskSupernet, job: SingleShotJob) -> tuple[SingleShot, TaskSupernet, Budget, jax.Array, Path]:
    """What a job's training is called with; its folder is there then."""
    algorithm = find_single_shot(job.algorithm)(supernet, job.bounds)
    job.folder.mkdir(parents=True, exist_ok=True)
    return algorithm, supernet, job.budget, jax.random.key(job.seed), job.folder / "checkpoints"


def _kept(
    task: Task, job: SingleShotJob, name: str, compute: Callable[[], Any], report: Callable[[float], None]
) -> Any:
    """What the file of that name in the job's folder holds, as JSON has it; computed and written if it is not there."""
    path, stamp = job.folder / name, _stamp(task, job)
    if path.exists():
        content = json.loads(path.read_text())
        if content["job"] == stamp:
            report(1.0)
            return content["result"]
    text = json.dumps({"job": stamp, "result": compute()}, indent=1) + "\n"
    write_whole(path, text)
    # thousands of compiled kernels would stay mapped until the process may map no more, and gigabytes with them
    jax.clear_caches()
    release_memory()
    return json.loads(text)["result"]


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


def _stamp(task: Task, job: SingleShotJob) -> str:
    """All that a job's result depends on."""
    rows = [job.accelerator, job.algorithm, sorted(job.bounds.items()), job.budget, job.fidelity, job.seed]
    return repr((task, task.data_version(job.fidelity.data), TRAINING_CODE_VERSION, job.space, rows))


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
