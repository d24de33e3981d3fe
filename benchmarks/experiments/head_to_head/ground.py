"""What all contenders share: the networks of the arenas, what a training of each would show, and the scored pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import moocore
import numpy as np

from benchmarks.experiments.head_to_head.scored import ARENA, SCORES_FILE
from benchmarks.store.files import read_own_csv
from benchmarks.tables.arena import Arena, enumerate_arena
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.recipes import SEARCH
from nas_algos.objectives import best_quality
from nas_algos.tabular import noise, table_index

REFERENCE_SHARE = 0.75
"""Of the baseline's quality: with the bound the reference point of hypervolumes."""
NOT_SCORES = ("task", "space", "genotype", "metric", "quality", "latency_ms", "macs", "params")
"""Columns of the table of scores that are none, or that the arena has itself."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Scored networks of a task's arena, P in all."""

    rows: np.ndarray
    """int [P]: which networks of the arena."""
    scores: dict[str, np.ndarray]
    """float64 [P] each, larger is better, NaN where a network has none."""

    def parts(self, size: int) -> np.ndarray:
        """int [parts, size]: places of the pool, each in one part or in none; always the same.

        Searches of different parts choose among different networks; all of one part choose alike.  A pool of fewer
        networks than a part has is one part.
        """
        count = len(self.rows)
        size = min(size, count)
        shuffled = np.random.default_rng(0).permutation(count)
        return shuffled[: count // size * size].reshape(-1, size)


@dataclass(frozen=True, eq=False)
class Cell:
    """A task on an accelerator: what is found there and what that is worth."""

    task: str
    accelerator: str
    arena: Arena
    pool: Pool

    def counts(self) -> dict[str, np.ndarray]:
        """float32 [N] each: scores that every network of the arena has."""
        return {"macs": self.arena.macs, "params": self.arena.params}

    def scores_of(self, name: str, part: np.ndarray) -> np.ndarray:
        """float [p]: a score or count of places int [p] of the pool."""
        counts = self.counts()
        return counts[name][self.pool.rows[part]] if name in counts else self.pool.scores[name][part]

    def has_score(self, name: str) -> bool:
        """Whether some of its networks have it."""
        return name in self.counts() or name in self.pool.scores

    @cached_property
    def feasible(self) -> np.ndarray:
        """bool [N]."""
        return self.arena.feasible(self.accelerator)

    @cached_property
    def optimum(self) -> float:
        """Highest expected quality within the bound."""
        return float(self.arena.quality[self.feasible].max())

    @cached_property
    def worst(self) -> float:
        """Lowest expected quality within the bound: what a search is worth that found nothing there."""
        return float(self.arena.quality[self.feasible].min())

    @property
    def training_passes(self) -> int:
        """Example passes of one training."""
        recipe = SEARCH[self.task]
        return recipe.steps * recipe.batch_size

    @cached_property
    def penalty(self) -> np.ndarray:
        """float32 [N]: the score of what misses the bound, 0 of what keeps it."""
        bound = self.arena.bound_ms[self.accelerator]
        score = best_quality({"latency_ms": bound}).score(
            np.zeros(len(self.feasible), np.float32), {"latency_ms": self.arena.latency_ms[self.accelerator]}
        )
        return np.where(self.feasible, np.float32(0), np.asarray(score))

    @cached_property
    def excess(self) -> np.ndarray:
        """float64 [N]: by how far latency misses the bound, as a share of it; 0 of what keeps it."""
        over = self.arena.latency_ms[self.accelerator] / self.arena.bound_ms[self.accelerator] - 1.0
        return np.where(self.feasible, 0.0, over)

    def hypervolume(self, rows: np.ndarray) -> float:
        """Of networks int [n] by expected quality and latency, as a share of the arena's own within the bound."""
        return self._volume(rows) / self._whole

    @cached_property
    def _whole(self) -> float:
        return self._volume(np.flatnonzero(self.feasible))

    def _volume(self, rows: np.ndarray) -> float:
        able = rows[self.feasible[rows]]
        points = np.stack([-self.arena.quality[able], self.arena.latency_ms[self.accelerator][able]], axis=1)
        reference = [-REFERENCE_SHARE * self.arena.baseline_quality, self.arena.bound_ms[self.accelerator]]
        return float(moocore.hypervolume(points.astype(np.float64), ref=reference)) if len(able) else 0.0


def make_cells(tasks: tuple[str, ...], accelerators: tuple[str, ...], results: Path = SHIPPED) -> list[Cell]:
    """Every task on every accelerator; raises what `enumerate_arena` does.

    results: directory of SCORES_FILE.
    """
    cells = []
    for task in tasks:
        arena = enumerate_arena(task, accelerators)
        pool = read_pool(results / SCORES_FILE, task, arena)
        cells += [Cell(task, accelerator, arena, pool) for accelerator in accelerators]
    return cells


def read_pool(file: Path, task: str, arena: Arena) -> Pool:
    """The arena's networks in the table of scores; none where that has none."""
    found = read_own_csv(file).to_dict("records") if file.exists() else []
    own = [row for row in found if row["task"] == task and row.get("space") == ARENA]
    if not own:
        return Pool(np.zeros(0, int), {})
    genotypes = np.array([row["genotype"].split() for row in own], int)
    rows = np.asarray(np.ravel_multi_index(tuple(genotypes.T), arena.cardinalities))
    columns = {str(name): np.array([row[name] for row in own]) for name in own[0] if name not in NOT_SCORES}
    return Pool(rows, {name: values for name, values in columns.items() if np.isfinite(values).any()})


def training_of(cells: list[Cell], seeds: np.ndarray, objectives: int = 1) -> Callable[[Any, jax.Array], jax.Array]:
    """What a search sees: of search number `place`, which is of cell place % C, genotypes [b, D] to scores [b].

    seeds: uint32 [S], one for each search.  objectives: 2 for scores [b, 2], latency in ms the second.  A training's
    quality is the expected one and noise that depends on the seed and the network alone, so that a network that is
    asked of again has not changed.
    """
    quality, seed_std, penalty = (
        jnp.asarray(np.stack(parts))
        for parts in zip(*((c.arena.quality, c.arena.seed_std, c.penalty) for c in cells), strict=True)
    )
    latency_ms = jnp.asarray(np.stack([c.arena.latency_ms[c.accelerator] for c in cells]))
    shape, drawn = cells[0].arena.cardinalities, jnp.asarray(seeds, jnp.uint32)

    def evaluate(place: Any, genotypes: jax.Array) -> jax.Array:
        cell, rows = place % len(cells), table_index(genotypes, shape)
        trained = quality[cell, rows] + seed_std[cell, rows] * noise(drawn[place], rows)
        missed = penalty[cell, rows]
        if objectives == 1:
            return jnp.where(missed > 0, missed, -trained)
        return jnp.where(missed[:, None] > 0, missed[:, None], jnp.stack([-trained, latency_ms[cell, rows]], axis=1))

    return evaluate
