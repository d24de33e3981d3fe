"""What the three tasks' networks have in common, and the kinds of space over it: uncurated and curated.

    stem - stages of blocks - (pool | decoder steps) - predicting layer

Uncurated: the channels of stem, stages and decoder by one.  Curated: a handful of channels that suit the accelerator's
parallelism factor, and a depth multiplier over all of them.  All else is decided alike, so that each curated network is
one of the uncurated space's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.errors import TaskInputError
from tasks.spaces.layer import Choice, Decision, Layer, Presence
from tasks.spaces.lowering import MULTIPLIER, scale_channels
from tasks.spaces.space import SearchSpace

LEAST_CHANNELS = 4
CURATED_RATIOS = (0.5, 1.0, 1.5)
CURATED_MULTIPLIERS = (1.0, 0.75, 0.5)
OUTPUT_STRIDES = (2, 4, 8)


@dataclass(frozen=True)
class Stage:
    """Blocks of equal channels, the first with the stage's stride; the baseline's channels and number of layers."""

    channels: int
    stride: int
    layers: int = 2


@dataclass(frozen=True)
class Skeleton:
    """A task's networks.

    stem_channels, stages: the baseline's.  decoder_channels: after each upsampling by two; empty for tasks that predict
    where the encoder ends.  pool: average over space before the predicting layer.  sides: input sides in pixels to
    choose from, the baseline's first.  blocks, kernels, most_layers: what stages choose from.
    """

    stem_channels: int
    stages: tuple[Stage, ...]
    sides: tuple[int, ...]
    input_channels: int = 3
    decoder_channels: tuple[int, ...] = ()
    pool: bool = False
    blocks: tuple[str, ...] = ("ibn_6", "ibn_3", "fused_ibn_3", "fused_ibn_4", "conv")
    kernels: tuple[int, ...] = (3, 5)
    most_layers: int = 3

    @property
    def channels(self) -> dict[str, int]:
        """Decisions over channels and the baseline's choice of each."""
        stages = {f"channels_{number}": stage.channels for number, stage in enumerate(self.stages, start=1)}
        decoder = {f"channels_up_{number}": c for number, c in enumerate(self.decoder_channels, start=1)}
        return {"channels_stem": self.stem_channels, **stages, **decoder}

    def baseline(self) -> dict[str, Choice]:
        """The baseline's choice of each decision of the uncurated space."""
        chosen: dict[str, Choice] = {d.name: d.choices[0] for d in self.other_decisions()}
        chosen |= self.channels
        return chosen | {f"layers_{number}": stage.layers for number, stage in enumerate(self.stages, start=1)}

    def other_decisions(self) -> list[Decision]:
        """All decisions but those over channels, the same in every space of the skeleton."""
        decisions = []
        for number in range(1, len(self.stages) + 1):
            decisions.append(Decision(f"layers_{number}", tuple(range(1, self.most_layers + 1))))
            decisions.append(Decision(f"kernel_{number}", self.kernels))
            decisions += [Decision(f"block_{number}_{n}", self.blocks) for n in range(1, self.most_layers + 1)]
        if self.decoder_channels:
            decisions += [Decision(f"block_up_{n}", self.blocks) for n in range(1, len(self.decoder_channels) + 1)]
            decisions.append(Decision("output_stride", OUTPUT_STRIDES))
        if len(self.sides) > 1:
            decisions.append(Decision("input_side", self.sides))
        return decisions

    def layers(self, output_channels: int) -> tuple[Layer, ...]:
        """The chain of layers that the decisions set."""
        layers = [Layer("conv", "channels_stem", stride=2)]
        for number, stage in enumerate(self.stages, start=1):
            for n in range(1, self.most_layers + 1):
                depths = tuple(range(n, self.most_layers + 1))
                layers.append(
                    Layer(
                        f"block_{number}_{n}",
                        f"channels_{number}",
                        kernel=f"kernel_{number}",
                        stride=stage.stride if n == 1 else 1,
                        present=None if n == 1 else Presence(f"layers_{number}", depths),
                    )
                )
        for n in range(1, len(self.decoder_channels) + 1):
            # the first step leads from the encoder's stride 8 to 4, the second to 2
            there = Presence("output_stride", tuple(stride for stride in OUTPUT_STRIDES if stride <= 8 / 2**n))
            layers.append(Layer("upsample", kernel=1, stride=2, present=there))
            layers.append(Layer(f"block_up_{n}", f"channels_up_{n}", present=there))
        if self.pool:
            layers.append(Layer("global_pool", kernel=1))
        return (*layers, Layer("conv", output_channels, kernel=1, activation=False, fixed_channels=True))


def space_over(
    skeleton: Skeleton,
    name: str,
    channels: Mapping[str, tuple[int, ...]],
    output_channels: int,
    multipliers: tuple[float, ...] = (),
    step: int = 1,
) -> SearchSpace:
    """The space with these choices of channels for each of `skeleton.channels`, all else as the skeleton has it."""
    decisions = [Decision(MULTIPLIER, multipliers)] if multipliers else []
    decisions += [Decision(decision, tuple(channels[decision])) for decision in skeleton.channels]
    decisions += skeleton.other_decisions()
    side = "input_side" if skeleton.sides[1:] else skeleton.sides[0]
    layers = skeleton.layers(output_channels)
    return SearchSpace(name, tuple(decisions), layers, side, skeleton.input_channels, channel_step=step)


def most_channels(channels: int) -> int:
    """The upper end of the uncurated range around the baseline's channels: half as many again, 16 at least."""
    return max(16, channels * 3 // 2)


def uncurated_space(skeleton: Skeleton, output_channels: int) -> SearchSpace:
    """Channels in steps of one."""
    ranges = {name: tuple(range(LEAST_CHANNELS, most_channels(c) + 1)) for name, c in skeleton.channels.items()}
    return space_over(skeleton, "uncurated", ranges, output_channels)


def curated_space(skeleton: Skeleton, output_channels: int, parallelism: int) -> SearchSpace:
    """Few channels, all multiples of the parallelism factor, and a depth multiplier.

    Raises TaskInputError when the factor is larger than the uncurated space's channels.
    """
    limit = min(most_channels(channels) for channels in skeleton.channels.values())
    if not LEAST_CHANNELS <= parallelism <= limit:
        raise TaskInputError(f"parallelism factor is {parallelism}; allowed: {LEAST_CHANNELS} to {limit}")
    few = {
        name: tuple(
            sorted(
                {
                    min(scale_channels(c, r, parallelism), most_channels(c) // parallelism * parallelism)
                    for r in CURATED_RATIOS
                }
            )
        )
        for name, c in skeleton.channels.items()
    }
    return space_over(skeleton, "curated", few, output_channels, CURATED_MULTIPLIERS, parallelism)
