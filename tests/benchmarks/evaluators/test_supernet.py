"""Searches with real supernets as jobs: what is kept in their folders, and the table's row."""

import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

from benchmarks.evaluators import supernet
from benchmarks.evaluators.spec import SearchSpec
from benchmarks.evaluators.supernet import SupernetResult, checkpoint_folder, rank, search_supernet
from benchmarks.experiments.single_shot.run import supernet_row
from benchmarks.runtime.worker_data import WorkerData
from benchmarks.store.keys import settings_digest
from benchmarks.store.sqlite import ResultStore
from hw_model.npu.model import NPUS
from nas_algos.ledger import Spend
from nas_algos.single_shot.one_shot import OneShotSettings, one_shot
from tests.benchmarks.evaluators.zero_shot_toys import CLASSIFICATION as SMALL
from tests.benchmarks.noise_pictures import FIDELITY, TASK, noise_pictures
from tests.packages import unpacked
from tests.tasks.networks.supernet_spaces import CLASSIFICATION, random_genotypes

CLIMBER = (Path(__file__).parents[3] / "examples" / "climber.py").read_text()


def worker_data():
    some = noise_pictures()
    return WorkerData(TASK, {("smoke", "train"): some, ("smoke", "validation"): some})


def spec(seed=0, **changes):
    budget = 600 / (FIDELITY.steps * FIDELITY.batch_size)
    what = {"evaluator": "supernet:one_shot", "seed": seed} | changes
    what = {"space": CLASSIFICATION} | what
    return SearchSpec(
        TASK, accelerator="npu-p16", bounds={"latency_ms": 10.0}, fidelity=FIDELITY, budget=budget, **what
    )


@pytest.mark.slow
def test_networks_are_ranked_with_the_weights_of_a_finished_search_once(tmp_path):
    data, search = worker_data(), spec(space=SMALL)
    found = search_supernet(data, (tmp_path, search))
    genotypes = tuple(map(tuple, random_genotypes(SMALL, 3, 1).tolist()))
    files = set(checkpoint_folder(tmp_path, search).rglob("*"))
    assert files
    qualities = rank(data, (tmp_path, search, (found.genotype, *genotypes)))
    # the search evaluated its own network with the same weights
    assert qualities[0] == found.quality
    assert all(0 <= quality <= 1 for quality in qualities)
    assert set(checkpoint_folder(tmp_path, search).rglob("*")) == files
    nothing = WorkerData(TASK, {})  # enough where the answer is in the store
    assert rank(nothing, (tmp_path, search, (found.genotype, *genotypes))) == qualities
    assert repr(search_supernet(nothing, (tmp_path, search))) == repr(found)


def test_two_searches_with_one_supernet_at_once_train_it_once_and_the_other_waits(tmp_path, monkeypatch):
    trained, told = [], []

    def train(*_):
        trained.append(time.sleep(0.5))

    result = SupernetResult("one_shot", 0, (0,), {}, 0.5, None, None, Spend(), 0.0, 75, 0, (), ())
    for name, instead in {"run_single_shot": train, "_result": lambda *_: result, "_training": lambda *_: ()}.items():
        monkeypatch.setattr(supernet, name, instead)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: search_supernet(worker_data(), (tmp_path, spec()), told.append), range(2)))
    assert len(trained) == 1
    assert both == [result, result]
    assert len(told) > 1  # a worker of which nothing is heard is stopped
    assert 0 < told[0] < told[-1] < 0.001


def test_a_stored_result_is_read_as_it_was_also_one_that_does_not_say_why_it_ended():
    result = SupernetResult(
        *("one_shot", 0, (0,), {"latency_ms": 1.0}, 0.5, None, None, Spend(1, 600), 0.0, 75, 0, (), ()),
        within_bounds=False,
        ended="all 4 genotypes were looked at",
    )
    content = json.loads(json.dumps(asdict(result)))
    assert supernet._read(content) == result
    assert (result.found.ended, result.found.candidates[-1].state) == (result.ended, "infeasible")
    del content["ended"], content["within_bounds"]
    assert supernet._read(content) == replace(result, within_bounds=True, ended="")


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"accelerator": "npu-p32"},
        {"strategy": "random"},
        {"strategy": "random", "strategy_settings": {"batch": "2"}},
        {"evaluator_settings": {"random_paths": "2"}},
        {"bounds": {"latency_ms": 11.0}},
        {"budget": 9.0},
        {"fidelity": replace(FIDELITY, peak_learning_rate=0.5)},
        {"space": replace(CLASSIFICATION, channel_step=2)},
    ],
)
def test_a_search_that_differs_in_anything_is_kept_under_another_key(change):
    assert settings_digest(spec().key()) == settings_digest(spec().key())
    assert settings_digest(replace(spec(), **change).key()) != settings_digest(spec().key())


def test_changed_defaults_of_an_algorithm_or_a_refitted_cost_model_give_another_key(monkeypatch):
    before = spec().key()
    assert before["evaluator_settings"] == OneShotSettings()
    changed = OneShotSettings(sandwich=True)
    monkeypatch.setattr("benchmarks.evaluators.spec.find_single_shot", lambda name: partial(one_shot, settings=changed))
    assert spec().key()["evaluator_settings"] == changed
    monkeypatch.undo()
    faster = NPUS["npu-p16"]._replace(clock_hz=NPUS["npu-p16"].clock_hz * 1.01)
    monkeypatch.setattr("hw_model.cost_models._npus", lambda: NPUS | {"npu-p16": faster})
    assert spec().key()["cost_model"] != before["cost_model"]


def test_a_strategy_in_a_file_is_kept_under_its_text(tmp_path):
    mine = tmp_path / "mine.py"
    keys = []
    for text in ("a", "a", "b"):
        mine.write_text(text)
        keys.append(settings_digest(spec(strategy=str(mine)).key()))
    assert keys[0] == keys[1] != keys[2]


def test_a_strategy_of_an_installed_package_is_kept_under_its_text_and_none_under_an_older_code(tmp_path, monkeypatch):
    keys = set()
    for text in (CLIMBER, CLIMBER, CLIMBER + "# another\n"):
        unpacked(tmp_path, text, monkeypatch)
        keys.add(settings_digest(spec(strategy="climber").key()))
    assert len(keys) == 2
    keys.add(settings_digest(spec(strategy="random").key()))
    monkeypatch.setattr("benchmarks.evaluators.spec.STRATEGIES_CODE_VERSION", "another")
    keys |= {settings_digest(spec(strategy=name).key()) for name in ("random", "climber")}
    assert len(keys) == 5


def test_a_supernets_search_is_kept_under_the_version_of_the_strategies(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(ResultStore, "cached", lambda store, kind, key, compute: asked.append(key))
    monkeypatch.setattr(supernet, "_read", lambda content: content)
    for version in ("1", "another"):
        monkeypatch.setattr(supernet, "STRATEGIES_CODE_VERSION", version)
        search_supernet(None, (tmp_path, spec(evaluator="supernet:one_shot")))
    assert asked[0] != asked[1]
    assert asked[0]["strategy"] is None


def test_a_row_says_what_a_supernet_cost_and_how_well_it_ranks():
    spend = Spend(1, 600, 3e9, 20.0)
    found = SupernetResult("one_shot", 2, (0,), {"latency_ms": 1.0}, 0.5, None, None, spend, 5e9, 75, 0, (), ())
    # of the ten pairs of five the supernet has eight in order, MACs six; the sixth network failed to train
    inherited = [0.1, 0.2, 0.4, 0.3, 0.6, 0.9]
    alone = [0.2, 0.1, 0.3, 0.4, 0.5, math.nan]
    macs = [1.0, 2.0, 5.0, 4.0, 3.0, 9.0]
    row = supernet_row(found, inherited, alone, range(6), macs, one_training=1e9)
    assert row["n"] == 5
    assert row["kendall_tau"] == pytest.approx(0.6)
    assert row["macs_tau"] == pytest.approx(0.2)
    assert row["top5_overlap"] == 1.0
    assert row["cost_in_trainings"] == pytest.approx(3.0)
    assert (row["supernet_example_passes"], row["supernet_flops"], row["computed_flops"]) == (600, 3e9, 5e9)
    assert (row["algorithm"], row["seed"]) == ("one_shot", 2)
    assert row["low"] <= row["kendall_tau"] <= row["high"]
