"""In which order a list of trainings is done."""

import pytest

from benchmarks.evaluators import trained
from benchmarks.evaluators.trainings import Training, in_order, train_all
from benchmarks.problem import baseline_blocks
from benchmarks.runtime import resources
from hw_model.blocks import Block
from tasks.fidelity import Fidelity
from tasks.registry import make_task

SHORT, LONG = (Fidelity("smoke", 64, passes, "validation", 16) for passes in (64, 256))


def chain(channels):
    return (Block("conv", 8, 8, 3, channels, 3, 1, 1, False),)


def test_no_more_workers_are_started_than_there_are_trainings(tmp_path, monkeypatch):
    asked = []

    class StartedError(Exception):
        pass

    def started(workers, *given):
        asked.append(workers)
        raise StartedError

    monkeypatch.setattr(trained, "LocalExecutor", started)
    monkeypatch.setattr(resources, "allowed_cores", lambda: range(64))
    monkeypatch.setattr(resources, "free_bytes", lambda: 1e15)
    task = make_task("classification")
    wanted = [Training("one", baseline_blocks(task), SHORT, seed) for seed in range(3)]
    for count in (1, 3):
        with pytest.raises(StartedError):
            train_all(tmp_path, task, "few", wanted[:count])
    assert asked == [1, 3]


def test_longest_first_and_repeated_networks_last_when_their_compilation_is_known():
    small, large = chain(8), chain(64)
    wanted = [
        Training("small", small, SHORT, 0),
        Training("small", small, SHORT, 1),
        Training("large", large, SHORT, 0),
        Training("large", large, LONG, 0),
    ]
    assert in_order(wanted) == [wanted[3], wanted[0], wanted[2], wanted[1]]
    assert in_order([]) == []
