"""Jobs run in workers; what fails or dies fails alone, or is tried again."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.runtime.executor import LocalExecutor
from benchmarks.runtime.handles import JobFailedError
from tests.inline_executor import InlineExecutor


def add(state, job, report):
    return (state or 0) + job


def misbehave(state, job, report):
    if job == "raise":
        raise RuntimeError("no such\nlayer")
    if job == "raise what cannot be pickled":
        raise UnpicklableError(threading.Lock())
    if job == "refuse":
        raise BenchmarkInputError("bad data")
    if job == "return what cannot be pickled":
        return threading.Lock()
    if job == "exit":
        sys.exit("enough")
    if job == "die":
        os._exit(3)
    if job == "be killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def fail_once(state, job, report):
    """Fails in that way when the file is not there yet, and gives its process's number else."""
    how, file = job
    if not Path(file).exists():
        Path(file).write_text(str(os.getpid()))
        if how == "hang":
            time.sleep(60)
        misbehave(state, how, report)
    return os.getpid()


def advance_slowly(state, job, report):
    for step in range(1, 16):
        time.sleep(0.1)
        report(step / 15)
    return job


def keep_memory(state, job, report):
    KEPT.append(b"x" * job)
    return os.getpid()


KEPT = []


def count_to_ten(state, job, report):
    for step in range(1, 1001):
        report(step / 1000)
    return job


def refuse_to_start(path):
    raise BenchmarkInputError(f"{path} is damaged")


def die_at_start():
    os._exit(7)


class UnpicklableError(Exception):
    """Holds a lock."""


def test_every_job_gives_its_result_with_the_state_of_the_initializer():
    with LocalExecutor(2, int, ("100",)) as executor:
        handles = [executor.submit(add, job) for job in range(8)]
        completed = list(executor.as_completed())
        assert {handle.job: handle.result() for handle in completed} == {job: 100 + job for job in range(8)}
        assert all(handle.done and handle.error is None for handle in handles)
        assert list(executor.as_completed()) == []


def test_what_has_ended_is_taken_once_without_waiting_for_the_rest():
    with InlineExecutor(1) as executor:
        first, second, third = (executor.submit(add, job) for job in range(3))
        assert executor.take_ended() == []
        second.result()  # which runs the first before it
        assert executor.take_ended() == [first, second]
        assert list(executor.as_completed()) == [third]


def test_jobs_submitted_while_others_complete_are_completed_too():
    with LocalExecutor(1) as executor:
        executor.submit(add, 3)
        seen = []
        for handle in executor.as_completed():
            seen.append(handle.result())
            if handle.job:
                executor.submit(add, handle.job - 1)
    assert seen == [3, 2, 1, 0]


def test_leaving_without_waiting_finishes_the_jobs():
    with LocalExecutor(1) as executor:
        handles = [executor.submit(add, job) for job in range(3)]
    assert [handle.result() for handle in handles] == [0, 1, 2]
    with pytest.raises(RuntimeError, match="closed"):
        executor.submit(add, 1)


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("raise", "RuntimeError: no such layer"),
        ("raise what cannot be pickled", "UnpicklableError: <unlocked"),
        ("return what cannot be pickled", "TypeError: cannot pickle"),
        ("exit", "SystemExit: enough"),
        ("die", "worker exited with code 3"),
        ("be killed", "worker killed by SIGKILL (out of memory?)"),
    ],
)
def test_a_job_that_fails_tells_why_and_the_rest_goes_on(job, reason):
    with LocalExecutor(1) as executor:
        handles = [executor.submit(misbehave, one) for one in ("before", job, "after", job, "last")]
        outcomes = [handle.error or handle.result() for handle in executor.as_completed()]
    assert [outcome.startswith(reason) for outcome in outcomes] == [False, True, False, True, False]
    assert (outcomes[0], outcomes[2], outcomes[4]) == ("before", "after", "last")
    assert "\n" not in outcomes[1]
    with pytest.raises(JobFailedError):
        handles[1].result()


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("raise", "RuntimeError: no such layer (test_executor.py, line "),
        ("be killed", "worker killed by SIGKILL (out of memory?)"),
        ("hang", "no progress for 0.0333 min"),
    ],
)
def test_what_fails_once_is_tried_again_by_another_worker_and_nothing_else_is_done_twice(tmp_path, how, reason):
    retried = []

    def on_retry(handle, why):
        retried.append((handle.job, why))
        executor._stall_seconds = 60  # the next worker may take its time to start, as the first may

    with LocalExecutor(1, on_retry=on_retry, stall_seconds=60) as executor:
        executor.submit(add, 0).result()
        executor._stall_seconds = 2
        handles = [executor.submit(fail_once, (how, str(tmp_path / "tried"))), executor.submit(add, 1)]
        pid, one = (handle.result() for handle in handles)
    assert one == 1
    assert pid != int((tmp_path / "tried").read_text())
    ((job, why),) = retried
    assert job[0] == how
    assert why.startswith(reason)


def test_bad_input_is_not_tried_again():
    retried = []
    with LocalExecutor(1, on_retry=lambda *each: retried.append(each)) as executor:
        assert executor.submit(misbehave, "refuse").error is None
        (handle,) = executor.as_completed()
    assert handle.error is not None
    assert not retried


def test_a_job_that_advances_is_never_taken_for_one_that_hangs():
    retried = []
    with LocalExecutor(1, on_retry=lambda *each: retried.append(each), stall_seconds=60) as executor:
        executor.submit(add, 1).result()
        executor._stall_seconds = 1
        assert executor.submit(advance_slowly, "done").result() == "done"  # takes longer than that in all
    assert not retried


def test_a_worker_that_keeps_more_memory_than_it_may_is_replaced_after_its_job():
    with LocalExecutor(1, max_bytes=250 * 2**20) as executor:
        pids = [executor.submit(keep_memory, size).result() for size in (1, 1, 300 * 2**20, 1)]
    assert pids[0] == pids[1] == pids[2] != pids[3]


def test_a_failed_job_carries_its_exception_and_the_traceback_in_the_worker():
    with LocalExecutor(1) as executor, pytest.raises(JobFailedError) as caught:
        executor.submit(misbehave, "refuse").result()
    assert str(caught.value).startswith("BenchmarkInputError: bad data (test_executor.py, line ")
    assert isinstance(caught.value.__cause__, BenchmarkInputError)
    assert 'raise BenchmarkInputError("bad data")' in caught.value.details


def test_what_the_initializer_raises_comes_out_and_closes_the_executor():
    executor = LocalExecutor(2, refuse_to_start, ("scenes",))
    with pytest.raises(BenchmarkInputError, match=r"^scenes is damaged$"):
        executor.submit(add, 1).result()
    with pytest.raises(RuntimeError, match="closed"):
        executor.submit(add, 1)


def test_workers_that_die_before_they_are_ready_end_it_instead_of_being_replaced_for_ever():
    reason = "before they are ready: worker exited with code 7"
    with pytest.raises(JobFailedError, match=reason), LocalExecutor(1, die_at_start) as executor:
        executor.submit(add, 1).result()


def test_no_workers_are_refused():
    with pytest.raises(BenchmarkInputError, match="number of workers is 0; allowed: 1 and more"):
        LocalExecutor(0)


def test_progress_arrives_in_order_from_0_to_1_thinned():
    seen = []
    with LocalExecutor(1, on_progress=lambda handle, fraction: seen.append((handle.job, fraction))) as executor:
        executor.submit(count_to_ten, "a").result()
        executor.submit(count_to_ten, "b").result()
    for job in "ab":
        fractions = [fraction for name, fraction in seen if name == job]
        assert fractions[0] == 0.0
        assert fractions[-1] == 1.0
        assert fractions == sorted(fractions)
        assert 10 < len(fractions) <= 102
