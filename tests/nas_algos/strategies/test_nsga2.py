import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import codes
from nas_algos.objectives import pareto
from nas_algos.strategies.nsga2 import Nsga2Settings, nsga2

CARDINALITIES = (3, 4, 1, 6, 5)


def test_the_first_genotypes_take_each_choice_of_a_decision_equally_often():
    strategy = nsga2(CARDINALITIES, Nsga2Settings())
    state, ask = strategy.init(jax.random.key(0)), jax.jit(strategy.ask)
    for key in jax.random.split(jax.random.key(1), 5):
        first = np.asarray(ask(state, key))
        for decision, choices in enumerate(CARDINALITIES):
            counts = np.bincount(first[:, decision], minlength=choices)
            # a stratum may straddle two choices, which then share it by chance
            assert abs(counts - 12 / choices).max() < 2 if 12 % choices else (counts == 12 // choices).all()


def test_twins_that_are_told_live_once_and_the_best_fronts_survive():
    strategy = nsga2((9, 9), Nsga2Settings(population=4, batch=4))
    state, tell = strategy.init(jax.random.key(0)), jax.jit(strategy.tell)
    genotypes = jnp.array([[0, 8], [8, 0], [8, 0], [5, 5]], jnp.int32)
    state = tell(state, genotypes, genotypes.astype(jnp.float32))
    assert jnp.isfinite(state.strength).sum() == 3
    more = jnp.array([[0, 8], [4, 4], [7, 7], [3, 6]], jnp.int32)
    state = tell(state, more, more.astype(jnp.float32))
    # (5, 5) falls to (4, 4), (7, 7) too, and (0, 8) was there already
    assert sorted(map(tuple, state.genotypes.tolist())) == [(0, 8), (3, 6), (4, 4), (8, 0)]


def test_codes_tell_all_genotypes_of_a_space_apart_and_nearly_all_of_a_larger_one():
    every = jnp.array(np.indices(CARDINALITIES).reshape(5, -1).T, jnp.int32)
    assert sorted(codes(every, CARDINALITIES).tolist()) == list(range(360))
    assert codes(jnp.full((1, 9), 3), (1, *[16] * 8)).shape == (1,)  # of 2^32 genotypes
    large = (50,) * 12
    rows = np.random.default_rng(0).integers(0, 50, (20_000, 12))
    distinct = len(np.unique(codes(jnp.array(rows, jnp.int32), large)))
    assert distinct > 20_000 - 5  # 20,000 words of 32 bits have .05 pairs of equals on average


def test_under_a_bound_all_that_keeps_it_lives_before_all_that_breaks_it_and_is_spread_by_its_own_scale():
    strategy = nsga2((9, 9), Nsga2Settings(population=5, batch=6))
    state, tell = strategy.init(jax.random.key(0)), jax.jit(strategy.tell)
    genotypes = jnp.array([[0, 0], [1, 1], [2, 2], [3, 3], [4, 4], [5, 5]], jnp.int32)
    scores = pareto(["ms"], {"ms": 10.0}).score([0.9, 0.1, 0.2, 0.21, 0.4, 0.8], {"ms": [99.0, 1, 2, 2.1, 4, 11]})
    state = tell(state, genotypes, scores)
    # by hand: four keep the bound and are one front; of the others 5 misses by less than 0
    assert [row[0] for row in state.genotypes.tolist()][:4] == [1, 4, 3, 2]  # the ends, then by crowding
    assert state.genotypes[4].tolist() == [5, 5]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Nsga2Settings(objectives=1), "objectives is 1; allowed: 2 to 8"),
        (Nsga2Settings(mutated_decisions=6), "mutated_decisions is 6; allowed: 0 to 4"),
        (Nsga2Settings(population=0), "population is 0"),
    ],
)
def test_settings_that_are_not_allowed_are_named(settings, message):
    with pytest.raises(AlgorithmInputError, match=message):
        nsga2(CARDINALITIES, settings)
