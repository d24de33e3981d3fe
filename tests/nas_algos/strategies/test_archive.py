"""The memory of predictors, and what they make of bounds."""

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.objectives import best_quality
from nas_algos.strategies.archive import add, empty_archive
from nas_algos.strategies.gaussian_process import _expected_improvement, _how_missed, _most_volume
from nas_algos.strategies.reinforce import Controller, ReinforceSettings, reinforce


def test_the_best_half_stays_and_of_the_rest_the_latest():
    archive = empty_archive(4, 1, 1)
    for number, score in enumerate([1.0, 9.0, 2.0, 8.0, 7.0, 6.0]):
        archive = add(archive, jnp.array([[number]], jnp.int32), jnp.array([score]))
    # by hand: 0 and 2 are the best two of every four; 9 goes for 7, then 8 for 6
    assert sorted(archive.genotypes[:, 0].tolist()) == [0, 2, 4, 5]
    assert sorted(archive.born.tolist()) == [0, 2, 4, 5]
    assert int(archive.told) == 6


def test_the_best_half_is_by_the_objectives_alone():
    archive = empty_archive(2, 1, 2)
    for number, scores in enumerate([(1.0, 9.0), (2.0, 0.0), (3.0, 0.0)]):
        archive = add(archive, jnp.array([[number]], jnp.int32), jnp.array([scores]), objectives=1)
    assert sorted(archive.genotypes[:, 0].tolist()) == [0, 2]


def test_expected_improvement_and_how_far_a_bound_is_missed_by_hand():
    # of a standard normal gain its density at 0; of a gain that is certain, the gain
    found = _expected_improvement(jnp.array([0.0, 1.0, -1.0]), jnp.array([1.0, 1e-3, 1e-3]))
    np.testing.assert_allclose(found, [0.39894, 1.0, 0.0], atol=1e-5)
    missing, missed = jnp.array([0.1, 0.3, jnp.inf, 0.0]), jnp.array([True, True, True, False])
    np.testing.assert_allclose(_how_missed(missing, missed)[:3], [0.5, 1.5, 3.0])


def test_the_guesses_that_add_most_hypervolume_are_chosen_one_after_another():
    targets, known = jnp.array([[0.0, 2.0], [9.0, 9.0], [2.0, 0.0]]), jnp.array([True, False, True])
    guesses = jnp.array([[1.0, 1.0], [-1.0, 3.0], [0.5, 1.5], [-0.5, 2.1]])
    left, alike = jnp.ones(4, bool), jnp.ones(4)
    # by hand, reference (2.2, 2.2): they add 1, 0, .75 and .05; beside the first .25 is left of the third
    assert _most_volume(targets, known, guesses, alike, left, 3).tolist() == [0, 2, 3]
    # one that hardly keeps a bound, and one that was tried
    assert _most_volume(targets, known, guesses, alike.at[0].set(0.01), left, 1).tolist() == [2]
    assert _most_volume(targets, known, guesses, alike, left.at[0].set(False), 1).tolist() == [2]


def test_advantages_are_those_among_feasible_trials_whatever_the_penalty_and_the_unit():
    """Feasible scores within .02 of each other keep their differences beside infeasible ones of 1e20."""
    controller, settings = Controller((3, 3)), ReinforceSettings()
    strategy = reinforce((3, 3), settings)
    state = strategy.init(jax.random.key(0))
    objective = best_quality({"ms": 1.0})
    cost = {"ms": np.array([1.0, 1.0, 1.0, 1.1, 2.0, np.nan])}
    found = []
    for unit in (1.0, 100.0):
        scores = objective.score(unit * np.array([0.90, 0.91, 0.92, 0.99, 0.99, 0.99]), cost)
        found.append(controller.advantages(state, scores, settings.memory, settings.failure)[0])
    # by hand: mean .91, mean distance .02 / 3; penalties -2 * (.5 + .5 * x / (1 + x)) for .1 and 1, and -2 of a failure
    np.testing.assert_allclose(found[0], [-1.5, 0, 1.5, -1.0909, -1.5, -2], atol=1e-3)
    np.testing.assert_allclose(found[1], found[0], atol=1e-3)
