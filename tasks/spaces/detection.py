"""The detector that the article starts from, and its search spaces.

The baseline is a MobileNetV2-like (arXiv:1801.04381) chain of inverted bottlenecks of expansion 6 down to stride 8 and
one predicting layer.  The article's spaces: V1 scales all channels by one depth multiplier; V2 replaces inverted
bottlenecks by fused ones, each with its own expansion; V3 does both.  `detection_skeleton` is the larger space behind
the uncurated, curated and auto-curated ones.
"""

from __future__ import annotations

from types import MappingProxyType

from tasks.spaces.layer import Decision, Layer
from tasks.spaces.skeleton import Skeleton, Stage
from tasks.spaces.space import SearchSpace

CHANNEL_STEP = 8  # the smallest group of channels that all three accelerators process at once
DEPTH_MULTIPLIERS = (1.0, 0.75, 0.625, 0.5, 0.375)
IBN_EXPANSION = 6
FUSED_EXPANSIONS = (3, 4, 6)

SKELETON = Skeleton(
    stem_channels=8,
    stages=(Stage(16, stride=2), Stage(24, stride=2), Stage(32, stride=1)),
    sides=(96,),
)


def detection_spaces(output_channels: int, side_pixels: int) -> MappingProxyType[str, SearchSpace]:
    """The spaces V1, V2 and V3; genotype 0, 0, ... is the baseline in each."""
    multiplier = Decision("depth_multiplier", DEPTH_MULTIPLIERS)
    places = [(stage, layer) for stage in SKELETON.stages for layer in range(stage.layers)]
    choices = (f"ibn_{IBN_EXPANSION}", *(f"fused_ibn_{e}" for e in FUSED_EXPANSIONS))
    blocks = tuple(Decision(f"block_{index}", choices) for index in range(1, len(places) + 1))
    spaces = {}
    for name, decisions in {"V1": (multiplier,), "V2": blocks, "V3": (multiplier, *blocks)}.items():
        layers = [Layer("conv", SKELETON.stem_channels, stride=2)]
        for block, (stage, layer) in zip(blocks, places, strict=True):
            kind = block.name if block in decisions else choices[0]
            layers.append(Layer(kind, stage.channels, stride=stage.stride if layer == 0 else 1))
        layers.append(Layer("conv", output_channels, kernel=1, activation=False, fixed_channels=True))
        spaces[name] = SearchSpace(name, decisions, tuple(layers), side_pixels, channel_step=CHANNEL_STEP)
    return MappingProxyType(spaces)
