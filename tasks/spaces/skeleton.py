"""What the three tasks' networks have in common, and the kinds of space over it: uncurated, curated and the article's.

    stem - stages of blocks - (pool | decoder steps) - predicting layer

Uncurated: the channels of stem, stages and decoder by one.  Curated: a handful of channels, all multiples of the
accelerator's parallelism factor, and a width multiplier over all of them.  All else is decided alike.  The article's
spaces decide a few things each and leave all else as the baseline has it.  So each network of any of them is one of the
uncurated space's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

from tasks.errors import TaskInputError
from tasks.sides import Side, height_width
from tasks.spaces.layer import Choice, Decision, Layer, Presence
from tasks.spaces.lowering import MULTIPLIER, scale_channels
from tasks.spaces.space import SearchSpace

# smallest group of channels that each of ethos-u55-256, -u65-512 and -u85-1024 computes at once, for spaces that they
# share; those curated for one of them are in steps of its own parallelism factor
CHANNEL_STEP = 8
LEAST_CHANNELS = 4
CURATED_RATIOS = (0.5, 1.0, 1.5)
CURATED_MULTIPLIERS = (1.0, 0.75, 0.5)


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
    choose from, the baseline's first; a rectangle stands alone.  blocks, kernels, most_layers: what stages choose from.
    """

    stem_channels: int
    stages: tuple[Stage, ...]
    sides: tuple[Side, ...]
    input_channels: int = 3
    decoder_channels: tuple[int, ...] = ()
    pool: bool = False
    blocks: tuple[str, ...] = ("ibn_6", "ibn_3", "fused_ibn_3", "fused_ibn_6", "conv")
    kernels: tuple[int, ...] = (3, 5)
    most_layers: int = 3

    @property
    def channels(self) -> dict[str, int]:
        """Decisions over channels and the baseline's choice of each."""
        stages = {f"channels_{number}": stage.channels for number, stage in enumerate(self.stages, start=1)}
        decoder = {f"channels_up_{number}": c for number, c in enumerate(self.decoder_channels, start=1)}
        return {"channels_stem": self.stem_channels, **stages, **decoder}

    @property
    def stride(self) -> int:
        """Of the encoder's output, the stem's included."""
        return 2 * prod(stage.stride for stage in self.stages)

    @property
    def output_strides(self) -> tuple[int, ...]:
        """What the network's output may have: after all steps of the decoder first, of the encoder alone last."""
        return tuple(self.stride // 2**steps for steps in range(len(self.decoder_channels), -1, -1))

    def deepened(self) -> Skeleton:
        """One halving more: the first stage of stride 1 gets stride 2, and a decoder one step more, as its first."""
        place = next((n for n, stage in enumerate(self.stages) if stage.stride == 1), None)
        if place is None:
            raise TaskInputError("no stage of stride 1 is left to be given stride 2")
        stages = (*self.stages[:place], replace(self.stages[place], stride=2), *self.stages[place + 1 :])
        return replace(self, stages=stages, decoder_channels=self.decoder_channels[:1] + self.decoder_channels)

    def baseline(self) -> dict[str, Choice]:
        """The baseline's choice of each decision of the uncurated space, in their order."""
        chosen: dict[str, Choice] = {**self.channels, **{d.name: d.choices[0] for d in self.other_decisions()}}
        return chosen | {f"layers_{number}": stage.layers for number, stage in enumerate(self.stages, start=1)}

    def fusions(self) -> dict[str, tuple[Choice, ...]]:
        """For each block of the baseline its own kind, and the fused inverted bottlenecks that may stand there."""
        fused = tuple(block for block in self.blocks if block.startswith("fused_ibn"))
        places = [f"{number}_{n}" for number, stage in enumerate(self.stages, 1) for n in range(1, stage.layers + 1)]
        places += [f"up_{n}" for n in range(1, len(self.decoder_channels) + 1)]
        return {f"block_{place}": (self.blocks[0], *fused) for place in places}

    def other_decisions(self) -> list[Decision]:
        """All decisions but those over channels, the same in every space of the skeleton."""
        decisions = []
        for number in range(1, len(self.stages) + 1):
            decisions.append(Decision(f"layers_{number}", tuple(range(1, self.most_layers + 1))))
            decisions.append(Decision(f"kernel_{number}", self.kernels))
            decisions += [Decision(f"block_{number}_{n}", self.blocks) for n in range(1, self.most_layers + 1)]
        if self.decoder_channels:
            decisions += [Decision(f"block_up_{n}", self.blocks) for n in range(1, len(self.decoder_channels) + 1)]
            decisions.append(Decision("output_stride", self.output_strides))
        if len(self.sides) > 1:
            decisions.append(Decision("input_side", tuple(height_width(side)[0] for side in self.sides)))
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
            there = Presence("output_stride", self.output_strides[: len(self.decoder_channels) + 1 - n])
            layers.append(Layer("upsample", kernel=1, stride=2, present=there))
            layers.append(Layer(f"block_up_{n}", f"channels_up_{n}", present=there))
        if self.pool:
            layers.append(Layer("global_pool", kernel=1))
        return (*layers, Layer("conv", output_channels, kernel=1, activation=False, fixed_channels=True))


def space_over(
    skeleton: Skeleton,
    name: str,
    choices: Mapping[str, tuple[Choice, ...]],
    output_channels: int,
    step: int = 1,
) -> SearchSpace:
    """The space that decides what `choices` names, {decision: its choices}, all else as the baseline has it.

    Decisions: the width multiplier (where it is named), those over `skeleton.channels`, all others; in this order.
    step: as SearchSpace.channel_step.  Raises TaskInputError for a decision that the skeleton does not have, and for
    layers of a stage and output strides that it does not have.
    """
    baseline, full = skeleton.baseline(), skeleton.layers(output_channels)
    depths = {layer.present.decision for layer in full if layer.present}
    unknown = [decision for decision in choices if decision not in (MULTIPLIER, *baseline)]
    if unknown:
        raise TaskInputError(f"space {name}: no decision {unknown[0]!r}; allowed: {MULTIPLIER}, {', '.join(baseline)}")
    for decision in skeleton.other_decisions():
        strange = set(choices.get(decision.name, ())) - set(decision.choices)
        if decision.name in depths and strange:
            raise TaskInputError(
                f"space {name}: {decision.name} is {min(strange)}; allowed: {', '.join(map(str, decision.choices))}"
            )
    decisions = tuple(Decision(each, tuple(choices[each])) for each in (MULTIPLIER, *baseline) if each in choices)
    fixed = {each: choice for each, choice in baseline.items() if each not in choices}
    layers = []
    for layer in full:
        if layer.present is not None:
            decision = layer.present.decision
            chosen = (fixed[decision],) if decision in fixed else choices[decision]
            there = tuple(choice for choice in chosen if choice in layer.present.choices)
            if not there:
                continue
            layer = replace(layer, present=None if len(there) == len(chosen) else Presence(decision, there))
        layers.append(layer)
    side = "input_side" if skeleton.sides[1:] else skeleton.sides[0]
    return SearchSpace(
        name,
        decisions,
        tuple(layers),
        side,
        skeleton.input_channels,
        channel_step=step,
        fixed=tuple(Decision(each, (choice,)) for each, choice in fixed.items()),
    )


def most_channels(channels: int) -> int:
    """The upper end of the uncurated range around the baseline's channels: half as many again, 16 at least."""
    return max(16, channels * 3 // 2)


def uncurated_space(skeleton: Skeleton, output_channels: int) -> SearchSpace:
    """Channels in steps of one."""
    ranges = {name: tuple(range(LEAST_CHANNELS, most_channels(c) + 1)) for name, c in skeleton.channels.items()}
    return space_over(skeleton, "uncurated", ranges | _others(skeleton), output_channels)


def curated_space(skeleton: Skeleton, output_channels: int, parallelism: int) -> SearchSpace:
    """Few channels, all multiples of the parallelism factor, and a width multiplier.

    Each layer has CURATED_RATIOS of the baseline's channels, to the nearest multiple of the factor, one at least, and
    no more than the uncurated space's.  Raises TaskInputError when the factor itself is more than those.
    """
    narrowest = min(skeleton.channels, key=lambda name: skeleton.channels[name])
    limit = most_channels(skeleton.channels[narrowest])
    if not LEAST_CHANNELS <= parallelism <= limit:
        raise TaskInputError(
            f"no curated space for a parallelism factor of {parallelism}: {narrowest} has {limit} channels at most; "
            f"allowed: factors {LEAST_CHANNELS} to {limit}, or the space auto-curated"
        )
    few: dict[str, tuple[Choice, ...]] = {}
    for name, c in skeleton.channels.items():
        most = most_channels(c) // parallelism * parallelism
        few[name] = tuple(sorted({min(scale_channels(c, ratio, parallelism), most) for ratio in CURATED_RATIOS}))
    choices = {MULTIPLIER: CURATED_MULTIPLIERS, **few, **_others(skeleton)}
    return space_over(skeleton, "curated", choices, output_channels, parallelism)


def _others(skeleton: Skeleton) -> dict[str, tuple[Choice, ...]]:
    return {decision.name: decision.choices for decision in skeleton.other_decisions()}
