"""The spaces that curation is evaluated by, all as subsets of the uncurated one, and the random control among them.

A genotype of a subset is looked up in tables of channels and becomes one of the uncurated space.  Tables are arrays, so
that many subsets of one shape, such as random ones, share a compilation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.problem import space_for
from tasks.spaces.lowering import MULTIPLIER, scale_channels
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import LEAST_CHANNELS, Skeleton, most_channels
from tasks.spaces.space import SearchSpace
from tasks.task import Task

Tables = tuple[Any, ...]
"""For each decision over channels int32[draws, choices, multipliers]: the uncurated space's choice."""


@dataclass(frozen=True)
class Subsets:
    """One or several (`draws`) subsets of equal shape.

    cardinalities: of the multiplier where there is one, then the channels, then all else, as in the uncurated space.
    tables: see Tables; none where genotypes are not looked up, as those of a space that is asked about by itself.
    has_multiplier: whether the first decision is a width multiplier.
    """

    name: str
    cardinalities: tuple[int, ...]
    tables: Tables
    has_multiplier: bool

    @property
    def draws(self) -> int:
        """How many subsets."""
        return len(self.tables[0]) if self.tables else 1

    @property
    def channel_decisions(self) -> range:
        """Positions of the decisions over channels."""
        first = int(self.has_multiplier)
        return range(first, first + len(self.tables))

    def uncurated(self, tables: Sequence[Any], genotypes: Any) -> Any:
        """Genotypes int32[..., D] of one subset, with its tables [choices, multipliers], in the uncurated space.

        Traceable; arrays of jax.numpy or of NumPy in, the same out.
        """
        if not self.tables:
            return genotypes
        xp = np if isinstance(genotypes, np.ndarray) else jnp
        multiplier = genotypes[..., 0] if self.has_multiplier else xp.zeros_like(genotypes[..., 0])
        channels = [
            xp.asarray(table)[genotypes[..., place], multiplier]
            for place, table in zip(self.channel_decisions, tables, strict=True)
        ]
        return xp.concatenate([xp.stack(channels, axis=-1), genotypes[..., self.channel_decisions.stop :]], axis=-1)


def subset_of(space: SearchSpace, skeleton: Skeleton) -> Subsets:
    """A curated, auto-curated or uncurated space over the skeleton as one subset."""
    by_name = {decision.name: decision for decision in space.decisions}
    multipliers = by_name[MULTIPLIER].choices if MULTIPLIER in by_name else (1.0,)
    tables = []
    for name in skeleton.channels:
        rows = [
            [scale_channels(int(channels), float(m), space.channel_step) for m in multipliers]
            for channels in by_name[name].choices
        ]
        tables.append(np.array([rows], np.int32) - LEAST_CHANNELS)
    return Subsets(space.name, space.cardinalities, tuple(tables), MULTIPLIER in by_name)


def stacked(several: Sequence[Subsets]) -> Subsets:
    """Subsets of one shape as one, a draw after the other."""
    tables = tuple(np.concatenate(parts) for parts in zip(*(each.tables for each in several), strict=True))
    return replace(several[0], tables=tables)


def different_channels(subsets: Subsets) -> tuple[float, int]:
    """Share of a subset's choices of channels, the multiplier's included, that are all different in the uncurated
    space, mean over draws, and of how many.

    The rest are networks that another choice gives: width multipliers may bring two choices to the same channels.  All
    are counted, by inclusion and exclusion of the multipliers, with each of which any channels go with any others.
    """
    choices = math.prod(subsets.cardinalities[: subsets.channel_decisions.stop])
    found = 0
    for draw in range(subsets.draws):
        by_multiplier = zip(*(table[draw].T.tolist() for table in subsets.tables), strict=True)
        with_each = [[set(layer) for layer in layers] for layers in by_multiplier]
        for count in range(1, len(with_each) + 1):
            for several in combinations(with_each, count):
                common = math.prod(len(set.intersection(*layer)) for layer in zip(*several, strict=True))
                found += common if count % 2 else -common
    return found / subsets.draws / choices, choices


def shifted(curated: Subsets) -> Subsets:
    """The control of alignment: every network of the curated space with one channel less in each layer that decides.

    Size, and range but for one channel, are the curated space's; no number of channels is a multiple of the
    parallelism factor.  One less, and no larger shift, as this leaves MACs and parameters nearly as they are; one more
    would leave the uncurated space, whose largest choice the curated one holds.
    """
    return replace(curated, name="shifted", tables=tuple(table - 1 for table in curated.tables))


def random_space(curated: SearchSpace, skeleton: Skeleton, key: jax.Array) -> SearchSpace:
    """The control: as many choices as the curated space has, decision by decision, of channels that nobody chose.

    As many genotypes, that is, and more different networks: multipliers bring several of the curated space's channels
    to the same multiple (`different_channels`).

    Each decision over channels has as many sizes as the curated space's, drawn without repeats from all that keep the
    uncurated space's range with every width multiplier; the multipliers are the same, in steps of one channel.
    """
    by_name = {decision.name: decision for decision in curated.decisions}
    multipliers = [float(m) for m in by_name[MULTIPLIER].choices]
    channels = {}
    keys = jax.random.split(key, len(skeleton.channels))
    for (name, baseline), name_key in zip(skeleton.channels.items(), keys, strict=True):
        sizes = np.arange(int(np.ceil(LEAST_CHANNELS / min(multipliers))), most_channels(baseline) + 1)
        drawn = jax.random.choice(name_key, sizes, (len(by_name[name].choices),), replace=False)
        channels[name] = tuple(np.sort(np.asarray(drawn)).tolist())
    decisions = tuple(
        replace(decision, choices=channels.get(decision.name, decision.choices)) for decision in curated.decisions
    )
    return replace(curated, name="random-subset", decisions=decisions, channel_step=1)


def subsets_of(task: Task, accelerator: str, kinds: Sequence[str], draws: int, key: jax.Array) -> dict[str, Subsets]:
    """By kind of space (of `settings.KINDS`) an accelerator's as subsets, in that order; `draws` of the random one."""
    skeleton = skeleton_for(task)
    curated = space_for(task, "curated", accelerator)

    def spaces(kind: str) -> list[SearchSpace]:
        if kind == "random-subset":
            return [random_space(curated, skeleton, each) for each in jax.random.split(key, draws)]
        return [curated if kind in ("curated", "shifted") else space_for(task, kind, accelerator)]

    made = {kind: stacked([subset_of(space, skeleton) for space in spaces(kind)]) for kind in kinds}
    return {kind: shifted(subsets) if kind == "shifted" else subsets for kind, subsets in made.items()}
