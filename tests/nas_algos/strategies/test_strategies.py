"""What every registered strategy must do, and proof that each check can fail."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.registry import STRATEGIES
from nas_algos.rounds import Rounds, compiled
from nas_algos.scan import scan, step_by_step
from nas_algos.small_budgets import settings_for
from nas_algos.strategies import auto as module_of_auto
from nas_algos.strategies.auto import AutoSettings, auto
from nas_algos.strategies.bananas import BananasSettings
from nas_algos.strategies.gaussian_process import GaussianProcessSettings
from nas_algos.strategies.genetic import GeneticSettings, genetic
from nas_algos.strategies.nsga2 import Nsga2Settings, nsga2
from nas_algos.strategies.regularised_evolution import EvolutionSettings, regularised_evolution
from tests.nas_algos.toys import CARDINALITIES, separable

HOST = ["optuna"]
OWN = [name for name in STRATEGIES if name != "auto"]  # which is one of the others, as a test below says
TRACEABLE = [name for name in OWN if name not in HOST]
EVALUATIONS = 240
FEW = {
    "bananas": 60,
    "optuna": 60,
    "gaussian_process": 60,
}  # what they do in a round takes long, and shows in fewer
# a memory for no more than these, which computes the same as a larger one, of which nothing is ever forgotten
SETTINGS = {"bananas": [BananasSettings(memory=64)], "gaussian_process": [GaussianProcessSettings(memory=64)]}


TOY, FAILING, HOPELESS = range(3)


def rounds_for(strategy, evaluations=EVALUATIONS):
    return -(-evaluations // strategy.batch)


def seeds_of(name):
    return 6 if name in FEW else 20


def evaluate_as(strategy, kind):
    """Scores of the toy problem; with ties and failures in it; or failures alone."""

    def evaluate(genotypes):
        scores = separable(strategy)(genotypes)
        failed = jnp.reshape(genotypes[:, 0] < 2, (-1, *[1] * (scores.ndim - 1)))
        failing = jnp.where(failed, jnp.nan, jnp.round(scores / 4))
        return jnp.select([kind == TOY, kind == FAILING], [scores, failing], jnp.inf)

    return evaluate


@functools.cache
def many_searches(strategy, evaluations):
    """One compiled program for all that is asked of a strategy: keys [n], kinds int [n] -> Trials of n searches."""
    rounds = rounds_for(strategy, evaluations)

    def one(key, kind):
        return (scan if strategy.traceable else step_by_step)(strategy, evaluate_as(strategy, kind), rounds, key)

    if strategy.traceable:
        return jax.jit(jax.vmap(one))
    return lambda keys, kinds: jax.tree.map(lambda *leaves: jnp.stack(leaves), *map(one, keys, kinds))


@functools.cache
def searched(strategy):
    """Searches of the toy by key, a hopeless one and the first again: their keys and trials."""
    seeds = seeds_of(strategy.name)
    kinds = np.array([TOY] * seeds + [HOPELESS, TOY])
    keys = jax.random.split(jax.random.key(1), seeds + 1)
    keys = jnp.append(keys, keys[:1])
    trials = many_searches(strategy, FEW.get(strategy.name, EVALUATIONS))(keys, kinds)
    return keys, jax.tree.map(np.asarray, trials)


@functools.cache  # the same object for each test, so that compiled searches are found again
def made(name, cardinalities=CARDINALITIES):
    if name in HOST:
        pytest.importorskip(name)
    return STRATEGIES[name](cardinalities, *SETTINGS.get(name, []))


@pytest.fixture(params=OWN)
def strategy(request):
    return made(request.param)


@pytest.mark.parametrize(
    ("trainings", "objectives", "name"),
    [
        (1, 1, "gaussian_process"),
        (100, 1, "gaussian_process"),
        (500, 2, "gaussian_process"),
        (501, 1, "genetic"),
        (501, 2, "nsga2"),
        (100, 3, "nsga2"),
    ],
)
def test_auto_is_another_strategy_with_its_settings_for_so_many_trainings(monkeypatch, trainings, objectives, name):
    one, asked = STRATEGIES[name](CARDINALITIES), []
    monkeypatch.setattr(module_of_auto, name, lambda *arguments: asked.append(arguments) or one)
    assert auto(CARDINALITIES, AutoSettings(trainings, objectives)) == one._replace(name="auto")
    ((cardinalities, settings, *_),) = asked
    assert cardinalities == CARDINALITIES
    assert settings == settings_for(name, trainings, objectives)


@pytest.mark.parametrize("name", OWN)
def test_it_says_where_it_runs(name):
    assert made(name).traceable == (name in TRACEABLE)


def test_every_proposal_is_in_the_space(strategy):
    _, trials = searched(strategy)
    assert trials.genotypes.dtype == np.int32
    assert (trials.genotypes >= 0).all()
    assert (trials.genotypes < np.array(CARDINALITIES)).all()


def test_the_key_decides_the_search(strategy):
    _, trials = searched(strategy)
    assert (trials.genotypes[0] == trials.genotypes[-1]).all()
    assert (trials.genotypes[0] != trials.genotypes[1]).any()


def test_ask_leaves_no_trace(strategy):
    functions, key = compiled(strategy), jax.random.key(1)
    rounds = Rounds(functions, jax.random.key(0))
    states = [rounds.state]
    for _ in range(rounds_for(strategy, 12)):
        genotypes = rounds.propose()
        rounds.learn(genotypes, separable(strategy)(genotypes))
    states.append(rounds.state)
    # some draw their first genotypes once for the whole search, others walk in an order that is drawn at its beginning
    one, other, again = (
        np.array([functions.turn(state, None, key, number).genotypes() for state in states]) for number in (0, 1, 0)
    )
    assert (one == again).all()
    assert (one != other).any()


def told_of_others(strategy, asked):
    """What it proposes after rounds of random genotypes, before each of which it is asked for its own, or never."""
    functions, key, generator = compiled(strategy), jax.random.key(1), np.random.default_rng(0)
    state, _ = functions.start(jax.random.key(0))
    for number in range(rounds_for(strategy, 60)):
        if asked:
            functions.turn(state, None, key, number).genotypes()
        rows = generator.integers(0, CARDINALITIES, (strategy.batch, len(CARDINALITIES)), np.int32)
        state = functions.turn(state, (rows, np.asarray(separable(strategy)(rows))), key, number + 1).state
    return np.asarray(functions.turn(state, None, key, 0).genotypes())


def test_what_it_is_told_need_not_be_what_it_was_asked_for(strategy):
    assert (told_of_others(strategy, asked=True) == told_of_others(strategy, asked=False)).all()


def test_a_strategy_that_learns_of_its_proposals_whatever_it_is_told_is_seen():
    random, proposed = made("random"), [np.zeros((1, len(CARDINALITIES)), np.int32)]
    draw = jax.jit(random.ask)

    def ask(state, key):
        proposed.append(np.asarray(draw((), key)))
        return state if len(state) else proposed[-1]

    keeping = random._replace(
        init=lambda key: (), ask=ask, tell=lambda state, genotypes, scores: proposed[-1], traceable=False
    )
    asked = told_of_others(keeping, asked=True)
    proposed[:] = proposed[:1]
    assert (asked != told_of_others(keeping, asked=False)).any()


@pytest.mark.parametrize("name", TRACEABLE)
def test_scan_and_rounds_on_the_host_find_the_same(name):
    strategy = made(name)
    keys, scanned = searched(strategy)
    stepped = step_by_step(strategy, separable(strategy), rounds_for(strategy, 90), keys[0])
    steps = min(len(scanned.genotypes[0]), len(stepped.genotypes))
    assert (scanned.genotypes[0, :steps] == np.asarray(stepped.genotypes)[:steps]).all()


@pytest.mark.parametrize("name", HOST)
def test_a_strategy_of_the_host_says_that_it_cannot_be_scanned(name):
    strategy = made(name)
    with pytest.raises(AlgorithmInputError, match="runs on the host alone"):
        scan(strategy, separable(strategy), 3, jax.random.key(0))


def scores_with_failures(strategy):
    """What a search of FAILING found; it raises when the strategy's state is NaN somewhere after a round."""
    rounds, scores = Rounds(compiled(strategy), jax.random.key(1)), []
    for _ in range(max(20, rounds_for(strategy, 70))):  # the largest population is of 50
        genotypes = rounds.propose()
        scores.append(np.asarray(evaluate_as(strategy, np.int32(FAILING))(jnp.asarray(genotypes))))
        rounds.learn(genotypes, scores[-1])
    return np.concatenate(scores)


def test_failures_and_ties_are_survived(strategy):
    scores = scores_with_failures(strategy)
    assert np.isnan(scores).any()
    assert np.isfinite(scores).any()


def test_a_state_that_is_infinity_less_infinity_after_a_failure_is_seen():
    poisoned = made("random")._replace(
        init=lambda key: jnp.zeros(()), tell=lambda state, genotypes, scores: state + (scores - scores).sum()
    )
    with pytest.raises(AlgorithmInputError, match="tell left NaN in its state"):
        scores_with_failures(poisoned)


def test_a_search_in_which_everything_fails_goes_on(strategy):
    _, trials = searched(strategy)
    assert np.isinf(trials.scores[-2]).all()
    assert len(np.unique(trials.genotypes[-2], axis=0)) > 40


@pytest.mark.parametrize("name", TRACEABLE)
def test_a_search_whose_state_was_kept_as_plain_arrays_continues_to_the_same_result(name):
    strategy = made(name)
    rounds_before, rounds_after = rounds_for(strategy, 70), rounds_for(strategy, 30)
    evaluate, rounds = separable(strategy), Rounds(compiled(strategy), jax.random.key(0))

    def go_on(count):
        seen = []
        for _ in range(count):
            seen.append(rounds.propose())
            rounds.learn(seen[-1], evaluate(jnp.asarray(seen[-1])))
        return np.concatenate(seen)

    go_on(rounds_before)
    saved = jax.tree.map(np.array, rounds.state)
    expected = go_on(rounds_after)
    rounds = Rounds(compiled(strategy), jax.random.key(0))
    for _ in range(rounds_before):
        rounds.propose()
    rounds.state = jax.device_put(saved)
    assert (go_on(rounds_after) == expected).all()


def states_of(strategy):
    """What JAX compiles for: structure, shapes, types and weak types of the first state and of that after a round."""

    def one_round(key):
        state = strategy.init(key)
        genotypes = strategy.ask(state, key)
        return state, strategy.tell(state, genotypes, separable(strategy)(genotypes))

    states = jax.eval_shape(one_round, jax.random.key(0))
    kinds = [[(leaf.shape, leaf.dtype, leaf.weak_type) for leaf in jax.tree.leaves(state)] for state in states]
    return [(jax.tree.structure(state), kind) for state, kind in zip(states, kinds, strict=True)]


@pytest.mark.parametrize("name", TRACEABLE)
def test_the_state_stays_as_it_is_so_that_a_second_round_does_not_compile_again(name):
    first, after = states_of(made(name))
    assert first == after


def test_a_state_that_grows_is_seen():
    growing = STRATEGIES["random"](CARDINALITIES)._replace(
        init=lambda key: jnp.zeros(0), tell=lambda state, genotypes, scores: jnp.append(state, scores)
    )
    first, after = states_of(growing)
    assert first != after


@pytest.mark.parametrize("name", [name for name in OWN if name != "random"])
def test_it_improves_over_random_on_a_separable_toy(name):
    strategy = made(name)
    seeds, evaluations = seeds_of(name), FEW.get(name, EVALUATIONS)
    keys, ours = searched(strategy)
    theirs = many_searches(random_of(strategy.objectives), evaluations)(keys[:seeds], np.full(seeds, TOY))
    difference = best_by_seed(np.asarray(theirs.scores)) - best_by_seed(ours.scores[:seeds])
    standard_error = difference.std(ddof=1) / np.sqrt(len(difference))
    assert difference.mean() > 3 * standard_error


@functools.cache
def random_of(objectives):
    return made("random")._replace(objectives=objectives)


def best_by_seed(scores):
    return (scores if scores.ndim == 2 else scores[..., :2].sum(-1)).min(1)


@pytest.mark.parametrize(
    ("cardinalities", "message"),
    [
        ((), "at least one decision"),
        ((3, 0), "each of 1 or more"),
        ((2.5,), "whole numbers"),
        (("a",), "whole numbers"),
    ],
)
@pytest.mark.parametrize("name", STRATEGIES)
def test_cardinalities_that_are_not_allowed_get_one_line(name, cardinalities, message):
    made(name)  # where what it needs is installed
    with pytest.raises(AlgorithmInputError, match=message) as error:
        STRATEGIES[name](cardinalities)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("genetic", GeneticSettings(population=65_537), "population is 65537; allowed: 1 to 65536"),
        ("nsga2", Nsga2Settings(population=65_537), "population is 65537; allowed: 1 to 65536"),
        ("regularised_evolution", EvolutionSettings(population=10**9), "population is 1000000000; allowed: 1 to 65536"),
        ("genetic", GeneticSettings(population=2.5), "population is 2.5; allowed: whole numbers, 1 to 65536"),
        ("nsga2", Nsga2Settings(objectives=2.5), "objectives is 2.5; allowed: whole numbers, 2 to 8"),
        ("auto", AutoSettings(objectives=1.5), "objectives is 1.5; allowed: whole numbers, 1 to 8"),
        (
            "gaussian_process",
            GaussianProcessSettings(objectives=2.5),
            "objectives is 2.5; allowed: whole numbers, 1 to 8",
        ),
        ("gaussian_process", GaussianProcessSettings(memory=64.5), "memory is 64.5; allowed: whole numbers, 4 to 4096"),
    ],
)
def test_populations_that_cannot_be_drawn_from_and_counts_that_are_not_whole_are_refused(name, settings, message):
    with pytest.raises(AlgorithmInputError, match=message):
        STRATEGIES[name](CARDINALITIES, settings)


def test_a_space_of_one_network_is_no_trap(strategy):
    single = made(strategy.name, (1, 1, 1))

    def evaluate(genotypes):
        return jnp.zeros((len(genotypes), single.objectives)[: 1 + (single.objectives > 1)])

    def search(key):
        return (scan if single.traceable else step_by_step)(single, evaluate, rounds_for(single, 60), key)

    trials = (jax.jit(search) if single.traceable else search)(jax.random.key(0))
    assert not np.asarray(trials.genotypes).any()


@pytest.mark.parametrize(
    "strategy",
    [
        genetic((3,) * 4, GeneticSettings(8, batch=6, mutated_decisions=0)),
        nsga2((3,) * 4, Nsga2Settings(8, batch=6, mutated_decisions=0)),
        regularised_evolution((3,) * 4, EvolutionSettings(8, batch=6)),
    ],
    ids=lambda strategy: strategy.name,
)
def test_no_parent_is_a_place_where_nobody_lives(strategy):
    key, same = jax.random.key(0), np.full((6, 4), 2)
    state = strategy.tell(strategy.init(key), same, np.ones((6, 2) if strategy.name == "nsga2" else 6, np.float32))
    # two more are drawn, and the others of the round are children of the only genotype that was told, or its mutants
    for number in range(20):
        children = np.asarray(strategy.ask(state, jax.random.key(number)))[2:]
        assert ((children != 2).sum(1) <= (strategy.name == "regularised_evolution")).all()


@pytest.mark.parametrize(
    "strategy",
    [
        genetic((3,) * 4 + (1,) * 8, GeneticSettings(1, batch=6, mutated_decisions=4)),
        nsga2((3,) * 4 + (1,) * 8, Nsga2Settings(1, batch=6, mutated_decisions=4)),
    ],
    ids=lambda strategy: strategy.name,
)
def test_as_many_decisions_are_redrawn_as_is_asked_for_of_those_that_have_a_choice(strategy):
    key, alike = jax.random.key(0), np.array([[2] * 4 + [0] * 8] * 6)
    scores = np.ones((6, 2) if strategy.name == "nsga2" else 6, np.float32)
    children = np.asarray(strategy.ask(strategy.tell(strategy.init(key), alike, scores), key))
    assert (children[:, :4] != 2).all()
    assert not children[:, 4:].any()


def test_a_round_larger_than_an_empty_population_is_drawn_whole():
    for strategy in (genetic((3,) * 4, GeneticSettings(4, batch=64)), nsga2((3,) * 4, Nsga2Settings(4, batch=64))):
        first = np.asarray(strategy.ask(strategy.init(jax.random.key(0)), jax.random.key(1)))
        assert all((first[8:] == choice).mean() > 0.2 for choice in range(3)), strategy.name


def test_a_genetic_search_caught_at_a_local_optimum_starts_anew():
    """Scores fall towards 8 ones, at .5, and only at 8 twos to 0, which no single change leads to."""
    places = 8

    def evaluate(genotypes):
        ones, twos = ((genotypes == choice).sum(1).astype(jnp.float32) for choice in (1, 2))
        return jnp.where(twos > places / 2, places - twos, 0.5 + places - ones)

    def shares(patience):
        strategy = genetic((3,) * places, GeneticSettings(population=10, patience=patience))
        search = jax.jit(jax.vmap(lambda key: scan(strategy, evaluate, 1_500, key).scores.min()))
        best = np.asarray(search(jax.random.split(jax.random.key(0), 20)))
        assert set(best) <= {0.0, 0.5}
        return (best == 0).mean()

    assert shares(10) == 1
    assert shares(10**9) < 0.8  # over what 32 bits hold, with the population
