"""An accelerator's workers train in turns, and what they have finished is in one file while they still run."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict, fields

import numpy as np
import pytest

from benchmarks.tables.cohort_run import TURNS, Pace, gather, turn, watch, work
from tasks.cohort import aligned
from tasks.data.labelled import ComposedImages, empty_composed_images
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.spaces.skeleton import curated_space
from tests.tasks.networks.supernet_spaces import SHORT_SKELETONS

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


def test_no_more_jobs_train_at_once_than_there_are_turns(tmp_path):
    training, most = set(), []

    def train(number):
        with turn(tmp_path, number):
            training.add(number)
            most.append(len(training))
            time.sleep(0.02)
            training.remove(number)

    threads = [threading.Thread(target=train, args=(number,)) for number in range(4 * TURNS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 4 * TURNS
    assert max(most) <= TURNS


def write_images(folder, count):
    examples, rng = empty_composed_images(count, 96), np.random.default_rng(count)
    examples.images[:] = rng.integers(0, 256, examples.images.shape)
    examples.labels[:] = np.arange(count) % 10
    folder.mkdir(parents=True)
    (folder / "kind").write_text("ComposedImages")
    for field in fields(ComposedImages):
        np.save(folder / f"{field.name}.npy", getattr(examples, field.name))


@pytest.mark.slow
def test_a_worker_writes_a_row_for_each_network_and_trains_nothing_past_the_deadline(tmp_path, monkeypatch):
    task = make_task("classification")
    space = curated_space(SHORT_SKELETONS["classification"], task.output_channels, 8)
    chains = aligned(space, np.zeros((2, len(space.cardinalities)), int))
    fidelity = Fidelity("smoke", 8, 12, "validation", 6, batch_size=4, peak_learning_rate=1e-3)
    job = {
        "name": "two",
        **{"task": task.name, "dataset": task.dataset, "classes": task.classes, "fidelity": asdict(fidelity)},
        **{
            "chains": [[block and asdict(block) for block in chain] for chain in chains],
            "seeds": [0, 1],
            "rates": [1.0, 1.0],
        },
    }
    for split, count in (("train", 8), ("validation", 6)):
        write_images(tmp_path / task.dataset / "smoke" / split, count)
    monkeypatch.setenv("ACCELNAS_STARTED", str(time.time()))
    work([job], tmp_path, tmp_path / "rows.jsonl", time.time() + 600, 1)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [(row["job"], row["index"], row["finite"]) for row in rows] == [("two", 0, True), ("two", 1, True)]
    assert all(0 <= row["quality"]["accuracy"] <= 1 for row in rows)
    # a row's seconds are a share of its cohort's, without the wait for its turn
    spent = sum(rows[0][name] for name in ("compile_s", "training_s", "predictions_s"))
    assert sum(row["seconds"] for row in rows) == pytest.approx(spent)
    (tmp_path / "next").unlink()
    work([job], tmp_path, tmp_path / "late.jsonl", time.time() - 1, 1)
    assert (tmp_path / "late.jsonl").read_text() == ""
