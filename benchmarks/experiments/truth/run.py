"""The best networks of each space by its trained table, within the baseline's latency and at the baseline's quality.

Writes results/truth/truth.csv, a row for each task, space and accelerator; run: accelnas reproduce truth.  Quality is
what the surrogate expects, latency what the estimator says.  The article's spaces are enumerated, so that their rows
are exact; of larger spaces it is the best that a long search found (NSGA-II for quality and latency), which a better
search may surpass: `how` says which.  Nothing is trained.

best_quality: highest within latency_bound_ms, the baseline's; least_latency_ms: least at its quality or better, the
baseline's being what the surrogate expects of it too; front: networks that no other of the space is better than in
both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.experiments.truth.settings import ENUMERATED, Settings
from benchmarks.store.files import write_table
from benchmarks.tables.design import table_spaces
from benchmarks.tables.optima import (
    ROUNDING,
    STRATEGY,
    baseline_figures,
    best_within,
    enumerated,
    evaluation_by,
    front,
    searched,
)
from benchmarks.tables.query import TrainedTable, load_table
from tasks.registry import make_task
from tasks.spaces.registry import ARTICLE_SPACES

__all__ = ["Settings", "run"]


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Enumerate and search, print and write."""
    rows = []
    for task in settings.task:
        baselines = baseline_figures(load_table(task), settings.accelerators)
        for name in dict.fromkeys([*ARTICLE_SPACES[task], *table_spaces(make_task(task))]):
            rows += list(space_rows(load_table(task, name), name, settings, baselines))
            print(pd.DataFrame(rows[-len(settings.accelerators) :]).drop(columns=["genotype"]).to_string(index=False))
    write_table(folder / "truth.csv", pd.DataFrame(rows))


def space_rows(
    table: TrainedTable, name: str, settings: Settings, baselines: dict[str, tuple[float, float]]
) -> Iterator[dict[str, Any]]:
    """A row for each accelerator.  baselines: as `baseline_figures`."""
    space = table.space
    for accelerator in settings.accelerators:
        evaluate = evaluation_by(table, accelerator)
        bound, level = baselines[accelerator]
        if space.size <= ENUMERATED:
            genotypes, scores = enumerated(space.cardinalities, evaluate)
            how = "enumerated"
        else:
            runs = searched(space.cardinalities, evaluate, settings.evaluations, settings.searches)
            genotypes, scores = (np.concatenate(part) for part in zip(*runs, strict=True))
            how = f"best of {settings.searches} x {settings.evaluations} by {STRATEGY}"
        quality, latency = -scores[:, 0], scores[:, 1]
        inside = best_within(scores, bound)
        good = np.flatnonzero(quality >= level - ROUNDING)
        best = inside[0] if len(inside) else None
        fastest = good[np.argmin(latency[good])] if len(good) else None
        yield {
            "task": table.task.name,
            "space": name,
            "accelerator": accelerator,
            "log10_size": float(np.log10(float(space.size))),
            "how": how,
            "latency_bound_ms": bound,
            "baseline_quality": level,
            "best_quality": np.nan if best is None else float(quality[best]),
            "least_latency_ms": np.nan if fastest is None else float(latency[fastest]),
            "front": len(front(scores)),
            "genotype": "" if best is None else " ".join(map(str, genotypes[best].tolist())),
        }
