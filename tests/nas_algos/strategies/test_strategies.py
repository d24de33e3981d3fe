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
from tests.nas_algos.toys import CARDINALITIES, separable

HOST = ["optuna"]
TRACEABLE = [name for name in STRATEGIES if name not in HOST]
EVALUATIONS = 240
FEW = {
    "bananas": 60,
    "optuna": 60,
    "gaussian_process": 60,
    "auto": 60,
}  # what they do in a round takes long, and shows in fewer


def rounds_for(strategy, evaluations=EVALUATIONS):
    return -(-evaluations // strategy.batch)


def searcher(strategy, evaluations, evaluate):
    rounds = rounds_for(strategy, min(evaluations, FEW.get(strategy.name, evaluations)))
    if strategy.traceable:
        return jax.jit(lambda key: scan(strategy, evaluate, rounds, key))
    return lambda key: step_by_step(strategy, evaluate, rounds, key)


@functools.cache
def toy_searcher(strategy, evaluations):
    return searcher(strategy, evaluations, separable(strategy))


def searched(strategy, evaluations=EVALUATIONS, seed=0, evaluate=None):
    search_from = searcher(strategy, evaluations, evaluate) if evaluate else toy_searcher(strategy, evaluations)
    return search_from(jax.random.key(seed))


@functools.cache  # the same object for each test, so that compiled searches are found again
def made(name, cardinalities=CARDINALITIES):
    if name in HOST:
        pytest.importorskip(name)
    return STRATEGIES[name](cardinalities)


@pytest.fixture(params=STRATEGIES)
def strategy(request):
    return made(request.param)


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_says_where_it_runs(name):
    assert made(name).traceable == (name in TRACEABLE)


def test_every_proposal_is_in_the_space(strategy):
    genotypes = np.asarray(searched(strategy).genotypes)
    assert genotypes.dtype == np.int32
    assert (genotypes >= 0).all()
    assert (genotypes < np.array(CARDINALITIES)).all()


def test_the_key_decides_the_search(strategy):
    once, again, other = (np.asarray(searched(strategy, seed=seed).genotypes) for seed in (3, 3, 4))
    assert (once == again).all()
    assert (once != other).any()


def test_ask_leaves_no_trace(strategy):
    state = strategy.init(jax.random.key(0))
    one = np.asarray(strategy.ask(state, jax.random.key(1)))
    other = np.asarray(strategy.ask(state, jax.random.key(2)))
    assert (one == np.asarray(strategy.ask(state, jax.random.key(1)))).all()
    assert (one != other).any()


@pytest.mark.parametrize("name", TRACEABLE)
def test_scan_and_rounds_on_the_host_find_the_same(name):
    strategy = made(name)
    scanned = searched(strategy)
    stepped = step_by_step(strategy, separable(strategy), rounds_for(strategy, 90), jax.random.key(0))
    steps = min(len(scanned.genotypes), len(stepped.genotypes))
    assert (np.asarray(scanned.genotypes)[:steps] == np.asarray(stepped.genotypes)[:steps]).all()


@pytest.mark.parametrize("name", HOST)
def test_a_strategy_of_the_host_says_that_it_cannot_be_scanned(name):
    strategy = made(name)
    with pytest.raises(AlgorithmInputError, match="runs on the host alone"):
        scan(strategy, separable(strategy), 3, jax.random.key(0))


def test_failures_and_ties_are_survived(strategy):
    def failing(genotypes):
        scores = separable(strategy)(genotypes)
        failed = genotypes[:, 0] == 0
        if strategy.objectives > 1:
            failed = jnp.broadcast_to(failed[:, None], scores.shape)
        return jnp.where(failed, jnp.nan, jnp.round(scores / 4))

    trials = searched(strategy, evaluate=failing)
    scores = np.asarray(trials.scores)
    assert not np.isnan(scores).any()
    assert np.isinf(scores).any()
    genotypes = np.asarray(trials.genotypes)
    assert ((genotypes >= 0) & (genotypes < np.array(CARDINALITIES))).all()


def test_a_search_in_which_everything_fails_goes_on(strategy):
    def hopeless(genotypes):
        return jnp.full((len(genotypes), strategy.objectives)[: 1 + (strategy.objectives > 1)], jnp.inf)

    genotypes = np.asarray(searched(strategy, 100, evaluate=hopeless).genotypes)
    assert len(np.unique(genotypes, axis=0)) > 40


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


@pytest.mark.parametrize("name", TRACEABLE)
def test_the_state_keeps_its_structure_shapes_and_dtypes(name):
    strategy = made(name)
    state = strategy.init(jax.random.key(0))
    genotypes = strategy.ask(state, jax.random.key(1))
    after = strategy.tell(state, genotypes, separable(strategy)(genotypes))
    assert jax.tree.structure(state) == jax.tree.structure(after)
    for old, new in zip(jax.tree.leaves(state), jax.tree.leaves(after), strict=True):
        assert (old.shape, old.dtype) == (new.shape, new.dtype)


def count_compilations(strategy, ask):
    state = strategy.init(jax.random.key(0))
    for index in range(3):
        genotypes = ask(state, jax.random.key(index))
        state = strategy.tell(state, genotypes, separable(strategy)(genotypes))
    return ask._cache_size()


@pytest.mark.parametrize("name", TRACEABLE)
def test_the_second_round_does_not_compile_again(name):
    strategy = made(name)
    assert count_compilations(strategy, jax.jit(lambda state, key: strategy.ask(state, key))) == 1


def test_the_compilation_count_sees_a_state_that_grows():
    strategy = STRATEGIES["random"](CARDINALITIES)
    growing = strategy._replace(
        init=lambda key: jnp.zeros(0), tell=lambda state, genotypes, scores: jnp.append(state, scores)
    )
    assert count_compilations(growing, jax.jit(lambda state, key: strategy.ask((), key))) == 3


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name == "bananas")) for name in STRATEGIES if name != "random"],
)
def test_it_improves_over_random_on_a_separable_toy(name):
    strategy = made(name)
    random = STRATEGIES["random"](CARDINALITIES)
    baseline = random._replace(objectives=strategy.objectives)
    seeds, evaluations = (6, FEW[name]) if name in FEW else (20, EVALUATIONS)
    ours, theirs = (best_by_seed(each, seeds, evaluations) for each in (strategy, baseline))
    difference = theirs - ours
    standard_error = difference.std(ddof=1) / np.sqrt(len(difference))
    assert difference.mean() > 3 * standard_error


def best_by_seed(strategy, seeds, evaluations):
    evaluate, rounds = separable(strategy), rounds_for(strategy, evaluations)
    keys = jax.random.split(jax.random.key(1), seeds)
    if strategy.traceable:
        scores = jax.jit(jax.vmap(lambda key: scan(strategy, evaluate, rounds, key)))(keys).scores
    else:
        scores = np.stack([step_by_step(strategy, evaluate, rounds, key).scores for key in keys])
    scores = np.asarray(scores)
    return (scores if strategy.objectives == 1 else scores[..., :2].sum(-1)).min(1)


@pytest.mark.parametrize(
    ("cardinalities", "message"),
    [
        ((), "at least one decision"),
        ((3, 0), "each of 1 or more"),
        ((2.5,), "whole numbers"),
        (("a",), "whole numbers"),
    ],
)
def test_cardinalities_that_are_not_allowed_get_one_line(strategy, cardinalities, message):
    with pytest.raises(AlgorithmInputError, match=message) as error:
        STRATEGIES[strategy.name](cardinalities)
    assert "\n" not in str(error.value)


def test_a_space_of_one_network_is_no_trap(strategy):
    single = STRATEGIES[strategy.name]((1, 1, 1))

    def evaluate(genotypes):
        return jnp.zeros((len(genotypes), single.objectives)[: 1 + (single.objectives > 1)])

    assert not np.asarray(searched(single, 60, evaluate=evaluate).genotypes).any()
