"""Jobs on one task's data, one worker for each core, with a display of how far they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.runtime.executor import JobHandle, LocalExecutor
from benchmarks.runtime.progress import SearchProgress
from benchmarks.runtime.worker import Report
from benchmarks.runtime.worker_data import WorkerData, load_worker_data
from tasks.task import Task

Job = TypeVar("Job")
Result = TypeVar("Result")


def run_jobs(
    home: Path,
    task: Task,
    splits: Iterable[tuple[str, str]],
    title: str,
    function: Callable[[WorkerData, Job, Report], Result],
    jobs: Mapping[str, Job],
    describe: Callable[[Result], str],
) -> dict[str, Result]:
    """What function(data, job, report) gives for each job, by the jobs' labels and in their order.

    home, splits: where workers find the data, and the (configuration, split) pairs that they load.  describe: a few
    words on a result.  A job that fails leaves the others running; then its exception is raised, as it was in the
    worker where that is known (bad input, say), JobFailedError otherwise.
    """
    if not jobs:
        return {}
    with SearchProgress(title, total=len(jobs)) as progress:
        labels = {id(job): label for label, job in jobs.items()}

        def show(handle: JobHandle[Any], fraction: float) -> None:
            label = labels[id(handle.job)]
            progress.running(label, fraction, label)

        workers = min(len(jobs), len(os.sched_getaffinity(0)))
        arguments = (home, task, tuple(splits), home / "compilations")
        with LocalExecutor(workers, load_worker_data, arguments, show) as executor:
            handles = {label: executor.submit(function, job) for label, job in jobs.items()}
            for handle in executor.as_completed():
                if handle.error is None:
                    label = labels[id(handle.job)]
                    progress.finished(label, f"{label}: {describe(handle.result())}")
            return {label: _told(handle) for label, handle in handles.items()}


def _told(handle: JobHandle[Result]) -> Result:
    try:
        return handle.result()
    except Exception as error:
        raise error.__cause__ or error from None
