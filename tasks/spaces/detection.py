"""The detector that the article starts from, and its three search spaces V1, V2 and V3.

The baseline is a MobileNetV2-like (arXiv:1801.04381) chain of inverted bottlenecks of expansion 6 down to stride 8 and
one predicting layer.  V1 scales all channels by one depth multiplier; V2 replaces inverted bottlenecks by fused ones,
each with its own expansion; V3 does both.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from hw_model.blocks import Block
from tasks.spaces.space import Choice, Decision, SearchSpace

CHANNEL_STEP = 8  # the smallest group of channels that all three accelerators process at once
DEPTH_MULTIPLIERS = (1.0, 0.75, 0.625, 0.5, 0.375)
IBN_EXPANSION = 6
FUSED_EXPANSIONS = (3, 4, 6)
STEM_CHANNELS = 8


class Stage(NamedTuple):
    """One inverted bottleneck of the baseline."""

    channels: int
    stride: int


BASELINE = (Stage(16, 2), Stage(16, 1), Stage(24, 2), Stage(24, 1), Stage(32, 1), Stage(32, 1))

_MULTIPLIER = Decision("depth_multiplier", DEPTH_MULTIPLIERS)
_BLOCKS = tuple(
    Decision(f"block_{index}", (f"ibn_{IBN_EXPANSION}", *(f"fused_ibn_{e}" for e in FUSED_EXPANSIONS)))
    for index in range(1, len(BASELINE) + 1)
)


def scaled_channels(channels: int, multiplier: float) -> int:
    """Channels times the multiplier, to the nearest multiple of CHANNEL_STEP (ties go up), at least one."""
    return max(CHANNEL_STEP, int(channels * multiplier / CHANNEL_STEP + 0.5) * CHANNEL_STEP)


def build_detector(chosen: dict[str, Choice], output_channels: int, side_pixels: int) -> tuple[Block, ...]:
    """The detector for a depth multiplier and block types such as "ibn_6"; what is not chosen is the baseline's."""
    multiplier = float(chosen.get("depth_multiplier", 1.0))
    channels = scaled_channels(STEM_CHANNELS, multiplier)
    blocks = [Block("conv", side_pixels, side_pixels, 3, channels, stride=2)]
    for index, stage in enumerate(BASELINE, start=1):
        kind, _, expansion = str(chosen.get(f"block_{index}", f"ibn_{IBN_EXPANSION}")).rpartition("_")
        before, out = blocks[-1], scaled_channels(stage.channels, multiplier)
        residual = stage.stride == 1 and before.out_channels == out
        shape = (before.out_height, before.out_width, before.out_channels, out)
        blocks.append(Block(kind, *shape, stride=stage.stride, expansion=int(expansion), residual=residual))
    last = blocks[-1]
    shape = (last.out_height, last.out_width, last.out_channels, output_channels)
    return (*blocks, Block("conv", *shape, kernel=1, activation=False))


def detection_spaces(output_channels: int, side_pixels: int) -> MappingProxyType[str, SearchSpace]:
    """The spaces V1, V2 and V3; genotype 0, 0, ... is the baseline in each."""
    build = partial(build_detector, output_channels=output_channels, side_pixels=side_pixels)
    spaces = {"V1": (_MULTIPLIER,), "V2": _BLOCKS, "V3": (_MULTIPLIER, *_BLOCKS)}
    return MappingProxyType({name: SearchSpace(name, decisions, build) for name, decisions in spaces.items()})
