"""The search loop on a toy that seeks the least latency with quality of .75 and more."""

import functools
import math
from dataclasses import replace

import jax
import numpy as np
import pytest

from nas_algos.evaluator import Evaluation
from nas_algos.ledger import Spend
from nas_algos.loop import CONFIRMING, Search, search
from nas_algos.objectives import least_cost
from nas_algos.policies import Policy
from nas_algos.strategies.regularised_evolution import EvolutionSettings, regularised_evolution
from tests.nas_algos.test_loop import CARDINALITIES, made
from tests.nas_algos.toys import Asked


@functools.cache
def small_evolution():
    return regularised_evolution(CARDINALITIES, EvolutionSettings(population=8, tournament=3))


def latency(genotypes):
    return {"latency_ms": [10.0 - sum(row) for row in np.asarray(genotypes).tolist()]}


def plain_quality(request):
    return 1.0 - 0.1 * max(request.genotype)


def pruned(name="random", quality=plain_quality, budget=30, key=0, **policy):
    settings = {"assumed_quality": 0.75, "proposals": 400} | policy
    strategy = small_evolution() if name == "regularised_evolution" else made(name)
    evaluator = Asked(lambda request: Evaluation(quality(request), Spend(1)), latency, CARDINALITIES)
    objective = least_cost("latency_ms", 0.75, 10.0)
    one = Search(strategy, evaluator, objective, budget, jax.random.key(key), Policy(**settings), 7)
    return search(one), evaluator


@pytest.mark.parametrize("name", ["random", "regularised_evolution"])
def test_finds_the_fastest_network_above_the_floor(name):
    # quality falls under the floor with the first 3, so the best has three 2s
    assert pruned(name)[0].best.genotype == (2, 2, 2)


@pytest.mark.parametrize("name", ["random", "regularised_evolution"])
def test_evaluates_nothing_that_could_not_win(name):
    found, evaluator = pruned(name)
    assert len(evaluator.genotypes) == len(set(evaluator.genotypes))
    fastest = math.inf
    for each in found.candidates:
        if each.state == "hopeless":
            assert each.cost["latency_ms"] >= fastest
        if each.state == "evaluated":
            assert each.cost["latency_ms"] < fastest
            if each.quality >= 0.75:
                fastest = each.cost["latency_ms"]
    assert {each.state for each in found.candidates} == {"evaluated", "known", "hopeless"}


def test_stops_at_the_budget_of_evaluations_and_of_proposals():
    assert len(pruned(budget=2)[1].requests) == 2
    assert len(pruned(proposals=7)[0].candidates) == 7


def test_a_network_whose_mean_is_at_the_floor_keeps_it():
    # in float64 the mean of three times .7 is below .7
    evaluator = Asked(lambda request: Evaluation(0.7, Spend(1)), latency, CARDINALITIES)
    one = Search(made("random"), evaluator, least_cost("latency_ms", 0.7, 10.0), 20, jax.random.key(0))
    found = search(replace(one, policy=Policy(confirmations=2)))
    assert any(len(each.evaluations) == 3 for each in found.candidates)
    assert found.best.cost["latency_ms"] == min(each.cost["latency_ms"] for each in found.candidates)


def test_a_lucky_first_evaluation_does_not_win():
    def lucky(request):
        # all but (1, 1, 1) reach the floor of .75 by luck, once
        return 0.9 if request.seed == 7 or request.genotype == (1, 1, 1) else 0.5

    found, evaluator = pruned(quality=lucky, confirmations=2, budget=60)
    assert found.best.genotype == (1, 1, 1)
    # apart from 8 and 9, the seeds of the next searches
    assert {request.seed for request in evaluator.requests} == {7, 7 + CONFIRMING, 7 + 2 * CONFIRMING}
    confirmed = [each for each in found.candidates if each.state == "evaluated"]
    # by hand: the mean of .9, .5 and .5
    assert {round(each.quality, 6) for each in confirmed if each.genotype != (1, 1, 1)} == {0.633333}
    assert {len(each.evaluations) for each in confirmed} == {3}


def test_what_misses_the_floor_is_not_evaluated_again():
    asked = []

    def quality(request):  # the first network keeps the floor alone
        asked.append(request.genotype)
        return 0.9 if request.genotype == asked[0] else 0.1

    _, evaluator = pruned(quality=quality, confirmations=1, budget=5)
    assert [request.seed for request in evaluator.requests] == [7, 7 + CONFIRMING, 7, 7, 7, 7]
