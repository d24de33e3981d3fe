"""The search loop on toys: budgets, bounds, what is worth an evaluation, rungs of fidelity, many searches at once."""

import functools
import itertools
import math
import time
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.evaluator import Evaluation, Immediate
from nas_algos.ledger import Spend
from nas_algos.loop import Search, search, side_by_side
from nas_algos.objectives import INFEASIBLE, best_quality, highest_quality, least_cost, pareto
from nas_algos.policies import POLICIES, Policy, brackets
from nas_algos.registry import STRATEGIES
from nas_algos.rounds import compiled
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.strategies.regularised_evolution import EvolutionSettings, regularised_evolution

CARDINALITIES = (4, 4, 4)
BOUND = 6.0
BOUNDED = best_quality({"latency_ms": BOUND})


def costs(genotypes):
    return {"latency_ms": jnp.asarray(genotypes).sum(-1).astype(jnp.float32)}


class Asked(Immediate):
    """An evaluator that notes what it was asked for."""

    def __init__(self, quality, cost=costs, cardinalities=CARDINALITIES):
        super().__init__(cardinalities, cost, self.answer)
        self.quality, self.requests = quality, []

    def answer(self, requests):
        self.requests += requests
        return [self.quality(request) for request in requests]

    @property
    def genotypes(self):
        return [request.genotype for request in self.requests]


def of(function):
    """An evaluator of quality by the genotype alone; a training costs 1."""
    return Asked(lambda request: Evaluation(function(request.genotype), Spend(1, 10)))


def tenth(genotype):
    return 0.1 * sum(genotype)


@functools.cache  # the same object for each test, so that what was compiled is found again
def made(name, cardinalities=CARDINALITIES):
    return STRATEGIES[name](cardinalities)


@functools.cache
def small_evolution():
    return regularised_evolution(CARDINALITIES, EvolutionSettings(population=8, tournament=3))


@functools.cache
def random_of(batch):
    return random_search((4, 5, 5), RandomSettings(batch))


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


def test_a_space_smaller_than_the_budget_ends_by_its_proposals():
    found, evaluator = searched(budget=100, policy=Policy(skip_infeasible=False))
    assert len(evaluator.requests) <= 64
    assert len(found.candidates) == 50 * 100
    found, _ = searched(budget=100, policy=Policy(proposals=70))
    assert len(found.candidates) == 70


def test_a_search_ends_where_nothing_new_comes():
    found, evaluator = searched(budget=100, policy=Policy(stale=40))
    last = max(each.step for each in found.candidates if each.evaluations)
    assert len(found.candidates) == last + 1 + 40
    assert len(evaluator.requests) > 20


def test_failed_evaluations_are_never_the_best():
    found, _ = searched(evaluator=of(lambda genotype: math.nan if sum(genotype) > 2 else tenth(genotype)))
    assert any(each.quality is not None and math.isnan(each.quality) for each in found.candidates)
    assert sum(found.best.genotype) <= 2
    # an error is a failure whatever quality it claims
    claimed = Asked(lambda request: Evaluation(0.9, Spend(1), "out of memory"))
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


# least latency with quality of .75 and more, from a network that is known


BASELINE = (0, 0, 0)


def latency(genotypes):
    return {"latency_ms": [10.0 - sum(row) for row in np.asarray(genotypes).tolist()]}


def plain_quality(request):
    return 1.0 - 0.1 * max(request.genotype)


def pruned(name="random", quality=plain_quality, budget=30, key=0, **policy):
    settings = {"assumed_quality": 0.75, "proposals": 400} | policy
    strategy = small_evolution() if name == "regularised_evolution" else made(name)
    evaluator = Asked(lambda request: Evaluation(quality(request), Spend(1)), latency)
    objective = least_cost("latency_ms", 0.75, 10.0)
    one = Search(strategy, evaluator, objective, budget, jax.random.key(key), Policy(**settings), 7, {BASELINE: 1.0})
    return search(one), evaluator


@pytest.mark.parametrize("name", ["random", "regularised_evolution"])
def test_finds_the_fastest_network_above_the_floor(name):
    # quality falls under the floor with the first 3, so the best has three 2s
    assert pruned(name)[0].best.genotype == (2, 2, 2)


@pytest.mark.parametrize("name", ["random", "regularised_evolution"])
def test_evaluates_nothing_that_could_not_win(name):
    found, evaluator = pruned(name)
    assert len(evaluator.genotypes) == len(set(evaluator.genotypes))
    assert BASELINE not in evaluator.genotypes
    fastest = 10.0
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


def test_where_all_fail_the_start_stays_the_best():
    found, evaluator = pruned(quality=lambda request: math.nan, budget=5)
    assert found.best.genotype == BASELINE
    assert len(evaluator.requests) == 5


def test_a_lucky_first_evaluation_does_not_win():
    def lucky(request):
        # all but (1, 1, 1) reach the floor of .75 by luck, once
        return 0.9 if request.seed == 7 or request.genotype == (1, 1, 1) else 0.5

    found, evaluator = pruned(quality=lucky, confirmations=2, budget=60)
    assert found.best.genotype == (1, 1, 1)
    assert {request.seed for request in evaluator.requests} == {7, 8, 9}
    confirmed = [each for each in found.candidates if each.state == "evaluated"]
    # by hand: the mean of .9, .5 and .5
    assert {round(each.quality, 6) for each in confirmed if each.genotype != (1, 1, 1)} == {0.633333}
    assert {len(each.evaluations) for each in confirmed} == {3}


def test_what_misses_the_floor_is_not_evaluated_again():
    _, evaluator = pruned(quality=lambda request: 0.1, confirmations=1, budget=5)
    assert [request.seed for request in evaluator.requests] == [7] * 5


# rungs of fidelity


def blurred(known=None, broken=False):
    """Quality is the sum of decisions, the more blurred the shorter the training; decision 0 at 3 never trains."""
    known = {} if known is None else known

    def quality(request):
        if request not in known:
            passes = round(9 * request.fidelity)
            noise = np.random.default_rng([*request.genotype, passes, request.seed]).normal(0, 1 / passes)
            failed = broken or request.genotype[0] == 3
            spend = Spend(1, passes * 100, passes * 2e6)
            known[request] = Evaluation(float(sum(request.genotype) + noise), spend, "diverged" if failed else None)
        return known[request]

    def cost(genotypes):
        return {"latency_ms": jnp.asarray(genotypes)[:, 1].astype(jnp.float32)}

    return Asked(quality, cost, (4, 5, 5))


def halved(evaluator, budget=6, key=0, seed=0, batch=4, policy=POLICIES["successive_halving"]):
    strategy = random_of(batch)
    one = Search(strategy, evaluator, best_quality({"latency_ms": 100.0}), budget, jax.random.key(key), policy, seed)
    return search(one)


def rung(found, fidelity):
    return [each for each in found.candidates if each.fidelity == pytest.approx(fidelity)]


def test_a_third_goes_on_and_it_is_the_best_third_that_did_not_fail():
    found = halved(blurred())
    rungs = [rung(found, fidelity) for fidelity in (1 / 9, 1 / 3, 1)]
    # a budget of six full trainings: 18 ninths, 6 thirds and 2
    assert [len([each for each in rows if each.evaluations]) for rows in rungs] == [18, 6, 2]
    for lower, upper in itertools.pairwise(rungs):
        lower = [each for each in lower if each.evaluations]
        best = np.argsort([each.score[0] for each in lower], kind="stable")[: len(upper)]
        assert [each.genotype for each in upper] == [lower[place].genotype for place in sorted(best)]
        assert all(each.genotype[0] != 3 for each in upper)
    assert any(each.genotype[0] == 3 for each in rungs[0])
    assert found.best in rungs[2]


def test_the_ledger_charges_every_evaluation_by_its_fidelity():
    spend = halved(blurred()).spend
    assert spend.trainings == 26
    assert spend.example_passes == 100 * (18 * 1 + 6 * 3 + 2 * 9)


def test_the_key_decides_and_the_seed_reaches_every_evaluation():
    once, again, other = halved(blurred()), halved(blurred()), halved(blurred(), key=1)
    assert repr(once) == repr(again)
    assert repr(once.candidates) != repr(other.candidates)
    evaluator = blurred()
    halved(evaluator, seed=7)
    assert {request.seed for request in evaluator.requests} == {7}


def test_run_again_on_an_evaluator_that_keeps_its_answers_it_ends_the_same():
    known = {}
    whole = halved(blurred(known))
    assert repr(halved(blurred(dict(list(known.items())[:11])))) == repr(whole)


def test_of_equal_ones_the_first_proposed_goes_on():
    evaluator = Asked(lambda request: Evaluation(1.0, Spend(1)), blurred().cost, (4, 5, 5))
    found = halved(evaluator)
    first = [each.genotype for each in rung(found, 1 / 9) if each.evaluations]
    assert [each.genotype for each in rung(found, 1 / 3)] == first[:6]
    assert found.best.genotype == first[0]


def test_where_everything_fails_it_ends_and_nothing_is_found():
    found = halved(blurred(broken=True))
    assert {each.fidelity for each in found.candidates} == {1 / 9}
    assert found.best is None


def test_a_space_smaller_than_the_first_rung_is_used_up():
    evaluator = blurred()
    halved(evaluator, budget=300, batch=40)
    assert sum(request.fidelity < 0.2 for request in evaluator.requests) == 100


def test_at_equal_spend_it_finds_better_networks_than_full_trainings_of_random_ones():
    halvings = [halved(blurred(), key=key).best.genotype for key in range(20)]
    fulls = [halved(blurred(), key=key, batch=1, policy=POLICIES["plain"]).best.genotype for key in range(20)]
    ours, theirs = (np.array(rows).sum(1) for rows in (halvings, fulls))
    error = np.sqrt(ours.var(ddof=1) / 20 + theirs.var(ddof=1) / 20)
    assert ours.mean() - theirs.mean() > 2 * error


@pytest.mark.parametrize(
    ("policy", "budget", "expected"),
    [
        (Policy(), 7, [(7, 0)]),
        # 18 + 6 * 3 + 2 * 9 ninths are six full trainings
        (Policy(rungs=3), 6, [(18, 0)]),
        # 4 ninths, 1 third and 1 full one are 16 ninths; with 5, 17; with 6 there are 2 thirds: 21 of the 18
        (Policy(rungs=3), 2, [(5, 0)]),
        # table 1 of arXiv:1603.06560 for R = 81 and eta 3: 81, 34, 15, 8 and 5 (its 27 for s = 3 is not its formula's)
        (Policy(rungs=5, hyperband=True), 24, [(81, 0), (34, 1), (15, 2), (8, 3), (5, 4)]),
        # three rungs: 9, 5 and 3 begin, for 3, 24 / 9 and 3 full trainings; 6.33 of 15 are left for two more
        (Policy(rungs=3, hyperband=True), 9, [(9, 0), (5, 1), (3, 2)]),
        (Policy(rungs=3, hyperband=True), 15, [(9, 0), (5, 1), (3, 2), (9, 0), (5, 1)]),
        # what is left of 4 is one: one third and one full one are too dear
        (Policy(rungs=3, hyperband=True), 4, [(9, 0)]),
        (Policy(rungs=3, hyperband=True), 7, [(9, 0), (5, 1), (1, 2)]),
    ],
)
def test_brackets_are_those_worked_out_by_hand(policy, budget, expected):
    assert [tuple(each) for each in brackets(policy, budget)] == expected


def test_brackets_of_the_most_rungs_that_are_allowed_are_found_at_once():
    policy = Policy(rungs=8, keep=1000, hyperband=True)
    started = time.perf_counter()
    found = brackets(policy, 1000)
    assert time.perf_counter() - started < 1
    assert found[0] == (1000**7, 0)


def test_a_budget_below_one_network_at_all_rungs_is_refused():
    with pytest.raises(AlgorithmInputError, match="a budget of 1 does not pay for one network at all 3 rungs"):
        brackets(Policy(rungs=3), 1)


def test_hyperband_runs_the_brackets_of_its_paper_and_adds_up_their_spend():
    evaluator = blurred()
    found = halved(evaluator, budget=9, policy=POLICIES["hyperband"])
    asked = [round(9 * request.fidelity) for request in evaluator.requests]
    known = sum(not each.evaluations for each in found.candidates)
    # 9, 5 and 3 genotypes start at the first, second and third rung; what a bracket finds known is not trained again
    assert [sum(passes == each for passes in asked) for each in (1, 3, 9)] <= [9, 3 + 5, 1 + 1 + 3]
    assert len(asked) + known >= 9 + 3 + 1 + 5 + 1 + 3
    assert found.spend.example_passes == 100 * sum(asked)
    assert found.best.fidelity == 1
    full = [each.score[0] for each in rung(found, 1)]
    assert found.best.score[0] == min(full)


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
    shared, other = Slow(lambda r: Evaluation(tenth(r.genotype), Spend(1, 10))), of(tenth)
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
        (
            {"policy": POLICIES["hyperband"], "start": {BASELINE: 1.0}},
            "start is given; allowed with rungs of fidelity: none",
        ),
    ],
)
def test_searches_that_cannot_be_are_named(change, message):
    given = {"objective": highest_quality(), "budget": 3, "key": jax.random.key(0)} | change
    with pytest.raises(AlgorithmInputError, match=message):
        Search(random_search(CARDINALITIES), of(tenth), **given)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rungs": 0}, "rungs is 0"),
        ({"rungs": 9}, "rungs is 9; allowed: 1 to 8"),
        ({"keep": 1}, "keep is 1; allowed: 2 to 1000"),
        ({"confirmations": -1}, "confirmations is -1"),
        ({"stale": 0}, "stale is 0"),
    ],
)
def test_policies_that_are_not_allowed_are_named(settings, message):
    with pytest.raises(AlgorithmInputError, match=message):
        Policy(**settings)


def test_several_objectives_have_no_order_to_halve_by():
    strategy = made("nsga2")
    with pytest.raises(AlgorithmInputError, match="has 2 columns; allowed with this policy: 1"):
        Search(strategy, of(tenth), pareto(["latency_ms"]), 9, jax.random.key(0), POLICIES["hyperband"])
