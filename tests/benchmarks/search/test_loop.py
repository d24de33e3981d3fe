"""Searches with trainings, on a toy: budgets, bounds, and nothing trained twice."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.search.loop import MOST_PROPOSALS, Request, incumbent, live_search
from nas_algos.objectives import best_quality, pareto
from nas_algos.registry import STRATEGIES

CARDINALITIES = (4, 4, 4)
BOUND = 6.0


def costs(genotypes):
    return {"latency_ms": jnp.asarray(genotypes).sum(-1).astype(jnp.float32)}


def drive(name, judge, trainings=30, bounds=None):
    strategy = STRATEGIES[name](CARDINALITIES)
    bounds = {"latency_ms": BOUND} if bounds is None else bounds
    objective = best_quality({"latency_ms": BOUND}) if strategy.objectives == 1 else pareto(["latency_ms"])
    search = live_search(strategy, costs, Request(objective, bounds, trainings), jax.random.key(1))
    asked = []
    try:
        wanted = next(search)
        while True:
            asked += wanted
            wanted = search.send([judge(genotype) for genotype in wanted])
    except StopIteration as ended:
        return ended.value, asked


def quality(genotype):
    return 0.1 * sum(genotype)


@pytest.mark.parametrize("name", ["random", "regularised_evolution", "nsga2", "local_search"])
def test_trains_nothing_twice_and_nothing_over_a_bound_within_the_budget(name):
    candidates, asked = drive(name, quality)
    assert len(asked) == len(set(asked)) <= 30
    assert all(sum(genotype) <= BOUND for genotype in asked)
    assert [c.genotype for c in candidates if c.charged] == asked
    assert all((c.quality is None) == (sum(c.genotype) > BOUND) for c in candidates)
    # the bound is reached: the best network within it has quality .6
    assert incumbent(candidates).quality == pytest.approx(0.6)


def test_a_space_smaller_than_the_budget_ends_by_its_proposals():
    candidates, asked = drive("random", quality, trainings=100, bounds={})
    assert len(asked) <= 64
    assert len(candidates) == MOST_PROPOSALS * 100


def test_failed_trainings_are_no_incumbents():
    candidates, _ = drive("random", lambda genotype: math.nan if sum(genotype) > 2 else quality(genotype))
    assert any(c.quality is not None and math.isnan(c.quality) for c in candidates)
    assert sum(incumbent(candidates).genotype) <= 2
    only_failures, _ = drive("random", lambda genotype: math.nan, trainings=3)
    assert incumbent(only_failures) is None


def test_the_strategy_learns_what_was_over_the_bound_by_how_far():
    told = []
    strategy = STRATEGIES["random"](CARDINALITIES)
    watched = strategy._replace(
        tell=lambda state, genotypes, scores: told.append(np.asarray(scores)) or state, traceable=False
    )
    request = Request(best_quality({"latency_ms": BOUND}), {"latency_ms": BOUND}, 15)
    search = live_search(watched, costs, request, jax.random.key(0))
    try:
        wanted = next(search)
        while True:
            wanted = search.send([quality(genotype) for genotype in wanted])
    except StopIteration as ended:
        over = [(c, s) for c, s in zip(ended.value, np.concatenate(told), strict=True) if not c.feasible]
    assert over
    for candidate, score in over:  # by hand: infeasible scores are 2 + latency / bound - 1
        assert score == pytest.approx(1 + sum(candidate.genotype) / BOUND)
