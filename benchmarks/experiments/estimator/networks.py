"""Networks that estimators are fitted to and evaluated by besides those of `hw_model.learned.samples`.

Spaces: networks of the three tasks' spaces as shipped.  General: networks that no part of the fit's generators made, in
two halves.  Published architectures go to one half by their family, so that hardly any is evaluated by a scale that its
sisters set: the four that ship as examples go by turns, so MobileNetV2 1.0 and the MobileDet-like one are not where
their families are, and SSD's backbones are MobileNetV2's first blocks, which are in the other half.  The rest are
random chains, by turns, of a generator of their own.
"""

from __future__ import annotations

import functools
import zlib

import numpy as np

from benchmarks.experiments.estimator.builder import Builder, divisible
from benchmarks.experiments.estimator.published import published_networks
from benchmarks.experiments.estimator.settings import MEASURED_WHOLE
from hw_model.blocks import Block
from hw_model.cost import count_macs, count_param_bytes
from hw_model.learned.measuring import TEST_SEED, TRAIN_SEED, Labelled
from hw_model.learned.samples import sample_fragments
from hw_model.network_file import EXAMPLES, load_network
from hw_model.vela.accelerators import EthosU
from tasks.registry import make_task
from tasks.spaces.registry import ARTICLE_SPACES, SKELETONS, article_space, skeleton_for
from tasks.spaces.skeleton import CHANNEL_STEP, curated_space, uncurated_space

RANDOM_CHAINS = 140
"""Random chains of the general set."""
LEARNED_OF_SPACES, EVALUATED_OF_SPACES = 48, 24
"""Networks of the spaces, from different seeds."""
PARTS_OF = 12
"""Of the networks evaluated, the first, whose blocks, pairs and threes are compiled as well."""
LARGEST_PARAM_BYTES = 2_000_000
"""Published architectures of more are left out, MobileNetV2 1.0 and the other shipped examples apart: time to compile
is that of encoding weights."""
FRAGMENTS = 200
"""Short chains to learn from."""
HALVES = ("a", "b")


@functools.cache
def space_networks(seed: int, count: int) -> Labelled:
    """Networks drawn uniformly from the tasks' spaces in turn, ("task", network) each: half uncurated."""
    spaces = []
    for name in SKELETONS:
        task = make_task(name)
        skeleton, outputs = skeleton_for(task), task.output_channels
        others = [curated_space(skeleton, outputs, CHANNEL_STEP)]
        others += [article_space(task, ARTICLE_SPACES[name][-1])] if ARTICLE_SPACES[name] else []
        spaces.append((name, uncurated_space(skeleton, outputs), others))
    found = []
    for index in range(count):
        generator = np.random.default_rng([seed, 13, index])
        name, uncurated, others = spaces[index % len(spaces)]
        turn = index // len(spaces)
        space = uncurated if turn % 2 == 0 else others[turn // 2 % len(others)]
        found.append((name, space.decode(generator.integers(0, space.cardinalities).tolist())))
    return found


@functools.cache
def general_networks() -> Labelled:
    """The general set, ("a:published", network) and the like: half, then where it comes from."""
    published: Labelled = []
    for family, members in published_networks().items():
        half = HALVES[_digest(family) % 2]
        small = [network for network in members.values() if count_param_bytes(network) < LARGEST_PARAM_BYTES]
        published += [(f"{half}:published", network) for network in small]
        # the first blocks of a network are networks too: what a detector's backbone is, and a split inference
        published += [
            (f"{half}:published", network[: 3 + _digest(name) % (len(network) - 3)])
            for place, (name, network) in enumerate(members.items())
            if place % 2 == 0
        ]
    examples = [load_network(path) for path in sorted(EXAMPLES.glob("*.json"))]
    published += [(f"{HALVES[place % 2]}:published", network.blocks) for place, network in enumerate(examples)]
    chains = [(f"{HALVES[index % 2]}:random", random_chain(index)) for index in range(RANDOM_CHAINS)]
    blocks: dict[tuple[Block, ...], str] = {}
    for label, network in published + chains:
        blocks.setdefault(network, label)
    return [(label, network) for network, label in blocks.items()]


def _digest(text: str) -> int:
    return zlib.crc32(text.encode())


def random_chain(index: int) -> tuple[Block, ...]:
    """A random network in the manner of MCUNet's and Once-for-all's spaces: inputs of 32 to 256 pixels, some oblong;
    stages of inverted bottlenecks with kernels to 7 and expansions to 8, widths that grow or stay, one network in four
    of other blocks; a classifier, a dense prediction or no head."""
    generator = np.random.default_rng([2026, index])
    while True:
        side = int(generator.integers(2, 17)) * 16
        chain = Builder(side, side if generator.random() < 0.8 else max(16, side // int(generator.integers(2, 5))))
        step = int(generator.choice((1, 4, 8)))
        width = float(generator.uniform(6, 28))
        chain.add(
            "conv", divisible(width, step), int(generator.choice((3, 5))), int(generator.choice((1, 2), p=(0.2, 0.8)))
        )
        mixed = generator.random() < 0.25
        for stage in range(int(generator.integers(2, 7))):
            width *= float(generator.uniform(1.0, 1.9))
            stride = 2 if min(chain.height, chain.width) > 3 and generator.random() < 0.75 else 1
            for layer in range(int(generator.integers(1, 5))):
                _layer(chain, generator, divisible(width, step), stride if layer == 0 else 1, stage, mixed=mixed)
        _head(chain, generator)
        if count_param_bytes(chain.blocks) < 1.2e6 and 2e5 < count_macs(chain.blocks) < 1.5e8:
            return tuple(chain.blocks)


def _layer(
    chain: Builder, generator: np.random.Generator, channels: int, stride: int, stage: int, *, mixed: bool
) -> None:
    kernel = int(generator.choice((3, 5, 7), p=(0.5, 0.3, 0.2)))
    expansion = int(generator.choice((1, 2, 3, 4, 5, 6, 8), p=(0.06, 0.08, 0.24, 0.24, 0.12, 0.2, 0.06)))
    adds = stride == 1 and chain.channels == channels
    kind = str(generator.choice(("separable", "conv", "fused_ibn"))) if mixed else "ibn"
    if kind == "fused_ibn" and stage > 2:
        kind = "ibn"
    if kind == "separable":
        chain.add("depthwise", kernel=kernel, stride=stride)
        chain.add("conv", channels, 1, activation=bool(generator.random() < 0.9))
    elif kind == "conv":
        chain.add("conv", channels, 3, stride, residual=adds and bool(generator.random() < 0.5))
    else:
        expansion = max(expansion, 2) if kind == "fused_ibn" else expansion
        chain.add(kind, channels, 3 if kind == "fused_ibn" else kernel, stride, expansion=expansion, residual=adds)


def _head(chain: Builder, generator: np.random.Generator) -> None:
    draw = generator.random()
    if draw < 0.5:
        features = int(generator.choice((0, 128, 256, 512)))
        chain.classify(int(np.exp(generator.uniform(np.log(2), np.log(500)))), features)
    elif draw < 0.8:
        chain.add("conv", int(generator.integers(2, 64)), 1, activation=False)


def wanted_networks(accelerator: EthosU) -> Labelled:
    """Networks to measure of an accelerator by set: "train-...", to fit to; "space-..." and "general-...", held out.

    All of them for MEASURED_WHOLE.  Others are fitted to what `accelnas measure` draws alone, and evaluated by half of
    the networks of the spaces and a quarter of the general ones.
    """
    evaluated: list[tuple[int, Labelled]] = [
        (4, [(f"space-{name}", network) for name, network in space_networks(TEST_SEED, EVALUATED_OF_SPACES)]),
        (8, [(f"general-{label}", network) for label, network in general_networks()]),
    ]
    if accelerator.name not in MEASURED_WHOLE:
        # of every four or eight two that stand together, so that both halves of what takes turns are there
        return [entry for every, part in evaluated for place, entry in enumerate(part) if place % every < 2]
    learned = [(f"train-space-{name}", network) for name, network in space_networks(TRAIN_SEED, LEARNED_OF_SPACES)]
    learned += [("train-fragment", network) for network in sample_fragments(TRAIN_SEED, FRAGMENTS)]
    return learned + [entry for _, part in evaluated for entry in part]


def parts_of_spaces() -> Labelled:
    """Blocks, pairs and threes in a row of the first PARTS_OF networks of the spaces that are evaluated."""
    networks = [network for _, network in space_networks(TEST_SEED, PARTS_OF)]
    windows = {
        name: sorted({n[i : i + size] for n in networks for i in range(len(n) - size + 1)}, key=str)
        for name, size in {"single": 1, "pair": 2, "three": 3}.items()
    }
    return [(name, window) for name, found in windows.items() for window in found]
