"""Policies on toys: rungs of fidelity, brackets, and what is refused."""

import functools
import itertools
import math
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.evaluator import Evaluation, Request
from nas_algos.ledger import Spend
from nas_algos.loop import Search, search
from nas_algos.objectives import best_quality, pareto
from nas_algos.policies import POLICIES, Policy, brackets, most_asked
from nas_algos.strategies.nsga2 import nsga2
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.strategy import Strategy
from tests.nas_algos.toys import Asked


@functools.cache
def random_of(batch):
    return random_search((4, 5, 5), RandomSettings(batch))


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
    counts = [sum(passes == each for passes in asked) for each in (1, 3, 9)]
    assert all(count <= most for count, most in zip(counts, (9, 3 + 5, 1 + 1 + 3), strict=True))
    assert len(asked) + known >= 9 + 3 + 1 + 5 + 1 + 3
    assert found.spend.example_passes == 100 * sum(asked)
    assert found.best.fidelity == 1
    full = [each.score[0] for each in rung(found, 1)]
    assert found.best.score[0] == min(full)


def test_a_strategy_is_told_what_earlier_brackets_of_a_fidelity_came_to_and_nothing_of_the_others():
    states, batch = [], 4

    def ask(state, key):
        states.append(state)
        return np.stack(np.unravel_index(len(state) + np.arange(batch), (4, 5, 5)), 1).astype(np.int32)

    def tell(state, genotypes, scores):
        return (*state, *zip(map(tuple, genotypes.tolist()), scores.tolist(), strict=True))

    counting = Strategy("counting", (4, 5, 5), lambda key: (), ask, tell, batch, traceable=False)
    evaluator = blurred()
    search(
        Search(counting, evaluator, best_quality({"latency_ms": 100.0}), 15, jax.random.key(0), POLICIES["hyperband"])
    )
    # by hand: 9, 5 and 3 networks begin, then 9 and 5 again; a round of four is told whole
    assert [len(state) for state in states] == [0, 4, 8, 0, 4, 0, 12, 16, 20, 8, 12]
    for state, fidelity, count in ((states[6], 1 / 9, 9), (states[9], 1 / 3, 5)):
        rows, scores = zip(*state, strict=True)
        assert len(set(rows)) == count
        assert set(rows[count:]) == {rows[count - 1]}  # in place of what was left out
        qualities = [evaluator.quality(Request(row, fidelity, 0)).quality for row in rows]
        assert scores == pytest.approx([-quality for quality in qualities], rel=1e-6)


@pytest.mark.parametrize(
    ("policy", "budget", "asked"),
    [(Policy(), 7, 7), (Policy(rungs=3), 6, 18), (POLICIES["hyperband"], 9, 9), (POLICIES["hyperband"], 15, 18)],
)
def test_settings_fit_the_fidelity_that_a_strategy_is_asked_for_most_networks_of(policy, budget, asked):
    assert most_asked(policy, budget) == asked


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rungs": 0}, "rungs is 0"),
        ({"rungs": 9}, "rungs is 9; allowed: 1 to 8"),
        ({"keep": 1}, "keep is 1; allowed: 2 to 1000"),
        ({"confirmations": -1}, "confirmations is -1"),
        ({"stale": 0}, "stale is 0"),
        ({"rungs": 2.0}, "rungs is 2.0; allowed: whole numbers, 1 to 8"),
        ({"keep": 2.5}, "keep is 2.5; allowed: whole numbers, 2 to 1000"),
        ({"confirmations": 1.5}, "confirmations is 1.5; allowed: whole numbers, 0 to 1000"),
        ({"assumed_quality": math.nan}, "assumed_quality is nan; allowed: finite numbers, or None"),
        ({"assumed_quality": -math.inf}, "assumed_quality is -inf; allowed: finite"),
    ],
)
def test_policies_that_are_not_allowed_are_named(settings, message):
    with pytest.raises(AlgorithmInputError, match=message):
        Policy(**settings)


def test_several_objectives_have_no_order_to_halve_by():
    with pytest.raises(AlgorithmInputError, match="has 2 columns; allowed with this policy: 1"):
        Search(nsga2((4, 5, 5)), blurred(), pareto(["latency_ms"]), 9, jax.random.key(0), POLICIES["hyperband"])
