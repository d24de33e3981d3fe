"""A cohort is its networks: each starts and ends as when it is trained alone."""

from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.blocks import Block
from tasks.cohort import Cohort, fit_arrays, predict_cohort, start_cohort, train_cohort
from tasks.data.scenes import empty_scenes
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.networks.blocks import ChainNetwork
from tasks.networks.initialise import initialise
from tasks.registry import make_task
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import uncurated_space
from tasks.training import predict, train

# small steps: Adam turns rounding errors of gradients near zero into whole ones, and large ones soon lead elsewhere
FIDELITY = Fidelity("smoke", 16, 24, "validation", 8, peak_learning_rate=2e-5)


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
    """Chains that differ in their channels alone."""
    space = uncurated_space(skeleton_for(task), task.output_channels)
    rng = np.random.default_rng(seed)
    genotypes = rng.integers(0, space.cardinalities, (count, len(space.cardinalities)))
    for number, decision in enumerate(space.decisions):
        if not decision.name.startswith("channels"):
            genotypes[:, number] = genotypes[0, number]
    return tuple(space.decode(genotype) for genotype in genotypes.tolist())


def cohort_of(task, chains, rates=None):
    keys = tuple(jax.random.key(number) for number in range(len(chains)))
    return Cohort(task, FIDELITY, chains, keys, np.ones(len(chains), np.float32) if rates is None else rates)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["detection", "segmentation"])
def test_each_network_of_a_cohort_ends_where_it_ends_when_trained_alone(name):
    task = make_task(name)
    chains = drawn(task, 3, 4)
    cohort, examples = cohort_of(task, chains), scenes(16)
    arrays = task.arrays(examples)
    state, finite = train_cohort(cohort, jax.tree.map(jnp.asarray, fit_arrays(cohort, arrays)))
    assert finite.all()
    together = predict_cohort(cohort, state, examples.images[:8])
    alone = train(chains[1], task, arrays, FIDELITY, cohort.keys[1])
    before = start_cohort(cohort).params
    moved, apart = 0.0, 0.0
    for block, layers in alone.params.items():
        for path, leaf in jax.tree_util.tree_leaves_with_path(layers):
            keys = [block.replace("block", "slot"), *(step.key for step in path)]
            used = (1, *(slice(size) for size in leaf.shape))
            ours, start = (reduce(lambda tree, key: tree[key], keys, tree)[used] for tree in (state.params, before))
            moved, apart = moved + float(abs(leaf - start).sum()), apart + float(abs(leaf - ours).sum())
    assert 0 < apart < 0.02 * moved
    predictions = predict(chains[1], task, alone, examples.images[:8])
    if name == "segmentation":
        assert (together[1] == predictions).mean() > 0.999
    else:
        np.testing.assert_allclose(together.scores[1], predictions.scores, atol=0.001)


def test_networks_of_a_cohort_start_with_the_weights_that_they_have_alone():
    task = make_task("detection")
    chains = drawn(task, 3, 1)
    cohort = cohort_of(task, chains)
    params = start_cohort(cohort).params
    for row, chain in enumerate(chains):
        alone = initialise(ChainNetwork(chain), (96, 96, 3), jax.random.split(cohort.keys[row], 3)[0])["params"]
        total = sum(float(jnp.abs(leaf).sum()) for block in alone.values() for leaf in _kernels(block))
        found = sum(float(np.abs(leaf[row]).sum()) for block in params.values() for leaf in _kernels(block))
        assert found == pytest.approx(total, rel=1e-5)


def _kernels(block):
    return [layer["kernel"] for name, layer in block.items() if name.startswith(("Conv", "Depthwise"))]


def test_networks_that_differ_in_more_than_their_channels_are_no_cohort():
    task = make_task("detection")
    chain = drawn(task, 1, 0)[0]
    other = (Block("conv", 96, 96, 3, chain[0].out_channels, kernel=5, stride=2), *chain[1:])
    with pytest.raises(TaskInputError, match="network 1 of a cohort differs"):
        cohort_of(task, (chain, other))
    with pytest.raises(TaskInputError, match="1 networks has 1 keys and 2 rates"):
        cohort_of(task, (chain,), np.ones(2, np.float32))
