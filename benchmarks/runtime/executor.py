"""Jobs in worker processes of this machine: one core each, safe against workers and parents that die.

    def train(data, architecture, report): ...                # at the top of a module
    with LocalExecutor(2, load_data, ("scenes",)) as executor:
        for architecture in architectures:
            executor.submit(train, architecture)
        for handle in executor.as_completed():
            print(handle.error or handle.result())

concurrent.futures gives up its whole pool when one worker dies, and one queue shared by all workers stays locked by a
worker that was killed while it wrote; so here each worker has a pipe of its own.
"""

from __future__ import annotations

import math
import multiprocessing
import pickle
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from benchmarks.errors import BenchmarkInputError
from benchmarks.runtime.handles import Executor, JobFailedError, JobHandle, failure_of
from benchmarks.runtime.worker import allowed_cores, start_conditions, work

STOP_SECONDS = 5.0  # how long an idle worker gets to leave by itself
MAX_START_DEATHS = 3  # workers in a row that may die before they are ready


class _Worker:
    """One process and the parent's end of its pipe; `handle` is the job it has, `ready` whether it can take one.

    leaving: whether it goes after that job.  heard: when it last said something, in seconds of time.monotonic.
    """

    def __init__(self, core: int | None, payload: bytes, max_bytes: float):
        context = multiprocessing.get_context("spawn")
        self.core = core
        self.ready = self.leaving = False
        self.heard = time.monotonic()
        self.handle: JobHandle[Any] | None = None
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, payload, max_bytes), daemon=True)
        with start_conditions(core), theirs:
            self.process.start()

    @property
    def busy(self) -> bool:
        """Whether something is to be heard of it."""
        return self.handle is not None or not self.ready

    def clean_up(self) -> str:
        """Clean up after a worker whose pipe has closed, and say how it died."""
        self.connection.close()
        self.process.join(STOP_SECONDS)
        self.process.kill()
        self.process.join()
        code = self.process.exitcode or 0
        if code >= 0:
            return f"worker exited with code {code}"
        hint = " (out of memory?)" if code == -signal.SIGKILL else ""
        return f"worker killed by {signal.Signals(-code).name}{hint}"


class LocalExecutor(Executor):
    """Runs jobs in spawned worker processes, each on one core; a context manager, for one thread.

    workers: how many, 1 and more.  initializer(*initargs) runs once in each worker; what it returns is given to each
    job.  on_progress(handle, fraction) is called here with 0 when a job starts and then as it reports, up to 1.
    on_retry(handle, reason) is called when a job is to be tried again.  stall_seconds: without a word for so long, a
    worker with a job is killed.  max_bytes: memory beyond which a worker is replaced after its job.

    It works while the caller waits in as_completed or result: a free worker gets its next job there or in submit.
    A job whose worker dies or that raises, but for bad input (INPUT_ERRORS), is tried once more, by a new worker; where
    that fails too it fails with the reason, and the rest goes on.  Leaving the context by an exception, Ctrl-C too,
    stops the workers at once.  When this process dies, so do they.

    Raises BenchmarkInputError when workers is below 1.  Bad input that the initializer raises comes out of submit,
    as_completed or result, and closes the executor; so does JobFailedError where it raises anything else, and when
    workers keep dying before they are ready.
    """

    def __init__(
        self,
        workers: int,
        initializer: Callable[..., Any] | None = None,
        initargs: tuple[Any, ...] = (),
        on_progress: Callable[[JobHandle[Any], float], None] | None = None,
        on_retry: Callable[[JobHandle[Any], str], None] | None = None,
        stall_seconds: float = math.inf,
        max_bytes: float = math.inf,
    ):
        if workers < 1:
            raise BenchmarkInputError(f"number of workers is {workers}; allowed: 1 and more")
        super().__init__(on_progress, on_retry)
        self._stall_seconds, self._max_bytes = stall_seconds, max_bytes
        self._payload = pickle.dumps((initializer, initargs))
        self._start_deaths = 0
        cores = allowed_cores()
        self._workers = [_Worker(cores[index % len(cores)], self._payload, max_bytes) for index in range(workers)]

    def _running(self) -> bool:
        return any(worker.handle for worker in self._workers)

    def _stop(self, kill: bool) -> None:
        for worker in self._workers:
            if kill or not worker.ready:
                worker.process.kill()
            worker.connection.close()  # an idle worker leaves when its pipe ends
        for worker in self._workers:
            worker.clean_up()
            if worker.handle is not None:
                self._fail(worker.handle, JobFailedError("cancelled"))
        self._workers.clear()

    def _step(self, timeout: float = math.inf) -> None:
        self._give_out()
        by_connection = {worker.connection: worker for worker in self._workers}
        heard = min((worker.heard for worker in self._workers if worker.busy), default=math.inf)
        timeout = min(timeout, max(0.0, heard + self._stall_seconds - time.monotonic()))
        for connection in wait(list(by_connection), None if timeout == math.inf else timeout):
            assert isinstance(connection, Connection)
            self._receive(by_connection[connection])
        for index, worker in enumerate(self._workers):
            # what it said while this process was busy is still to be read
            stalled = worker.busy and time.monotonic() >= worker.heard + self._stall_seconds
            if stalled and not worker.connection.poll():
                worker.process.kill()
                self._replace(index, f"no progress for {self._stall_seconds / 60:.3g} min")
        self._give_out()

    def _give_out(self) -> None:
        for index, worker in enumerate(self._workers):
            if not (self._waiting and worker.ready and worker.handle is None) or worker.leaving:
                continue
            try:
                worker.connection.send_bytes(self._waiting[0]._payload)
            except OSError:  # it died while idle; the job has not begun and stays in the queue
                self._replace(index)
                continue
            worker.handle = self._waiting.popleft()
            worker.handle._attempts += 1
            worker.heard = time.monotonic()
            self._on_progress(worker.handle, 0.0)

    def _receive(self, worker: _Worker) -> None:
        try:
            kind, value = worker.connection.recv()
        except (EOFError, OSError):
            self._replace(self._workers.index(worker))
            return
        handle, worker.heard = worker.handle, time.monotonic()
        if kind == "ready":
            worker.ready, self._start_deaths = True, 0
        elif kind == "unable":
            self._give_up(value)
        elif handle is None:
            raise AssertionError(f"a worker without a job sent {kind!r}")
        elif kind == "progress":
            self._on_progress(handle, value)
        elif kind == "leaving":
            worker.leaving = True
        elif kind == "failed":
            worker.handle = None
            self._end_or_retry(handle, failure_of(*value))
            if not handle.done:  # whatever made it fail may still be in that process
                worker.process.kill()
                self._replace(self._workers.index(worker))
        else:
            worker.handle = None
            self._end(handle, value)

    def _replace(self, index: int, why: str = "") -> None:
        worker = self._workers[index]
        reason = worker.clean_up()
        reason = why or reason
        if worker.handle is not None:
            self._end_or_retry(worker.handle, JobFailedError(reason))
            worker.handle = None
        self._start_deaths += not worker.ready
        if self._start_deaths >= MAX_START_DEATHS:
            self._give_up((f"workers die before they are ready: {reason}", "", None))
        self._workers[index] = _Worker(worker.core, self._payload, self._max_bytes)
