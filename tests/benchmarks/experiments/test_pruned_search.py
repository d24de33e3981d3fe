"""The constrained search on toys whose optimum is known: it trains only what could win and never passes the floor."""

import math

import jax
import pytest

from benchmarks.experiments.detection.pruned_search import constrained_search
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.strategies.regularised_evolution import EvolutionSettings, regularised_evolution

CARDINALITIES = (4, 4, 4)
BASELINE = (0, 0, 0)
STRATEGIES = {
    "random": random_search(CARDINALITIES, RandomSettings()),
    "regularised_evolution": regularised_evolution(CARDINALITIES, EvolutionSettings(population=8, tournament=3)),
}


def latency(genotype):
    return 10.0 - sum(genotype)


def quality(genotype):
    return 1.0 - 0.1 * max(genotype)


def search(strategy, judge=quality, trainings=30, proposals=400, seed=0, confirmations=0):
    key = jax.random.key(seed)
    steps = constrained_search(strategy, latency, BASELINE, 1.0, 0.75, trainings, proposals, key, confirmations)
    asked = []
    try:
        wanted = next(steps)
        while True:
            asked.append((wanted.genotype, wanted.repeat) if confirmations else wanted.genotype)
            wanted = steps.send(judge(*asked[-1]) if confirmations else judge(wanted.genotype))
    except StopIteration as finished:
        return finished.value, asked


@pytest.mark.parametrize("name", STRATEGIES)
def test_finds_the_fastest_network_above_the_floor(name):
    result, _ = search(STRATEGIES[name])
    # quality falls under the floor with the first 3, so the best has three 2s
    assert result.best == (2, 2, 2)


@pytest.mark.parametrize("name", STRATEGIES)
def test_trains_nothing_twice_and_nothing_that_could_not_win(name):
    result, asked = search(STRATEGIES[name])
    assert len(asked) == len(set(asked))
    assert BASELINE not in asked
    fastest = latency(BASELINE)
    for proposed in result.proposed:
        if proposed.state == "pruned":
            assert proposed.latency_ms >= fastest
        if proposed.state == "trained":
            assert proposed.latency_ms < fastest
            if proposed.quality >= 0.75:
                fastest = proposed.latency_ms


def test_stops_at_the_budget_of_trainings():
    _, asked = search(STRATEGIES["random"], trainings=2)
    assert len(asked) == 2


def test_stops_at_the_budget_of_proposals():
    result, _ = search(STRATEGIES["random"], proposals=7)
    assert len(result.proposed) == 7


def test_failed_trainings_never_win_and_the_search_goes_on():
    result, asked = search(STRATEGIES["random"], judge=lambda genotype: math.nan, trainings=5)
    assert result.best == BASELINE
    assert len(asked) == 5


def test_the_same_key_gives_the_same_search_and_another_key_another():
    first, second, other = (search(STRATEGIES["regularised_evolution"], seed=seed)[1] for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_a_lucky_first_training_does_not_win():
    def lucky(genotype, repeat):
        # all but (1, 1, 1) reach the floor of .75 by luck, once
        return 0.9 if repeat == 0 or genotype == (1, 1, 1) else 0.5

    result, asked = search(STRATEGIES["random"], judge=lucky, confirmations=2, trainings=60)
    assert result.best == (1, 1, 1)
    assert {repeat for _, repeat in asked} == {0, 1, 2}
    trained = [proposed for proposed in result.proposed if proposed.state == "trained"]
    # by hand: the mean of .9, .5 and .5
    assert {round(p.quality, 6) for p in trained if p.genotype != (1, 1, 1)} == {0.633333}
    assert {p.trainings for p in trained} == {3}


def test_what_misses_the_floor_is_not_trained_again():
    _, asked = search(STRATEGIES["random"], judge=lambda genotype, repeat: 0.1, confirmations=1, trainings=5)
    assert [repeat for _, repeat in asked] == [0] * 5
