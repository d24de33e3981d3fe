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
    predicted, trained, stds, seed_stds = list[float](), list[float](), list[float](), list[float]()
    for cell in cells:
        if not cell.space:
            continue
        network = models.of_space(models.table.layout, cell.genotypes[0])
        known = models.quality_of(network).get(("trained", "search"))
        if known is None or network.blocks == models.baseline.blocks:
            continue
        expected = predict(models.table.surrogate, network.features[None])
        predicted.append(float(expected.quality[0]))
        trained.append(known.quality)
        stds.append(float(expected.std[0]))
        seed_stds.append(float(expected.seed_std[0]))
    if len(trained) < 2:
        return None
    mean, low, high = mean_interval((np.array(predicted) - trained).tolist())
    return {
        **{"task": task, "networks": len(trained)},
        **{"predicted": float(np.mean(predicted)), "predicted_std": float(np.mean(stds))},
        **{"trained": float(np.mean(trained)), "seed_std": float(np.mean(seed_stds))},
        **{"difference": mean, "difference_low": low, "difference_high": high},
    }
