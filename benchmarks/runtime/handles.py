"""Submitted jobs and what becomes of them: what every executor shares, wherever its workers are."""

from __future__ import annotations

import contextlib
import itertools
import math
import pickle
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, NoReturn, Self, TypeVar

from benchmarks.errors import INPUT_ERRORS, NoResultError
from benchmarks.runtime.worker import Report

JobInput = TypeVar("JobInput")
Result = TypeVar("Result")

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

    def __init__(self, executor: Executor, job: Any, payload: bytes):
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


class Executor(ABC):
    """Runs jobs in workers; a context manager, for one thread.  It works while the caller waits.

    A job whose worker dies or that raises, but for bad input (INPUT_ERRORS), is tried again, by a new worker; where
    that fails too it fails with the reason, and the rest goes on.  Leaving the context by an exception, Ctrl-C too,
    stops the workers at once.
    """

    def __init__(
        self,
        on_progress: Callable[[JobHandle[Any], float], None] | None = None,
        on_retry: Callable[[JobHandle[Any], str], None] | None = None,
    ):
        self._on_progress = on_progress or (lambda handle, fraction: None)
        self._on_retry = on_retry or (lambda handle, reason: None)
        self._waiting: deque[JobHandle[Any]] = deque()
        self._unreported: list[JobHandle[Any]] = []
        self._ended = itertools.count()
        self._closed = False

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

    def take_ended(self) -> list[JobHandle[Any]]:
        """The jobs that have ended and were not given out yet, failed ones too, in that order; waits for none."""
        return list(self.as_completed([each for each in self._unreported if each.done]))

    def cancel_waiting(self) -> None:
        """Let no further job begin: those that have not fail."""
        while self._waiting:
            self._fail(self._waiting.popleft(), JobFailedError("cancelled"))

    def close(self, cancel: bool = False) -> None:
        """Stop the workers: after the last job, or at once with cancel; jobs that have not ended then fail."""
        try:
            while not (cancel or self._closed) and (self._waiting or self._running()):
                self._step()
        except BaseException:
            cancel = True
            raise
        finally:
            self._closed = True
            self._stop(cancel)
            self.cancel_waiting()

    @abstractmethod
    def _running(self) -> bool:
        """Whether a worker has a job."""

    @abstractmethod
    def _step(self, timeout: float = math.inf) -> None:
        """Give out jobs, wait for something to happen (at most so many seconds), and deal with it."""

    @abstractmethod
    def _stop(self, kill: bool) -> None:
        """End all workers, at once where kill; jobs that they have fail.  A second time it does nothing."""

    def _end(self, handle: JobHandle[Any], value: Any) -> None:
        try:
            handle._result = pickle.loads(value)
        except Exception as error:
            self._fail(handle, JobFailedError(f"its result cannot be read: {type(error).__name__}: {error}"))
            return
        handle.done, handle._order = True, next(self._ended)

    def _fail(self, handle: JobHandle[Any], failure: JobFailedError) -> None:
        handle._failure, handle.done, handle._order = failure, True, next(self._ended)

    def _end_or_retry(self, handle: JobHandle[Any], failure: JobFailedError, attempts: int = ATTEMPTS) -> None:
        if handle._attempts >= attempts or isinstance(failure.__cause__, INPUT_ERRORS):
            self._fail(handle, failure)
        else:
            self._waiting.appendleft(handle)
            self._on_retry(handle, str(failure))

    def _give_up(self, value: tuple[str, str, bytes | None]) -> NoReturn:
        self._closed = True
        self._stop(kill=True)
        self.cancel_waiting()
        failure = failure_of(*value)
        raise failure.__cause__ if isinstance(failure.__cause__, INPUT_ERRORS) else failure


def failure_of(reason: str, details: str, pickled: bytes | None) -> JobFailedError:
    """The error of what a worker says of its failure."""
    failure = JobFailedError(reason, details)
    with contextlib.suppress(Exception):  # an exception that cannot be read back is told by its reason alone
        failure.__cause__ = pickle.loads(pickled) if pickled else None
    return failure
