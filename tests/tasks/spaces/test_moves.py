"""Draws, mutation and crossover: their laws on small spaces, and their range on the tasks' own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from nas_algos import genotypes as searches
from tasks.registry import make_task
from tasks.spaces.moves import cross_over, mutate, sample
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
def test_mutants_stay_in_range_and_change_what_has_a_choice(cardinalities):
    before = sample(jax.random.key(0), cardinalities, 200)
    some = np.asarray(mutate(jax.random.key(1), before, cardinalities, 0.2))
    assert some.dtype == np.int32
    assert (some >= 0).all()
    assert (some < np.array(cardinalities)).all()
    np.testing.assert_array_equal(mutate(jax.random.key(1), before, cardinalities, 0.0), before)
    changed = np.asarray(mutate(jax.random.key(1), before, cardinalities, 1.0)) != np.asarray(before)
    assert (changed == (np.array(cardinalities) > 1)).all()


@every_space
def test_a_searchs_mutation_changes_one_decision(cardinalities):
    before = sample(jax.random.key(0), cardinalities, 200)
    after = np.asarray(searches.mutate(jax.random.key(1), before, cardinalities))
    assert (after >= 0).all()
    assert (after < np.array(cardinalities)).all()
    assert ((after != np.asarray(before)).sum(1) == 1).all()


@every_space
def test_children_in_a_tasks_space_have_nothing_that_no_parent_has(cardinalities):
    mothers, fathers = (sample(jax.random.key(seed), cardinalities, 200) for seed in (0, 1))
    children = np.asarray(cross_over(jax.random.key(2), mothers, fathers))
    assert children.dtype == np.int32
    assert ((children == np.asarray(mothers)) | (children == np.asarray(fathers))).all()
    # from both, where they differ
    differ = np.asarray(mothers) != np.asarray(fathers)
    assert (children == np.asarray(mothers))[differ].any()
    assert (children == np.asarray(fathers))[differ].any()


def test_mutation_changes_each_decision_at_its_rate_and_uniformly():
    cardinalities = (5, 1, 2)
    before = sample(jax.random.key(0), cardinalities, 20_000)
    after = np.asarray(mutate(jax.random.key(1), before, cardinalities, 0.3))
    changed = after != np.asarray(before)
    assert (after < np.array(cardinalities)).all()
    assert not changed[:, 1].any()
    for column in (0, 2):  # five standard errors of a share of 20,000
        assert abs(changed[:, column].mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 20_000)
    step = (after - np.asarray(before))[:, 0] % 5
    assert stats.chisquare(np.bincount(step[step > 0], minlength=5)[1:]).pvalue > 1e-4


def test_children_take_each_decision_from_a_parent():
    mothers, fathers = jnp.zeros((5_000, 4), jnp.int32), jnp.ones((5_000, 4), jnp.int32)
    children = np.asarray(cross_over(jax.random.key(0), mothers, fathers))
    assert (abs(children.mean(0) - 0.5) < 5 * 0.5 / np.sqrt(5_000)).all()
    same = cross_over(jax.random.key(1), fathers, fathers)
    np.testing.assert_array_equal(same, fathers)
