"""The wrapper that avoids repeats, over spaces of few and of many choices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.compare import compare, distinct_searches
from nas_algos.distinct import MUTATIONS, is_tried, nothing_tried, remember, repeats, without_repeats
from nas_algos.errors import AlgorithmInputError
from nas_algos.keys import fold_in
from nas_algos.scan import scan
from nas_algos.strategies.nsga2 import nsga2
from nas_algos.strategies.random_search import random_search
from nas_algos.tabular import make_table

SPACES = {2: 12, 3: 8, 4: 6, 8: 4}  # choices: decisions, of 4,096 genotypes and 6,561


def conflicting(genotypes):
    return jnp.stack([genotypes.sum(1), (genotypes.max() - genotypes).sum(1) + genotypes[:, 0]], 1).astype(jnp.float32)


def how_many(strategy, rounds=25):
    trials = jax.jit(lambda key: scan(strategy, conflicting, rounds, key))(jax.random.key(0))
    return len(np.unique(np.asarray(trials.genotypes), axis=0))


@pytest.mark.parametrize(("choices", "decisions"), SPACES.items())
def test_nsga2_hardly_repeats_itself_whatever_the_number_of_choices(choices, decisions):
    strategy = nsga2((choices,) * decisions)
    assert how_many(without_repeats(strategy)) >= 294  # of 300
    if choices == 4:  # and alone it does
        assert how_many(strategy) < 280


@pytest.mark.parametrize(("choices", "decisions"), SPACES.items())
def test_the_memory_spreads_codes_over_its_places(choices, decisions):
    """Codes that differ in the last decisions alone, and in the first alone, take different places."""
    memory = 512
    for stride in (1, choices ** (decisions - 3)):
        marks = jnp.arange(choices**3, dtype=jnp.uint32) * np.uint32(stride)
        kept = is_tried(remember(nothing_tried(memory), marks), marks).sum()
        # by hand: n balls in m boxes leave m * (1 - (1 - 1 / m)^n) of them taken
        expected = memory * (1 - (1 - 1 / memory) ** len(marks))
        assert abs(int(kept) - expected) < 4 * expected**0.5


def test_an_empty_memory_holds_nothing_and_a_round_with_twins_is_a_repeat():
    for memory in (2, 3, 512):
        assert not is_tried(nothing_tried(memory), jnp.arange(200, dtype=jnp.uint32)).any()
    tried = remember(nothing_tried(64), jnp.array([7], jnp.uint32))
    assert repeats(tried, jnp.array([3, 7, 3, 4], jnp.uint32)).tolist() == [False, True, True, False]


def test_what_is_new_is_proposed_as_the_strategy_has_it():
    alone, wrapped = random_search((50,) * 6), without_repeats(random_search((50,) * 6))
    ask = jax.jit(lambda key: [each.ask(each.init(key), key) for each in (wrapped, alone)])
    for seed in range(5):
        ours, theirs = ask(jax.random.key(seed))
        assert (ours == theirs).all()


def test_mutations_are_drawn_by_no_key_that_a_strategy_splits_its_round_into():
    key = jax.random.key(5)
    of_mutations = jax.random.key_data(fold_in(key, MUTATIONS))
    parts = jax.random.key_data(jax.random.split(key, 4_096))
    assert not (parts == of_mutations[None]).all(-1).any()


def test_where_all_was_tried_it_goes_on():
    strategy = without_repeats(random_search((2, 2)))
    search = jax.jit(lambda key: scan(strategy, lambda genotypes: genotypes.sum(1).astype(jnp.float32), 12, key))
    trials = search(jax.random.key(0))
    assert len(np.unique(np.asarray(trials.genotypes)[:4], axis=0)) == 4


def test_a_proposal_out_of_range_after_some_rounds_is_named():
    late = random_search((4, 4))._replace(
        init=lambda key: jnp.zeros((), jnp.int32),
        ask=lambda state, key: jnp.where(state < 4, jnp.array([[0, 1]]), 99),
        tell=lambda state, genotypes, scores: state + 1,
    )
    with pytest.raises(AlgorithmInputError, match="ask gave 99 for decision 0; the rule is 0 to 3"):
        distinct_searches(late, np.arange(16.0)[None], 10, jax.random.split(jax.random.key(0), 3))


def test_a_comparison_counts_different_networks_and_says_how_many_there_were():
    stubborn = random_search((4, 4))._replace(ask=lambda state, key: jnp.zeros((1, 2), jnp.int32))
    scores = np.arange(16.0)[None]
    (run,) = distinct_searches(stubborn, scores, 5, jax.random.split(jax.random.key(0), 1))
    assert run.genotypes.tolist() == [[0, 0]]
    for run in distinct_searches(random_search((4, 4)), scores, 12, jax.random.split(jax.random.key(0), 3)):
        assert len(np.unique(run.genotypes, axis=0)) == len(run.scores) == 12
    (row,) = compare([], make_table("all", (4, 4), np.arange(16.0)[:, None], (16.0,)), 40, 2, jax.random.key(0))
    assert (row.trained, row.true, len(row.curve)) == (16, 0, 40)


@pytest.mark.parametrize(("tries", "memory"), [(-1, 10), (3, 1)])
def test_settings_that_are_not_allowed_are_named(tries, memory):
    with pytest.raises(AlgorithmInputError, match=f"{tries} tries, {memory} places; allowed"):
        without_repeats(random_search((3,)), tries, memory)
