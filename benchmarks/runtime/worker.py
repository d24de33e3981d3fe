"""A worker process of the executor: what it inherits and what it runs; imports nothing heavy."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path

Report = Callable[[float], None]

OUR_FOLDER = str(Path(__file__).parents[2])  # the one that holds the packages

PROGRESS_STEP = 0.01  # reports closer than this are dropped, so that a parent that is busy never blocks a training
ALIVE_SECONDS = 20.0  # but a job that still advances says so this often, or it would look like one that hangs
KEPT_BYTES = 2**30  # an idle worker that keeps more gives back what it has freed
PARENT_CHECK_SECONDS = 1.0
MAX_REASON = 200  # characters; XLA's messages can hold whole programs

WORKER_ENVIRONMENT = {
    # One thread each: two trainings of one thread outrun one training of two.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # XLA frees and allocates its large temporaries every step.  By default glibc maps each anew and the kernel hands
    # it over page by page (measured: steps five times slower); so keep them on the heap, never give it back, and let
    # the kernel use huge pages.  glibc reads these when a process starts, so setting them in a worker is too late.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(16 * 2**30),
}


def release_memory() -> None:
    """Give back what WORKER_ENVIRONMENT keeps: after a job so large that idle workers would starve the others."""
    gc.collect()
    with contextlib.suppress(AttributeError):  # another libc than glibc
        ctypes.CDLL(None).malloc_trim(0)


def resident_bytes() -> int:
    """Memory of this process alone; 0 where the system does not say.

    Files that it maps, such as images on disk, are left out: the system takes their pages back when it needs them.
    """
    try:
        resident, shared = Path("/proc/self/statm").read_text().split()[1:3]
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def allowed_cores() -> list[int | None]:
    """The cores this process may use; where the system does not say which, as macOS, None for each that there is."""
    if hasattr(os, "sched_getaffinity"):
        return [*sorted(os.sched_getaffinity(0))]
    return [None] * (os.cpu_count() or 1)


@contextlib.contextmanager
def start_conditions(core: int | None) -> Iterator[None]:
    """What a process started in here inherits: its core, environment, path and deafness to Ctrl-C.

    Inherited, it holds from the worker's first instruction, before JAX or NumPy count cores and start their threads,
    and Ctrl-C while a worker still imports leaves no traceback.
    """
    # Python starts its tracker with the first process and then unblocks SIGINT, whoever blocked it; so have it started.
    resource_tracker.ensure_running()
    environment = {name: os.environ.get(name) for name in WORKER_ENVIRONMENT}
    cores = None if core is None else os.sched_getaffinity(0)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # a module in the user's folder may have the name of one of our packages
    path, sys.path = sys.path, [OUR_FOLDER, *sys.path]
    try:
        os.environ.update(WORKER_ENVIRONMENT)
        if core is not None:
            os.sched_setaffinity(0, {core})  # of this thread alone
        yield
    finally:
        sys.path = path
        if cores is not None:
            os.sched_setaffinity(0, cores)
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def work(connection: Connection, payload: bytes, max_bytes: float) -> None:
    """Initialise, then run jobs until the pipe ends.

    payload: the pickled initializer and its arguments.  max_bytes: of memory; a worker that keeps more after a job,
    and more than twice what it started with, leaves.  Sends pairs: ("ready", None) or ("unable", failure) once, then
    for each job ("progress", fraction)s, ("leaving", None) where this is its last one, and ("result", pickled) or
    ("failed", failure), where a failure is its reason in one line, its traceback, and the pickled exception or None.
    """
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    # The parent may be gone or have closed the pipe at any time; then there is nobody left to tell.
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            initializer, arguments = pickle.loads(payload)
            state = None if initializer is None else initializer(*arguments)
        except (Exception, SystemExit) as error:
            connection.send(("unable", failure_of_worker(error)))
            return
        max_bytes = max(max_bytes, 2 * resident_bytes())
        connection.send(("ready", None))
        while True:
            outcome = _run(connection.recv_bytes(), state, _reporter(connection))
            if resident_bytes() > KEPT_BYTES:
                release_memory()
            leaving = resident_bytes() > max_bytes
            if leaving:
                connection.send(("leaving", None))
            connection.send(outcome)
            if leaving:
                return


def _run(payload: bytes, state: object, report: Report) -> tuple[str, object]:
    try:
        function, job = pickle.loads(payload)
        return "result", pickle.dumps(function(state, job, report))
    except (Exception, SystemExit) as error:
        return "failed", failure_of_worker(error)


def _reporter(connection: Connection) -> Report:
    last, when = 0.0, time.monotonic()

    def report(fraction: float) -> None:
        nonlocal last, when
        fraction = min(float(fraction), 1.0)
        advances, now = fraction > last, time.monotonic()
        if advances and (fraction >= last + PROGRESS_STEP or fraction == 1.0 or now > when + ALIVE_SECONDS):
            last, when = fraction, now
            connection.send(("progress", fraction))

    return report


def failure_of_worker(error: BaseException) -> tuple[str, str, bytes | None]:
    """The reason in one line, the traceback, and the pickled exception or None where it cannot be pickled."""
    try:
        text = str(error)
    except Exception:  # an exception of a user's file may fail at this too
        text = ""
    frame = traceback.extract_tb(error.__traceback__)[-1] if error.__traceback__ else None
    where = f" ({Path(frame.filename).name}, line {frame.lineno})" if frame else ""
    reason = " ".join(f"{type(error).__name__}: {text}".split())[:MAX_REASON] + where
    try:
        pickled = pickle.dumps(error)
    except Exception:  # many exceptions cannot be pickled; the reason is enough
        pickled = None
    return reason, _format(error), pickled


def _format(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:
        return "".join(traceback.format_tb(error.__traceback__))


def _exit_with_parent() -> None:
    """Leave as soon as the parent is gone, in the middle of a job too."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    while os.getppid() == parent.pid:
        # returns at once when the parent dies; parent.join would import something, and tensorflow-datasets, while it
        # is itself imported by the other thread, hands out stand-ins for what is imported
        wait([parent.sentinel], PARENT_CHECK_SECONDS)
    os._exit(1)
