"""Each score through the supernet is the paper's on the static network with the sliced weights."""

import zlib

import jax
import numpy as np
import pytest

from benchmarks.evaluators.zero_shot import make_inputs, measure
from hw_model.kinds import KINDS
from nas_algos.zero_shot.scores import SCORES, Score
from nas_algos.zero_shot.zen import draw_images
from tasks.networks.gates import out_size
from tasks.networks.initialise import initialise
from tasks.networks.probe import one_network
from tasks.networks.supernet import Supernet
from tasks.training import fit_images, normalise_images
from tests.benchmarks.evaluators.zero_shot_reference import kernels_of, reference_scores
from tests.benchmarks.evaluators.zero_shot_toys import SPACES, TASKS, examples, toy_scorer
from tests.tasks.networks.slicing import slice_variables

MEASURED = tuple(name for name, score in SCORES.items() if isinstance(score, Score))
# the smaller kernel and channels, an ibn without expansion, the absent block; the smaller image and output; and one
# that differs from it in every decision
GENOTYPES = {
    "classification": [(0, 0, 0, 0), (1, 1, 1, 1)],
    "detection": [(1, 0, 1), (0, 1, 0)],
    "segmentation": [(1, 1, 0, 0), (0, 0, 1, 1)],
}


def unit_variables(space, inputs):
    """The supernet's, with the kernels that scores are of."""
    first = space.slots[0]
    variables = initialise(Supernet(space.slots), (first.height, first.width, first.in_channels), jax.random.key(0))
    for name, kernel in inputs.unit_kernels.items():
        block, layer = name.split("/")
        variables["params"][block][layer]["kernel"] = kernel
    return variables


def static_scores(task, space, inputs, variables, genotype):
    row, blocks = space.lower(genotype), space.decode(genotype)
    first = space.slots[0]
    unit = kernels_of(blocks, slice_variables(variables, space.slots, row))
    images = np.asarray(normalise_images(fit_images(blocks, inputs.batch["images"])))
    shape = (len(images), first.height, first.width, first.in_channels)
    zen, az, az_signs = (
        jax.random.fold_in(inputs.key, zlib.crc32(name)) for name in (b"zen", b"images", b"az_trainability")
    )
    gaussian = [*draw_images(zen, shape), jax.random.normal(az, shape)]
    gaussian = [np.asarray(drawn)[:, : blocks[0].height, : blocks[0].width] for drawn in gaussian]
    signs, standing, weighted = [], iter(blocks), 0
    for slot, present in zip(space.slots, np.asarray(row.mask), strict=True):
        block = next(standing) if present else None
        size = out_size(slot, slot.height), out_size(slot, slot.width)
        drawn = jax.random.rademacher(
            jax.random.fold_in(az_signs, weighted), (len(images), *size, slot.out_channels), np.float32
        )
        weighted += bool(KINDS[slot.kinds[0]].convolutions)
        if block is not None:
            height, width = (KINDS[block.kind].out_size(side, block.stride) for side in (block.height, block.width))
            signs.append(np.asarray(drawn)[:, :height, :width, : block.out_channels])
    return reference_scores(task, blocks, unit, images, inputs.batch, *gaussian, signs)


def test_each_score_says_what_it_reads():
    space = SPACES["detection"]
    blocks = space.decode((0,) * len(space.cardinalities))
    slots, row, gates = one_network(blocks)
    inputs = make_inputs(slots, ((blocks[0].height, blocks[0].width),), jax.random.key(1), examples("detection"), 2)
    for name in MEASURED:  # alone, since another may read the same
        found = jax.eval_shape(
            lambda inputs, name=name: measure(
                TASKS["detection"], slots, row, gates, inputs, ((blocks[0].height, blocks[0].width),), (name,)
            ),
            inputs,
        )
        assert found[name].shape == (), name


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SPACES)
def test_scores_equal_those_of_the_static_networks(name):
    task, space = TASKS[name], SPACES[name]
    genotypes = np.array(GENOTYPES[name], np.int32)
    scorer = toy_scorer(name, MEASURED, jax.random.key(1), chunk=len(genotypes))
    ours = scorer(genotypes)
    assert set(ours) == set(MEASURED)
    variables = unit_variables(space, scorer.inputs)
    for number, genotype in enumerate(genotypes):
        expected = static_scores(task, space, scorer.inputs, variables, genotype)
        assert set(expected) == set(MEASURED)
        for score, value in expected.items():
            # of a network with one block before its head
            missing = name == "segmentation" and score in ("az_progressivity", "az_trainability")
            assert np.isfinite(value) or missing, (score, genotype)
            assert ours[score][number] == pytest.approx(value, rel=1e-4, nan_ok=missing), (score, genotype)
