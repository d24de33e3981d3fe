"""Searches that begin with chosen genotypes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.scan import scan, step_by_step
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.strategies.regularised_evolution import EvolutionSettings, regularised_evolution
from nas_algos.warm_start import warm_start

CARDINALITIES = (5,) * 6
FIRST = np.array([[4, 4, 4, 4, 4, 0], [0, 1, 2, 3, 4, 0], [1, 1, 1, 1, 1, 1]])


def far(genotypes):
    """0 at all fours, the optimum."""
    return (4 - jnp.asarray(genotypes)).sum(-1).astype(jnp.float32)


@pytest.mark.parametrize("batch", [1, 2])
def test_proposes_the_chosen_in_their_order_and_then_its_own(batch):
    own = random_search(CARDINALITIES, RandomSettings(batch=batch))
    trials = step_by_step(warm_start(own, FIRST), far, 6, jax.random.key(0))
    assert trials.genotypes[:3].tolist() == FIRST.tolist()
    # what comes after is what the strategy would have proposed in that round
    assert trials.genotypes[3:].tolist() == step_by_step(own, far, 6, jax.random.key(0)).genotypes[3:].tolist()


def test_a_search_in_a_scan_is_the_same():
    strategy = warm_start(regularised_evolution(CARDINALITIES, EvolutionSettings(population=4, tournament=2)), FIRST)
    one_by_one = step_by_step(strategy, far, 20, jax.random.key(1))
    at_once = jax.jit(lambda key: scan(strategy, far, 20, key))(jax.random.key(1))
    assert one_by_one.genotypes.tolist() == at_once.genotypes.tolist()


def test_evolution_goes_on_from_the_chosen():
    settings = EvolutionSettings(population=3, tournament=12)
    trials = step_by_step(warm_start(regularised_evolution(CARDINALITIES, settings), FIRST), far, 4, jax.random.key(2))
    # the tournament of twelve misses the best of three once in 130, not with this key; its child differs in one place
    assert (trials.genotypes[3] != FIRST[0]).sum() == 1


@pytest.mark.parametrize("wrong", [np.zeros((0, 6), int), np.zeros((2, 5), int), np.zeros((2, 6)), np.full((1, 6), 5)])
def test_what_is_no_genotype_is_refused(wrong):
    with pytest.raises(AlgorithmInputError, match="warm_start: genotypes are"):
        warm_start(random_search(CARDINALITIES), wrong)
