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

import contextlib
import itertools
import math
import multiprocessing
import pickle
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, NoReturn, Self, TypeVar

from benchmarks.errors import INPUT_ERRORS, BenchmarkInputError, NoResultError
from benchmarks.runtime.worker import Report, allowed_cores, start_conditions, work

JobInput = TypeVar("JobInput")
Result = TypeVar("Result")

STOP_SECONDS = 5.0  # how long an idle worker gets to leave by itself
MAX_START_DEATHS = 3  # workers in a row that may die before they are ready
ATTEMPTS = 2  # of a job that fails by what may be no fault of its own


class JobFailedError(NoResultError):
    """A job that raised or whose worker died; one line says why.

    details: the traceback in the worker, "" when it died.  The exception itself is the cause where it can be pickled.
    """

    def __init__(self, reason: str, details: str = ""):
        super().__init__(reason)
        self.details = details


class JobHandle(Generic[Result]):
    """A submitted job.

    job: what was submitted.  done: whether it has ended.  error: one line saying why it failed, else None.
    """

    def __init__(self, executor: LocalExecutor, job: Any, payload: bytes):
        self.job = job
        self.done = False
        self._executor = executor
        self._payload = payload
        self._failure: JobFailedError | None = None
        self._result: Any = None
        self._order = -1
        self._attempts = 0

    @property
    def error(self) -> str | None:
        """Why the job failed, None when it did not or has not ended."""
        return None if self._failure is None else str(self._failure)

    def result(self) -> Result:
        """What the function returned, waiting for it; raises JobFailedError when it failed."""
        while not self.done:
            self._executor._step()
        if self._failure is not None:
            raise self._failure
        return self._result


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


class LocalExecutor:
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
        self._payload = pickle.dumps((initializer, initargs))
        self._on_progress = on_progress or (lambda handle, fraction: None)
        self._on_retry = on_retry or (lambda handle, reason: None)
        self._stall_seconds, self._max_bytes = stall_seconds, max_bytes
        self._waiting: deque[JobHandle[Any]] = deque()
        self._unreported: list[JobHandle[Any]] = []
        self._ended = itertools.count()
        self._start_deaths = 0
        self._closed = False
        cores = allowed_cores()
        self._workers = [_Worker(cores[index % len(cores)], self._payload, max_bytes) for index in range(workers)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close(cancel=kind is not None)

    def submit(self, function: Callable[[Any, JobInput, Report], Result], job: JobInput) -> JobHandle[Result]:
        """Have function(state, job, report) called in a worker.

        state: what the initializer returned.  report(fraction): tells how far the job is, 0 to 1.  The function must
        be a module's; it, the job and the result are pickled.  Raises RuntimeError after close.
        """
        if self._closed:
            raise RuntimeError("this executor is closed")
        handle: JobHandle[Result] = JobHandle(self, job, pickle.dumps((function, job)))
        self._waiting.append(handle)
        self._unreported.append(handle)
        self._step(timeout=0)
        return handle

    def as_completed(self, handles: Iterable[JobHandle[Any]] | None = None) -> Iterator[JobHandle[Any]]:
        """Each of these jobs as it ends, failed ones too.

        By default all that were not given out yet, those submitted meanwhile included.
        """
        pool = self._unreported if handles is None else list(handles)
        while pool:
            handle = min((one for one in pool if one.done), key=lambda one: one._order, default=None)
            if handle is None:
                self._step()
                continue
            for known in (pool, self._unreported):
                with contextlib.suppress(ValueError):
                    known.remove(handle)
            yield handle

    def cancel_waiting(self) -> None:
        """Let no further job begin: those that have not fail."""
        while self._waiting:
            self._fail(self._waiting.popleft(), JobFailedError("cancelled"))

    def close(self, cancel: bool = False) -> None:
        """Stop the workers: after the last job, or at once with cancel; jobs that have not ended then fail."""
        try:
            while not (cancel or self._closed) and (self._waiting or any(one.handle for one in self._workers)):
                self._step()
        except BaseException:
            cancel = True
            raise
        finally:
            self._stop(cancel)

    def _stop(self, kill: bool) -> None:
        self._closed = True
        for worker in self._workers:
            if kill or not worker.ready:
                worker.process.kill()
            worker.connection.close()  # an idle worker leaves when its pipe ends
        for worker in self._workers:
            worker.clean_up()
            if worker.handle is not None:
                self._fail(worker.handle, JobFailedError("cancelled"))
        self._workers.clear()
        self.cancel_waiting()

    def _step(self, timeout: float = math.inf) -> None:
        """Give out jobs, wait for something to happen (at most so many seconds), and deal with it."""
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
            self._end_or_retry(handle, _failure(*value))
            if not handle.done:  # whatever made it fail may still be in that process
                worker.process.kill()
                self._replace(self._workers.index(worker))
        else:
            worker.handle = None
            self._end(handle, value)

    def _end_or_retry(self, handle: JobHandle[Any], failure: JobFailedError) -> None:
        if handle._attempts >= ATTEMPTS or isinstance(failure.__cause__, INPUT_ERRORS):
            self._fail(handle, failure)
        else:
            self._waiting.appendleft(handle)
            self._on_retry(handle, str(failure))

    def _end(self, handle: JobHandle[Any], value: Any) -> None:
        try:
            handle._result = pickle.loads(value)
        except Exception as error:
            self._fail(handle, JobFailedError(f"its result cannot be read: {type(error).__name__}: {error}"))
            return
        handle.done, handle._order = True, next(self._ended)

    def _fail(self, handle: JobHandle[Any], failure: JobFailedError) -> None:
        handle._failure, handle.done, handle._order = failure, True, next(self._ended)

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

    def _give_up(self, value: tuple[str, str, bytes | None]) -> NoReturn:
        self._stop(kill=True)
        failure = _failure(*value)
        raise failure.__cause__ if isinstance(failure.__cause__, INPUT_ERRORS) else failure


def _failure(reason: str, details: str, pickled: bytes | None) -> JobFailedError:
    failure = JobFailedError(reason, details)
    with contextlib.suppress(Exception):  # an exception that cannot be read back is told by its reason alone
        failure.__cause__ = pickle.loads(pickled) if pickled else None
    return failure
