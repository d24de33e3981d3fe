"""How large the spaces are, and what auto-curation keeps on which accelerator.

Writes results/spaces/spaces.csv, a row for each task, space and accelerator; run: accelnas reproduce spaces.
log10_size: of the number of genotypes. factor: what all channels are multiples of; in a curated space the accelerator's
parallelism factor. channel_genotypes: choices of all channels and of the width multiplier together; channel_settings:
how many different channels of the whole network they come to. seconds: to make the space, sweeping the cost model
included.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Collection
from pathlib import Path

import jax
import numpy as np
import pandas as pd

from benchmarks.experiments.spaces.settings import Settings
from benchmarks.problem import space_for
from benchmarks.store.files import write_table
from tasks.registry import TASKS, make_task
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.moves import sample
from tasks.spaces.registry import SKELETONS, space_names
from tasks.spaces.space import SearchSpace

DRAWN = 500


def channel_counts(space: SearchSpace, names: Collection[str]) -> dict[str, int]:
    """Genotypes of the named decisions and the width multiplier, and how many different channels they come to.

    With a multiplier all are listed.  Without one, different choices are different channels.
    """
    choices = [
        n if d.name in (*names, MULTIPLIER) else 1 for d, n in zip(space.decisions, space.cardinalities, strict=True)
    ]
    genotypes = settings = math.prod(choices)
    if any(decision.name == MULTIPLIER for decision in space.decisions):
        # the other decisions' first choices leave no stage and no step of the decoder out
        listed = np.array(list(itertools.product(*map(range, choices))), np.int32)
        settings = len(np.unique(space.lower(listed).out_channels, axis=0))
    return {"channel_genotypes": genotypes, "channel_settings": settings}


def common_factor(space: SearchSpace) -> int:
    """What all channels of DRAWN random networks are multiples of, those of the predicting layer left out."""
    workload = space.lower(np.asarray(sample(jax.random.key(0), space.cardinalities, DRAWN)))
    return int(np.gcd.reduce(workload.out_channels[:, :-1][workload.mask[:, :-1]]))


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Make every space and say what is in it."""
    rows = []
    for task in TASKS:
        for name in space_names(task):
            for accelerator in settings.accelerators if name in ("curated", "auto-curated") else ("any",):
                started = time.perf_counter()
                space = space_for(
                    make_task(task), name, settings.accelerators[0] if accelerator == "any" else accelerator
                )
                channels = [d for d in space.decisions if d.name in SKELETONS[task].channels and name != "uncurated"]
                rows.append(
                    {
                        "task": task,
                        "space": name,
                        "accelerator": accelerator,
                        "decisions": len(space.decisions),
                        "log10_size": math.log10(space.size),
                        "factor": common_factor(space),
                        **channel_counts(space, SKELETONS[task].channels),
                        "seconds": time.perf_counter() - started,
                        "channels": "; ".join(f"{d.name} {' '.join(map(str, d.choices))}" for d in channels),
                    }
                )
    table = pd.DataFrame(rows)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "spaces.csv", table, digits=3)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3g}", max_colwidth=80))
