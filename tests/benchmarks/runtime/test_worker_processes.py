"""Workers are pinned processes that give memory back when told to, and outlive no parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.runtime.executor import LocalExecutor
from benchmarks.runtime.worker import WORKER_ENVIRONMENT, allowed_cores, release_memory

# Read while a worker imports this module, which is before it runs any of our code.
CORES_AT_IMPORT = allowed_cores()


def blocked_signals(state, job, report):
    return signal.pthread_sigmask(signal.SIG_BLOCK, ())


def describe(state, job, report):
    time.sleep(0.2)  # long enough that the other worker takes the next one
    return CORES_AT_IMPORT, {name: os.environ.get(name) for name in WORKER_ENVIRONMENT}, os.getpid()


def work_for_ever(state, job, report):
    Path(job).write_text(str(os.getpid()))
    while True:  # busy, so that nothing but the watching thread can end it
        sum(range(1000))


def resident_megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def hold_and_release(state, job, report):
    blocks = [b"x" * 2**20 for _ in range(job)]
    del blocks
    kept = resident_megabytes()
    release_memory()
    return kept, resident_megabytes()


@pytest.fixture
def every_core():
    """All of the machine's that we may use, where the suite has one for each of its processes."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    yield
    os.sched_setaffinity(0, ours)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="other systems do not pin processes to cores")
@pytest.mark.usefixtures("every_core")
def test_workers_have_one_core_each_and_the_environment_from_their_start_and_the_parent_keeps_its_own():
    cores, environment = os.sched_getaffinity(0), dict(os.environ)
    with LocalExecutor(2) as executor:
        results = []
        while len({pid for _, _, pid in results}) < 2:  # one worker may do many jobs before the other has started
            pair = [executor.submit(describe, job) for job in range(2)]
            results += [handle.result() for handle in pair]
    assert all(environment == WORKER_ENVIRONMENT for _, environment, _ in results)
    assert all(len(pinned) == 1 for pinned, _, _ in results)
    by_worker = {pid: pinned[0] for pinned, _, pid in results}
    assert sorted(by_worker.values()) == sorted((sorted(cores) * 2)[:2])
    assert (os.sched_getaffinity(0), dict(os.environ)) == (cores, environment)


# In a process of its own, since the first worker of a process once started deaf to nothing.
FIRST_WORKER = """
import signal, sys
sys.path[:0] = {path!r}
from benchmarks.runtime.executor import LocalExecutor
from test_worker_processes import blocked_signals
with LocalExecutor(1) as executor:
    assert signal.SIGINT in executor.submit(blocked_signals, None).result()
assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, and glibc is what keeps memory")
def test_a_worker_keeps_freed_memory_for_its_next_job_until_it_is_told_to_give_it_back():
    with LocalExecutor(1) as executor:
        kept, left = executor.submit(hold_and_release, 300).result()
    assert kept > 300
    assert left < kept - 250


def test_the_first_worker_too_starts_deaf_to_ctrl_c_and_the_parent_does_not():
    script = FIRST_WORKER.format(path=[str(Path(__file__).parent), str(Path(__file__).parents[3])])
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


# A parent whose two workers are in the middle of jobs that never end.
PARENT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell starts deaf to Ctrl-C
sys.path[:0] = {path!r}
from benchmarks.runtime.executor import LocalExecutor
from test_worker_processes import work_for_ever
with LocalExecutor(2) as executor:
    for job in {files!r}:
        executor.submit(work_for_ever, job)
    list(executor.as_completed())
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"  # a zombie waits to be collected, by whoever adopted it


def within(seconds: float, condition) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return met


@pytest.fixture
def parent_at_work(tmp_path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    files = [str(tmp_path / name) for name in ("first", "second")]
    script = PARENT.format(path=[str(Path(__file__).parent), str(Path(__file__).parents[3])], files=files)
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, process_group=0)
    assert within(60, lambda: all(Path(file).exists() and Path(file).read_text() for file in files))
    workers = [int(Path(file).read_text()) for file in files]
    yield process, workers
    # a test that fails must not leave busy processes behind
    for pid in filter(alive, [process.pid, *workers]):
        os.kill(pid, signal.SIGKILL)
    process.wait()
    assert process.stderr is not None
    process.stderr.close()


def test_workers_in_the_middle_of_jobs_leave_when_their_parent_is_killed(parent_at_work):
    process, workers = parent_at_work
    assert all(map(alive, workers))
    process.kill()
    process.communicate()
    assert within(3, lambda: not any(map(alive, workers)))


def test_ctrl_c_stops_the_workers_at_once_and_only_the_parent_tells_of_it(parent_at_work):
    process, workers = parent_at_work
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    errors = process.communicate(timeout=10)[1]
    assert not any(map(alive, workers))
    assert process.returncode == -signal.SIGINT
    assert errors.count("Traceback") == errors.count("KeyboardInterrupt") == 1
