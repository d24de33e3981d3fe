import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import chisquare

from nas_algos.genotypes import below, limit_for, mutate, new_twins, random_bits, sample

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


def test_below_is_the_share_of_the_word_in_whole_numbers():
    words = np.array([0, 1, 12_345_678, 2**31, 2**32 - 65_536, 2**32 - 1], np.uint32)
    for limit in (1, 2, 3, 7, 1_000, 65_535, 65_536):
        expected = [(int(word) * limit) >> 32 for word in words]
        assert below(jnp.array(words), limit).tolist() == expected


def test_every_bit_of_random_words_is_even_and_no_two_go_together():
    words = np.asarray(random_bits(jax.random.key(0), (DRAWS,)))
    bits = (words[:, None] >> np.arange(32)) & 1
    # of 528 sums the largest deviation of right bits is some 3.5 standard errors
    signs = 1.0 - 2.0 * bits
    assert np.abs(signs.mean(0)).max() * DRAWS**0.5 < 4.5
    together = signs.T @ signs / DRAWS
    assert np.abs(together - np.eye(32)).max() * DRAWS**0.5 < 4.5
    # nor the bits of a word with those of the next
    following = signs[:-1].T @ signs[1:] / DRAWS
    assert np.abs(following).max() * DRAWS**0.5 < 4.5


def test_keys_that_differ_by_one_round_share_no_words():
    keys = jax.vmap(lambda index: jax.random.fold_in(jax.random.key(0), index))(jnp.arange(64))
    words = np.asarray(jax.vmap(lambda key: random_bits(key, (64,)))(keys))
    assert len(np.unique(words)) >= words.size - 2
    signs = 1.0 - 2.0 * ((words[:, :, None] >> np.arange(32)) & 1).reshape(64, -1)
    assert np.abs(signs @ signs.T / 2048 - np.eye(64)).max() * 2048**0.5 < 5


def test_a_new_genotype_is_a_twin_of_whatever_lives_or_stands_before_it_in_its_round():
    rng, alive = np.random.default_rng(0), np.arange(6) % 3 > 0
    for _ in range(20):
        rows = rng.integers(0, 2, (11, 3))
        before = [[*rows[:6][alive], *rows[6:place]] for place in range(6, 11)]
        wanted = [any((row == each).all() for each in seen) for row, seen in zip(rows[6:], before, strict=True)]
        assert new_twins(jnp.asarray(rows), jnp.asarray(alive), (2, 2, 2)).tolist() == wanted


def test_random_words_are_below_the_limit_of_a_probability_that_often():
    words = np.asarray(random_bits(jax.random.key(0), (DRAWS,)))
    assert abs((words < limit_for(0.3)).mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / DRAWS)
    assert limit_for(0.0) == 0
    assert limit_for(1.0) == 2**32 - 1
