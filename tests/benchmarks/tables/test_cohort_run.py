"""What the workers of an accelerator's machine have finished is in one file while they still run."""

import subprocess
import sys
import time

from benchmarks.tables.cohort_run import Pace, gather, watch

WRITES = "import sys, time; open(sys.argv[1], 'w').write('{}\\n' * 2 + '{\"half'); time.sleep(float(sys.argv[2]))"


def test_a_job_is_expected_to_take_as_long_as_the_slowest_before_it():
    assert Pace().expected_s(10**9) == 0  # nothing is known yet: the first is begun
    seen = Pace().after(40, 120, 400_000).after(30, 100, 1_000_000)
    assert seen.expected_s(400_000) == 40 + 120
    assert seen.expected_s(1_000_000) == 40 + 300
    assert seen.expected_s(50_000) == 40 + 15


def start(part, seconds):
    return subprocess.Popen([sys.executable, "-S", "-c", WRITES, str(part), str(seconds)])


def test_a_line_that_a_worker_has_not_finished_is_left_out(tmp_path):
    parts = [tmp_path / "a", tmp_path / "b", tmp_path / "none yet"]
    parts[0].write_text('{"index": 0}\n{"index": 1}\n{"ind')
    parts[1].write_text('{"index": 2}\n{"index": 3}')
    assert gather(parts, tmp_path / "out" / "rows.jsonl") == 3
    assert (tmp_path / "out" / "rows.jsonl").read_text() == '{"index": 0}\n{"index": 1}\n{"index": 2}\n'


def test_rows_are_there_before_the_workers_end_and_late_workers_are_killed(tmp_path, monkeypatch):
    rows, parts, seen = tmp_path / "rows.jsonl", [tmp_path / "a", tmp_path / "b"], []
    workers = [start(parts[0], 0), start(parts[1], 600)]
    sleep = time.sleep

    def looked(seconds):
        sleep(seconds)
        seen.append((rows.read_text().count("\n"), workers[1].poll()))

    monkeypatch.setattr(time, "sleep", looked)
    assert watch(workers, parts, rows, time.time() + 3, every=0.1) == 4
    assert (4, None) in seen
    assert workers[0].returncode == 0
    assert workers[1].returncode < 0
