"""Problems that strategies are compared on: whole spaces as tables, and what is sought in them.

Three are reported.  Their latency is that of networks on a parametric NPU, by hw_model.tables.lookup; their error is a
formula, no training's: each layer gains with the logarithm of its capacity, and neighbours help or hinder each other.
Others, made up altogether, are for tuning defaults, so that nothing is tuned on what is reported.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jax.numpy as jnp
import moocore
import numpy as np

from benchmarks.errors import BenchmarkInputError
from hw_model.blocks import Block
from hw_model.cost import count_macs
from hw_model.npu.model import NPUS, npu_estimate
from hw_model.tables.lookup import Segment, from_model, table_latency_ms, tabulate
from nas_algos.objectives import best_quality
from nas_algos.tabular import Table, make_table, noise

SEEDS = 3
NOISE = 0.03  # of a training's error, which spans 0 to 1; NAS-Bench-Macro's seeds spread by about as much of its range

Option = tuple[str, int, int]
"""Kind, kernel and expansion of a block."""

_TRIO: tuple[Option, ...] = (("ibn", 3, 3), ("ibn", 5, 6), ("fused_ibn", 3, 3))
_FIVE: tuple[Option, ...] = (("ibn", 3, 2), ("ibn", 3, 6), ("ibn", 5, 4), ("fused_ibn", 3, 2), ("fused_ibn", 3, 4))


@dataclass(frozen=True)
class NpuProblem:
    """A chain of blocks on a parametric NPU.

    stages: per layer its input channels, output channels and stride.  options: per layer, what may stand there.
    size: input pixels along an edge.  slowest_ms: latency of the reference point (error 1), which every network stays
    below; published here, and to be changed with the name alone.
    """

    npu: str
    size: int
    stages: tuple[tuple[int, int, int], ...]
    options: tuple[tuple[Option, ...], ...]
    slowest_ms: float


REPORTED: dict[str, NpuProblem] = {
    "chain-8x3-npu-p16": NpuProblem(
        "npu-p16",
        48,
        ((16, 16, 1), (16, 24, 2), (24, 24, 1), (24, 40, 2), (40, 40, 1), (40, 40, 1), (40, 80, 2), (80, 80, 1)),
        (_TRIO,) * 8,
        0.9,
    ),
    "chain-6x5-npu-p32": NpuProblem(
        "npu-p32",
        64,
        ((16, 24, 2), (24, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 96, 1)),
        (_FIVE,) * 6,
        0.17,
    ),
    "chain-8x35-npu-p64": NpuProblem(
        "npu-p64",
        96,
        ((16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 48, 2), (48, 48, 1), (48, 64, 1), (64, 128, 2), (128, 128, 1)),
        (_FIVE, _TRIO) * 4,
        1.0,
    ),
}

TUNING: dict[str, NpuProblem] = {
    "tuning-8x3-npu-p32": NpuProblem(
        "npu-p32",
        64,
        ((8, 24, 2), (24, 24, 1), (24, 48, 2), (48, 48, 1), (48, 48, 1), (48, 72, 1), (72, 72, 1), (72, 120, 2)),
        (_TRIO,) * 8,
        0.6,
    ),
    "tuning-6x5-npu-p64": NpuProblem(
        "npu-p64",
        96,
        ((16, 16, 1), (16, 32, 2), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1)),
        (_FIVE,) * 6,
        0.75,
    ),
    "tuning-8x53-npu-p16": NpuProblem(
        "npu-p16",
        32,
        ((16, 24, 1), (24, 24, 1), (24, 40, 2), (40, 40, 1), (40, 56, 1), (56, 56, 1), (56, 80, 2), (80, 80, 1)),
        (_TRIO, _FIVE) * 4,
        1.0,
    ),
}


@functools.cache
def npu_table(name: str) -> Table:
    """The table of a problem of REPORTED or TUNING: columns error (0..1), with SEEDS noisy draws, and latency in ms.

    Raises BenchmarkInputError for an unknown name.
    """
    problems = REPORTED | TUNING
    if name not in problems:
        raise BenchmarkInputError(f"unknown problem {name!r}; allowed: {', '.join(problems)}")
    problem = problems[name]
    places = _places(problem)
    generator = np.random.default_rng(list(problems).index(name))
    shape = tuple(len(options) for options in places)
    genotypes = np.indices(shape).reshape(len(shape), -1).T
    tables = tabulate(places, from_model(lambda work: npu_estimate(NPUS[problem.npu], work), 2))
    latency = np.asarray(table_latency_ms(tables, jnp.asarray(genotypes)), float)
    error = _error(generator, places, genotypes)
    draws = np.clip(error + generator.normal(0, NOISE, (SEEDS, len(error))), 0, 1)
    return make_table(
        name, shape, np.stack([draws, np.broadcast_to(latency, draws.shape)], 2), (1.0, problem.slowest_ms)
    )


def _places(problem: NpuProblem) -> list[list[Segment]]:
    size, places = problem.size, []
    for (inputs, outputs, stride), options in zip(problem.stages, problem.options, strict=True):
        residual = stride == 1 and inputs == outputs
        blocks = [
            Block(kind, size, size, inputs, outputs, kernel, stride, expansion, residual)
            for kind, kernel, expansion in options
        ]
        places.append([(block,) for block in blocks])
        size = blocks[0].out_height
    return places


def _error(generator: np.random.Generator, places: Sequence[Sequence[Segment]], genotypes: np.ndarray) -> np.ndarray:
    """float[N], scaled to 0..1: less for more work in a layer, by its logarithm, with a term for each pair."""
    total = np.zeros(len(genotypes))
    for place, options in enumerate(places):
        capacity = np.log2([count_macs(segment) for segment in options])
        gain = generator.gamma(2.0) * capacity + generator.normal(0, 0.3, len(options))
        total -= gain[genotypes[:, place]]
        if place:
            pair = generator.normal(0, 0.5, (len(places[place - 1]), len(options)))
            total += pair[genotypes[:, place - 1], genotypes[:, place]]
    return (total - total.min()) / np.ptp(total)


def synthetic_table(decisions: int = 8, choices: int = 3, seed: int = 0) -> Table:
    """A made-up table, no real network's; for timing, where only its size matters, and for tuning.

    Error is a sum over decisions and over neighbouring ones, cost a sum over decisions; larger choices cost more and
    tend to err less.  Both are scaled to 0..1, and the reference point is (1, 1).
    """
    generator = np.random.default_rng(seed)
    shape = (choices,) * decisions
    genotypes = np.indices(shape).reshape(decisions, -1).T
    gains = np.sort(generator.gamma(1.0, size=(decisions, choices)), axis=1)
    pairs = generator.normal(0, 0.3, (decisions - 1, choices, choices))
    costs = np.cumsum(generator.gamma(2.0, size=(decisions, choices)), axis=1)
    position = np.arange(decisions)
    error = -gains[position, genotypes].sum(1) + pairs[position[:-1], genotypes[:, :-1], genotypes[:, 1:]].sum(1)
    scores = np.stack([error, costs[position, genotypes].sum(1)], axis=1)
    scores = (scores - scores.min(0)) / np.ptp(scores, axis=0)
    return make_table(f"synthetic-{decisions}x{choices}-{seed}", shape, scores, np.ones(2))


def tuning_tables() -> list[Table]:
    """What defaults may be tuned on; none is ever reported."""
    shapes = ((8, 3), (6, 5), (10, 3), (7, 4))
    made_up = [synthetic_table(*shape, seed=seed) for seed, shape in enumerate(shapes, start=100)]
    return [*made_up, *(npu_table(name) for name in TUNING)]


def nas_bench_macro(path: Path) -> Table:
    """NAS-Bench-Macro's CIFAR-10 error and MACs, both scaled to 0..1 over the table, with its three training seeds.

    path: its published nas-bench-macro_cifar10.json (https://github.com/xiusu/NAS-Bench-Macro), which is not part of
    this package.  Raises BenchmarkInputError when the file is not that.
    """
    try:
        rows = json.loads(path.read_text())
        found = {tuple(int(digit) for digit in name): row for name, row in rows.items()}
        genotypes = sorted(found)
        accuracy = np.array([found[genotype]["test_acc"] for genotype in genotypes], float).T
        macs = np.array([found[genotype]["flops"] for genotype in genotypes], float)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchmarkInputError(f"{path}: cannot be read as NAS-Bench-Macro ({error})") from error
    if len(genotypes) != math.prod((3,) * 8):
        raise BenchmarkInputError(f"{path}: has {len(genotypes)} networks; NAS-Bench-Macro has {3**8}")
    error = accuracy.mean(0).max() - accuracy
    scores = np.stack([error / np.ptp(accuracy.mean(0)), np.broadcast_to(macs / macs.max(), error.shape)], 2)
    return make_table("nas-bench-macro", (3,) * 8, scores, (1.0, 1.0))


BOUND_SHARE = 0.25
"""Share of a table's networks that keep the bound of its bounded problem."""


@dataclass(frozen=True, eq=False)
class Problem:
    """A table of errors and one cost, and what is sought in it."""

    table: Table
    goal: Literal["error", "bounded", "front"]
    """The least error, the least with the cost within `bound`, or the Pareto front of both."""
    seed_std: np.ndarray | None = None
    """float[N], of a training's error: search s of any strategy sees the trainings s; None: the table's own draws."""

    @functools.cached_property
    def bound(self) -> float:
        """Most of the cost: the BOUND_SHARE quantile over the table; infinite where it does not matter."""
        return float(np.quantile(self.table.scores[:, 1], BOUND_SHARE)) if self.goal == "bounded" else math.inf

    @functools.cached_property
    def feasible(self) -> np.ndarray:
        """bool[N]: networks within the bound."""
        return self.table.scores[:, 1] <= self.bound

    @functools.cached_property
    def errors(self) -> tuple[float, float]:
        """The least and the largest true error of a network within the bound."""
        able = self.table.scores[self.feasible, 0]
        return float(able.min()), float(able.max())

    @functools.cached_property
    def whole_volume(self) -> float:
        """Hypervolume of the whole table."""
        return self.volume(np.arange(len(self.table.scores)))

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the table, from which all else of the problem but its goal follows."""
        found = hashlib.sha256()
        more = () if self.seed_std is None else (self.seed_std,)
        for part in (self.table.scores, self.table.reference, self.table.trainings, *more):
            found.update(np.ascontiguousarray(part, np.float64).tobytes())
        return found.hexdigest()

    def volume(self, rows: np.ndarray) -> float:
        """Hypervolume of the scores of rows int[n], from the table's reference point."""
        seen = self.table.scores[rows]
        return float(moocore.hypervolume(seen[np.isfinite(seen).all(1)], ref=self.table.reference))

    def errors_seen(self, seed: int, rows: np.ndarray) -> np.ndarray:
        """Errors of the table's rows int[n] that search number `seed` sees, whether or not they keep the bound."""
        if self.seed_std is None:
            return self.drawn_errors[seed % len(self.drawn_errors), rows]
        word = np.uint32((self.word + seed) % 2**32)
        return self.table.scores[rows, 0] + self.seed_std[rows] * np.asarray(noise(word, rows))

    @property
    def word(self) -> int:
        """A uint32 that what searches see begins with, so that those of two problems see nothing alike."""
        return zlib.crc32(f"{self.table.name} {self.goal}".encode())

    @functools.cached_property
    def penalty(self) -> np.ndarray:
        """float32[N]: the score of what misses the bound, 0 of what keeps it."""
        if self.goal != "bounded":
            return np.zeros(len(self.table.scores), np.float32)
        cost = self.table.scores[:, 1]
        return np.asarray(best_quality({"cost": self.bound}).score(np.zeros(len(cost)), {"cost": cost}), np.float32)

    def seen(self) -> np.ndarray:
        """What strategies are told by the table's draws: float32[K, N] by training seed, or for a front the scores
        [1, N, 2].
        """
        if self.goal == "front":
            return self.table.scores[None].astype(np.float32)
        if self.goal == "error":
            return self.drawn_errors.astype(np.float32)
        costs = np.broadcast_to(self.table.scores[:, 1], self.drawn_errors.shape)
        return np.asarray(best_quality({"cost": self.bound}).score(-self.drawn_errors, {"cost": costs}), np.float32)

    @property
    def drawn_errors(self) -> np.ndarray:
        """float[K, N] by training seed of the table, whether or not a network keeps the bound."""
        return self.table.trainings[..., 0]


def problems_of(table: Table, seed_std: np.ndarray | None = None) -> list[Problem]:
    """All that is sought in a table; seed_std: as in `Problem`."""
    return [Problem(table, "error", seed_std), Problem(table, "bounded", seed_std), Problem(table, "front")]
