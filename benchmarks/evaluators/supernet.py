"""Supernets: one is trained by a single-shot algorithm, and a network is found with the weights that it shares.

A search is one job of a worker.  What it found, and what others asked of its weights, is kept in the store.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax

from benchmarks.evaluators.spec import STRATEGIES_CODE_VERSION, SearchSpec
from benchmarks.evaluators.stored import read_found
from benchmarks.evaluators.task_supernet import TaskSupernet
from benchmarks.runtime.jobs import run_jobs
from benchmarks.runtime.worker import release_memory
from benchmarks.runtime.worker_data import WorkerData
from benchmarks.store.keys import settings_digest
from benchmarks.store.sqlite import open_store
from nas_algos.errors import NothingFoundError
from nas_algos.evaluator import Genotype
from nas_algos.ledger import Spend
from nas_algos.objectives import keeps
from nas_algos.single_shot.algorithm import Look, SingleShot
from nas_algos.single_shot.charges import Budget
from nas_algos.single_shot.registry import build_single_shot
from nas_algos.single_shot.run import SingleShotRun, run_single_shot, trained_variables
from nas_algos.trajectory import Candidate, Found
from tasks.data.store import one_at_a_time
from tasks.task import Task
from tasks.training import TRAINING_CODE_VERSION

SUPERNET_CODE_VERSION = "2"
"""Raise it when a change to supernets or single-shot algorithms changes what a search with one comes to."""

CHECKPOINTS_VERSION = "3"
"""Raise it when checkpoints that are there could not be gone on from, so that none are found."""


@dataclass(frozen=True)
class Point:
    """A search's incumbent after a spend: the network that it would have given out then."""

    step: int
    spend: Spend
    genotype: Genotype
    cost: dict[str, float]
    within_bounds: bool
    """Whether the incumbent keeps them."""
    quality: float
    """With inherited weights; NaN where the algorithm decides without evaluating whole networks."""
    loss: float
    """Mean of the last training steps."""
    skipped: int
    """Networks so far whose loss was not finite."""


@dataclass(frozen=True)
class SupernetResult:
    """What a search with a supernet found, and what it spent."""

    algorithm: str
    seed: int
    genotype: Genotype
    """Within the bounds by the cost model."""
    cost: dict[str, float]
    """By the cost model."""
    quality: float
    """With inherited weights."""
    preferred: Genotype | None
    """What the algorithm would have chosen without the bounds, None if the same."""
    certainty: float | None
    """As `SingleShotRun.certainty`."""
    spend: Spend
    computed_flops: float
    """As `SingleShotRun.computed_flops`."""
    steps: int
    skipped: int
    history: tuple[Point, ...]
    """Incumbents as the spend grew."""
    looks: tuple[Look, ...]
    """Networks evaluated with inherited weights after the training."""
    # the last two have values where results were stored before these were told
    within_bounds: bool = True
    """Whether `cost` keeps them."""
    ended: str = ""
    """As in `Found`."""

    @property
    def found(self) -> Found:
        """As a search of the loop has it: candidates are the incumbents, at last what was found."""
        rows = [(each.genotype, each.cost, each.within_bounds, each.quality) for each in self.history]
        rows.append((self.genotype, self.cost, self.within_bounds, self.quality))
        candidates = [
            Candidate(step, genotype, cost, "known" if inside else "infeasible", _finite(quality), ())
            for step, (genotype, cost, inside, quality) in enumerate(rows)
        ]
        return Found(candidates[-1], tuple(candidates), self.spend, self.ended)

    def describe(self) -> str:
        """A few words for the progress display."""
        return f"quality {self.quality:.3f} inherited ({self.spend.seconds:.0f} s)"


@dataclass(frozen=True)
class NothingFound:
    """That a search with a supernet found no network; `found.ended` says why."""

    found: Found

    def describe(self) -> str:
        """A few words for the progress display."""
        return f"found nothing: {self.found.ended}"


def search_supernet(
    data: WorkerData, job: tuple[Path, SearchSpec], report: Callable[[float], None] = lambda fraction: None
) -> SupernetResult | NothingFound:
    """Search, or go on from its checkpoints, or read the result from the store; what LocalExecutor.submit takes.

    job: home and spec.  data: with the fidelity's training and evaluation splits.  Raises AlgorithmInputError for a
    budget that is too small, bounds that no network keeps as far as is known before the training, and settings that
    there are not.
    """
    home, spec = job

    def search() -> dict[str, Any]:
        try:
            result = asdict(_result(run_single_shot(*_training(data, home, spec), report), spec))
        except NothingFoundError as error:
            result = {"nothing": error.found._asdict()}
        _tidy()
        return result

    with _alone(home, spec, report), open_store(home) as store:
        # which searches with inherited weights where the spec names no strategy
        key = _key(spec) | {"strategies": STRATEGIES_CODE_VERSION}
        return _read(store.cached("supernet_search", key, search))


def rank(
    data: WorkerData,
    job: tuple[Path, SearchSpec, tuple[Genotype, ...]],
    report: Callable[[float], None] = lambda fraction: None,
) -> tuple[float, ...]:
    """Qualities of genotypes with the weights that a search's supernet came to; in no search's spend.

    NaN where a prediction is not finite.  The supernet is read from its last checkpoint, or trained if there is none.
    Raises what `search_supernet` does.
    """
    home, spec, genotypes = job

    def evaluate() -> list[float]:
        training = _training(data, home, spec)
        algorithm, supernet, *_ = training
        variables, qualities = trained_variables(*training), []
        for genotype in genotypes:
            qualities.append(supernet.quality(algorithm.inherited(variables, genotype), genotype))
            report(len(qualities) / len(genotypes))
        _tidy()
        return qualities

    with _alone(home, spec, report), open_store(home) as store:
        return tuple(store.cached("inherited_quality", _key(spec) | {"genotypes": list(genotypes)}, evaluate))


def rank_side_by_side(
    home: Path, task: Task, title: str, specs: Sequence[SearchSpec], genotypes: Sequence[Genotype]
) -> list[tuple[float, ...]]:
    """`rank` of the same genotypes with each search's supernet, one worker for each core."""
    splits = sorted({(spec.fidelity.data, split) for spec in specs for split in ("train", spec.fidelity.eval_split)})
    jobs = {f"{spec.evaluator} {spec.seed}, ranking": (home, spec, tuple(genotypes)) for spec in specs}

    def describe(qualities: tuple[float, ...]) -> str:
        return f"{len(qualities)} networks evaluated, best {task.metric} {max(qualities, default=math.nan):.3f}"

    return list(run_jobs(home, task, splits, title, rank, jobs, describe).values())


def supernet_for(data: WorkerData, spec: SearchSpec) -> TaskSupernet:
    """The untrained supernet of a search."""
    fidelity = spec.fidelity
    train, held_out = (data.splits[fidelity.data, split] for split in ("train", fidelity.eval_split))
    return TaskSupernet(data.task, spec.space, spec.costs, train, held_out, fidelity)


def checkpoint_folder(home: Path, spec: SearchSpec) -> Path:
    """Where a search's checkpoints are: the same search finds them again, another one does not."""
    return home / "single_shot" / settings_digest(_key(spec) | {"checkpoints": CHECKPOINTS_VERSION})[:20]


def _alone(home: Path, spec: SearchSpec, report: Callable[[float], None]) -> AbstractContextManager[None]:
    """Keep a supernet's checkpoints to one process; another waits, and then finds what that one came to."""
    folder, since = checkpoint_folder(home, spec), time.monotonic()
    # a little progress, or who waits would look like one that hangs
    return one_at_a_time(folder.parent, folder.name, lambda: report(1e-9 * (time.monotonic() - since)))


def _training(
    data: WorkerData, home: Path, spec: SearchSpec
) -> tuple[SingleShot, TaskSupernet, Budget, jax.Array, Path]:
    """What the training is called with; its folder of checkpoints is there then."""
    supernet = supernet_for(data, spec)
    algorithm = build_single_shot(
        spec.variant, supernet, spec.bounds, spec.evaluator_settings, spec.strategy, spec.strategy_settings
    )
    folder = checkpoint_folder(home, spec)
    folder.mkdir(parents=True, exist_ok=True)
    return algorithm, supernet, Budget(example_passes=spec.passes), jax.random.key(spec.seed), folder


def _key(spec: SearchSpec) -> dict[str, Any]:
    return spec.key() | {"code_version": f"{SUPERNET_CODE_VERSION}, training {TRAINING_CODE_VERSION}"}


def _tidy() -> None:
    # thousands of compiled kernels would stay mapped until the process may map no more, and gigabytes with them
    jax.clear_caches()
    release_memory()


def _finite(quality: float) -> float | None:
    return quality if math.isfinite(quality) else None


def _result(found: SingleShotRun, spec: SearchSpec) -> SupernetResult:
    points = [
        Point(m.step, m.spend, m.genotype, m.cost, keeps(m.cost, spec.bounds), math.nan, m.loss, m.skipped)
        for m in found.history
        if m.genotype is not None
    ]
    best, last = -math.inf, found.history[-1]
    for look, cost, spend in zip(found.looks, found.looks_cost, found.looks_spend, strict=True):
        if look.quality > best:
            best = look.quality
            inside = keeps(cost, spec.bounds)
            points.append(Point(found.steps, spend, look.genotype, cost, inside, best, last.loss, found.skipped))
    return SupernetResult(
        algorithm=found.algorithm,
        seed=spec.seed,
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
        within_bounds=keeps(found.cost, spec.bounds),
        ended=found.ended,
    )


def _read(content: dict[str, Any]) -> SupernetResult | NothingFound:
    if "nothing" in content:
        return NothingFound(read_found(content["nothing"]))
    preferred = content["preferred"]
    history = [
        Point(**row | {"spend": Spend(*row["spend"]), "genotype": tuple(row["genotype"])}) for row in content["history"]
    ]
    looks = tuple(Look(tuple(genotype), quality) for genotype, quality in content["looks"])
    plain = {"looks": looks, "genotype": tuple(content["genotype"]), "preferred": preferred and tuple(preferred)}
    plain |= {"spend": Spend(*content["spend"]), "history": tuple(history)}
    return SupernetResult(**content | plain)
