"""Random networks to measure and to test cost models on: curated and uncurated draws of one skeleton.

The skeleton is that of small vision networks: a stem, five stages that each halve the image, and the head of one of
three tasks.  Uncurated draws take channels in steps of one; curated draws take stage widths times a width multiplier,
rounded to multiples of eight.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from hw_model.blocks import Block
from hw_model.cost import count_macs, count_param_bytes

STAGE_CHANNELS = (16, 24, 40, 80, 128)
WIDTH_MULTIPLIERS = (0.5, 0.75, 1.0, 1.25)
LAYER_KINDS = ("ibn", "fused_ibn", "conv", "separable")
LAYER_KIND_WEIGHTS = (0.5, 0.3, 0.1, 0.1)
HEADS = ("classify", "detect", "segment")
_ANY_KINDS = {"ibn": 0.35, "fused_ibn": 0.15, "conv": 0.25, "depthwise": 0.1, "max_pool": 0.05, "upsample": 0.05}
_ANY_KINDS |= {"global_pool": 0.05}


@dataclass(frozen=True)
class NetworkSet:
    """A distribution of networks."""

    curated: bool
    """Channels in multiples of eight under a width multiplier; otherwise in steps of one."""
    input_size: int
    """Height and width of the input image in pixels."""

    @property
    def name(self) -> str:
        """Such as "curated-96"."""
        return f"{'curated' if self.curated else 'uncurated'}-{self.input_size}"


NETWORK_SETS = tuple(NetworkSet(curated, size) for curated in (True, False) for size in (96, 192))


def sample_network(generator: np.random.Generator, network_set: NetworkSet) -> tuple[Block, ...]:
    """One random network of the set."""
    chain = _Chain((network_set.input_size, network_set.input_size))
    multiplier = generator.choice(WIDTH_MULTIPLIERS) if network_set.curated else 1.0

    def width(base: int) -> int:
        if network_set.curated:
            return max(8, 8 * round(base * multiplier / 8))
        return int(generator.integers(base // 2, base * 3 // 2 + 1))

    chain.add("conv", width(16), kernel=3, stride=2)
    stages = int(generator.integers(4, 6))
    for stage in range(stages):
        channels = width(STAGE_CHANNELS[stage])
        for layer in range(int(generator.integers(1, 4))):
            stride = 2 if layer == 0 and stage > 0 else 1
            _add_layer(chain, generator, channels, stride)
    _add_head(chain, str(generator.choice(HEADS)))
    return tuple(chain.blocks)


def sample_networks(seed: int, count: int, network_set: NetworkSet) -> list[tuple[Block, ...]]:
    """That many networks; the n-th depends on seed, set and n alone, so more may be drawn later."""
    key = [seed, network_set.curated, network_set.input_size]
    return [sample_network(np.random.default_rng([*key, index]), network_set) for index in range(count)]


def sample_general_networks(seed: int, count: int) -> list[tuple[Block, ...]]:
    """Networks of all shapes, to learn from what lies outside the sets: images 24 to 320 pixels high, square or not,
    up to 384 channels and 8-fold expansion, classifiers of up to 1,000 classes, 4 million parameters, 2 billion MACs.
    """
    return [_sample_general(np.random.default_rng([seed, 7, index])) for index in range(count)]


def sample_fragments(seed: int, count: int) -> list[tuple[Block, ...]]:
    """Short chains of any blocks at any size, to learn operators from that whole networks of the sets never show.

    One to eight draws, of which one may be two blocks, on inputs of 1 to 256 pixels, square or not, and 1 to 2,048
    channels; kernels to 7, strides to 3, expansions to 8 and now and then to 16; a million and a half parameters and
    300 million MACs at most.
    """
    return [_sample_fragment(np.random.default_rng([seed, 11, index])) for index in range(count)]


def _sample_fragment(generator: np.random.Generator) -> tuple[Block, ...]:
    while True:
        height = _log_uniform(generator, 1, 256)
        width = height if generator.random() < 0.7 else _log_uniform(generator, 1, min(256, 4 * height))
        step = int(generator.choice((1, 8, 16)))
        first = int(generator.choice((1, 3))) if generator.random() < 0.15 else _log_uniform(generator, 4, 2048)
        chain = _Chain((height, width), first if first <= 3 else _multiple(first, step))
        for _ in range(int(generator.integers(1, 9))):
            _add_any(chain, generator, step)
        if chain.blocks and count_param_bytes(chain.blocks) < 1.5e6 and count_macs(chain.blocks) < 3e8:
            return tuple(chain.blocks)


def _add_any(chain: _Chain, generator: np.random.Generator, step: int) -> None:
    """One block of any kind: most keep their channels or change them by up to four times."""
    kind = str(generator.choice(list(_ANY_KINDS), p=list(_ANY_KINDS.values())))
    pixels = min(chain.size)
    kernel = int(generator.choice((1, 3, 5, 7), p=(0.25, 0.4, 0.25, 0.1)))
    stride = int(generator.choice((1, 2, 3), p=(0.68, 0.3, 0.02))) if pixels > 3 else 1
    wide = int(np.clip(chain.channels * np.exp(generator.uniform(-1.4, 1.4)), 1, 2048))
    keeps = stride == 1 and generator.random() < 0.4
    channels = chain.channels if keeps else _multiple(wide, step if chain.channels > 3 else 8)
    activation = bool(generator.random() < 0.8)
    if kind in ("ibn", "fused_ibn"):
        most = 16 if generator.random() < 0.1 else 8
        expansion = int(generator.integers(1 if kind == "ibn" else 2, most + 1))
        residual = stride == 1 and channels == chain.channels and generator.random() < 0.8
        chain.add(kind, channels, kernel=max(kernel, 3), stride=stride, expansion=expansion, residual=residual)
    elif kind == "conv":
        residual = stride == 1 and channels == chain.channels and generator.random() < 0.3
        chain.add(kind, channels, kernel=kernel, stride=stride, residual=residual, activation=activation)
    elif kind == "depthwise":
        chain.add(kind, chain.channels, kernel=max(kernel, 3), stride=stride, activation=activation)
    elif kind == "max_pool":
        chain.add(kind, chain.channels, kernel=int(generator.integers(2, 4)), stride=min(2, pixels))
    elif kind == "upsample" and max(chain.size) <= 64:
        chain.add(kind, chain.channels, kernel=1, stride=2)
    elif kind == "global_pool":
        chain.add(kind, chain.channels, kernel=1)
        chain.add("conv", _log_uniform(generator, 2, 1000), kernel=1, activation=activation)


def _sample_general(generator: np.random.Generator) -> tuple[Block, ...]:
    while True:
        height = _log_uniform(generator, 24, 320)
        width = (
            height if generator.random() < 0.7 else _log_uniform(generator, max(8, height // 4), min(320, 2 * height))
        )
        chain = _Chain((height, width), channels=int(generator.choice((1, 3))))
        step = int(generator.choice((1, 8)))
        channels = _log_uniform(generator, 8, 48)
        chain.add("conv", _multiple(channels, step), kernel=int(generator.choice((3, 5))), stride=2)
        for _ in range(int(generator.integers(2, 7))):
            channels = min(384, int(channels * generator.uniform(1.0, 2.2)))
            for layer in range(int(generator.integers(1, 4))):
                stride = 2 if layer == 0 and generator.random() < 0.7 and min(chain.size) > 4 else 1
                _add_layer(chain, generator, _multiple(channels, step), stride, most_expansion=8)
        head = str(generator.choice(HEADS))
        hidden, outputs = _log_uniform(generator, 64, 1280), _log_uniform(generator, 2, 1000)
        _add_head(chain, head, hidden if head == "classify" else None, outputs if head == "classify" else None)
        if count_param_bytes(chain.blocks) < 4e6 and count_macs(chain.blocks) < 2e9:
            return tuple(chain.blocks)


def _log_uniform(generator: np.random.Generator, low: int, high: int) -> int:
    return round(float(np.exp(generator.uniform(np.log(low), np.log(high)))))


def _multiple(value: int, step: int) -> int:
    return max(step, step * round(value / step))


def _add_layer(
    chain: _Chain, generator: np.random.Generator, channels: int, stride: int, most_expansion: int = 6
) -> None:
    kind = generator.choice(LAYER_KINDS, p=LAYER_KIND_WEIGHTS)
    kernel = int(generator.choice((3, 5), p=(0.7, 0.3)))
    expansion = int(generator.integers(1 if kind == "ibn" else 2, most_expansion + 1))
    residual = stride == 1 and chain.channels == channels
    if kind == "separable":
        chain.add("depthwise", chain.channels, kernel=kernel, stride=stride)
        chain.add("conv", channels, kernel=1)
    elif kind == "conv":
        if stride == 2 and generator.random() < 0.3:
            chain.add("max_pool", chain.channels, kernel=2, stride=2)
            stride = 1
        chain.add("conv", channels, kernel=3, stride=stride)
    else:
        # beyond a quarter million hidden weights a fused 5x5 block is nothing that anybody builds
        if kind == "fused_ibn" and kernel == 5 and chain.channels > 48:
            kernel = 3
        chain.add(str(kind), channels, kernel=kernel, stride=stride, expansion=expansion, residual=residual)


def _add_head(chain: _Chain, head: str, hidden: int | None = None, outputs: int | None = None) -> None:
    if head == "classify":
        chain.add("conv", hidden or 2 * chain.channels, kernel=1)
        chain.add("global_pool", chain.channels)
        chain.add("conv", outputs or 10, kernel=1, activation=False)
    elif head == "detect":
        chain.add("conv", chain.channels, kernel=3)
        chain.add("conv", 5, kernel=1, activation=False)
    else:
        chain.add("conv", chain.channels // 2, kernel=1)
        chain.add("upsample", chain.channels, stride=2)
        chain.add("conv", chain.channels, kernel=3)
        chain.add("conv", 11, kernel=1, activation=False)


class _Chain:
    """Blocks so far, and the shape the last one gives."""

    def __init__(self, size: tuple[int, int], channels: int = 3) -> None:
        self.blocks: list[Block] = []
        self.size = size
        self.channels = channels

    def add(self, kind: str, channels: int, **fields: int | bool) -> None:
        block = Block(kind, *self.size, self.channels, channels, **fields)  # pyright: ignore[reportArgumentType]
        self.blocks.append(block)
        self.size = (block.out_height, block.out_width)
        self.channels = channels


SPACE_CHANNELS = ((8, 16), (16, 24), (24, 40), (48, 80), (96, 128))
SPACE_LAYERS = tuple(
    (kind, expansion, depth) for kind in ("ibn", "fused_ibn") for expansion in (3, 6) for depth in (1, 2)
)


def stage_space(input_size: int) -> list[list[tuple[Block, ...]]]:
    """A curated space by stages for hw_model.tables.lookup: a stem, four stages and a small head.

    At each stage two widths, ibn or fused_ibn, expansion 3 or 6 and one or two layers; options are the segments for
    either width of the stage before, in the order of stage_genotypes.  131,072 networks.
    """
    size = (input_size + 1) // 2
    places: list[list[tuple[Block, ...]]] = [
        [(Block("conv", input_size, input_size, 3, channels, 3, 2),) for channels in SPACE_CHANNELS[0]]
    ]
    for before, widths in itertools.pairwise(SPACE_CHANNELS):
        places.append(
            [
                _stage(size, inputs, outputs, *layers)
                for inputs in before
                for outputs in widths
                for layers in SPACE_LAYERS
            ]
        )
        size = (size + 1) // 2
    places.append([(Block("conv", size, size, channels, 64, 1),) for channels in SPACE_CHANNELS[-1]])
    return places


def stage_genotypes(generator: np.random.Generator, count: int) -> np.ndarray:
    """Random networks of stage_space as options of its places, int8 [count, 6]."""
    stages = len(SPACE_CHANNELS) - 1
    widths = generator.integers(0, 2, (count, stages + 1), dtype=np.int8)
    layers = generator.integers(0, len(SPACE_LAYERS), (count, stages), dtype=np.int8)
    middle = (2 * widths[:, :-1] + widths[:, 1:]) * len(SPACE_LAYERS) + layers
    return np.concatenate([widths[:, :1], middle, widths[:, -1:]], axis=1, dtype=np.int8)


def _stage(size: int, inputs: int, outputs: int, kind: str, expansion: int, depth: int) -> tuple[Block, ...]:
    first = Block(kind, size, size, inputs, outputs, 3, 2, expansion)
    rest = Block(kind, first.out_height, first.out_width, outputs, outputs, 3, 1, expansion, residual=True)
    return (first, *[rest] * (depth - 1))
