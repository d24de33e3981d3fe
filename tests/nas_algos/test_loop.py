"""The search loop on toys: budgets, bounds, what is worth an evaluation, when it ends, many searches at once."""

import functools
import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.evaluator import Evaluation
from nas_algos.ledger import Spend
from nas_algos.loop import Search, search, side_by_side
from nas_algos.objectives import INFEASIBLE, best_quality, highest_quality, is_feasible, pareto
from nas_algos.policies import POLICIES, Policy
from nas_algos.registry import STRATEGIES
from nas_algos.rounds import compiled
from nas_algos.strategies.random_search import RandomSettings, random_search
from tests.nas_algos.toys import Asked

CARDINALITIES = (4, 4, 4)


BOUND = 6.0


BOUNDED = best_quality({"latency_ms": BOUND})


def costs(genotypes):
    return {"latency_ms": jnp.asarray(genotypes).sum(-1).astype(jnp.float32)}


def of(function):
    """An evaluator of quality by the genotype alone; a training costs 1."""
    return Asked(lambda request: Evaluation(function(request.genotype), Spend(1, 10)), costs, CARDINALITIES)


def tenth(genotype):
    return 0.1 * sum(genotype)


@functools.cache  # the same object for each test, so that what was compiled is found again
def made(name, cardinalities=CARDINALITIES):
    return STRATEGIES[name](cardinalities)


def searched(name="random", evaluator=None, budget=30, key=1, **changes):
    strategy = made(name)
    objective = BOUNDED if strategy.objectives == 1 else pareto(["latency_ms"], {"latency_ms": BOUND})
    evaluator = of(tenth) if evaluator is None else evaluator
    return search(Search(strategy, evaluator, objective, budget, jax.random.key(key), **changes)), evaluator


def test_searches_with_one_strategy_from_many_seeds_compile_it_once():
    strategy = made("random")
    assert compiled(strategy) is compiled(strategy._replace(cardinalities=list(CARDINALITIES)))


@pytest.mark.parametrize("name", ["random", "regularised_evolution", "nsga2", "local_search"])
def test_evaluates_nothing_twice_and_nothing_over_a_bound_within_the_budget(name):
    found, evaluator = searched(name)
    asked = evaluator.genotypes
    assert len(asked) == len(set(asked)) <= 30
    assert all(sum(genotype) <= BOUND for genotype in asked)
    assert [each.genotype for each in found.candidates if each.evaluations] == asked
    assert all((each.state == "infeasible") == (sum(each.genotype) > BOUND) for each in found.candidates)
    assert all((each.quality is None) == (each.state == "infeasible") for each in found.candidates)
    # the bound is reached: the best network within it has quality .6
    assert found.best.quality == pytest.approx(0.6)
    assert found.spend == Spend(len(asked), 10 * len(asked), 0.0, 0.0, 0.0)


def test_a_cost_that_rounds_to_its_bound_keeps_it_and_no_network_is_infeasible_with_a_feasible_score():
    def tenths(genotypes):  # float64, where 3 * 0.1 is above 0.3
        return {"latency_ms": np.asarray(genotypes).sum(-1) * 0.1}

    evaluator = Asked(lambda request: Evaluation(tenth(request.genotype), Spend(1)), tenths, CARDINALITIES)
    found = search(Search(made("random"), evaluator, best_quality({"latency_ms": 0.3}), 20, jax.random.key(1)))
    assert found.best.cost["latency_ms"] > 0.3
    outside = [each for each in found.candidates if each.state == "infeasible"]
    assert outside
    assert not is_feasible(np.array([each.score[0] for each in outside])).any()


def test_of_networks_of_equal_quality_two_objectives_give_out_one_that_none_dominates():
    found, evaluator = searched("nsga2", of(lambda genotype: 0.5))
    assert found.best.cost["latency_ms"] == min(map(sum, evaluator.genotypes))


# when it ends


def test_a_search_ends_when_every_genotype_was_looked_at_and_would_have_found_nothing_more():
    for changes in ({}, {"skip_infeasible": False}, {"assumed_quality": 0.4}):
        policy = Policy(proposals=700, **changes)
        strategy = random_search(CARDINALITIES, RandomSettings(batch=1))
        found = search(Search(strategy, of(tenth), BOUNDED, 100, jax.random.key(0), policy))
        assert found.ended == "all 64 genotypes were looked at"
        *earlier, last = [each.genotype for each in found.candidates]
        assert len(set(earlier)) == 63
        assert last not in earlier
        # the same proposals in a space of which they never see all
        wider = strategy._replace(cardinalities=(4, 4, 5))
        evaluator = Asked(lambda request: Evaluation(tenth(request.genotype), Spend(1, 10)), costs, (4, 4, 5))
        more = search(Search(wider, evaluator, BOUNDED, 100, jax.random.key(0), policy))
        assert len(more.candidates) == 700
        assert more.candidates[: len(found.candidates)] == found.candidates
        assert not any(each.evaluations for each in more.candidates[len(found.candidates) :])
        assert (more.best, more.spend) == (found.best, found.spend)


def test_a_strategy_of_another_space_and_a_bound_of_no_cost_are_refused():
    other = random_search((4, 4), RandomSettings())
    with pytest.raises(AlgorithmInputError, match=r"random is of cardinalities \(4, 4\); allowed with this eval"):
        Search(other, of(tenth), BOUNDED, 10, jax.random.key(0))
    unknown = best_quality({"peak_activation_bytes": 1.0})
    with pytest.raises(AlgorithmInputError, match="no cost 'peak_activation_bytes'; allowed: latency_ms"):
        search(Search(random_search(CARDINALITIES, RandomSettings()), of(tenth), unknown, 10, jax.random.key(0)))


def test_a_search_ends_where_nothing_new_comes():
    found, evaluator = searched(budget=100, policy=Policy(stale=20))
    last = max(each.step for each in found.candidates if each.evaluations)
    assert len(found.candidates) == last + 1 + 20
    assert len(evaluator.requests) > 20
    assert found.ended == "20 proposals in a row needed no evaluation"
    found, _ = searched(budget=100, policy=Policy(proposals=70))
    assert len(found.candidates) == 70
    assert found.ended == "70 proposals are the most that it may make"


def in_a_large_space(cost, **settings):
    """What random search comes to within BOUND, fifty proposals a round."""
    choices = (32,) * 5
    strategy = random_search(choices, RandomSettings(batch=50))
    evaluator = Asked(lambda request: Evaluation(0.5, Spend(1)), cost, choices)
    return search(Search(strategy, evaluator, BOUNDED, key=jax.random.key(0), **settings))


@pytest.mark.parametrize(
    ("settings", "proposals"),
    [
        ({"budget": 300}, 5_000),
        ({"budget": 300, "policy": POLICIES["hyperband"]}, 5_000),
        ({"budget": 20}, 1_000),
        ({"budget": 300, "policy": Policy(proposals=6_000)}, 6_000),
    ],
)
def test_under_a_bound_that_nothing_keeps_a_search_ends_after_its_first_5000_proposals(settings, proposals):
    found = in_a_large_space(lambda genotypes: {"latency_ms": np.full(len(genotypes), 7.0)}, **settings)
    assert found.best is None
    assert len(found.candidates) == proposals
    words = "none of the first 5000 proposals needed an evaluation"
    assert found.ended == (words if proposals == 5_000 else f"{proposals} proposals are the most that it may make")


def test_a_search_that_has_found_a_network_goes_on_through_all_its_proposals():
    first = in_a_large_space(lambda genotypes: {"latency_ms": np.zeros(len(genotypes))}, budget=1).best.genotype

    def cost(genotypes):
        return {"latency_ms": np.where((np.asarray(genotypes) == [first]).all(-1), 1.0, 7.0)}

    found = in_a_large_space(cost, budget=110)
    assert found.spend.trainings == 1
    assert len(found.candidates) == 50 * 110


def test_a_search_that_spends_its_budget_has_no_reason_to_end_before():
    assert searched()[0].ended == ""


def test_failed_evaluations_are_never_the_best():
    found, _ = searched(evaluator=of(lambda genotype: math.nan if sum(genotype) > 2 else tenth(genotype)))
    assert any(each.quality is not None and math.isnan(each.quality) for each in found.candidates)
    assert sum(found.best.genotype) <= 2
    # an error is a failure whatever quality it claims
    claimed = Asked(lambda request: Evaluation(0.9, Spend(1), "out of memory"), costs, CARDINALITIES)
    found, _ = searched(evaluator=claimed, budget=3)
    assert found.best is None
    assert found.spend.trainings == 3
    assert all(each.score == (math.inf,) for each in found.candidates if each.evaluations)


def test_the_strategy_learns_what_was_over_the_bound_by_how_far():
    told = []
    strategy = made("random")
    watched = strategy._replace(
        tell=lambda state, genotypes, scores: told.append(np.asarray(scores)) or state, traceable=False
    )
    found = search(Search(watched, of(tenth), BOUNDED, 15, jax.random.key(0)))
    over = [(c, s) for c, s in zip(found.candidates, np.concatenate(told), strict=True) if c.state == "infeasible"]
    assert over
    for candidate, score in over:  # by hand: infeasible scores are INFEASIBLE * (1 + latency / bound - 1)
        assert score == pytest.approx(INFEASIBLE * sum(candidate.genotype) / BOUND)


def test_a_front_has_nothing_over_a_bound():
    found, _ = searched("nsga2")
    scores = np.array([each.score for each in found.candidates])
    over = np.array([each.state == "infeasible" for each in found.candidates])
    assert over.any()
    assert (scores[over].min() > scores[~over].max(0)).all()
    # NSGA-II's comparison: any feasible one dominates, and the less a bound is missed the better
    missed = np.array([sum(each.genotype) for each in found.candidates])[over]
    assert (np.argsort(scores[over, 0], kind="stable") == np.argsort(missed, kind="stable")).all()


def test_two_searches_of_one_key_are_equal_and_of_another_are_not():
    first, second, other = (searched("regularised_evolution", key=key)[0] for key in (1, 1, 2))
    assert first == second
    assert first.candidates != other.candidates


# many at once


class Slow(Asked):
    """Answers one request at a time, the latest first, as workers might."""

    def completed(self):
        if not self._asked:
            return []
        ticket, request = self._asked.popitem()
        return [(ticket, *self.answer([request]))]


def test_searches_side_by_side_are_what_they_are_alone_and_share_their_evaluators():
    strategy = random_search(CARDINALITIES, RandomSettings(batch=3))
    shared, other = Slow(lambda r: Evaluation(tenth(r.genotype), Spend(1, 10)), costs, CARDINALITIES), of(tenth)
    searches = {
        (name, seed): Search(strategy, evaluator, BOUNDED, 8, jax.random.key(seed), seed=seed)
        for name, evaluator in (("shared", shared), ("other", other))
        for seed in range(3)
    }
    together = side_by_side(searches)
    assert list(together) == list(searches)
    for who, one in searches.items():
        assert search(replace(one, evaluator=of(tenth))) == together[who]
    assert side_by_side({}) == {}


def test_repeats_are_evaluated_and_charged_where_that_is_asked_for():
    found, evaluator = searched(budget=100, policy=Policy(repeats=True, skip_infeasible=False))
    assert len(evaluator.requests) == len(found.candidates) == found.spend.trainings == 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": pareto(["latency_ms"])}, "takes 1 objectives; quality against latency_ms has 2"),
        ({"budget": 0}, "budget is 0; allowed: whole numbers, 1 or more"),
    ],
)
def test_searches_that_cannot_be_are_named(change, message):
    given = {"objective": highest_quality(), "budget": 3, "key": jax.random.key(0)} | change
    with pytest.raises(AlgorithmInputError, match=message):
        Search(random_search(CARDINALITIES), of(tenth), **given)
