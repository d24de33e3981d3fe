"""What the surrogates that are shipped expect of the networks that the article's tables chose, and what these came to.

The searches of these tables went by the same surrogates, so their choices are where errors are largest, as the winners
of a round are.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.statistics.intervals import mean_interval
from benchmarks.tables.article import article_cells
from benchmarks.tables.design import Cell
from benchmarks.tables.models import Models, load_models
from benchmarks.tables.surrogate import predict


def choices_row(task: str, results: Path) -> dict[str, Any] | None:
    """A task's row; None where less than two of its choices are trained by the recipe search.

    Raises BenchmarkInputError where a table of the article, or of what it is made of, is missing or damaged.
    """
    models = load_models(task, results)
    return row_of(task, models, article_cells(results, models.table.task))


def row_of(task: str, models: Models, cells: Iterable[Cell]) -> dict[str, Any] | None:
    """The means over the different networks of cells that a space holds, but for the baseline."""
    features, trained = list[np.ndarray](), list[float]()
    for cell in cells:
        if not cell.space:
            continue
        network = models.of_space(models.table.layout, cell.genotypes[0])
        known = models.quality_of(network).get(("trained", "search"))
        if known is not None and network.blocks != models.baseline.blocks:
            features.append(network.features)
            trained.append(known.quality)
    if len(trained) < 2:
        return None
    predicted, std, seed_std = (np.asarray(each, float) for each in predict(models.table.surrogate, np.stack(features)))
    mean, low, high = mean_interval((predicted - trained).tolist())
    return {
        **{"task": task, "networks": len(trained)},
        **{"predicted": float(predicted.mean()), "predicted_std": float(std.mean())},
        **{"trained": float(np.mean(trained)), "seed_std": float(seed_std.mean())},
        **{"difference": mean, "difference_low": low, "difference_high": high},
    }
