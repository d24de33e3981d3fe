"""How good a task's networks are, its baseline among them, as far as that is known.

Quality is that of trainings by the recipe "final" where the table holds them, of those by "search" where it holds
those, and what the surrogate expects elsewhere: `quality_source` and `recipe` say which.  A difference from the
baseline is of one source: both trained by one recipe, or both predicted; and where both have trainings done alone, or
both with others at once, of these, as the two end a little apart (`accelnas reproduce agreement`).  The interval of a
quality has what other photographs could change; that of a difference has not, as both are of the same images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.problem import baseline_blocks
from benchmarks.statistics.intervals import mean_interval
from benchmarks.store.files import read_own_csv
from benchmarks.store.keys import architecture_text
from benchmarks.tables.features import features, in_layout, places
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.query import TrainedTable, load_table
from benchmarks.tables.recipes import RECIPES
from benchmarks.tables.surrogate import predict
from benchmarks.tables.trained import trials_by, without_sweep
from hw_model.blocks import Block
from hw_model.workload import Workload, workload_from_chains
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import space_over
from tasks.spaces.space import SearchSpace

NORMAL_95 = 1.959964
LEAST_SEEDS = 3
"""Trainings from which their own spread gives the interval; of fewer, what the table knows of seeds."""
PREDICTED = "predicted"

Row = dict[str, Any]


class Network(NamedTuple):
    """A network of a task's skeleton."""

    blocks: tuple[Block, ...]
    """As they are compiled."""
    features: np.ndarray
    """float32 [F]: what the task's surrogate sees of it."""

    @property
    def key(self) -> str:
        """The canonical JSON of its blocks, as trainings are found by."""
        return architecture_text(self.blocks)


class Training(NamedTuple):
    """What one training came to."""

    quality: float
    """The task's metric."""
    way: str
    """The code path: static, done alone, or many_at_once."""
    device: str
    """The machine."""
    others: Mapping[str, float] = MappingProxyType({})
    """All that was measured, by name."""


class Quality(NamedTuple):
    """How good a network is."""

    quality: float
    """The task's metric."""
    low: float
    """Lower end of its 95% interval on the same images, NaN where nothing is known of seeds."""
    high: float
    """Upper end."""
    seeds: int
    """Trainings behind it; 0: predicted."""
    source: str
    """trained or predicted."""
    recipe: str
    """By which it was trained, or by which the surrogate's networks were."""
    trained_on: str = ""
    """The machines of its trainings."""
    others: tuple[tuple[str, float], ...] = ()
    """Names and means over its trainings of all that was measured; empty where predicted."""

    @property
    def rank(self) -> int:
        """Which source is better, the larger."""
        return 2 * (self.source == "trained") + (self.recipe == "final")

    @property
    def half(self) -> float:
        """Half the interval."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, eq=False)
class Models:
    """What is known of a task's networks, its baseline among them."""

    table: TrainedTable
    """Of the uncurated space, which holds all of the skeleton's."""
    trained: Mapping[tuple[str, str], tuple[Training, ...]]
    """What is trained, by recipe and the canonical JSON of the network."""
    photographs: tuple[float, float]
    """By how much other photographs behind the images may lower and raise a quality at most (`photograph_term`)."""

    @cached_property
    def baseline(self) -> Network:
        """What the task's searches start from."""
        return self.rewritten(baseline_blocks(self.table.task))

    def of_space(self, space: SearchSpace, genotype: Any) -> Network:
        """The network of a genotype int [D] of a space over the skeleton."""
        rows = np.array([genotype], np.int32)
        return Network(space.decode(rows[0].tolist()), self._features(space, space.lower(rows)))

    def rewritten(self, blocks: tuple[Block, ...]) -> Network:
        """A network of as many blocks as the baseline, at the baseline's places, whatever their kinds and channels."""
        skeleton = skeleton_for(self.table.task)
        stem = {"channels_stem": (skeleton.stem_channels,)}  # a space decides something
        alone = space_over(skeleton, "baseline", stem, self.table.task.output_channels)
        return Network(blocks, self._features(alone, workload_from_chains([blocks])))

    def _features(self, space: SearchSpace, workload: Workload) -> np.ndarray:
        layout = self.table.layout
        laid = in_layout(workload, places(space, layout), len(layout.layers))
        return np.asarray(features(laid, layout))[0]

    def quality_of(self, network: Network, way: str = "") -> dict[tuple[str, str], Quality]:
        """By (source, recipe), all that is known of a network, the best source first.

        way: a code path whose trainings alone count; if left out, of each recipe that with most, alone before at once.
        """
        found = predict(self.table.surrogate, network.features[None])
        quality, std, seed_std = (float(np.asarray(value)[0]) for value in found)
        known_by: dict[tuple[str, str], Quality] = {}
        for recipe in ("final", "search"):
            every = self.trained.get((recipe, network.key), ())
            most = max(self._ways(recipe, network), key=lambda each: sum(one.way == each for one in every), default="")
            if found := [one for one in every if one.way == (way or most)]:
                values, where = [one.quality for one in found], " and ".join(sorted({one.device for one in found}))
                others = tuple((name, float(np.mean([one.others[name] for one in found]))) for name in found[0].others)
                known_by["trained", recipe] = Quality(
                    *_interval(values, seed_std), len(values), "trained", recipe, where, others
                )
        half = NORMAL_95 * std
        known_by[PREDICTED, "search"] = Quality(quality, quality - half, quality + half, 0, PREDICTED, "search")
        return known_by

    def compared(self, network: Network) -> tuple[Quality, Quality]:
        """A network and the baseline by the best source that knows of both."""
        own, base = self.quality_of(network), self.quality_of(self.baseline)
        if network.blocks == self.baseline.blocks:
            first = next(iter(base.values()))
            return first, first
        source = next(each for each in own if each in base)
        for way in self._ways(source[1], network) if source[0] == "trained" else ():
            if way in self._ways(source[1], self.baseline):
                own, base = self.quality_of(network, way), self.quality_of(self.baseline, way)
                break
        return own[source], base[source]

    def _ways(self, recipe: str, network: Network) -> list[str]:
        """Code paths of a network's trainings, alone first."""
        found = {one.way for one in self.trained.get((recipe, network.key), ())}
        return sorted(found, key=lambda way: way == "many_at_once")


def load_models(task: str, results: Path = SHIPPED) -> Models:
    """What is shipped of a task.  Raises TaskInputError for an unknown one, BenchmarkInputError for a missing file."""
    table = load_table(task, results=results)
    trials = {recipe: trials_by(results, task, RECIPES[recipe][task]) for recipe in ("final", "search")}
    found: dict[tuple[str, str], tuple[Training, ...]] = {}
    for recipe, own in trials.items():
        for trial in without_sweep(own, table.task):
            quality = trial.quality
            known = Training(quality[table.task.metric], trial.key.code_path, trial.provenance.device, quality)
            key = recipe, trial.key.architecture
            found[key] = (*found.get(key, ()), known)
    return Models(table, found, photograph_term(results, task, table.task.dataset))


def photograph_term(results: Path, task: str, dataset: str) -> tuple[float, float]:
    """How far the interval of the task's baseline in baselines.csv reaches below and above its quality.

    That interval is over test photographs and over seeds together, of trainings by the recipe that the file names, so
    that it bounds what the choice of photographs does.  Raises BenchmarkInputError where the file has no such row.
    """
    file = results / "baselines" / "baselines.csv"
    columns = ("task", "dataset", "quality", "quality_low", "quality_high")
    for row in read_own_csv(file, columns).to_dict("records") if file.is_file() else ():
        if (row["task"], row["dataset"]) == (task, dataset):
            return row["quality"] - row["quality_low"], row["quality_high"] - row["quality"]
    raise BenchmarkInputError(f"{file}: no row of {task} on {dataset}; `accelnas reproduce baselines` makes it")


def _interval(known: Sequence[float], seed_std: float) -> tuple[float, float, float]:
    if len(known) >= LEAST_SEEDS:
        return mean_interval(known)
    mean, half = float(np.mean(known)), NORMAL_95 * seed_std / len(known) ** 0.5
    return mean, mean - half, mean + half
