"""Which architectures of a task are trained for its table: drawn before any training, from spaces and latency alone.

Networks are drawn alone, or in cells that an accelerator can train at once (`tasks.cohort`): those of a cell share
kinds of block and sizes; in the first part, "cells", they share all but their channels.  Cells are stratified over
latency: of many drawn at random, as many are kept in each equal part of the range of the logarithm of latency, as far
as there are any.

A design is drawn once and kept in a file, since estimates of latency change with the estimator.  `tables.parts` has
what is trained of it, and how.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import jax
import numpy as np
import pandas as pd

from benchmarks.store.files import read_own_csv
from benchmarks.tables.files import design_file
from hw_model.blocks import Block
from hw_model.cost_models import cost_model
from tasks.networks.initialise import host_generator
from tasks.spaces.layer import Decision, parse_block
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.registry import article_space, skeleton_for
from tasks.spaces.skeleton import curated_space, uncurated_space
from tasks.spaces.space import SearchSpace
from tasks.task import Task

# cells drawn for each one that is kept
CANDIDATES = 20
# decisions over the sizes of activations, which networks of a cell share
SIZES = ("input_side", "output_stride")
# shares of candidates beyond the ends of the range that is divided
TAIL = 0.01
# the accelerator whose estimated latency the design is stratified over
REFERENCE = "ethos-u65-512"
# channels of the curated spaces are multiples of these: what the accelerators of the tables compute at once
CURATED_FACTORS = (8, 16)
# the largest of the article's spaces of a task, which holds the others
LARGEST_ARTICLE_SPACE = {"detection": "V3", "segmentation": "article"}
# of the cells of a table, those from the uncurated space; the others are shared out evenly among the other spaces
UNCURATED_SHARE = 0.5


@dataclass(frozen=True)
class Drawn:
    """What a design draws at once from the spaces, since cells are stratified together."""

    cells: int
    """So many."""
    networks: int
    """Of each cell."""
    first_seed: int
    """Of the first network of the first cell; apart from the seeds of searches and of fidelities."""
    seeds_a_cell: int
    """By so much the first seed of the next cell is larger."""
    draw_seed: int
    """What the part is drawn from."""
    differ_in: Literal["channels", "all but kinds"] = "channels"
    """Networks of a cell: in their channels alone, or in all but their kinds of block and sizes."""


# cells are for accelerators, which train the eight of one in little more time than one network; networks drawn alone
# tell more about their space, a training each
DRAWN = MappingProxyType(
    {
        "cells": Drawn(72, 8, 1_000_000, 1_000, 0),
        "alone": Drawn(1_200, 1, 2_000_000, 1, 1),
        "kinds": Drawn(160, 8, 3_000_000, 1_000, 2, "all but kinds"),
    }
)
COLUMNS = ["part", "cell", "space", "genotype", "seed"]


@dataclass(frozen=True)
class Cell:
    """Networks that can be trained at once."""

    name: str
    """Task, space and number."""
    space: str
    """The space that they were drawn from: "uncurated", "curated-8", "V3", ...; "" where no space holds them."""
    genotypes: np.ndarray
    """int32 [n, D], in that space; [n, 0] where there is none."""
    chains: tuple[tuple[Block, ...], ...]
    """The networks."""
    seeds: tuple[int, ...]
    """Of each network; the same network may be there more than once, with other seeds."""

    def take(self, rows: Sequence[int]) -> Cell:
        """Some of its networks."""
        chains, seeds = tuple(self.chains[row] for row in rows), tuple(self.seeds[row] for row in rows)
        return Cell(self.name, self.space, self.genotypes[list(rows)], chains, seeds)


def table_spaces(task: Task) -> dict[str, SearchSpace]:
    """The spaces that a task's table is drawn from, by name."""
    skeleton, outputs = skeleton_for(task), task.output_channels
    spaces = {"uncurated": uncurated_space(skeleton, outputs)}
    spaces |= {f"curated-{factor}": curated_space(skeleton, outputs, factor) for factor in CURATED_FACTORS}
    if task.name in LARGEST_ARTICLE_SPACE:
        name = LARGEST_ARTICLE_SPACE[task.name]
        spaces[name] = article_space(task, name)
    return spaces


def design_rows(results: Path, task: str) -> pd.DataFrame:
    """A task's design as it is kept, a row a network.  Raises BenchmarkInputError where there is none."""
    return read_own_csv(design_file(results, task), COLUMNS, "accelnas table design")


def cells_of(task: Task, rows: pd.DataFrame) -> list[Cell]:
    """The cells of rows with the columns of a design, in their order."""
    spaces, cells = table_spaces(task), []
    rows = rows.reset_index(drop=True)
    chains: dict[Any, tuple[Block, ...]] = {}
    for space, own in rows.groupby("space"):
        chains |= zip(own.index, spaces[str(space)].decode_all(_genotypes(own)), strict=True)
    for name, own in rows.groupby("cell", sort=False):
        seeds = tuple(map(int, own["seed"]))
        space = str(own["space"].tolist()[0])
        cells.append(Cell(str(name), space, _genotypes(own), tuple(chains[row] for row in own.index), seeds))
    return cells


def _genotypes(rows: pd.DataFrame) -> np.ndarray:
    """int32[n, D] of rows of one space."""
    return np.array([genotype.split() for genotype in rows["genotype"]], np.int32)


def draw_part(task: Task, name: str) -> pd.DataFrame:
    """The rows of a part of DRAWN: latencies spread evenly over the list of cells; single networks in random order."""
    part, spaces = DRAWN[name], table_spaces(task)
    shares = {space: (1 - UNCURATED_SHARE) / (len(spaces) - 1) for space in spaces} | {"uncurated": UNCURATED_SHARE}
    model, drawn = cost_model(REFERENCE), []
    for key, (label, space) in zip(
        jax.random.split(jax.random.key(part.draw_seed), len(spaces)), spaces.items(), strict=True
    ):

        def latency_ms(genotypes: np.ndarray, space: SearchSpace = space) -> Any:
            return model.estimate(space.lower(genotypes)).cost.latency_ms

        count = max(1, round(part.cells * shares[label]))
        cells = draw_cells(space, count, part.networks, key, latency_ms, part.differ_in)
        for number, cell in enumerate(cells):
            drawn.append((number / count, f"{task.name}-{label}-{part.draw_seed}-{number:04d}", label, cell))
    drawn.sort(key=lambda entry: entry[:2])
    if part.networks == 1:
        order = np.random.default_rng(part.draw_seed).permutation(len(drawn))
        drawn = [drawn[place] for place in order]
    rows = [
        (name, cell, label, " ".join(map(str, genotype)), part.first_seed + part.seeds_a_cell * number + index)
        for number, (_, cell, label, genotypes) in enumerate(drawn)
        for index, genotype in enumerate(genotypes.tolist())
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def draw_cells(
    space: SearchSpace,
    cells: int,
    networks: int,
    key: jax.Array,
    latency_ms: Callable[[np.ndarray], Any],
    differ_in: str = "channels",
) -> np.ndarray:
    """Genotypes int32 [cells, networks, D] of a space; no two of a cell are equal where the space has enough, but two
    may be of the same network.

    latency_ms: genotypes int32 [n, D] to milliseconds [n].  differ_in: as in `Drawn`.
    """
    generator = host_generator(key)
    drawn = np.stack([_cell(space, networks, generator, differ_in) for _ in range(cells * CANDIDATES)])
    flat = drawn.reshape(-1, drawn.shape[-1])
    level = np.log(np.asarray(latency_ms(flat))).reshape(len(drawn), networks).mean(1)
    return drawn[_stratified(level, cells, generator)]


def _cell(space: SearchSpace, networks: int, generator: np.random.Generator, differ_in: str) -> np.ndarray:
    """One cell: all decisions alike but those that its networks differ in."""
    shared = generator.integers(0, space.cardinalities)
    allowed = [_alike(decision, shared[place], differ_in) for place, decision in enumerate(space.decisions)]
    free = [place for place, choices in enumerate(allowed) if len(choices) > 1]
    numbers = np.array([len(allowed[place]) for place in free])
    cell: dict[tuple[int, ...], np.ndarray] = {}
    for _ in range(networks * 20):
        genotype = shared.copy()
        drawn = generator.integers(0, numbers)
        genotype[free] = [allowed[place][choice] for place, choice in zip(free, drawn, strict=True)]
        cell.setdefault(tuple(genotype.tolist()), genotype)
        if len(cell) == networks:
            break
    found = list(cell.values())
    return np.stack([found[number % len(found)] for number in range(networks)]).astype(np.int32)


def _alike(decision: Decision, chosen: int, differ_in: str) -> list[int]:
    """The choices that a cell's networks have where the first one drawn has `chosen`."""
    if decision.name == MULTIPLIER or decision.name.startswith("channels"):
        return list(range(len(decision.choices)))
    if differ_in == "channels" or decision.name in SIZES:
        return [chosen]
    if decision.name.startswith("block"):
        kind = parse_block(str(decision.choices[chosen]))[0]
        return [place for place, choice in enumerate(decision.choices) if parse_block(str(choice))[0] == kind]
    return list(range(len(decision.choices)))


def _stratified(level: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Positions of `count` levels, one from each of as many equal parts of their range, the rest at random."""
    low, high = np.quantile(level, [TAIL, 1 - TAIL])
    part = np.clip(((level - low) / max(high - low, 1e-9) * count).astype(int), 0, count - 1)
    order = generator.permutation(len(level))
    _, first = np.unique(part[order], return_index=True)
    chosen = order[first]
    rest = order[~np.isin(order, chosen)]
    return np.concatenate([chosen, rest[: count - len(chosen)]])
