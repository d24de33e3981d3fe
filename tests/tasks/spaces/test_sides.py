"""Skeletons of larger images have one halving more, and others are as they were."""

from types import SimpleNamespace

import pytest

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
