"""Every single-shot algorithm on a supernet of a few numbers, whose best network is known by enumeration."""

import functools
import itertools
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError, NothingFoundError
from nas_algos.registry import describe
from nas_algos.single_shot.algorithm import Inputs, variables_of
from nas_algos.single_shot.charges import Budget, Ledger
from nas_algos.single_shot.one_shot import one_shot
from nas_algos.single_shot.registry import SINGLE_SHOT, build_single_shot, find_single_shot
from nas_algos.single_shot.relaxed import (
    certainty,
    cost_changes,
    extreme,
    masked,
    most_probable_within,
    single_changes,
)
from nas_algos.single_shot.run import run_single_shot, trained_variables
from nas_algos.single_shot.tunas import _evaluate
from nas_algos.strategies.reinforce import ReinforceState
from tests.nas_algos.single_shot.toy_supernet import BATCH, CARDINALITIES, ToySupernet

BOUND = 12.0
BUDGET = Budget(example_passes=2_400.0)
NETWORKS = np.array(list(itertools.product(*map(range, CARDINALITIES))))


TOY, BROKEN = ToySupernet(), ToySupernet(broken=(2, 1))


class StoppedError(Exception):
    pass


@functools.cache
def made(name, toy):
    """The algorithm, whose step is traced once for all of its runs."""
    algorithm = SINGLE_SHOT[name](toy, {"latency_ms": BOUND})
    return algorithm._replace(step=jax.jit(algorithm.step))


def run(name, toy=TOY, seed=0, **more):
    return run_single_shot(made(name, toy), toy, BUDGET, jax.random.key(seed), **more)


@pytest.fixture(scope="module")
def runs():
    """One run of each algorithm, made when first asked for."""

    @functools.cache
    def get(name, toy=TOY):
        with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
            return run(name, toy)

    return get


def without_seconds(result):
    history = [moment._replace(spend=moment.spend._replace(seconds=0.0)) for moment in result.history]
    looks_spend = [spend._replace(seconds=0.0) for spend in result.looks_spend]
    return repr(
        result._replace(
            spend=result.spend._replace(seconds=0.0), history=history, looks_spend=looks_spend, variables=None
        )
    )


def test_no_two_algorithms_are_described_alike():
    told = [describe(name, factory, "built-in")[3:] for name, factory in SINGLE_SHOT.items()]
    assert len({summary for _, summary in told}) == len({paper for paper, _ in told}) == len(SINGLE_SHOT)


@pytest.mark.parametrize("name", SINGLE_SHOT)
def test_it_finds_the_best_network_within_the_bound(runs, name):
    found = runs(name)
    best, loss = TOY.best_within(BOUND)
    assert found.cost["latency_ms"] <= BOUND
    # a random network within the bound is far from it
    inside = np.asarray(TOY.cost(jnp.asarray(NETWORKS))["latency_ms"]) <= BOUND
    assert np.mean([TOY.true_loss(network) for network in NETWORKS[inside]]) > loss + 1.0
    assert TOY.true_loss(found.genotype) <= loss + 0.3, (found.genotype, best)


@pytest.mark.parametrize("name", SINGLE_SHOT)
def test_a_distribution_over_networks_converges_to_one(runs, name):
    found = runs(name)
    assert (found.certainty is not None) == (made(name, TOY).logits is not None)
    if found.certainty is not None:
        assert found.certainty > 0.9  # .33 where it draws uniformly


def test_certainty_is_the_mean_largest_probability_where_there_is_a_choice():
    logits = masked(jnp.log(jnp.array([[0.5, 0.5, 1.0], [0.2, 0.2, 0.6], [0.1, 0.1, 0.8]])), (2, 3, 1))
    assert certainty(logits) == pytest.approx((0.5 + 0.6) / 2)
    assert certainty(masked(logits[:, :1], (1, 1, 1))) == 1.0


@pytest.mark.parametrize("name", SINGLE_SHOT)
def test_the_ledger_charges_what_was_computed(runs, name):
    found, algorithm = runs(name), made(name, TOY)
    trained = found.steps * algorithm.paths * BATCH
    evaluating = sum(step / found.steps >= 1 - algorithm.held_out_share for step in range(found.steps))
    share = {"nothing": 0, "forward": 1 / 3, "everything": 1}[algorithm.held_out]
    looked = len(found.looks) * TOY.evaluation_examples / 3
    passes = trained + (evaluating if share else 0) * BATCH * share + looked
    assert found.spend.example_passes == pytest.approx(passes, abs=BATCH + 1)
    assert found.spend.example_passes <= BUDGET.example_passes
    assert found.spend.trainings == 1
    assert found.history[-1].step == found.steps
    spent = [moment.spend.training_flops for moment in found.history]
    assert spent == sorted(spent)
    assert found.spend.training_flops > spent[-1]
    assert found.spend.training_flops < found.computed_flops


def test_a_networks_charge_is_two_operations_a_mac_forward_and_thrice_that_with_the_backward_pass():
    ledger = Ledger(ToySupernet(), BATCH)
    genotypes = np.array([[0, 0, 0, 0], [2, 0, 1, 3]])  # of 10 and 120 MACs
    charge = ledger.networks(genotypes, 5, 6.0)
    assert charge == (10, 6 * 5 * 130, 6 * 5 * 1_000)
    evaluation = ledger.evaluation(genotypes)
    assert evaluation == (40, 2 * 60 * 130, 2 * 60 * 1_000)


def test_progress_goes_on_while_networks_are_looked_at():
    seen = []
    found = run("one_shot", progress=seen.append)
    share = made("one_shot", TOY).search_share
    assert seen == sorted(seen)
    assert sum(fraction > 1 - share for fraction in seen) >= len(found.looks) > 1


@pytest.mark.parametrize("name", SINGLE_SHOT)
def test_a_run_that_was_stopped_goes_on_to_the_same_result_bit_for_bit(runs, tmp_path, name):
    def stop(fraction):
        if fraction > 0.4:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(name, folder=tmp_path, progress=stop, checkpoint_steps=50)
    resumed, uninterrupted = run(name, folder=tmp_path, checkpoint_steps=50), runs(name)
    assert without_seconds(resumed) == without_seconds(uninterrupted)
    variables = (jax.tree.leaves(each.variables) for each in (resumed, uninterrupted))
    assert all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(*variables, strict=True))
    before = sorted(tmp_path.rglob("*"))
    again = trained_variables(made(name, TOY), TOY, BUDGET, jax.random.key(0), tmp_path)
    assert jax.tree.map(np.array_equal, again, resumed.variables) == jax.tree.map(lambda _: True, again)
    assert sorted(tmp_path.rglob("*")) == before  # read, not trained
    with pytest.raises(AlgorithmInputError, match="another run"):
        run(name, folder=tmp_path, seed=1)


@pytest.mark.parametrize("name", SINGLE_SHOT)
def test_a_path_that_is_not_a_number_is_skipped_and_counted(runs, name):
    found = runs(name, BROKEN)
    assert found.skipped > 0
    assert runs(name).skipped == 0
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found.variables))
    # what was never trained has its first value
    assert found.cost["latency_ms"] <= BOUND


def test_a_path_of_infinite_loss_is_no_success_to_the_controller_of_tunas():
    algorithm = made("tunas", BROKEN)
    before = algorithm.init(jax.random.key(0))
    before = before._replace(controller=before.controller.replace(logits=SURE, baseline=jnp.float32(-0.5)))
    batch = {"x": TOY.data["x"][:BATCH]}
    inputs = Inputs(jnp.float32(0.5), jnp.float32(0.05), batch, batch, jax.random.key(1))
    after, outcome = algorithm.step(before, inputs)
    assert np.isinf(BROKEN.loss(variables_of(before), jnp.ones(4, jnp.int32), batch, None)[0])
    assert int(outcome.skipped) == 2  # the one that is trained and the one that is rewarded
    assert int(after.controller.told) == 0
    assert float(after.controller.baseline) == -0.5


def test_the_best_by_inherited_weights_is_never_one_that_could_not_be_evaluated(runs):
    found = runs("one_shot", BROKEN)
    assert found.genotype[2] == 0
    assert np.isfinite(found.quality)


@pytest.mark.parametrize("name", SINGLE_SHOT)
def test_a_bound_that_no_network_keeps_is_told_before_any_training(name):
    with pytest.raises(AlgorithmInputError, match=r"allowed: bounds some keep \(least: latency_ms 1\)"):
        SINGLE_SHOT[name](ToySupernet(), {"latency_ms": 0.5})


def test_other_bad_input_is_one_line():
    toy, key = ToySupernet(), jax.random.key(0)
    with pytest.raises(AlgorithmInputError, match="no cost 'watts'; allowed: latency_ms"):
        one_shot(toy, {"watts": 1.0})
    with pytest.raises(AlgorithmInputError, match="bounds are empty"):
        one_shot(toy, {})
    with pytest.raises(AlgorithmInputError, match="allowed: gumbel, tunas"):
        find_single_shot("magic")
    for budget in (Budget(), Budget(1.0, 1.0), Budget(example_passes=1.0)):
        with pytest.raises(AlgorithmInputError, match="one_shot: budget is"):
            run_single_shot(one_shot(toy, {"latency_ms": BOUND}), toy, budget, key)


@pytest.mark.parametrize("name", ["gumbel", "tunas", "one_shot", "fair"])  # which differ in what a step computes
def test_the_budget_that_is_named_as_allowed_is_enough(name):
    ledger = Ledger(TOY, BATCH)
    for share in {made(name, TOY).search_share, 0.0, 0.01, 0.2, 0.9}:
        algorithm = made(name, TOY)._replace(search_share=share)
        for field in Budget._fields:
            with pytest.raises(AlgorithmInputError, match=r"budget is 0\.001; allowed: ") as error:
                ledger.plan(algorithm, Budget(**{field: 1e-3}))
            least = float(str(error.value).split("allowed: ")[1].split()[0])
            for budget in (least, 3 * least):
                assert min(ledger.plan(algorithm, Budget(**{field: budget}))) >= 1


def test_a_budget_of_flops_is_kept_on_average():
    toy = ToySupernet()
    algorithm = one_shot(toy, {"latency_ms": BOUND})
    plan = Ledger(toy, BATCH).plan(algorithm, Budget(training_flops=1e6))
    mean = np.asarray(toy.cost(jnp.asarray(NETWORKS))["macs"]).mean()
    spent = plan.steps * 6 * mean * BATCH + plan.evaluations * 2 * mean * toy.evaluation_examples
    assert spent == pytest.approx(1e6, rel=0.05)


def test_the_extremes_are_those_of_the_enumeration():
    toy = ToySupernet()
    macs = np.asarray(toy.cost(jnp.asarray(NETWORKS))["macs"])
    assert extreme(toy, largest=True).tolist() == NETWORKS[macs.argmax()].tolist()
    assert extreme(toy, largest=False).tolist() == NETWORKS[macs.argmin()].tolist()


def test_single_changes_are_the_genotype_with_one_decision_at_each_choice():
    changes = np.asarray(single_changes(jnp.array([2, 0, 1, 3]), CARDINALITIES))
    for decision, choices in enumerate(CARDINALITIES):
        for choice in range(max(CARDINALITIES)):
            expected = [2, 0, 1, 3]
            expected[decision] = min(choice, choices - 1)
            assert changes[decision, choice].tolist() == expected


class Interacting(ToySupernet):
    """Costs that no sum over decisions is."""

    def cost(self, genotypes):
        a, b, c, d = genotypes.astype(jnp.float32).T
        return {"latency_ms": 1 + a * b * (1 + c) + d * a**2, "macs": a + b + c + d}


def test_the_estimate_of_the_expected_costs_gradient_is_unbiased_for_any_cost():
    toy, count = Interacting(), 4_000
    logits = jax.random.normal(jax.random.key(1), (4, 4)) + jnp.where(
        np.arange(4) < np.array(CARDINALITIES)[:, None], 0, -1e9
    )
    networks = jnp.asarray(NETWORKS, jnp.int32)

    def expected(logits):  # by enumeration
        log_p = jax.nn.log_softmax(logits, axis=-1)
        return (jnp.exp(log_p[np.arange(4)[None], networks].sum(-1)) * toy.cost(networks)["latency_ms"]).sum()

    def estimate(key):
        genotype = jax.random.categorical(key, logits, axis=-1).astype(jnp.int32)
        changes = cost_changes(toy, genotype, ["latency_ms"])[0]
        return jax.grad(lambda logits: (jax.nn.softmax(logits, axis=-1) * changes).sum())(logits)

    exact = np.asarray(jax.grad(expected)(logits))
    estimates = np.asarray(jax.jit(jax.vmap(estimate))(jax.random.split(jax.random.key(2), count)))
    error = estimates.std(0) / np.sqrt(count)
    assert np.abs(exact).max() > 0.3
    assert (np.abs(estimates.mean(0) - exact) <= 5 * error + 1e-5).all()


def test_the_network_within_the_bounds_is_the_most_probable_of_those():
    toy = ToySupernet()
    logits = jnp.zeros((4, 4)).at[jnp.arange(4), jnp.array(CARDINALITIES) - 1].set(3.0)
    free, none = most_probable_within(toy, logits, {"latency_ms": 1e3}, jax.random.key(0))
    assert none is None
    assert free.tolist() == [c - 1 for c in CARDINALITIES]
    found, preferred = most_probable_within(toy, logits, {"latency_ms": BOUND}, jax.random.key(0))
    assert preferred is not None
    assert preferred.tolist() == free.tolist()
    log_p = np.asarray(jax.nn.log_softmax(masked(logits, CARDINALITIES)))
    likely = log_p[np.arange(4), NETWORKS].sum(-1)
    inside = np.asarray(toy.cost(jnp.asarray(NETWORKS))["latency_ms"]) <= BOUND
    assert log_p[np.arange(4), found].sum() == pytest.approx(likely[inside].max())


def test_the_smallest_network_is_not_given_out_where_it_is_over_a_bound():
    with pytest.raises(NothingFoundError, match="neither the smallest network nor any of 12000 drawn") as raised:
        most_probable_within(TOY, jnp.zeros((4, 4)), {"latency_ms": 0.5}, jax.random.key(0))
    found = pickle.loads(pickle.dumps(raised.value)).found
    assert found.best is None
    assert [each.cost["latency_ms"] for each in found.candidates][-1] == 1.0
    assert {each.state for each in found.candidates} == {"infeasible"}


class Deaf(ToySupernet):
    """Whose predictions are never finite."""

    def quality(self, variables, genotype):
        return np.nan


def test_a_supernet_that_evaluates_no_network_says_so_and_what_was_spent():
    toy = Deaf()
    with pytest.raises(NothingFoundError, match=r"^none of (\d+) networks came to a finite quality") as raised:
        run_single_shot(one_shot(toy, {"latency_ms": BOUND}), toy, BUDGET, jax.random.key(0))
    found = raised.value.found
    assert found.best is None
    looks = [each for each in found.candidates if each.state == "evaluated"]
    assert all(np.isnan(each.quality) for each in looks)
    assert found.spend.trainings == 1
    share = made("one_shot", TOY).search_share
    searched = len(looks) * toy.evaluation_examples / 3
    assert searched == pytest.approx(share * BUDGET.example_passes, rel=0.1)
    assert found.spend.example_passes - searched == pytest.approx((1 - share) * BUDGET.example_passes, rel=0.1)


class Cheap(ToySupernet):
    """Whose networks are evaluated on few examples, so that a budget pays for 120 of them."""

    evaluation_examples = 12


def test_a_strategy_with_inherited_weights_is_checked_for_as_many_evaluations_as_it_gets_before_the_training():
    toy, bounds = Cheap(), {"latency_ms": BOUND}
    # populations of 12, and of no more than 5 where one network is evaluated
    fitting = build_single_shot("one_shot", toy, bounds, {}, "regularised_evolution", {"batch": 8})
    assert run_single_shot(fitting, toy, BUDGET, jax.random.key(0)).looks

    def init(key):
        raise StoppedError

    # batches of 5, and of 1 where one network is evaluated
    bad = build_single_shot("one_shot", toy, bounds, {}, "bananas", {"candidates": 3})._replace(init=init)
    with pytest.raises(AlgorithmInputError, match="candidates is 3; allowed: 5 to"):
        run_single_shot(bad, toy, BUDGET, jax.random.key(0))


class Four(ToySupernet):
    """Of four networks."""

    cardinalities = (2, 1, 2, 1)


def test_a_search_that_has_looked_at_all_networks_of_a_supernet_says_that_it_ended_so():
    toy = Four()
    found = run_single_shot(one_shot(toy, {"latency_ms": BOUND}), toy, BUDGET, jax.random.key(0))
    assert found.ended == "all 4 genotypes were looked at"
    assert len(found.looks) == 4


def test_one_score_is_compared_with_those_before_it():
    state = ReinforceState(jnp.zeros((1, 1)), None, jnp.zeros(()), jnp.zeros(()), jnp.zeros((), jnp.int32))
    advantages = []
    for score in (1.0, 2.0, 0.0, np.inf):
        advantage, baseline, deviation = _evaluate(state, jnp.float32(score), 0.5)
        advantages.append(float(advantage))
        told = state.told + int(np.isfinite(score))
        state = state.replace(baseline=baseline, deviation=deviation, told=told)
    # baselines 1, 1.5, .75; deviations 0, 1, (1 + 1.5) / 2
    assert advantages == pytest.approx([0.0, -1.0, 1.5 / 1.25, -2.0])
    assert (float(state.baseline), float(state.deviation)) == pytest.approx((0.75, 1.25))


SURE = jnp.zeros((4, 4)).at[:, 1].set(50.0)  # logits of a controller that takes choice 1 for each decision


@pytest.fixture(scope="module")
def tunas_steps():
    """State after, and outcome, of 800 single steps from the same state with other keys, each leaf [800, ...], by share
    of the training that is done.
    """
    algorithm = SINGLE_SHOT["tunas"](TOY, {"latency_ms": BOUND})
    state = algorithm.init(jax.random.key(0))
    state = state._replace(controller=state.controller.replace(logits=SURE))
    batch = {"x": TOY.data["x"][:BATCH]}

    def step(share, key):
        return algorithm.step(state, Inputs(share, jnp.float32(0.05), batch, batch, key))

    steps, keys = jax.jit(jax.vmap(step, in_axes=(None, 0))), jax.random.split(jax.random.key(1), 800)
    return lambda share: steps(jnp.float32(share), keys)


@pytest.mark.parametrize("chance", [1.0, 0.5, 0.0])
def test_tunas_warm_ups_fall_from_always_to_never_over_a_quarter_of_the_training(tunas_steps, chance):
    """Filters: the widest; operations: uniform; both each with this chance, and the controller's choice otherwise."""
    _, outcome = tunas_steps((1 - chance) / 4)
    trained = np.asarray(outcome.trained[:, 0])
    for decision, (choices, width) in enumerate(zip(CARDINALITIES, ToySupernet.widths, strict=True)):
        expected = np.full(choices, chance / choices)
        expected[1] += 1 - chance
        if width:
            expected *= 1 - chance
            expected[-1] += chance
        found = np.bincount(trained[:, decision], minlength=choices) / len(trained)
        error = np.sqrt(expected * (1 - expected) / len(trained))
        assert (np.abs(found - expected) <= 5 * error + 1e-9).all(), decision


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_the_controller_of_tunas_stands_still_while_it_warms_up(tunas_steps, share):
    after, outcome = tunas_steps(share)
    assert not outcome.evaluating.any()
    assert (after.controller.told == 0).all()
    assert (after.controller.logits == SURE[None]).all()


def test_the_controller_of_tunas_learns_after_the_warm_up(tunas_steps):
    after, outcome = tunas_steps(0.25)
    assert outcome.evaluating.all()
    assert (after.controller.told == 1).all()
    assert (outcome.evaluated == 1).all()
