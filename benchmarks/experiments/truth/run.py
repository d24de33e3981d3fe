"""The best networks of each space by its trained table, within the baseline's latency and at the baseline's quality.

Writes results/truth/truth.csv, a row for each task, space and accelerator, and truth_fronts.csv, a row for each network
of the fronts of enumerated spaces; run: accelnas reproduce truth.  Quality is what the surrogate expects, latency what
the estimator says.  The article's spaces are enumerated, so that their rows are exact; of larger spaces it is the best
that a long search found (NSGA-II for quality and latency) there or in a smaller space that they hold, which a better
search may surpass: `how` says which.  Nothing is trained.

best_quality: highest within latency_bound_ms, the baseline's; least_latency_ms: least at its quality or better, the
baseline's being what the surrogate expects of it too; front: networks that no other of the space is better than in
both; genotype, how: the network of best_quality, and how it was found; own_quality, own_genotype: the best within
latency_bound_ms that was found in that space itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.experiments.truth.fronts import EXACT, Known, known_of
from benchmarks.experiments.truth.settings import Settings
from benchmarks.store.files import write_table
from benchmarks.tables.design import table_spaces
from benchmarks.tables.optima import ROUNDING, baseline_figures, best_within
from benchmarks.tables.query import TrainedTable, load_table
from tasks.registry import make_task
from tasks.spaces.registry import ARTICLE_SPACES

__all__ = ["Settings", "run"]


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Enumerate and search, print and write."""
    rows, members = [], []
    for task in settings.task:
        baselines = baseline_figures(load_table(task), settings.accelerators)
        names = dict.fromkeys([*ARTICLE_SPACES[task], *table_spaces(make_task(task))])
        tables = {name: load_table(task, name) for name in names}
        known = {accelerator: known_of(tables, accelerator, settings) for accelerator in settings.accelerators}
        for name, table in tables.items():
            for accelerator in settings.accelerators:
                own = known[accelerator][name]
                first = {"task": task, "space": name, "accelerator": accelerator}
                rows.append(first | space_row(table, own, *baselines[accelerator]))
                if own.how[0] == EXACT:
                    members += [first | each for each in front_rows(own)]
            print(
                pd.DataFrame(rows[-len(settings.accelerators) :])
                .drop(columns=["genotype", "own_genotype"])
                .to_string(index=False)
            )
    write_table(folder / "truth.csv", pd.DataFrame(rows))
    write_table(folder / "truth_fronts.csv", pd.DataFrame(members))


def space_row(table: TrainedTable, known: Known, bound: float, level: float) -> dict[str, Any]:
    """A space's row.  bound, level: the baseline's latency in ms and quality."""
    quality, latency = -known.scores[:, 0], known.scores[:, 1]
    good = latency[quality >= level - ROUNDING]

    def best(scores: np.ndarray) -> tuple[str, float, str]:
        for place in best_within(scores, bound)[:1]:
            return known.how[place], float(quality[place]), _text(known.genotypes[place])
        return known.how[0], np.nan, ""

    how, best_quality, genotype = best(known.scores)
    _, own_quality, own_genotype = best(known.scores[: known.own])
    return {
        "log10_size": float(np.log10(float(table.space.size))),
        "how": how,
        "latency_bound_ms": bound,
        "baseline_quality": level,
        "best_quality": best_quality,
        "least_latency_ms": float(good.min()) if len(good) else np.nan,
        "front": len(known.front),
        "genotype": genotype,
        "own_quality": own_quality,
        "own_genotype": own_genotype,
    }


def front_rows(known: Known) -> list[dict[str, Any]]:
    """The networks of the front, the fastest first."""
    return [
        {"genotype": _text(known.genotypes[place]), "latency_ms": latency, "quality": -minus_quality}
        for place, (minus_quality, latency) in zip(known.front, known.scores[known.front].tolist(), strict=True)
    ]


def _text(genotype: np.ndarray) -> str:
    return " ".join(map(str, genotype.tolist()))
