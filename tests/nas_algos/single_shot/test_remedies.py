"""What each remedy for weight sharing promises, in a step or two on the toy supernet or by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.single_shot.algorithm import Inputs, variables_of
from nas_algos.single_shot.fair import fair, fair_networks
from nas_algos.single_shot.few_shot import FewShotSettings, few_shot, widest
from nas_algos.single_shot.progressive import ProgressiveSettings, joined, progressive
from nas_algos.single_shot.relaxed import extreme
from tests.nas_algos.single_shot.toy_supernet import BATCH, CARDINALITIES, ToySupernet

BOUNDS = {"latency_ms": 100.0}
TOY = ToySupernet()


def inputs(number, share):
    rows = slice(number * BATCH, (number + 1) * BATCH)
    batch = jax.tree.map(lambda array: array[rows], TOY.data)
    return Inputs(jnp.float32(share), jnp.float32(0.05), batch, batch, jax.random.key(number))


def test_strict_fairness_updates_each_choice_as_often_as_the_others():
    counts = [np.zeros(choices, int) for choices in CARDINALITIES]
    for step in range(6):
        networks = np.asarray(fair_networks(jax.random.key(step), CARDINALITIES, 4, jnp.int32(4 * step)))
        for decision, count in enumerate(counts):
            count += np.bincount(networks[:, decision], minlength=len(count))
            assert count.max() - count.min() <= 1, (step, decision)
        assert [count.max() - count.min() for count in counts][1:] == [0, 0, 0]  # of 4, 2 and 4 choices
    assert [count.sum() for count in counts] == [24] * 4
    # the order is drawn, for each decision and step anew
    first, second = (np.asarray(fair_networks(jax.random.key(k), (4, 4), 4, jnp.int32(0))) for k in (0, 1))
    assert len({tuple(column) for column in (*first.T, *second.T)}) > 2


def test_a_round_of_strict_fairness_moves_every_weight_and_no_other():
    algorithm = fair(TOY, BOUNDS)
    assert algorithm.paths == 4
    before = algorithm.init(jax.random.key(0))
    after, outcome = jax.jit(algorithm.step)(before, inputs(0, 0.0))
    moved = np.asarray(after.weights.params["w"] != before.weights.params["w"])
    assert moved.tolist() == [[k < choices for k in range(4)] for choices in CARDINALITIES]
    assert int(after.trained) == len(outcome.trained) == 4


def test_choices_join_the_largest_one_after_another_channels_last():
    settings = ProgressiveSettings(largest_share=0.2, joined_share=0.7)

    def at(share):
        return joined(jnp.float32(share), (3, 4), (True, False), settings).tolist()

    assert [at(share) for share in (0.0, 0.19, 0.21, 0.44, 0.46, 0.69, 0.99)] == [
        *([1, 1], [1, 1]),
        *([1, 2], [1, 4]),
        *([2, 4], [3, 4], [3, 4]),
    ]


def test_progressive_shrinking_starts_with_the_largest_network_and_ends_with_all():
    algorithm = progressive(TOY, BOUNDS, ProgressiveSettings(random_paths=64))
    state, step = algorithm.init(jax.random.key(0)), jax.jit(algorithm.step)
    largest, drawn = extreme(TOY, largest=True), {}
    for share in (0.1, 0.3, 0.9):
        _, outcome = step(state, inputs(0, share))
        drawn[share] = [len(np.unique(column)) for column in np.asarray(outcome.trained).T]
        if share == 0.1:
            assert (np.asarray(outcome.trained) == largest).all()
    assert drawn == {0.1: [1, 1, 1, 1], 0.3: [1, 3, 2, 3], 0.9: list(CARDINALITIES)}


def test_few_shot_trains_one_supernet_and_then_each_part_from_its_weights():
    algorithm = few_shot(TOY, BOUNDS, FewShotSettings(decision=0))
    step = jax.jit(algorithm.step)
    start = algorithm.init(jax.random.key(0))
    shared, _ = step(start, inputs(0, 0.1))
    w = np.asarray(shared.weights.params["w"])
    assert w.shape == (3, 4, 4)
    # every part follows, as the split never comes where the steps are few
    assert (w == w[:1]).all()
    assert (w != np.asarray(start.weights.params["w"])).any()
    parted, outcome = step(shared, inputs(1, 0.5))
    part, moved = int(outcome.trained[0, 0]), np.asarray(parted.weights.params["w"])
    for other in range(3):
        same = np.array_equal(moved[other], w[0])
        assert same == (other != part), (other, part)
    # counts of the optimiser's steps: one of all, and one more of the part
    assert np.asarray(parted.weights.moments.count).tolist() == [1 + (other == part) for other in range(3)]
    own = algorithm.inherited(variables_of(parted), (part, 0, 0, 0))
    assert np.array_equal(own.params["w"], moved[part])
    # afterwards another part does not undo what this one has learned
    again, outcome = step(parted, inputs(3, 0.6))
    assert int(outcome.trained[0, 0]) != part
    assert np.array_equal(again.weights.params["w"][part], moved[part])


def test_the_space_is_split_where_macs_differ_most():
    assert widest(TOY) == 1  # its last choice costs 12, that of the others 2, 3 and 6


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: few_shot(TOY, BOUNDS, FewShotSettings(decision=4)), "decision is 4; allowed: -1 to 3"),
        (
            lambda: few_shot(TOY, BOUNDS, FewShotSettings(decision=1.5)),
            "decision is 1.5; allowed: whole numbers, -1 to 3",
        ),
        (
            lambda: progressive(TOY, BOUNDS, ProgressiveSettings(largest_share=0.8)),
            "largest_share is 0.8; allowed: at most joined_share, 0.7",
        ),
    ],
)
def test_settings_that_cannot_be_are_named(make, said):
    with pytest.raises(AlgorithmInputError, match=said):
        make()
