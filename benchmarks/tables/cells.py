"""The design of a task's trained table: which architectures are trained, drawn from spaces and latency alone.

Networks are drawn in cells of CELL.  A cell is balanced: in every stage each pair of layers and kernel stands equally
often, and among the networks of such a pair each kind of block stands equally often at every place, in an order that
places and stages do not share; so does each kind at each step of the decoder.  So all cells of a space have the same
shapes, and one compiled program can train any of them side by side.  What sets the sizes of activations (input side and
output stride) is one in a cell; cells take turns in its combinations.

Channels and width multiplier are free, and stratified over latency: of CANDIDATES draws for a network, the one at that
network's quantile is taken, and the quantiles of a cell are spread evenly.  Candidates are wide or narrow as a whole as
well as layer by layer, since independent layers alone average out.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks.errors import BenchmarkInputError
from hw_model.workload import Workload
from tasks.networks.initialise import host_generator
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.registry import article_space, skeleton_for
from tasks.spaces.skeleton import curated_space, uncurated_space
from tasks.spaces.space import SearchSpace
from tasks.task import Task

CELL = 60
CANDIDATES = 32
_SIDES = ("input_side", "output_stride")

Latency = Callable[[Workload], Any]
"""Workload [n, L] to milliseconds [n]."""


class Design(NamedTuple):
    """What is trained, in this order."""

    genotypes: np.ndarray
    """int32 [n, D], all of the task's uncurated space."""
    cells: np.ndarray
    """Number of the cell of each, int32 [n]; CELL of each, one after the other."""
    spaces: tuple[str, ...]
    """The space that each cell was drawn from, as `table_space` names it."""


def table_space(task: Task, name: str) -> SearchSpace:
    """A space that tables are drawn from: "uncurated", "curated-8" (by its parallelism factor), or the article's.

    Raises TaskInputError for others, and for a factor that the task's narrowest layer has no room for.
    """
    if name == "uncurated":
        return uncurated_space(skeleton_for(task), task.output_channels)
    if factor := re.fullmatch(r"curated-(\d{1,4})", name):
        return curated_space(skeleton_for(task), task.output_channels, int(factor[1]))
    return article_space(task, name)


def draw_design(task: Task, spaces: Sequence[str], cells: int, key: jax.Array, latency_ms: Latency) -> Design:
    """So many cells, drawn from the named spaces in turn; pure.  More cells of the same key begin with the same ones.

    Name a space twice to draw twice as many cells from it.  Raises TaskInputError for an unknown space,
    BenchmarkInputError for one whose choices do not divide a cell evenly.
    """
    uncurated = table_space(task, "uncurated")
    made = {name: table_space(task, name) for name in spaces}
    names = tuple(spaces[number % len(spaces)] for number in range(cells))
    genotypes, drawn = [], dict.fromkeys(made, 0)
    for number, name in enumerate(names):
        space = made[name]
        combinations = _combinations(space)
        held = combinations[drawn[name] % len(combinations)]
        drawn[name] += 1
        cell = draw_cell(space, held, host_generator(jax.random.fold_in(key, number)), latency_ms)
        genotypes += [uncurated.encode(space.effective(genotype)) for genotype in cell.tolist()]
    shape = (cells * CELL, len(uncurated.decisions))
    numbers = np.repeat(np.arange(cells, dtype=np.int32), CELL)
    return Design(np.array(genotypes, np.int32).reshape(shape), numbers, names)


def draw_cell(
    space: SearchSpace, held: Mapping[str, int], generator: np.random.Generator, latency_ms: Latency
) -> np.ndarray:
    """Balanced genotypes int32 [CELL, D] of a space, with the choices in `held` ({decision: index}) in all of them."""
    position = {decision.name: place for place, decision in enumerate(space.decisions)}
    genotypes = np.zeros((CELL, len(position)), np.int32)
    for name, choice in held.items():
        genotypes[:, position[name]] = choice
    for strata, blocks in _groups(space):
        places = [position[name] for name in (*strata, *blocks)]
        genotypes[:, places] = _balanced([space.cardinalities[place] for place in places], len(strata), generator)
    free = [position[name] for name in position if name == MULTIPLIER or name.startswith("channels")]
    if not free:
        return genotypes
    shares = _shares(len(free), generator)
    candidates = np.repeat(genotypes[None], CANDIDATES, axis=0)
    for place, share in zip(free, shares, strict=True):
        rising = np.argsort([float(choice) for choice in space.decisions[place].choices])
        candidates[:, :, place] = rising[(share * len(rising)).astype(int)]
    workload = space.lower(candidates.reshape(-1, len(position)))
    latency = np.asarray(latency_ms(workload)).reshape(CANDIDATES, CELL)
    quantile = (generator.permutation(CELL) + generator.random(CELL)) / CELL
    chosen = np.argsort(latency, axis=0)[(quantile * CANDIDATES).astype(int), np.arange(CELL)]
    return candidates[chosen, np.arange(CELL)]


def _combinations(space: SearchSpace) -> list[dict[str, int]]:
    """The choices of what sets sizes of activations: {decision: index} of each combination."""
    sides = {d.name: range(len(d.choices)) for d in space.decisions if d.name in _SIDES}
    return [dict(zip(sides, choices, strict=True)) for choices in itertools.product(*sides.values())]


def _groups(space: SearchSpace) -> list[tuple[list[str], list[str]]]:
    """What is balanced together: of each stage its layers and kernel, and its blocks; the decoder's blocks alone."""
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for decision in space.decisions:
        if found := re.fullmatch(r"(layers|kernel|block)_([^_]+)(_\d+)?", decision.name):
            group = groups.setdefault(found[2], ([], []))
            group[found[1] == "block"].append(decision.name)
    return list(groups.values())


def _balanced(cardinalities: Sequence[int], strata: int, generator: np.random.Generator) -> np.ndarray:
    """int32 [CELL, len(cardinalities)]: each combination of the first `strata` columns equally often, and within each
    of them each value of every other column equally often.  Raises BenchmarkInputError where CELL cannot be so divided.
    """
    combinations = math.prod(cardinalities[:strata])
    for values in cardinalities[strata:]:
        if CELL % (combinations * values):
            raise BenchmarkInputError(
                f"a cell of {CELL} networks cannot hold {combinations} pairs of layers and kernel with {values} kinds "
                "of block equally often"
            )
    within = CELL // combinations
    columns = [np.repeat(c, within) for c in np.indices(cardinalities[:strata]).reshape(strata, -1)] if strata else []
    for values in cardinalities[strata:]:
        kinds = np.repeat(np.arange(values), within // values)
        columns.append(np.concatenate([generator.permutation(kinds) for _ in range(combinations)]))
    return np.stack(columns, axis=-1).astype(np.int32)[generator.permutation(CELL)]


def _shares(decisions: int, generator: np.random.Generator) -> np.ndarray:
    """float [decisions, CANDIDATES, CELL], each uniform on [0, 1): how wide a layer is within its range.

    A level of the whole network, and by layer up to half the candidate's own spread more or less, reflected at 0 and 1.
    """
    level = generator.random((CANDIDATES, CELL))
    spread = generator.random((CANDIDATES, CELL))
    own = level + spread * (generator.random((decisions, CANDIDATES, CELL)) - 0.5)
    return np.minimum(1 - np.abs(1 - np.abs(own)), np.nextafter(1.0, 0.0))
