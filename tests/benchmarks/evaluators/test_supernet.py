"""Searches with real supernets as jobs: what is kept in their folders, and the table's row."""

import dataclasses
import math
from functools import partial

import pytest

from benchmarks.evaluators.supernet import (
    RankJob,
    SingleShotJob,
    SingleShotResult,
    checkpoint_folder,
    rank,
    run_single_shot,
    search_key,
)
from benchmarks.experiments.single_shot.run import supernet_row
from benchmarks.runtime.worker_data import WorkerData
from hw_model.npu.model import NPUS
from nas_algos.ledger import Spend
from nas_algos.single_shot.charges import Budget
from nas_algos.single_shot.one_shot import OneShotSettings, one_shot
from tests.benchmarks.noise_pictures import FIDELITY, TASK, noise_pictures
from tests.tasks.networks.supernet_spaces import CLASSIFICATION, random_genotypes


def worker_data():
    some = noise_pictures()
    return WorkerData(TASK, {("smoke", "train"): some, ("smoke", "validation"): some})


def job(home, seed=0):
    budget = Budget(example_passes=600.0)
    return SingleShotJob(CLASSIFICATION, "npu-p16", "one_shot", {"latency_ms": 10.0}, budget, FIDELITY, seed, home)


@pytest.mark.slow
def test_networks_are_ranked_with_the_weights_of_a_finished_search_once(tmp_path):
    data, search = worker_data(), job(tmp_path)
    found = run_single_shot(data, search)
    genotypes = tuple(map(tuple, random_genotypes(CLASSIFICATION, 3, 1).tolist()))
    files = {path.relative_to(tmp_path) for path in checkpoint_folder(TASK, search).rglob("*")}
    qualities = rank(data, RankJob(search, (found.genotype, *genotypes)))
    # the search judged its own network with the same weights
    assert qualities[0] == found.quality
    assert all(0 <= quality <= 1 for quality in qualities)
    assert {path.relative_to(tmp_path) for path in checkpoint_folder(TASK, search).rglob("*")} == files
    nothing = WorkerData(TASK, {})  # enough where the answer is in the store
    assert rank(nothing, RankJob(search, (found.genotype, *genotypes))) == qualities
    assert repr(run_single_shot(nothing, search)) == repr(found)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"accelerator": "npu-p32"},
        {"algorithm": "sandwich"},
        {"bounds": {"latency_ms": 11.0}},
        {"budget": Budget(example_passes=601.0)},
        {"fidelity": dataclasses.replace(FIDELITY, batch_size=4)},
        {"space": dataclasses.replace(CLASSIFICATION, channel_step=2)},
    ],
)
def test_a_search_of_other_settings_has_another_key_and_other_checkpoints(tmp_path, change):
    first, other = job(tmp_path), dataclasses.replace(job(tmp_path), **change)
    assert search_key(TASK, first) != search_key(TASK, other)
    assert checkpoint_folder(TASK, first) != checkpoint_folder(TASK, other)
    assert checkpoint_folder(TASK, first) == checkpoint_folder(TASK, job(tmp_path))


def test_changed_defaults_of_an_algorithm_or_a_refitted_cost_model_give_another_key(tmp_path, monkeypatch):
    before = search_key(TASK, job(tmp_path))
    assert before["settings"] == OneShotSettings()
    changed = OneShotSettings(sandwich=True)
    monkeypatch.setattr(
        "benchmarks.evaluators.supernet.find_single_shot", lambda name: partial(one_shot, settings=changed)
    )
    assert search_key(TASK, job(tmp_path))["settings"] == changed
    monkeypatch.undo()
    npu = NPUS["npu-p16"]
    monkeypatch.setitem(NPUS, "npu-p16", npu._replace(clock_hz=npu.clock_hz * 1.01))
    assert search_key(TASK, job(tmp_path))["cost_model"] != before["cost_model"]


def test_a_row_says_what_a_supernet_cost_and_how_well_it_ranks():
    spend = Spend(1, 600, 3e9, 20.0)
    found = SingleShotResult("one_shot", 2, (0,), {"latency_ms": 1.0}, 0.5, None, None, spend, 5e9, 75, 0, (), ())
    # of the ten pairs of five the supernet has eight in order, MACs six; the sixth network failed to train
    inherited = [0.1, 0.2, 0.4, 0.3, 0.6, 0.9]
    alone = [0.2, 0.1, 0.3, 0.4, 0.5, math.nan]
    macs = [1.0, 2.0, 5.0, 4.0, 3.0, 9.0]
    row = supernet_row(found, inherited, alone, macs, one_training=1e9)
    assert row["n"] == 5
    assert row["kendall_tau"] == pytest.approx(0.6)
    assert row["macs_tau"] == pytest.approx(0.2)
    assert row["top5_overlap"] == 1.0
    assert row["cost_in_trainings"] == pytest.approx(3.0)
    assert (row["supernet_example_passes"], row["supernet_flops"], row["computed_flops"]) == (600, 3e9, 5e9)
    assert (row["algorithm"], row["seed"]) == ("one_shot", 2)
    assert row["low"] <= row["kendall_tau"] <= row["high"]
