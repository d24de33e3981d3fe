"""Networks evaluated by training them from scratch: found in the store, or done once by a worker and kept there.

A `TrainingPool` has the workers, one for each core.  Searches share it, each by a `TrainedEvaluator` of its own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, Self

from benchmarks.errors import INPUT_ERRORS, report
from benchmarks.evaluators.weights import is_kept, keep, kept_folder
from benchmarks.runtime.executor import LocalExecutor
from benchmarks.runtime.handles import Executor, JobFailedError, JobHandle
from benchmarks.runtime.progress import SearchProgress
from benchmarks.runtime.resources import GIB, TRAINING_GIB, Resources, many_mappings
from benchmarks.runtime.worker_data import WorkerData, load_worker_data
from benchmarks.store.keys import architecture_text, canonical_json, settings_digest
from benchmarks.store.records import Trial, TrialKey
from benchmarks.store.sqlite import ResultStore
from hw_model.blocks import Block
from hw_model.network_text import summary
from nas_algos.evaluator import Costs, Evaluation, Genotype, Ticket
from nas_algos.ledger import Spend
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import TRAINING_CODE_VERSION, training_flops


@dataclass(frozen=True)
class TrialJob:
    """What to train and how to evaluate it."""

    key: TrialKey
    """Says the same to the store."""
    blocks: tuple[Block, ...]
    fidelity: Fidelity
    seed: int
    asked: tuple[str, tuple[int, ...]] = ("", ())
    """Space and genotype that the network was asked for by; its result does not depend on them."""
    kept: Path | None = None
    """Folder that its weights and a drawing are written to (`evaluators.weights`)."""


class TrainingPool:
    """Hands trainings to workers, one for each core as far as memory goes; a context manager.

    home: where data, store and compilation cache live.  fidelities: of all trainings, whose splits workers load.
    Raises BenchmarkInputError for environment variables of `runtime.resources` that hold what is not allowed.
    """

    def __init__(self, home: Path, task: Task, fidelities: Iterable[Fidelity], store: ResultStore):
        resources = Resources.from_environment()
        self.task = task
        self._home, self._store = home, store
        self._progress: SearchProgress | None = None
        self._tickets = itertools.count()
        self._expected = 0
        self._done: dict[Hashable, list[tuple[Ticket, Trial]]] = {}
        self._waiting: dict[str, list[tuple[Hashable, Ticket, str]]] = {}
        self._executor: Executor | None = None
        splits = {(each.data, split) for each in fidelities for split in ("train", each.eval_split)}
        self._arguments = (
            load_worker_data,
            (home, task, tuple(sorted(splits)), home / "compilations"),
            self._on_progress,
            lambda handle, reason: report(f"{self._label(handle)}: {reason}; trying again"),
            resources.stall_minutes * 60,
            (resources.worker_gib or TRAINING_GIB) * GIB,
        )
        self._resources = resources
        self.most = math.inf
        """So many trainings are asked for at most, as far as is known before the first: more workers have no use."""

    def _start(self) -> Executor:
        resources = self._resources
        if resources.executor == "ray":
            from benchmarks.runtime.ray_executor import RayExecutor  # not all have it

            each = (resources.worker_gib or TRAINING_GIB) * GIB
            return RayExecutor(resources.address, min(resources.workers or math.inf, self.most), each, *self._arguments)
        return LocalExecutor(resources.count(self.most, TRAINING_GIB), *self._arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._executor is not None:
            try:
                self._executor.close(cancel=kind is not None)
            finally:  # what ended while its owner computed
                self._store_all(self._executor.take_ended())

    def show(self, progress: SearchProgress) -> None:
        """Tell this progress display of everything from now on."""
        self._progress, self._expected = progress, 0

    def submit(
        self,
        owner: Hashable,
        label: str,
        blocks: tuple[Block, ...],
        fidelity: Fidelity,
        seed: int,
        asked: tuple[str, tuple[int, ...]] = ("", ()),
        *,
        weights: bool = False,
    ) -> Ticket:
        """Ask for a training; `completed` gives it to its owner.

        label: for the progress display.  asked: the space and the genotype that stand for the network, which the trial
        keeps beside its result.  weights: keep them too (`evaluators.weights`); a training that is known but whose
        weights were not kept is done again for them.
        """
        key = trial_key(self.task, blocks, fidelity, seed)
        ticket = next(self._tickets)
        self._expected += 1
        if self._progress is not None:
            self._progress.expect_in_all(self._expected)
        stored = self._store.get(key)
        kept = kept_folder(self._home, key) if weights else None
        if stored is not None and (kept is None or stored.state == "failed" or is_kept(kept)):
            self._answer(stored, [(owner, ticket, label)], reused=True)
        elif key.digest in self._waiting:
            self._waiting[key.digest].append((owner, ticket, label))
        else:
            self._waiting[key.digest] = [(owner, ticket, label)]
            if self._executor is None:  # workers load the data, which a run that finds everything need not wait for
                self._executor = self._start()
            self._executor.submit(run_trial, TrialJob(key, blocks, fidelity, seed, asked, kept))
        return ticket

    def completed(self, owner: Hashable) -> list[tuple[Ticket, Trial]]:
        """The owner's trials that have become known, as `Evaluator.completed`.

        Raises JobFailedError where a training came to no result for another reason than that its network diverged,
        which says nothing of the network; by then, trainings that ran beside it are finished and kept.
        """
        if not self._done and self._waiting and self._executor is not None:
            handles = [next(iter(self._executor.as_completed())), *self._executor.take_ended()]
            # all are kept before one is answered, and those that did not fail before one that did is told
            for trial in [self._kept(handle) for handle in sorted(handles, key=lambda each: each.error is not None)]:
                self._answer(trial, self._waiting.pop(trial.key.digest), reused=False)
        return self._done.pop(owner, [])

    def _kept(self, handle: JobHandle[Trial]) -> Trial:
        try:
            return self._stored(handle)
        except JobFailedError as error:
            if isinstance(error.__cause__, INPUT_ERRORS):
                raise error.__cause__ from None
            self._finish_running(self._label(handle), error)

    def _stored(self, handle: JobHandle[Trial]) -> Trial:
        trial = handle.result()
        if handle.job.kept is not None and trial.state == "done":
            # trained again for its weights: the figures that lie beside them are its result from now on
            self._store.remove([trial.digest])
        self._store.put(trial)
        return trial

    def _store_all(self, handles: Iterable[JobHandle[Trial]]) -> None:
        for handle in handles:
            with contextlib.suppress(JobFailedError):
                self._stored(handle)

    def _finish_running(self, label: str, failure: JobFailedError) -> NoReturn:
        assert self._executor is not None
        report(f"{label}: {failure}; no more is begun, and what runs is finished first")
        self._executor.cancel_waiting()
        self._store_all(self._executor.as_completed())
        raise JobFailedError(f"{label}: {failure}", failure.details) from failure.__cause__

    def _label(self, handle: JobHandle[Any]) -> str:
        return self._waiting[handle.job.key.digest][0][2]

    def _answer(self, trial: Trial, asked: list[tuple[Hashable, Ticket, str]], reused: bool) -> None:
        for owner, ticket, label in asked:
            self._done.setdefault(owner, []).append((ticket, trial))
            if self._progress is not None:
                quality = ", ".join(f"{name} {value:.3f}" for name, value in trial.quality.items()) or trial.error
                how = "known already" if reused else f"{trial.seconds:.0f} s"
                self._progress.finished(trial.key.digest, f"{label}: {quality} ({how})", reused=reused)
            reused = True

    def _on_progress(self, handle: JobHandle[Any], fraction: float) -> None:
        if self._progress is not None:
            self._progress.running(handle.job.key.digest, fraction, self._label(handle))


class TrainedEvaluator:
    """A space's networks, each trained from scratch; an evaluator of `nas_algos.evaluator`.

    cost: of genotypes int32[b, D]; jitted where it can be, and the same function for all searches that share it.
    fidelity: of a full evaluation; of a cheaper one the example passes are a share.  name: for the progress display.
    """

    def __init__(self, pool: TrainingPool, space: SearchSpace, cost: Costs, fidelity: Fidelity, name: str):
        self.cardinalities = space.cardinalities
        self._pool, self._space, self._cost, self._fidelity, self._name = pool, space, cost, fidelity, name
        # curated spaces of different accelerators share a name
        self._space_name = f"{space.name} {settings_digest(space)[:8]}"
        self._charges: dict[Ticket, Spend] = {}

    def cost(self, genotypes: Any) -> Any:
        """As `Evaluator.cost`."""
        return self._cost(genotypes)

    def submit(self, genotype: Genotype, fidelity: float, seed: int) -> Ticket:
        """As `Evaluator.submit`; a training of a lower fidelity is a short one, whose learning rate falls as fast."""
        blocks, reduced = self._space.decode(genotype), at_share(self._fidelity, fidelity)
        asked = (self._space_name, tuple(map(int, genotype)))
        ticket = self._pool.submit(self, f"{self._name}, {summary(blocks)}", blocks, reduced, seed, asked)
        self._charges[ticket] = Spend(1, reduced.steps * reduced.batch_size, training_flops(blocks, reduced))
        return ticket

    def completed(self) -> list[tuple[Ticket, Evaluation]]:
        """As `Evaluator.completed`; whoever trained a network first, its training is charged in full."""
        return [(ticket, self._evaluation(ticket, trial)) for ticket, trial in self._pool.completed(self)]

    def _evaluation(self, ticket: Ticket, trial: Trial) -> Evaluation:
        spend = self._charges.pop(ticket)._replace(seconds=trial.seconds)
        return Evaluation(trial.value(self._pool.task.metric), spend, trial.error)


def at_share(fidelity: Fidelity, share: float) -> Fidelity:
    """The fidelity with a share of its example passes, at least one batch."""
    if share == 1.0:
        return fidelity
    return replace(fidelity, example_passes=max(round(share * fidelity.example_passes), fidelity.batch_size))


def trial_key(task: Task, blocks: tuple[Block, ...], fidelity: Fidelity, seed: int) -> TrialKey:
    """The key of one training, from everything that its result depends on; data sets differ by their data version."""
    return TrialKey(
        task=f"{task.name}-{task.classes}",
        data_version=task.data_version(fidelity.data),
        architecture=architecture_text(blocks),
        fidelity=canonical_json(dataclasses.asdict(fidelity)),
        seed=seed,
        code_version=TRAINING_CODE_VERSION,
    )


def run_trial(state: WorkerData, job: TrialJob, report: Callable[[float], None]) -> Trial:
    """Train and evaluate in a worker; a training that diverges is a failed trial with its reason."""
    import jax

    from tasks.training import DivergedError, predict, train

    fidelity, started = job.fidelity, time.perf_counter()
    if (there := state.task.data_version(fidelity.data)) != job.key.data_version:
        raise TaskInputError(
            f"{state.task.dataset} is {there} where it is trained on, and {job.key.data_version} where that is asked "
            "for; allowed: the same data"
        )
    flops = training_flops(job.blocks, fidelity)
    passes = fidelity.steps * fidelity.batch_size
    examples = state.splits[fidelity.data, "train"].take(slice(0, fidelity.train_examples))
    held_out = state.splits[fidelity.data, fidelity.eval_split].take(slice(0, fidelity.eval_examples))
    try:
        trained = train(job.blocks, state.task, state.task.arrays(examples), fidelity, jax.random.key(job.seed), report)
    except DivergedError as error:
        return Trial(job.key, "failed", {}, passes, flops, time.perf_counter() - started, error=str(error))
    predictions = predict(job.blocks, state.task, trained, held_out.images)
    quality = state.task.quality(held_out, predictions)
    # compiled kernels stay mapped, for the next seed of a network, until the process may soon map no more
    if many_mappings():
        jax.clear_caches()
    trial = Trial.finished(
        job.key,
        quality,
        example_passes=passes,
        training_flops=flops,
        seconds=time.perf_counter() - started,
        space=job.asked[0],
        genotype=job.asked[1],
    )
    if job.kept is not None and trial.state == "done":
        keep(job.kept, state.task, trial, trained, held_out, predictions)
    return trial
