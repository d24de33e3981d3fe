"""Skeletons of larger images have one halving more, and others are as they were; images may be rectangles."""

from types import SimpleNamespace

import numpy as np
import pytest

from tasks.sides import as_side, height_width
from tasks.spaces.registry import SKELETONS, skeleton_for
from tasks.spaces.skeleton import curated_space, uncurated_space


def task(name, side):
    return SimpleNamespace(name=name, side_pixels=side, channels=3, output_channels=4)


@pytest.mark.parametrize("name", SKELETONS)
@pytest.mark.parametrize(
    ("side", "halvings"), [(28, 0), (64, 0), (96, 0), (135, 0), (136, 1), (192, 1), (224, 1), (256, 1)]
)
def test_the_last_stage_is_about_as_large_as_at_96_pixels(name, side, halvings):
    plain, chosen = SKELETONS[name], skeleton_for(task(name, side))
    assert chosen.stride == plain.stride * 2**halvings
    if plain.decoder_channels:
        assert chosen.output_strides[0] == plain.output_strides[0]
    if side >= 96:
        assert 0.7 < (side / chosen.stride) / (96 / plain.stride) < 1.45


@pytest.mark.parametrize("name", SKELETONS)
def test_spaces_over_a_deepened_skeleton_decode(name):
    skeleton = skeleton_for(task(name, 224))
    space = uncurated_space(skeleton, 4)
    blocks = space.decode(space.encode(skeleton.baseline()))
    assert blocks[0].height == 224
    assert blocks[-1].height == {"classification": 1, "detection": 14, "segmentation": 56}[name]
    curated = curated_space(skeleton, 4, 16)
    assert curated.decode([0] * len(curated.cardinalities))[-1].out_channels == 4


@pytest.mark.parametrize("name", SKELETONS)
def test_networks_for_rectangles_are_those_of_its_height_and_of_its_width(name):
    skeletons = {side: skeleton_for(task(name, side)) for side in (48, 80, (48, 80))}
    high, wide, both = (uncurated_space(skeleton, 4) for skeleton in skeletons.values())
    drawn = np.random.default_rng(0).integers(0, both.cardinalities, (20, len(both.cardinalities)))
    assert (both.lower(drawn).height == high.lower(drawn).height).all()
    assert (both.lower(drawn).width == wide.lower(drawn).width).all()
    largest = [(slot.height, slot.width) for slot in both.slots]
    assert largest == [(a.height, b.width) for a, b in zip(high.slots, wide.slots, strict=True)]


def test_a_rectangle_is_as_deep_as_a_square_of_as_many_pixels():
    strides = [skeleton_for(task("detection", side)).stride for side in ((96, 96), (64, 256), (128, 160), (224, 160))]
    assert strides == [8, 8, 16, 16]


def test_a_side_is_said_in_one_way():
    assert [as_side(96, 96), as_side(96, 160)] == [96, (96, 160)]
    assert [height_width(96), height_width((96, 160))] == [(96, 96), (96, 160)]
