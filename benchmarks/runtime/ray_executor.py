"""Jobs on the machines of a Ray cluster, behind the interface of `benchmarks.runtime.executor.LocalExecutor`.

Each worker is an actor of one CPU, whose state is made once.  Ray says when one is lost, with its process or its whole
machine; then its job is tried again by another.  Results come back here, to whoever asked; workers write nothing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import math
import os
import pickle
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.errors import BenchmarkInputError
from benchmarks.runtime.handles import ATTEMPTS, Executor, JobFailedError, JobHandle, failure_of
from benchmarks.runtime.ray_worker import RayWorker
from benchmarks.runtime.worker import WORKER_ENVIRONMENT

LOST_ATTEMPTS = 5  # of a job whose worker is lost: machines of a cluster are taken away by others
MAX_START_FAILURES = 3  # workers in a row that may be lost before they are ready
POLL_SECONDS = 2.0  # between questions how far jobs are, and how many machines there are
CONNECT_SECONDS = 10.0
FORWARDED = ("XLA_", "JAX_")  # environment variables that results depend on
NOT_FORWARDED = ("JAX_COMPILATION_CACHE_DIR",)  # a folder of this machine


class _Worker:
    """One actor and what it was asked last; `handle` is the job it has, `ready` whether it can take one.

    asked: the reference of that answer.  node, core: where it runs, once it is known.  heard: when it last advanced.
    asked_at: when it was last asked how far it is.
    """

    def __init__(self, actor: Any):
        self.actor = actor
        self.asked: Any = actor.where.remote()
        self.polled: Any = None
        self.node, self.core = "", None
        self.ready = False
        self.fraction = 0.0
        self.heard = self.asked_at = time.monotonic()
        self.handle: JobHandle[Any] | None = None


class RayExecutor(Executor):
    """Runs jobs in actors of a Ray cluster, one for each of its CPUs; a context manager, for one thread.

    address: "auto" for the cluster that this machine is part of, HOST:PORT or ray://HOST:PORT for another, "local" for
    one of this machine alone, which ends with this executor.  workers: at most so many.  worker_bytes: memory that each
    is counted with.  Everything else is as with LocalExecutor, but that a job whose worker is lost is tried
    LOST_ATTEMPTS times, as machines are taken away by others.  Workers import our packages, and find the data at the
    paths of this machine.

    Raises BenchmarkInputError where Ray is not installed or there is no cluster at the address.
    """

    def __init__(
        self,
        address: str = "auto",
        workers: float = math.inf,
        worker_bytes: float = 0,
        initializer: Callable[..., Any] | None = None,
        initargs: tuple[Any, ...] = (),
        on_progress: Callable[[JobHandle[Any], float], None] | None = None,
        on_retry: Callable[[JobHandle[Any], str], None] | None = None,
        stall_seconds: float = math.inf,
        max_bytes: float = math.inf,
    ):
        super().__init__(on_progress, on_retry)
        self._ray = _connected(address)
        try:
            check_memory(self._ray.nodes(), worker_bytes)
        except BenchmarkInputError:
            self._ray.shutdown()
            raise
        self._most, self._stall_seconds, self._max_bytes = workers, stall_seconds, max_bytes
        self._payload = self._ray.put(pickle.dumps((initializer, initargs)))
        forwarded = {name: value for name, value in os.environ.items() if name.startswith(FORWARDED)}
        environment = WORKER_ENVIRONMENT | {each: forwarded[each] for each in forwarded if each not in NOT_FORWARDED}
        self._make = self._ray.remote(RayWorker).options(
            num_cpus=1, memory=int(worker_bytes), max_concurrency=2, runtime_env={"env_vars": environment}
        )
        self._workers: list[_Worker] = []
        self._start_failures = 0
        self._cpus, self._counted = 0.0, -math.inf

    def _running(self) -> bool:
        return any(worker.handle for worker in self._workers)

    def _step(self, timeout: float = math.inf) -> None:
        self._start_workers()
        self._give_out()
        asked = {ref: worker for worker in self._workers for ref in (worker.asked, worker.polled) if ref is not None}
        if asked:
            # all that is there by now, and at least one unless the time is over
            refs, wait = list(asked), min(timeout, POLL_SECONDS)
            done, _ = self._ray.wait(refs, num_returns=1, timeout=wait)
            if done:
                done, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
            for ref in done:
                worker = asked[ref]
                if worker in self._workers and ref in (worker.asked, worker.polled):  # still, after the answers before
                    self._receive(worker, ref)
        elif timeout:
            time.sleep(min(timeout, POLL_SECONDS))
        self._look_after()
        self._give_out()

    def _start_workers(self) -> None:
        if time.monotonic() > self._counted + POLL_SECONDS:
            self._counted, self._cpus = time.monotonic(), self._ray.cluster_resources().get("CPU", 0.0)
        idle = sum(worker.handle is None for worker in self._workers)
        count = min(self._most, max(1, int(self._cpus)), len(self._workers) - idle + len(self._waiting))
        self._workers += [_Worker(self._make.remote()) for _ in range(int(count) - len(self._workers))]

    def _give_out(self) -> None:
        for worker in self._workers:
            if self._waiting and worker.ready and worker.handle is None:
                handle = self._waiting.popleft()
                handle._attempts += 1
                worker.handle, worker.fraction, worker.heard = handle, 0.0, time.monotonic()
                worker.asked = worker.actor.run.remote(handle._payload)
                self._on_progress(handle, 0.0)

    def _receive(self, worker: _Worker, ref: Any) -> None:
        try:
            said = self._ray.get(ref)
        except self._ray.exceptions.RayTaskError as error:  # of our own code, not of a job's
            self._give_up((" ".join(str(error.cause).split())[:200], str(error), None))
        except self._ray.exceptions.RayError as error:  # ended, killed for memory, its answer lost, no place for it
            self._lose(worker, _why(error))
            return
        if ref is worker.polled:
            worker.polled = None
            if worker.handle is not None and said > worker.fraction:
                worker.fraction, worker.heard = said, time.monotonic()
                self._on_progress(worker.handle, said)
        elif not worker.node:
            worker.node, cores = said
            taken = Counter(other.core for other in self._workers if other.node == worker.node and other is not worker)
            worker.core = min(cores, key=lambda core: taken[core])
            worker.asked = worker.actor.start.remote(worker.core, self._payload)
        elif not worker.ready:
            if said is not None:
                self._give_up(said)
            worker.ready, worker.asked, self._start_failures = True, None, 0
        else:
            self._take(worker, *said)

    def _take(self, worker: _Worker, outcome: tuple[str, Any], resident: int) -> None:
        handle, worker.handle, worker.asked = worker.handle, None, None
        worker.polled = None  # an answer still to come is of this job
        assert handle is not None
        kind, value = outcome
        if kind == "result":
            self._on_progress(handle, 1.0)
            self._end(handle, value)
        else:
            self._end_or_retry(handle, failure_of(*value))
        if resident > self._max_bytes or not handle.done:  # whatever made it fail may still be in that process
            self._remove(worker)

    def _look_after(self) -> None:
        """Ask how far jobs are, and end what makes no progress."""
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.handle is None:
                continue
            if now >= worker.heard + self._stall_seconds:
                self._lose(worker, f"no progress for {self._stall_seconds / 60:.3g} min", ATTEMPTS)
            elif worker.polled is None and now >= max(worker.heard, worker.asked_at) + POLL_SECONDS:
                worker.polled, worker.asked_at = worker.actor.progress.remote(), now

    def _lose(self, worker: _Worker, reason: str, attempts: int = LOST_ATTEMPTS) -> None:
        handle, worker.handle = worker.handle, None
        self._start_failures += not worker.ready
        self._remove(worker)
        if handle is not None:
            self._end_or_retry(handle, JobFailedError(reason), attempts)
        if self._start_failures >= MAX_START_FAILURES:
            self._give_up((f"workers die before they are ready: {reason}", "", None))

    def _remove(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        with contextlib.suppress(Exception):  # it may be gone
            self._ray.kill(worker.actor)

    def _stop(self, kill: bool) -> None:
        for worker in list(self._workers):
            handle, worker.handle = worker.handle, None
            self._remove(worker)
            if handle is not None:
                self._fail(handle, JobFailedError("cancelled"))
        self._ray.shutdown()


def check_address(address: str) -> None:
    """Raises BenchmarkInputError without Ray, for what is no address, and where nobody listens, as Ray waits long."""
    if importlib.util.find_spec("ray") is None:
        raise BenchmarkInputError("--executor ray needs Ray; run: pip install 'accelnas[ray]'")
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address in ("auto", "local"):
        return
    if not host or not port.isdigit():
        raise BenchmarkInputError(f"address {address[:60]!r}; allowed: auto, local, HOST:PORT, ray://HOST:PORT")
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise BenchmarkInputError(f"no Ray cluster at address {address[:60]!r}: {error}") from None


def check_memory(nodes: Sequence[Mapping[str, Any]], worker_bytes: float) -> None:
    """Raise BenchmarkInputError where no machine of the cluster has a worker's memory: Ray would wait for one for ever.

    nodes: as `ray.nodes()` has them; those without a CPU may be there to start others.
    """
    memory = [node["Resources"].get("memory", 0) for node in nodes if node["Alive"] and node["Resources"].get("CPU")]
    if memory and max(memory) < worker_bytes:
        raise BenchmarkInputError(
            f"a worker is given {worker_bytes / 2**30:.1f} GiB, and no machine of the Ray cluster has more than "
            f"{max(memory) / 2**30:.1f}; allowed: less, by ACCELNAS_WORKER_GIB, or `ray start --memory`"
        )


def _connected(address: str) -> Any:
    check_address(address)
    import ray

    try:
        own: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:160]
        raise BenchmarkInputError(f"no Ray cluster at address {address[:60]!r}: {said}") from None
    return ray


def _why(error: Exception) -> str:
    """In a few words, as Ray's messages have ten lines."""
    return f"worker lost ({type(error).__name__})"
