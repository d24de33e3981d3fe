"""The trained tables as problems: each network of a task's arena (3^11 of them) on one accelerator.

Quality is what the surrogate of the task's trainings expects, latency what the accelerator's estimator says; what a
search sees of the quality is a training of each network, drawn for it alone with the noise that the surrogate says that
seeds do to that network.
"""

from __future__ import annotations

import numpy as np

from benchmarks.experiments.strategies.problems import Problem, problems_of
from benchmarks.fidelities import FIDELITIES
from benchmarks.tables.arena import Arena, enumerate_arena
from nas_algos.tabular import make_table

ACCELERATOR = "ethos-u65-512"
TRAINED: dict[str, str] = {f"trained-{task}": task for task in FIDELITIES}
"""Tasks by the names of their problems."""


def trained_problems(name: str) -> list[Problem]:
    """All that is sought in a table of TRAINED; raises what `enumerate_arena` does."""
    return arena_problems(name, enumerate_arena(TRAINED[name], (ACCELERATOR,)), ACCELERATOR)


def arena_problems(name: str, arena: Arena, accelerator: str) -> list[Problem]:
    """Columns error, 0 of the best and 1 of the worst expected quality, and latency in ms.

    Scores are expected ones; the reference point is the worst of the space in both columns, as with NAS-Bench-Macro.
    """
    quality, latency_ms = (np.asarray(each, np.float64) for each in (arena.quality, arena.latency_ms[accelerator]))
    spread = np.ptp(quality)
    error = (quality.max() - quality) / spread
    table = make_table(name, arena.cardinalities, np.stack([error, latency_ms], 1), (1.0, latency_ms.max()))
    return problems_of(table, arena.seed_std / spread)
