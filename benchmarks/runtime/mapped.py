"""One function of many jobs: here one after the other, or on the workers of a Ray cluster."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from benchmarks.errors import INPUT_ERRORS, report
from benchmarks.runtime.handles import JobFailedError
from benchmarks.runtime.resources import GIB, Resources
from benchmarks.runtime.worker import Report

State = TypeVar("State")
Job = TypeVar("Job")
Result = TypeVar("Result")


def map_jobs(
    function: Callable[[State, Job, Report], Result], state: State, jobs: Iterable[Job], gib: float
) -> Iterator[Result]:
    """What function(state, job, report) gives for each job, in their order.

    With --executor ray each worker gets the state once; function, state, jobs and results are pickled.  gib: memory
    that such a worker is counted with where the settings do not say.  Raises what the function raises where that is bad
    input, JobFailedError for anything else on a cluster.
    """
    resources = Resources.from_environment()
    if resources.executor != "ray":
        for job in jobs:
            yield function(state, job, lambda fraction: None)
        return
    from benchmarks.runtime.ray_executor import RayExecutor  # not all have it

    executor = RayExecutor(
        resources.address,
        resources.workers or math.inf,
        (resources.worker_gib or gib) * GIB,
        _as_it_is,
        (state,),
        on_retry=lambda handle, reason: report(f"{reason}; trying again"),
    )
    with executor:
        for handle in [executor.submit(function, job) for job in jobs]:
            try:
                yield handle.result()
            except JobFailedError as error:
                if isinstance(error.__cause__, INPUT_ERRORS):
                    raise error.__cause__ from None
                raise


def _as_it_is(state: State) -> State:
    return state
