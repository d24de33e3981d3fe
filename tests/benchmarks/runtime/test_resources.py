"""How many workers there are, by cores, memory and settings."""

import math
import os

import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.runtime import resources
from benchmarks.runtime.resources import GIB, Resources, choose_executor, free_bytes
from benchmarks.runtime.worker import resident_bytes


@pytest.fixture
def machine(monkeypatch):
    """A machine of 16 cores with so much free memory."""

    def make(free_gib):
        monkeypatch.setattr(resources, "allowed_cores", lambda: list(range(16)))
        monkeypatch.setattr(resources, "free_bytes", lambda: free_gib * GIB)

    return make


@pytest.mark.parametrize(
    ("free", "jobs", "gib", "workers"),
    [
        *((1000, 3, 4, 3), (1000, math.inf, 4, 16), (50, math.inf, 4, 12), (50, 99, 6.5, 7), (3, 99, 4, 1)),
        *((0, 99, 4, 1), (math.inf, math.inf, 4, 16), (math.inf, 3, 4, 3)),
    ],
)
def test_workers_are_as_many_as_cores_and_free_memory_allow(machine, capsys, free, jobs, gib, workers):
    machine(free)
    assert Resources().count(jobs, gib) == workers
    assert ("GiB of memory are free" in capsys.readouterr().err) == (workers < min(jobs, 16))


def test_settings_come_before_what_the_machine_has(machine, monkeypatch):
    machine(10)
    monkeypatch.setenv("ACCELNAS_WORKERS", "5")
    assert Resources.from_environment().count(math.inf, 4) == 5
    assert Resources.from_environment().count(2, 4) == 2
    monkeypatch.delenv("ACCELNAS_WORKERS")
    monkeypatch.setenv("ACCELNAS_WORKER_GIB", "2.5")
    assert Resources.from_environment().count(math.inf, 4) == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [("WORKERS", "0"), ("WORKERS", "two"), ("WORKER_GIB", "nan"), ("STALL_MINUTES", "-1"), ("STALL_MINUTES", "inf")],
)
def test_a_setting_that_cannot_be_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"ACCELNAS_{name}", value)
    with pytest.raises(BenchmarkInputError, match=f"^ACCELNAS_{name} is .*; allowed: "):
        Resources.from_environment()


def test_an_executor_that_cannot_be_chosen_changes_nothing(monkeypatch):
    for name in ("EXECUTOR", "ADDRESS"):
        monkeypatch.delenv(f"ACCELNAS_{name}", raising=False)
    for executor, address, message in (
        ("magic", None, "executor 'magic'; allowed: local, ray"),
        (None, "auto", "--address without --executor ray"),
    ):
        with pytest.raises(BenchmarkInputError, match=message):
            choose_executor(executor, address)
        assert Resources.from_environment() == Resources()
    choose_executor("local", None)
    assert os.environ.pop("ACCELNAS_EXECUTOR") == "local"


def test_free_memory_is_what_the_machine_or_the_container_has_left(monkeypatch, tmp_path):
    assert 0 < free_bytes() < 2**50
    for name, content in {"max": "1000", "current": "700", "stat": "anon 5\ninactive_file 200"}.items():
        (tmp_path / f"memory.{name}").write_text(content)
    monkeypatch.setattr(resources, "CGROUP_FOLDER", tmp_path)
    assert free_bytes() == 1000 - 700 + 200
    (tmp_path / "memory.max").write_text("max")
    assert free_bytes() > 1000


def test_images_on_disk_are_no_memory_of_a_worker(tmp_path):
    np.save(tmp_path / "images.npy", np.zeros((64, 2**20), np.uint8))
    before = resident_bytes()
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert int(mapped.sum()) == 0
    assert resident_bytes() - before < 16 * 2**20
    held = np.ones((64, 2**20), np.uint8)
    assert resident_bytes() - before > 48 * 2**20
    del held
