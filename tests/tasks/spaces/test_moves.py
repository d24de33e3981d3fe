"""Draws are uniform over a whole space, and a search's mutation stays in it."""

import jax
import numpy as np
import pytest
from scipy import stats

from nas_algos import genotypes as searches
from tasks.registry import make_task
from tasks.spaces.moves import sample
from tasks.spaces.registry import make_space

CARDINALITIES = {
    f"{task} {name}": make_space(make_task(task), name, 8, lambda work: work.height).cardinalities
    for task, name in [
        ("detection", "V1"),
        ("detection", "V2"),
        ("segmentation", "curated"),
        ("segmentation", "uncurated"),
    ]
}
every_space = pytest.mark.parametrize("cardinalities", CARDINALITIES.values(), ids=CARDINALITIES)


@pytest.mark.parametrize("name", ["detection V1", "detection V2"])
def test_draws_are_uniform_over_a_whole_space(name):
    cardinalities = CARDINALITIES[name]
    size = int(np.prod(cardinalities))
    drawn = np.asarray(sample(jax.random.key(5), cardinalities, 20 * size))
    counts = np.bincount(np.ravel_multi_index(tuple(drawn.T), cardinalities), minlength=size)
    assert len(counts) == size
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_joint_test_sees_decisions_that_go_together():
    drawn = np.array(sample(jax.random.key(5), (4, 4), 320))
    drawn[:80, 1] = drawn[:80, 0]  # a quarter of them; each decision alone stays uniform
    counts = np.bincount(np.ravel_multi_index(tuple(drawn.T), (4, 4)), minlength=16)
    assert stats.chisquare(counts).pvalue < 1e-3


@every_space
def test_a_searchs_mutation_changes_one_decision(cardinalities):
    before = sample(jax.random.key(0), cardinalities, 200)
    after = np.asarray(searches.mutate(jax.random.key(1), before, cardinalities))
    assert (after >= 0).all()
    assert (after < np.array(cardinalities)).all()
    assert ((after != np.asarray(before)).sum(1) == 1).all()
