"""A worker on a machine of a Ray cluster, as `benchmarks.runtime.worker` is on this one; imports nothing heavy."""

from __future__ import annotations

import os
import pickle
from typing import Any

from benchmarks.runtime.worker import KEPT_BYTES, allowed_cores, failure_of_worker, release_memory, resident_bytes

Outcome = tuple[str, Any]
"""("result", pickled) or ("failed", failure), as workers of this machine send it."""


class RayWorker:
    """One process with one core.  An actor whose methods run in threads: `progress` answers while `run` works."""

    def __init__(self):
        self._core: int | None = None
        self._state: Any = None
        self._progress = 0.0

    def where(self) -> tuple[str, list[int | None]]:
        """The machine, and the cores that it lets a process use."""
        import ray

        return ray.get_runtime_context().get_node_id(), allowed_cores()

    def start(self, core: int | None, payload: bytes) -> tuple[str, str, bytes | None] | None:
        """Make the state that jobs get; what went wrong, or None.

        core: the one to use, as trainings of one thread outrun one of two and come to the same to the last bit.
        payload: the pickled initializer and its arguments.
        """
        self._core = core
        self._pin()
        try:
            initializer, arguments = pickle.loads(payload)
            self._state = None if initializer is None else initializer(*arguments)
        except (Exception, SystemExit) as error:
            return failure_of_worker(error)
        return None

    def run(self, payload: bytes) -> tuple[Outcome, int]:
        """What function(state, job, report) gave, and how much memory this process holds."""
        self._pin()
        self._progress = 0.0
        try:
            function, job = pickle.loads(payload)
            outcome = "result", pickle.dumps(function(self._state, job, self._report))
        except (Exception, SystemExit) as error:
            outcome = "failed", failure_of_worker(error)
        if resident_bytes() > KEPT_BYTES:
            release_memory()
        return outcome, resident_bytes()

    def progress(self) -> float:
        """How far the job is, 0 to 1."""
        return self._progress

    def _report(self, fraction: float) -> None:
        self._progress = max(self._progress, min(float(fraction), 1.0))

    def _pin(self) -> None:
        """Before JAX counts cores; it does so in the thread that first computes."""
        if self._core is not None:
            os.sched_setaffinity(0, {self._core})
