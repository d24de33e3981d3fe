"""Jobs on one task's data, one worker for each core, with a display of how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.errors import INPUT_ERRORS, report
from benchmarks.runtime.executor import LocalExecutor
from benchmarks.runtime.handles import JobFailedError, JobHandle
from benchmarks.runtime.progress import SearchProgress
from benchmarks.runtime.resources import GIB, SUPERNET_GIB, Resources
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
    words on a result.  A job that fails, twice but for bad input, leaves the others running; then its exception is
    raised as it was in the worker where that is bad input, JobFailedError otherwise.
    """
    if not jobs:
        return {}
    resources = Resources.from_environment()
    with SearchProgress(title, total=len(jobs)) as progress:
        labels = {id(job): label for label, job in jobs.items()}

        def show(handle: JobHandle[Any], fraction: float) -> None:
            label = labels[id(handle.job)]
            progress.running(label, fraction, label)

        def retry(handle: JobHandle[Any], reason: str) -> None:
            report(f"{labels[id(handle.job)]}: {reason}; trying again")

        executor = LocalExecutor(
            resources.count(len(jobs), SUPERNET_GIB),
            load_worker_data,
            (home, task, tuple(splits), home / "compilations"),
            show,
            retry,
            resources.stall_minutes * 60,
            (resources.worker_gib or SUPERNET_GIB) * GIB,
        )
        with executor:
            handles = {label: executor.submit(function, job) for label, job in jobs.items()}
            for handle in executor.as_completed():
                if handle.error is None:
                    label = labels[id(handle.job)]
                    progress.finished(label, f"{label}: {describe(handle.result())}")
            return {label: _told(label, handle) for label, handle in handles.items()}


def _told(label: str, handle: JobHandle[Result]) -> Result:
    try:
        return handle.result()
    except JobFailedError as error:
        if isinstance(error.__cause__, INPUT_ERRORS):
            raise error.__cause__ from None
        raise JobFailedError(f"{label}: {error}", error.details) from error.__cause__
