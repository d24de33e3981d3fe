"""How much a quality on test images could change with the few photographs that stand behind them."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from benchmarks.statistics.intervals import bootstrap_interval
from tasks.task import Task

# the metric is computed as often; a detection takes seconds each time
RESAMPLES = 100


def photograph_interval(
    task: Task, examples: Any, predictions: Any, resamples: int = RESAMPLES
) -> tuple[float, float, float]:
    """A network's quality and its 95% interval over the choice of photographs: all images of one are drawn together.

    examples, predictions: as `task.quality` takes them.  The ends are NaN for data that was not composed over
    photographs, or over one alone.
    """
    arrays = jax.tree.map(np.asarray, predictions)

    def quality(rows: np.ndarray) -> float:
        return task.quality(examples.take(rows), jax.tree.map(lambda leaf: leaf[rows], arrays))[task.metric]

    value, behind = quality(np.arange(len(examples))), getattr(examples, "photographs", np.empty(0))
    clusters = [np.flatnonzero(behind == photograph) for photograph in np.unique(behind)]
    if len(clusters) < 2:
        return value, math.nan, math.nan
    return value, *bootstrap_interval(clusters, quality, resamples=resamples)
