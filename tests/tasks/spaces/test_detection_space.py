"""The detection spaces: round trips, range, the baseline at zero, and distinct networks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_model.blocks import check_chain
from tasks.errors import TaskInputError
from tasks.spaces.detection import CHANNEL_STEP, detection_spaces
from tasks.spaces.lowering import scale_channels

SPACES = detection_spaces(5, 96)
BASELINE = SPACES["V1"].decode((0,))


def genotypes(name):
    return st.tuples(*(st.integers(0, n - 1) for n in SPACES[name].cardinalities))


@given(genotypes("V3"))
def test_every_genotype_is_a_chain_whose_channels_are_aligned(genotype):
    blocks = SPACES["V3"].decode(genotype)
    check_chain(blocks)
    assert all(block.out_channels % CHANNEL_STEP == 0 for block in blocks[:-1])
    assert (blocks[-1].out_height, blocks[-1].out_channels) == (12, 5)


@given(genotypes("V3"))
def test_describe_and_encode_are_inverse(genotype):
    space = SPACES["V3"]
    assert space.encode(space.describe(genotype)) == genotype


def test_zero_is_the_baseline_in_all_spaces():
    assert {space.decode((0,) * len(space.cardinalities)) for space in SPACES.values()} == {BASELINE}


def test_v1_and_v2_are_part_of_v3():
    for multiplier in range(SPACES["V1"].size):
        assert SPACES["V1"].decode((multiplier,)) == SPACES["V3"].decode((multiplier, *(0,) * 6))
    assert SPACES["V2"].decode((1, 2, 3, 0, 1, 2)) == SPACES["V3"].decode((0, 1, 2, 3, 0, 1, 2))


def test_all_multipliers_make_different_networks():
    networks = [SPACES["V1"].decode((index,)) for index in range(SPACES["V1"].size)]
    assert all(a != b for a, b in itertools.combinations(networks, 2))


def test_scaled_channels_go_to_the_nearest_step():
    # by hand: 24 * .75 = 18 -> 16; 24 * .5 = 12 is a tie -> 16; 16 * .375 = 6 -> 8; 8 * .375 = 3 -> 8 at least
    assert [scale_channels(c, m, CHANNEL_STEP) for c, m in ((24, 0.75), (24, 0.5), (16, 0.375), (8, 0.375))] == [
        16,
        16,
        8,
        8,
    ]


def test_genotypes_outside_the_space_are_named():
    with pytest.raises(TaskInputError, match="depth_multiplier is 5; allowed: 0 to 4"):
        SPACES["V1"].decode((5,))
    with pytest.raises(TaskInputError, match="has 2 values; it needs 1"):
        SPACES["V1"].decode((0, 0))
    with pytest.raises(TaskInputError, match="block_1 is 'ibn_5'"):
        SPACES["V2"].encode({f"block_{i}": "ibn_5" for i in range(1, 7)})
