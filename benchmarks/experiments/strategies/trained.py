"""The trained tables as problems: each network of a task's arena (3^11 of them) on one accelerator.

Quality is what the surrogate of the task's trainings expects, latency what the accelerator's estimator says; a draw is
a training of every network, its noise what the surrogate says that seeds do to that network.
"""

from __future__ import annotations

import numpy as np

from benchmarks.fidelities import FIDELITIES
from benchmarks.tables.arena import Arena, enumerate_arena
from nas_algos.tabular import Table, make_table

ACCELERATOR = "ethos-u65-512"
DRAWS = 30
"""As many as a peer has seeds, so that no two of its searches see the same trainings."""
TRAINED: dict[str, str] = {f"trained-{task}": task for task in FIDELITIES}
"""Tasks by the names of their problems."""


def trained_table(name: str) -> Table:
    """The table of a problem of TRAINED; raises what `enumerate_arena` does."""
    return arena_table(name, enumerate_arena(TRAINED[name], (ACCELERATOR,)), ACCELERATOR)


def arena_table(name: str, arena: Arena, accelerator: str) -> Table:
    """Columns error, 0 of the best and 1 of the worst expected quality, and latency in ms.

    Its scores are expected ones, not the means of its DRAWS draws; the reference point is the worst of the space in
    both columns, as with NAS-Bench-Macro.
    """
    quality, latency_ms = (np.asarray(each, np.float64) for each in (arena.quality, arena.latency_ms[accelerator]))
    spread = np.ptp(quality)
    error = (quality.max() - quality) / spread
    noise = np.random.default_rng(0).standard_normal((DRAWS, len(error))) * (arena.seed_std / spread)
    table = make_table(name, arena.cardinalities, np.stack([error, latency_ms], 1), (1.0, latency_ms.max()))
    return table._replace(draws=np.stack([error + noise, np.broadcast_to(latency_ms, noise.shape)], 2))
