"""`accelnas train` as a user runs it."""

import math
from types import SimpleNamespace

from benchmarks.evaluators.trained import trial_key
from benchmarks.store.files import write_network
from benchmarks.store.records import Trial
from hw_model.blocks import Block
from tasks.classification.task import ClassificationTask
from tests.cli import accelnas

BLOCKS = (
    Block("conv", 14, 14, 1, 4, stride=2),
    Block("global_pool", 7, 7, 4, 4),
    Block("conv", 1, 1, 4, 10, kernel=1, activation=False),
)


def test_of_a_first_seed_that_failed_nothing_is_saved_which_is_no_fault_of_the_input(tmp_path, monkeypatch):
    write_network(tmp_path / "net.json", "small", BLOCKS)

    def failed_first(home, task, title, wanted):
        keys = [trial_key(task, each.blocks, each.fidelity, each.seed) for each in wanted]
        spent = {"example_passes": 50, "training_flops": 1.0, "seconds": 1.0}
        return [Trial.finished(key, {"accuracy": q}, **spent) for key, q in zip(keys, (math.nan, 0.5), strict=True)]

    monkeypatch.setattr("benchmarks.evaluators.trainings.train_all", failed_first)
    monkeypatch.setattr("benchmarks.runtime.prepare.prepare_with_progress", lambda *given: None)
    monkeypatch.setattr("benchmarks.commands.train.choose_executor", lambda *given: None)
    monkeypatch.setattr(ClassificationTask, "load", lambda *given: SimpleNamespace(images=range(9)))
    monkeypatch.setenv("ACCELNAS_EXECUTOR", "ray")
    what = (tmp_path / "net.json", "--task", "classification", "--dataset", "fashion_items", "--seeds", 2)
    where = ("--save", tmp_path / "saved", "--home", tmp_path / "home")
    code, printed, errors = accelnas("train", *what, *where)
    assert (code, (tmp_path / "saved").exists()) == (1, False)
    assert "seed 1000 failed: " in printed
    assert "accuracy 0.5" in printed
    before, after = errors.splitlines()
    assert before.startswith(
        f"--save takes weights from {tmp_path / 'home'}, which the cluster's workers have to share"
    )
    assert after == f"accelnas: nothing is saved to {tmp_path / 'saved'}: seed 1000, which it is of, failed"
