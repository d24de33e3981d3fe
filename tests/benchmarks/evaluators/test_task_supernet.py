"""The tasks' supernets as single-shot algorithms see them, against static networks and finite differences."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.evaluators.task_supernet import TaskSupernet
from hw_model.cost import count_macs
from nas_algos.single_shot.relaxed import single_changes
from nas_algos.single_shot.supernet import Variables
from tasks.classification.task import ClassificationTask
from tasks.data.labelled import LabelledImages
from tasks.data.scenes import Scenes
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.networks.blocks import ChainNetwork
from tasks.networks.gates import make_gates
from tasks.networks.resize import resize_images
from tasks.networks.supernet import Supernet
from tasks.segmentation.task import SegmentationTask
from tasks.training import normalise_images
from tests.tasks.networks.slicing import slice_variables
from tests.tasks.networks.supernet_spaces import (
    CLASSIFICATION,
    SEGMENTATION,
    compile_quickly,
    random_genotypes,
    random_variables,
)

FIDELITY = Fidelity("smoke", 40, 80, "validation", 12, batch_size=4)


def costs(space, price=1.0):
    def of(genotypes):
        work = space.lower(genotypes)
        size = (work.out_channels * work.mask).sum(-1).astype(jnp.float32)
        return {"latency_ms": price * size, "macs": size}

    return of


def classification(examples=40, price=1.0):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (examples, 15, 15, 1), dtype=np.uint8)
    labels = generator.integers(0, 3, examples).astype(np.int32)
    some = LabelledImages(images, labels, np.arange(examples))
    task, space = ClassificationTask(classes=3), CLASSIFICATION
    return TaskSupernet(task, space, costs(space, price), some, some, FIDELITY)


def segmentation():
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    instances = generator.integers(0, 3, (40, 32, 32)).astype(np.uint8)
    labels, boxes = np.tile(np.array([[0, 1]], np.int32), (40, 1)), np.zeros((40, 2, 4), np.float32)
    scenes = Scenes(images, boxes, labels, instances, np.arange(40), np.full((40, 2), -1), np.full(40, -1))
    return TaskSupernet(SegmentationTask(classes=2), SEGMENTATION, costs(SEGMENTATION), scenes, scenes, FIDELITY)


def variables_of(space, seed=1):
    found = random_variables(space, seed)
    return Variables(found["params"], found["batch_stats"])


class Relaxed:
    """Effects, and the loss at any gates, of a task's supernet on a key and batch of one's own."""

    def __init__(self, task, space, net):
        self.space, self.key, self.variables = space, jax.random.key(3), variables_of(space)
        self.batch = {name: array[:4] for name, array in net.data.items()}
        self.varying = isinstance(space.input_side, str)
        network, first = Supernet(space.slots), space.slots[0]
        self._effects = compile_quickly(net.effects)

        @compile_quickly
        def loss_at(gates, size):
            augmented = task.augment(self.key, self.batch)
            shared = {"params": self.variables.params, "batch_stats": self.variables.statistics}
            assert augmented["images"].shape[1:3] == (first.height, first.width)
            images = normalise_images(augmented["images"])
            output, _ = network.apply(shared, images, gates, train=True, mutable=["batch_stats"])
            return task.loss(output, augmented, size)

        self._loss_at = loss_at

    def effects(self, genotype):
        return self._effects(self.variables, jnp.array(genotype, jnp.int32), self.batch, self.key)

    def gates(self, genotype):
        return make_gates(self.space.slots, self.space.lower(jnp.array(genotype, jnp.int32)), self.varying)

    def loss(self, gates, genotype):
        work = self.space.lower(jnp.array(genotype, jnp.int32))
        return float(self._loss_at(gates, (work.height[-1], work.width[-1]) if self.varying else None))

    def slope(self, here, there, genotype):
        step = 1e-4  # a larger one crosses kinks of relu6
        moved = [jax.tree.map(lambda a, b, s=sign * step: a + s * (b - a), here, there) for sign in (1.0, -1.0)]
        return (self.loss(moved[0], genotype) - self.loss(moved[1], genotype)) / (2 * step)


@pytest.fixture(scope="module")
def relaxed():
    return Relaxed(ClassificationTask(classes=3), CLASSIFICATION, classification())


def present(gates, places, share):
    """The gates with the blocks at these places there, or not, and nothing else changed."""
    return tuple(
        slot._replace(present=jnp.float32(share)) if place in places else slot for place, slot in enumerate(gates)
    )


@pytest.mark.slow
def test_effects_are_what_a_little_of_another_choice_changes(relaxed):
    space, genotype = CLASSIFICATION, (1, 2, 1, 1, 0, 1)  # a network of blocks whose gates all matter
    loss, effects = relaxed.effects(genotype)
    assert effects.shape == (len(space.cardinalities), max(space.cardinalities))
    assert np.isfinite(effects).all()
    here = relaxed.gates(genotype)
    assert relaxed.loss(here, genotype) == pytest.approx(float(loss), rel=1e-5)
    changes = single_changes(jnp.array(genotype), space.cardinalities)
    largest = 0.0
    for decision, choice in ((0, 0), (1, 0), (2, 0), (3, 0), (3, 3), (4, 1)):
        slope = relaxed.slope(here, relaxed.gates(changes[decision, choice]), genotype)
        ours = float(effects[decision, choice] - effects[decision, genotype[decision]])
        largest = max(largest, abs(slope))
        assert ours == pytest.approx(slope, abs=0.02 * max(abs(slope), 0.1)), (decision, choice)
    assert largest > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("block", [0, 2])  # one with a residual, and one that has none
@pytest.mark.parametrize("layers", [0, 1])  # added and removed
def test_effects_of_a_layer_are_what_a_little_of_the_block_that_stands_there_changes(relaxed, block, layers):
    own, other = ((1, 2, 1, 1, block, choice) for choice in (layers, 1 - layers))
    standing = relaxed.gates((*own[:-1], 1))
    here, there = (present(standing, (2,), share) for share in (layers, 1 - layers))
    assert bool(standing[2].residual) == (block == 0)
    loss, effects = relaxed.effects(own)
    assert relaxed.loss(here, own) == pytest.approx(float(loss), rel=1e-5)
    slope = relaxed.slope(here, there, own)
    assert abs(slope) > 0.01  # single precision leaves a thousandth of it open
    ours = float(effects[5, other[5]] - effects[5, own[5]])
    assert ours == pytest.approx(slope, abs=0.05 * max(abs(slope), 0.1))


@pytest.mark.slow
def test_effects_of_removing_layers_that_change_the_size_count_each_block_off_once():
    relaxed = Relaxed(SegmentationTask(classes=2), SEGMENTATION, segmentation())
    own, other = (0, 0, 1, 1, 0, 0, 0), (0, 0, 1, 1, 0, 0, 1)  # an upsampling and a block behind it, or neither
    here = relaxed.gates(own)
    # the predicting layer is there in both, over fewer pixels
    there = (*present(here, (2, 3), 0)[:-1], relaxed.gates(other)[-1])
    _, effects = relaxed.effects(own)
    slope = relaxed.slope(here, there, own)
    assert abs(slope) > 0.01
    assert float(effects[6, 1] - effects[6, 0]) == pytest.approx(slope, abs=0.05 * max(abs(slope), 0.1))


@pytest.mark.slow
def test_the_loss_is_that_of_the_static_network_at_its_own_input_side():
    space, task, net = SEGMENTATION, SegmentationTask(classes=2), segmentation()
    variables, key = variables_of(space), jax.random.key(2)
    rows = np.arange(4)
    batch = {name: array[rows] for name, array in net.data.items()}
    loss_of = compile_quickly(net.loss)
    for genotype in ((0, 0, 1, 1, 0, 0, 0), (1, 1, 0, 0, 1, 1, 1), (2, 0, 1, 1, 2, 0, 0)):
        loss, _ = loss_of(variables, jnp.array(genotype, jnp.int32), batch, key)
        blocks, row = space.decode(genotype), space.lower(np.array(genotype, np.int32))
        both = {"params": variables.params, "batch_stats": variables.statistics}
        static = slice_variables(both, space.slots, row)
        augmented = task.augment(key, batch)
        small = resize_images(np.asarray(augmented["images"]), blocks[0].height, blocks[0].width)
        apply = partial(ChainNetwork(blocks).apply, train=True, mutable=["batch_stats"])
        output, _ = compile_quickly(apply)(static, normalise_images(jnp.asarray(small)))
        assert float(loss) == pytest.approx(float(task.loss(output, augmented)), rel=1e-3)


def test_macs_that_are_computed_lie_between_the_networks_own_and_all():
    space, net = CLASSIFICATION, classification()
    genotypes = random_genotypes(space, 20, seed=0)
    own = np.array([count_macs(space.decode(genotype)) for genotype in genotypes.tolist()])
    computed = net.computed_macs(genotypes)
    assert (computed >= own).all()
    assert (computed < net.all_macs).all()
    # nothing of this one is left unused: all channels, the larger kernel, the largest expansion
    largest = [1, 2, 1, 1, 0, 1]
    assert net.computed_macs([largest]) == count_macs(space.decode(largest))


def test_inherited_quality_is_a_function_of_its_arguments():
    space, net = CLASSIFICATION, classification()
    qualities = [net.quality(variables_of(space), genotype) for genotype in ([0] * 6, [1, 2, 1, 3, 1, 1], [0] * 6)]
    assert qualities[0] == qualities[2]
    assert all(0 <= quality <= 1 for quality in qualities)
    broken = jax.tree.map(lambda leaf: leaf * jnp.nan, variables_of(space).params)
    assert np.isnan(net.quality(Variables(broken, variables_of(space).statistics), [0] * 6))


def test_weights_and_decisions_learn_from_different_examples():
    net = classification()
    train, held_out = net.batch_order(jax.random.key(0), 40)
    assert train.shape == held_out.shape == (40, 4)
    assert set(train.flat) == set(range(32))
    assert set(held_out.flat) == set(range(32, 40))


def test_names_tell_apart_what_weights_depend_on():
    net, dearer = classification(), classification()
    assert net.name == dearer.name
    dearer = classification(price=2.0)
    assert net.name != dearer.name
    assert net.widths == (True, True, False, False, False, False)


def test_costs_that_another_cpu_rounds_otherwise_leave_the_name_as_it_is():
    net = classification()
    assert net.name == classification(price=1 + 1e-7).name
    assert net.name != classification(price=2).name


def test_too_few_examples_are_one_line():
    with pytest.raises(TaskInputError, match="10 training examples and 10 to evaluate by; allowed: 20 and more"):
        classification(examples=10)
