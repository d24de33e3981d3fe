"""What is changed about the baselines, and what they are compiled for."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.spaces.detection import WIDTH_MULTIPLIERS

ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
EXPANSIONS = (3, 4, 6)
"""Of the fused inverted bottleneck that takes a block's place."""
MULTIPLIERS = (0.9375, *WIDTH_MULTIPLIERS[1:])
"""Of all channels, in steps of `tasks.spaces.skeleton.CHANNEL_STEP`."""
SWEPT = range(8, 82)
"""Output channels of the convolution whose steps tell the parallelism factor."""


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce skeletons --set NAME=VALUE` may change."""

    accelerators: tuple[str, ...] = ACCELERATORS
    """Names of Ethos-U configurations that `accelnas list` prints."""
