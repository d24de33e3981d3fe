"""A space of each task that is small enough to enumerate, with what its trained table says of every network in it.

Decided: the width multiplier, the channels of the last two stages, and the kind of each of the baseline's eight blocks
in the stages: 3^11 networks.  It is the article's third space with two decisions over channels more; all else is as the
baseline has it.  Qualities are what the surrogate expects, latencies what the estimator says, so that an optimum is
exact *of these*, and no search is needed to know it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import numpy as np

from benchmarks.tables.optima import ROUNDING, baseline_figures
from benchmarks.tables.query import TrainedTable, load_table
from nas_algos.tabular import all_genotypes
from tasks.spaces.layer import Choice
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import CHANNEL_STEP, curated_space, space_over
from tasks.spaces.space import SearchSpace
from tasks.task import Task

CHUNK = 81
"""Networks of one compiled call, so that what they compute stays in a core's cache; 3^4, of which N is a multiple."""
STAGES = 2
"""Last ones, whose channels are decided."""


def arena_space(task: Task) -> SearchSpace:
    """The space to enumerate, channels multiples of eight or of the largest part of it that divides the baseline's, so
    that genotype 0, 1, 1, 0, ... is the baseline.
    """
    skeleton = skeleton_for(task)
    numbers = range(len(skeleton.stages) - STAGES + 1, len(skeleton.stages) + 1)
    step = math.gcd(CHANNEL_STEP, *(skeleton.stages[number - 1].channels for number in numbers))
    curated = {each.name: each.choices for each in curated_space(skeleton, task.output_channels, step).decisions}
    kinds = {name: choices for name, choices in skeleton.fusions().items() if "up" not in name}
    choices: dict[str, tuple[Choice, ...]] = {
        MULTIPLIER: curated[MULTIPLIER],
        **{f"channels_{number}": curated[f"channels_{number}"] for number in numbers},
        **kinds,
    }
    return space_over(skeleton, "arena", choices, task.output_channels, step)


def in_uncurated(space: SearchSpace, genotype: tuple[int, ...], uncurated: SearchSpace) -> tuple[int, ...]:
    """The genotype of the same network in the uncurated space over the same skeleton."""
    return uncurated.encode(space.effective(genotype))


@dataclass(frozen=True, eq=False)
class Arena:
    """All N networks of a space, the last decision changing fastest."""

    cardinalities: tuple[int, ...]
    quality: np.ndarray
    """float32 [N]: expected over seeds."""
    seed_std: np.ndarray
    """float32 [N]: of a single training about that."""
    macs: np.ndarray
    """float32 [N]."""
    params: np.ndarray
    """float32 [N]: bytes of parameters as compiled."""
    latency_ms: dict[str, np.ndarray]
    """float32 [N] by accelerator."""
    bound_ms: dict[str, float]
    """The baseline's latency by accelerator."""
    baseline_quality: float
    """Expected of the task's baseline."""

    def feasible(self, accelerator: str) -> np.ndarray:
        """bool [N]: within the baseline's latency, but for the last bits of single precision."""
        return self.latency_ms[accelerator] <= self.bound_ms[accelerator] * (1 + ROUNDING)


def enumerate_arena(task: str, accelerators: tuple[str, ...]) -> Arena:
    """Ask the shipped table of a task of every network of its arena.

    Raises TaskInputError for an unknown task, HardwareInputError for an unknown accelerator, BenchmarkInputError where
    a file of the table is missing.
    """
    layout = load_table(task)
    table = load_table(task, arena_space(layout.task))
    found = {name: _asked(table, name, all_genotypes(table.space.cardinalities)) for name in accelerators}
    known = baseline_figures(layout, accelerators)
    first = found[accelerators[0]]
    return Arena(
        table.space.cardinalities,
        first["quality"],
        first["seed_std"],
        first["macs"],
        first["params"],
        {name: each["latency_ms"] for name, each in found.items()},
        {name: latency_ms for name, (latency_ms, _) in known.items()},
        known[accelerators[0]][1],
    )


def _asked(table: TrainedTable, accelerator: str, genotypes: np.ndarray) -> dict[str, np.ndarray]:
    answers = table.answers(accelerator)

    def ask(rows: jax.Array) -> dict[str, jax.Array]:
        found = answers(rows)
        return {
            "quality": found.quality,
            "seed_std": found.seed_std,
            "macs": found.cost.macs,
            "params": found.cost.param_bytes,
            "latency_ms": found.cost.latency_ms,
        }

    chunks = genotypes.reshape(-1, min(CHUNK, len(genotypes)), genotypes.shape[1])
    found = jax.jit(lambda chunks: jax.lax.map(ask, chunks))(chunks)
    return {name: np.asarray(values).reshape(-1) for name, values in found.items()}
