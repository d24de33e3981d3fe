import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import codes
from nas_algos.scan import scan
from nas_algos.strategies.nsga2 import Nsga2Settings, nsga2

CARDINALITIES = (3, 4, 1, 6, 5)


def test_the_first_genotypes_take_each_choice_of_a_decision_equally_often():
    strategy = nsga2(CARDINALITIES, Nsga2Settings(retries=0))
    state = strategy.init(jax.random.key(0))
    for key in jax.random.split(jax.random.key(1), 5):
        first = np.asarray(strategy.ask(state, key))
        for decision, choices in enumerate(CARDINALITIES):
            counts = np.bincount(first[:, decision], minlength=choices)
            # a stratum may straddle two choices, which then share it by chance
            assert abs(counts - 12 / choices).max() < 2 if 12 % choices else (counts == 12 // choices).all()


def distinct(retries):
    """How many of 204 trials in a space of 15,625 are different."""
    strategy = nsga2((5,) * 6, Nsga2Settings(retries=retries))

    def conflicting(genotypes):
        return jnp.stack([genotypes.sum(1), (4 - genotypes).sum(1) + genotypes[:, 0]], 1).astype(jnp.float32)

    trials = jax.jit(lambda key: scan(strategy, conflicting, 17, key))(jax.random.key(0))
    return len(np.unique(np.asarray(trials.genotypes), axis=0))


def test_what_was_tried_is_hardly_ever_tried_again_and_without_retries_it_is():
    assert distinct(retries=4) >= 200
    assert distinct(retries=0) < 190


def test_twins_that_are_told_live_once_and_the_best_fronts_survive():
    strategy = nsga2((9, 9), Nsga2Settings(population=4, batch=4))
    state = strategy.init(jax.random.key(0))
    genotypes = jnp.array([[0, 8], [8, 0], [8, 0], [5, 5]], jnp.int32)
    state = strategy.tell(state, genotypes, genotypes.astype(jnp.float32))
    assert jnp.isfinite(state.strength).sum() == 3
    more = jnp.array([[0, 8], [4, 4], [7, 7], [3, 6]], jnp.int32)
    state = strategy.tell(state, more, more.astype(jnp.float32))
    # (5, 5) falls to (4, 4), (7, 7) too, and (0, 8) was there already
    assert sorted(map(tuple, state.genotypes.tolist())) == [(0, 8), (3, 6), (4, 4), (8, 0)]


def test_codes_tell_all_genotypes_of_a_space_apart_and_nearly_all_of_a_larger_one():
    every = jnp.array(np.indices(CARDINALITIES).reshape(5, -1).T, jnp.int32)
    assert sorted(codes(every, CARDINALITIES).tolist()) == list(range(360))
    large = (50,) * 12
    rows = np.random.default_rng(0).integers(0, 50, (20_000, 12))
    distinct = len(np.unique(codes(jnp.array(rows, jnp.int32), large)))
    assert distinct > 20_000 - 5  # 20,000 words of 32 bits have .05 pairs of equals on average


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Nsga2Settings(objectives=1), "objectives is 1; allowed: 2 to 8"),
        (Nsga2Settings(mutated_decisions=6), "mutated_decisions is 6; allowed: 0 to 5"),
        (Nsga2Settings(retries=-1), "retries is -1"),
        (Nsga2Settings(memory=1), "memory is 1; allowed: 2"),
    ],
)
def test_settings_that_are_not_allowed_are_named(settings, message):
    with pytest.raises(AlgorithmInputError, match=message):
        nsga2(CARDINALITIES, settings)
