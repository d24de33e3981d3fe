"""Trainings on request: found in the store, or run once by a worker and kept there."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Self

from benchmarks.evaluators.trial_job import TrialJob, run_trial
from benchmarks.runtime.executor import JobHandle, LocalExecutor
from benchmarks.runtime.progress import SearchProgress
from benchmarks.runtime.worker_data import load_worker_data
from benchmarks.store.keys import canonical_json
from benchmarks.store.records import Trial, TrialKey
from benchmarks.store.sqlite import ResultStore
from hw_model.blocks import Block
from tasks.fidelity import Fidelity
from tasks.task import Task
from tasks.training import TRAINING_CODE_VERSION


def trial_key(task: Task, blocks: tuple[Block, ...], fidelity: Fidelity, seed: int) -> TrialKey:
    """The key of one training, from everything that its result depends on; data sets differ by their data version."""
    return TrialKey(
        task=f"{task.name}-{task.classes}",
        data_version=task.data_version(fidelity.data),
        architecture=canonical_json([dataclasses.asdict(block) for block in blocks]),
        fidelity=canonical_json(dataclasses.asdict(fidelity)),
        seed=seed,
        code_version=TRAINING_CODE_VERSION,
    )


class TrialRunner:
    """Hands trainings to one worker for each core; a context manager.

    home: where data, store and compilation cache live.  splits: (configuration, split) pairs that workers load.
    """

    def __init__(self, home: Path, task: Any, splits: tuple[tuple[str, str], ...], store: ResultStore):
        self._task = task
        self._store = store
        self._progress: SearchProgress | None = None
        self._found: list[tuple[Trial, Hashable]] = []
        self._waiting: dict[str, list[Hashable]] = {}
        self._executor: LocalExecutor | None = None
        self._start = lambda: LocalExecutor(
            len(os.sched_getaffinity(0)),
            load_worker_data,
            (home, task, splits, home / "compilations"),
            self._on_progress,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._executor is not None:
            self._executor.close(cancel=kind is not None)

    def show(self, progress: SearchProgress | None) -> None:
        """Tell this progress display of everything from now on."""
        self._progress = progress

    def request(self, who: Hashable, blocks: tuple[Block, ...], fidelity: Fidelity, seed: int) -> None:
        """Ask for a training; `completed` gives it back with `who` when it is known."""
        key = trial_key(self._task, blocks, fidelity, seed)
        stored = self._store.get(key)
        if stored is not None:
            self._found.append((stored, who))
        elif key.digest in self._waiting:
            self._waiting[key.digest].append(who)
        else:
            self._waiting[key.digest] = [who]
            if self._executor is None:  # workers load the data, which a run that finds everything need not wait for
                self._executor = self._start()
            self._executor.submit(run_trial, TrialJob(key, blocks, fidelity, seed))

    def next_completed(self) -> list[tuple[Trial, Hashable]]:
        """The next trials that are known, each with who asked; waits if need be; empty when nothing is asked for."""
        if self._found:
            found, self._found = self._found, []
            for trial, who in found:
                self._show_finished(trial, who, reused=True)
            return found
        if not self._waiting or self._executor is None:
            return []
        handle = next(iter(self._executor.as_completed()))
        if handle.error is None:
            trial = handle.result()
            self._store.put(trial)
        else:  # the worker died: that says nothing of the network, so it is not kept and the next run tries again
            trial = Trial(handle.job.key, "failed", {}, 0, 0.0, 0.0, error=handle.error)
        waiting = self._waiting.pop(trial.key.digest)
        for index, who in enumerate(waiting):
            self._show_finished(trial, who, reused=index > 0)
        return [(trial, who) for who in waiting]

    def _on_progress(self, handle: JobHandle[Any], fraction: float) -> None:
        if self._progress is not None:
            digest = handle.job.key.digest
            self._progress.running(digest, fraction, _label(self._waiting[digest][0]))

    def _show_finished(self, trial: Trial, who: Hashable, reused: bool) -> None:
        if self._progress is None:
            return
        quality = ", ".join(f"{name} {value:.3f}" for name, value in trial.quality.items()) or trial.error
        how = "known already" if reused else f"{trial.seconds:.0f} s"
        self._progress.finished(trial.key.digest, f"{_label(who)}: {quality} ({how})", reused=reused)


def _label(who: Hashable) -> str:
    return " ".join(map(str, who)) if isinstance(who, tuple) else str(who)
