import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.keys import fold_in, split, words

KEYS = [jax.random.key(seed) for seed in (0, 1, 2**31 + 5)]


def data(keys):
    return np.asarray(jax.random.key_data(keys))


@pytest.mark.parametrize("number", [0, 1, 299, 2**32 - 1])
def test_a_key_is_folded_as_jax_folds_it(number):
    for key in KEYS:
        assert (data(fold_in(key, np.uint32(number))) == data(jax.random.fold_in(key, np.uint32(number)))).all()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_keys_and_words_are_those_of_jax(count):
    for key in KEYS:
        assert (data(split(key, count)) == data(jax.random.split(key, count))).all()
        assert (np.asarray(words(key, count)) == np.asarray(jax.random.bits(key, (count,)))).all()


def test_many_keys_at_once_give_what_each_gives():
    keys = jnp.stack(KEYS)
    together = jax.vmap(lambda key: words(fold_in(key, jnp.uint32(7)), 3))(keys)
    assert (together == jnp.stack([jax.random.bits(jax.random.fold_in(key, 7), (3,)) for key in KEYS])).all()


@pytest.mark.parametrize("key", [jax.random.key(3, impl="rbg"), jax.random.PRNGKey(3)], ids=["rbg", "plain array"])
def test_other_keys_than_threefry_s_are_left_to_jax(key):
    assert (words(fold_in(key, 1), 2) == jax.random.bits(jax.random.fold_in(key, 1), (2,))).all()
    assert (data(split(key)) == data(jax.random.split(key))).all()
