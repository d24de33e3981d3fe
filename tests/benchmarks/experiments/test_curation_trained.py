"""The trained comparison of spaces, with a pool whose "trainings" give the logarithm of a network's MACs at once."""

import math
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.curation import trained
from benchmarks.experiments.curation.spaces import random_space
from benchmarks.experiments.curation.trained import Settings, trained_table
from benchmarks.search.problem import space_for
from hw_model.cost import count_macs
from tasks.registry import make_task
from tasks.spaces.registry import skeleton_for

TASK = make_task("detection")


class InstantPool:
    """As TrainingPool, without trainings; keeps what it was asked for."""

    asked: list = []  # noqa: RUF012  a class attribute, for the test to read
    task = TASK

    def __init__(self, *_):
        self.waiting = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def show(self, progress):
        pass

    def submit(self, owner, label, blocks, fidelity, seed, space="", genotype=()):
        quality = math.log(count_macs(blocks)) / 20 + (0.001 * seed if fidelity.eval_split == "test" else 0)
        self.asked.append((blocks, fidelity.eval_split, seed))
        trial = SimpleNamespace(quality={TASK.metric: quality}, state="done", error=None, seconds=1.0)
        self.waiting.setdefault(owner, []).append((len(self.asked), trial))
        return len(self.asked)

    def completed(self, owner):
        return self.waiting.pop(owner, [])


def some_spaces(task, accelerator, draws, key):
    """As curation.spaces_of, without auto-curation, which takes its time."""
    curated = space_for(task, "curated", accelerator)
    control = [random_space(curated, skeleton_for(task), k) for k in jax.random.split(key, draws)]
    return {"curated": [curated], "uncurated": [space_for(task, "uncurated", accelerator)], "random-subset": control}


def some_costs(space, accelerator):
    """Networks whose last block choice is the first one are too slow, all others fast."""
    return lambda genotypes: {"latency_ms": jnp.where(genotypes[:, -1] == 0, 1e9, 1e-9)}


@pytest.fixture
def table(tmp_path, monkeypatch):
    InstantPool.asked = []
    monkeypatch.setattr(trained, "TrainingPool", InstantPool)
    monkeypatch.setattr(trained, "prepare_with_progress", lambda *_: None)
    monkeypatch.setattr(trained, "spaces_of", some_spaces)
    monkeypatch.setattr(trained, "space_costs", some_costs)
    return trained_table(
        tmp_path, Settings(accelerator="npu-p16", algorithm="random", budget=3, seeds=2, profile="smoke")
    )


def test_every_space_spends_the_same_within_the_bound_and_winners_are_trained_anew(table):
    assert table["space"].tolist() == ["curated", "uncurated", "random-subset"]
    assert (table["trainings"] == 2 * 3).all()
    assert (table["proposals"] >= 2 * 3).all()
    searched = [blocks for blocks, split, _ in InstantPool.asked if split == "validation"]
    uncurated = space_for(TASK, "uncurated", "npu-p16")
    assert uncurated.decisions[-1].name == "block_4_3"
    assert searched
    assert {seed for _, split, seed in InstantPool.asked if split == "test"} == {1000, 1001}
    # the toy quality on test is the one in the search plus .001 for each seed
    assert np.allclose(table["test_quality"], table["quality"] + 0.001 * 1000.5, atol=1e-9)
    assert table["best_known"].iloc[0] == max(math.log(count_macs(blocks)) / 20 for blocks in searched)
    assert table["success_rate"].max() > 0


@pytest.mark.parametrize("setting", ["budget", "seeds"])
def test_settings_below_one_are_refused(setting):
    with pytest.raises(BenchmarkInputError, match=f"{setting} is 0; allowed: 1 and more"):
        Settings(**{setting: 0})
