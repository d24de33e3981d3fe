import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import chisquare

from nas_algos.genotypes import mutate, sample

# Keys are fixed, so that these tests pass or fail for good: a right draw would fail one key in a thousand.
LEAST_P = 1e-3
DRAWS = 60_000


def counted(genotypes, cardinalities):
    rows = np.ravel_multi_index(tuple(np.asarray(genotypes).T), cardinalities)
    return np.bincount(rows, minlength=int(np.prod(cardinalities)))


def test_samples_are_uniform_over_the_whole_space():
    counts = counted(sample(jax.random.key(0), (3, 1, 4, 5), DRAWS), (3, 1, 4, 5))
    assert chisquare(counts).pvalue > LEAST_P


def test_the_uniformity_test_sees_a_lean_of_a_twentieth():
    counts = counted(sample(jax.random.key(0), (3, 1, 4, 5), DRAWS), (3, 1, 4, 5)).astype(float)
    counts[:30] *= 1.05
    counts[30:] *= 0.95
    assert chisquare(counts, np.full(60, counts.sum() / 60)).pvalue < LEAST_P


def test_a_mutation_changes_one_decision_uniformly_to_another_of_its_choices():
    cardinalities, parent = (3, 1, 4, 5), np.array([2, 0, 1, 3])
    children = np.asarray(mutate(jax.random.key(1), jnp.tile(jnp.array(parent)[None], (DRAWS, 1)), cardinalities))
    changed = children != parent
    assert (changed.sum(1) == 1).all()
    decisions = [0, 2, 3]
    assert chisquare(changed.sum(0)[decisions]).pvalue > LEAST_P
    for decision in decisions:
        values = np.bincount(children[changed[:, decision], decision], minlength=cardinalities[decision])
        assert values[parent[decision]] == 0
        assert chisquare(np.delete(values, parent[decision])).pvalue > LEAST_P


def test_where_nothing_can_change_a_mutation_changes_nothing():
    parents = jnp.zeros((5, 2), jnp.int32)
    assert not np.asarray(mutate(jax.random.key(0), parents, (1, 1))).any()
