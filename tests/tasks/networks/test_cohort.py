"""A cohort is its networks: each starts and ends as when it is trained alone."""

from functools import reduce

import jax
import numpy as np
import pytest

from hw_model.blocks import Block
from tasks.cohort import Cohort, aligned, present
from tasks.cohort_training import compile_cohort, fit_arrays, predict_cohort, start_cohort, train_cohort
from tasks.data.scenes import empty_scenes
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.networks.blocks import ChainNetwork
from tasks.networks.gates import window_start
from tasks.networks.initialise import initialise
from tasks.networks.supernet import Supernet, block_name
from tasks.registry import make_task
from tasks.spaces.layer import parse_block
from tasks.spaces.skeleton import uncurated_space
from tasks.training import fit_images, predict, train
from tests.tasks.networks.supernet_spaces import SHORT_SKELETONS

# small steps: Adam turns rounding errors of gradients near zero into whole ones, and large ones soon lead elsewhere
FIDELITY = Fidelity("smoke", 8, 12, "validation", 4, batch_size=4, peak_learning_rate=2e-5)


def scenes(n):
    rng = np.random.default_rng(0)
    made = empty_scenes(n)
    made.images[:] = rng.integers(0, 256, made.images.shape)
    made.instances[:] = 0
    for row in range(n):
        made.boxes[row, 0] = [0.2, 0.3, 0.6, 0.7]
        made.labels[row, 0] = row % 3
        made.instances[row, 20:60, 30:70] = 1
    return made


def drawn(task, count, seed):
    """Networks that share their kinds of block and sizes, place by place, with None where one has no block."""
    space = uncurated_space(SHORT_SKELETONS[task.name], task.output_channels)
    rng = np.random.default_rng(seed)
    genotypes = rng.integers(0, space.cardinalities, (count, len(space.cardinalities)))
    for number, decision in enumerate(space.decisions):
        if decision.name in ("input_side", "output_stride"):
            genotypes[:, number] = genotypes[0, number]
        elif decision.name.startswith("block"):
            kind = parse_block(decision.choices[genotypes[0, number]])[0]
            alike = [place for place, choice in enumerate(decision.choices) if parse_block(choice)[0] == kind]
            genotypes[:, number] = rng.choice(alike, count)
    return aligned(space, genotypes)


def cohort_of(task, chains, rates=None):
    keys = tuple(jax.random.key(number) for number in range(len(chains)))
    return Cohort(task, FIDELITY, chains, keys, np.ones(len(chains), np.float32) if rates is None else rates)


@pytest.mark.slow
# draws whose second network lacks a block that another has, and has smaller kernels and fewer channels than one
@pytest.mark.parametrize(("name", "seed"), [("detection", 59), ("segmentation", 287)])
def test_each_network_of_a_cohort_ends_where_it_ends_when_trained_alone(name, seed):
    task = make_task(name)
    chains = drawn(task, 3, seed)
    cohort, examples = cohort_of(task, chains), scenes(8)
    arrays = task.arrays(examples)
    data, images = jax.device_put(fit_arrays(cohort, arrays)), fit_images((cohort.first,), examples.images[:4])
    state, programs = compile_cohort(cohort, data, images)
    state, finite = train_cohort(cohort, data, state, programs)
    assert finite.all()
    together = predict_cohort(cohort, state, programs, images)
    assert len({len(present(chain)) for chain in chains}) > 1
    network = present(chains[1])
    alone = train(network, task, arrays, FIDELITY, cohort.keys[1])
    trained, before = jax.device_get((state.params, start_cohort(cohort).params))
    moved, apart = 0.0, 0.0
    places = [place for place, block in enumerate(chains[1]) if block is not None]
    for block, layers in jax.device_get(alone.params).items():
        place = places[int(block.split("_")[1])]
        for path, leaf in jax.tree_util.tree_leaves_with_path(layers):
            keys = [block_name(place, block.split("_", 2)[2]), *(step.key for step in path)]
            starts = [0] * leaf.ndim
            if leaf.ndim > 2 and leaf.shape[0] > 1:
                starts[:2] = window_start(cohort.slots[place], leaf.shape[0])
            used = (1, *(slice(start, start + size) for start, size in zip(starts, leaf.shape, strict=True)))
            ours, start = (reduce(lambda tree, key: tree[key], keys, tree)[used] for tree in (trained, before))
            moved, apart = moved + float(abs(leaf - start).sum()), apart + float(abs(leaf - ours).sum())
    assert 0 < apart < 0.02 * moved
    predictions = predict(network, task, alone, examples.images[:4])
    if name == "segmentation":
        assert (together[1] == predictions).mean() > 0.999
    else:
        np.testing.assert_allclose(together.scores[1], predictions.scores, atol=0.001)


def test_networks_of_a_cohort_start_with_the_weights_that_they_have_alone():
    task = make_task("detection")
    chains = drawn(task, 3, 1)
    cohort = cohort_of(task, chains)
    params = jax.device_get(start_cohort(cohort).params)
    for row, chain in enumerate(chains):
        alone = initialise(ChainNetwork(present(chain)), (96, 96, 3), jax.random.split(cohort.keys[row], 3)[0])[
            "params"
        ]
        total = sum(float(np.abs(leaf).sum()) for block in alone.values() for leaf in _kernels(block))
        found = sum(float(np.abs(leaf[row]).sum()) for block in params.values() for leaf in _kernels(block))
        assert found == pytest.approx(total, rel=1e-5)


def test_a_cohort_starts_as_its_networks_where_some_blocks_do_not_expand():
    task, rng = make_task("detection"), np.random.default_rng(0)
    chains = tuple(
        (
            Block("conv", 8, 8, 3, width, stride=2),
            Block("ibn", 4, 4, width, width, expansion=expansion, residual=True),
            Block("ibn", 4, 4, width, 6, kernel=5, stride=2),
            Block("conv", 2, 2, 6, task.output_channels, kernel=1, activation=False),
        )
        for width, expansion in ((4, 1), (6, 3))
    )
    cohort, images = cohort_of(task, chains), rng.normal(size=(2, 8, 8, 3)).astype(np.float32)
    state, gates = start_cohort(cohort), cohort.gates
    for row, chain in enumerate(chains):
        alone, shared = ChainNetwork(chain), Supernet(cohort.slots)
        own = initialise(alone, (8, 8, 3), jax.random.split(cohort.keys[row], 3)[0])
        ours = {"params": state.params, "batch_stats": state.batch_stats}
        ours, gate = jax.tree.map(lambda leaf, row=row: leaf[row], (ours, gates))
        np.testing.assert_allclose(shared.apply(ours, images, gate), alone.apply(own, images, False), atol=1e-5)


def _kernels(block):
    return [layer["kernel"] for name, layer in block.items() if name.startswith(("Conv", "Depthwise"))]


def test_networks_of_other_kinds_or_sizes_are_no_cohort():
    task = make_task("detection")
    chain = drawn(task, 1, 0)[0]
    other = (Block("conv", 64, 64, 3, chain[0].out_channels, stride=2), *chain[1:])
    with pytest.raises(TaskInputError, match="place 0 of a cohort holds 2 kinds or sizes of block"):
        cohort_of(task, (chain, other))
    with pytest.raises(TaskInputError, match="1 networks has 1 keys and 2 rates"):
        cohort_of(task, (chain,), np.ones(2, np.float32))


def test_images_of_other_channels_than_a_cohort_takes_are_refused():
    cohort = cohort_of(make_task("detection"), ((Block("conv", 96, 96, 3, 8),),))
    with pytest.raises(TaskInputError, match="images have 1 channels; the network takes 3"):
        fit_arrays(cohort, {"images": np.zeros((2, 48, 48, 1), np.uint8)})
