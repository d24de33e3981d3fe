"""The article's spaces: round trips, range, the baseline at zero, parts of the uncurated space, distinct networks."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_model.blocks import check_chain
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tasks.spaces.detection import WIDTH_MULTIPLIERS
from tasks.spaces.lowering import scale_channels
from tasks.spaces.registry import ARTICLE_SPACES, SKELETONS, article_space, skeleton_for
from tasks.spaces.segmentation import article_choices
from tasks.spaces.skeleton import CHANNEL_STEP, space_over, uncurated_space

SPACES = {
    (task, name): article_space(make_task(task), name) for task, names in ARTICLE_SPACES.items() for name in names
}
UNCURATED = {
    task: uncurated_space(skeleton_for(make_task(task)), make_task(task).output_channels) for task in SKELETONS
}
every_space = pytest.mark.parametrize("which", SPACES, ids=" ".join)


def genotypes(space):
    return st.tuples(*(st.integers(0, n - 1) for n in space.cardinalities))


def baseline(task):
    space = UNCURATED[task]
    return space.decode(space.encode(SKELETONS[task].baseline()))


@every_space
@given(data=st.data())
def test_every_network_is_one_of_the_uncurated_space(which, data):
    space, uncurated = SPACES[which], UNCURATED[which[0]]
    genotype = data.draw(genotypes(space))
    blocks = space.decode(genotype)
    check_chain(blocks)
    assert space.encode(space.describe(genotype)) == genotype
    assert uncurated.decode(uncurated.encode(space.effective(genotype))) == blocks


@every_space
def test_zero_is_the_baseline(which):
    space = SPACES[which]
    assert space.decode((0,) * len(space.cardinalities)) == baseline(which[0])


@every_space
def test_each_choice_of_each_decision_makes_another_network(which):
    space = SPACES[which]
    changed = [
        tuple(index if place == decision else 0 for place in range(len(space.cardinalities)))
        for decision, choices in enumerate(space.cardinalities)
        for index in range(1, choices)
    ]
    networks = [space.decode(genotype) for genotype in changed]
    assert len({baseline(which[0]), *networks}) == 1 + len(changed)


@every_space
def test_only_places_that_always_hold_a_block_are_left(which):
    """A supernet of the space then spends nothing on blocks that no network has."""
    space = SPACES[which]
    drawn = np.random.default_rng(0).integers(0, space.cardinalities, (200, len(space.cardinalities)), np.int32)
    ever, always = space.lower(drawn).mask.any(0), space.lower(drawn).mask.all(0)
    assert ever.all()
    assert [slot.optional for slot in space.slots] == (~always).tolist()


def test_the_sizes_are_those_of_the_documentation():
    # detection: 6 multipliers, 8 blocks of 3 kinds; segmentation: 3 or 4 widths of 7 layers, 10 blocks, 3 sides twice
    sizes = {name: space.size for (_, name), space in SPACES.items()}
    assert (sizes["V1"], sizes["V2"], sizes["V3"]) == (6, 3**8, 6 * 3**8)
    assert (sizes["channels"], sizes["fusion"], sizes["sides"]) == (3**3 * 4**4, 3**10, 9)
    assert sizes["article"] == 3**3 * 4**4 * 3**10 * 9


def test_the_larger_space_holds_the_smaller_ones():
    v1, v2, v3 = (SPACES["detection", name] for name in ("V1", "V2", "V3"))
    for multiplier in range(v1.size):
        assert v1.decode((multiplier,)) == v3.decode((multiplier, *(0,) * 8))
    assert v2.decode((1, 2, 0, 0, 1, 2, 0, 1)) == v3.decode((0, 1, 2, 0, 0, 1, 2, 0, 1))
    parts = [SPACES["segmentation", name] for name in ("channels", "fusion", "sides")]
    whole = SPACES["segmentation", "article"]
    assert {d for part in parts for d in part.decisions} == set(whole.decisions)


def test_v3_is_aligned_and_its_multipliers_make_different_networks():
    space = SPACES["detection", "V1"]
    networks = [space.decode((index,)) for index in range(space.size)]
    assert all(a != b for a, b in itertools.combinations(networks, 2))
    assert all(block.out_channels % CHANNEL_STEP == 0 for blocks in networks for block in blocks[:-1])
    assert sum(0.75 <= multiplier < 1 for multiplier in WIDTH_MULTIPLIERS) >= 2


def test_scaled_channels_go_to_the_nearest_step():
    # by hand: 24 * .75 = 18 -> 16; 24 * .5 = 12 is a tie -> 16; 16 * .375 = 6 -> 8; 8 * .375 = 3 -> 8 at least
    assert [scale_channels(c, m, CHANNEL_STEP) for c, m in ((24, 0.75), (24, 0.5), (16, 0.375), (8, 0.375))] == [
        16,
        16,
        8,
        8,
    ]
    # .875 of 16, 16, 24, 48, 64: 14 is a tie with 16, 21 is nearest to 24, 42 to 40, 56 stands
    narrower = SPACES["detection", "V1"].decode((WIDTH_MULTIPLIERS.index(0.875),))
    assert [block.out_channels for block in narrower] == [16, 16, 16, 24, 24, 40, 40, 56, 56, 5]


def test_the_sides_of_other_images_are_no_choice():
    other = replace(SKELETONS["segmentation"], sides=(128,))
    space = space_over(other, "sides", article_choices(other)["sides"], 2)
    assert [decision.name for decision in space.decisions] == ["output_stride"]
    assert [space.decode((index,))[-1].height for index in range(3)] == [32, 16, 8]


def test_layers_of_a_stage_and_output_strides_may_be_some_of_those_that_there_are():
    skeleton, outputs = SKELETONS["segmentation"], make_task("segmentation").output_channels
    every = uncurated_space(skeleton, outputs)
    some = {"layers_1": (1, 2), "layers_2": (3, 2), "output_stride": (16, 8)}
    space = space_over(skeleton, "some", some, outputs)
    for genotype in np.ndindex(*space.cardinalities):
        chosen = skeleton.baseline() | space.describe(genotype)
        assert space.decode(genotype) == every.decode(every.encode(chosen))


def test_what_is_wrong_is_named():
    with pytest.raises(TaskInputError, match="width_multiplier is 6; allowed: 0 to 5"):
        SPACES["detection", "V1"].decode((6,))
    with pytest.raises(TaskInputError, match="has 2 values; it needs 1"):
        SPACES["detection", "V1"].decode((0, 0))
    with pytest.raises(TaskInputError, match=r"width_multiplier is 0\.5; allowed: 0 to 5"):
        SPACES["detection", "V1"].decode((0.5,))
    with pytest.raises(TaskInputError, match="width_multiplier is 0; allowed: 0 to 5"):
        SPACES["detection", "V1"].decode("0")
    space = SPACES["detection", "V2"]
    with pytest.raises(TaskInputError, match="block_1_1 is 'ibn_5'"):
        space.encode({decision.name: "ibn_5" for decision in space.decisions})
    with pytest.raises(TaskInputError, match="unknown space 'V1' for segmentation; allowed: channels"):
        article_space(make_task("segmentation"), "V1")
    with pytest.raises(TaskInputError, match="no decision 'depth_1'; allowed: width_multiplier, channels_stem"):
        space_over(SKELETONS["detection"], "odd", {"depth_1": (1, 2)}, 5)
    with pytest.raises(TaskInputError, match="space odd: layers_1 is 4; allowed: 1, 2, 3"):
        space_over(SKELETONS["detection"], "odd", {"layers_1": (1, 2, 4)}, 5)
