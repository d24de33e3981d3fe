"""Five segmentation networks that keep the baseline's mIoU (the article's section 3, its models A to E).

Writes results/segmentation/segmentation.csv, a row for each model and accelerator, and segmentation_front.csv, all of
the front they are from; run: accelnas reproduce segmentation.  Channels, fusion, and the sizes of input and output are
searched by evolution (NSGA-II) for mIoU and latency, by what the table expects of each network.  The rule: E is the
fastest network of the front whose expected mIoU is no more than the tolerance below the baseline's, A the one of
highest expected mIoU within the baseline's latency; B, C and D are the best within latencies that divide the way from A
to E in four.
Nothing is trained here (`--live` does that): `quality_source` says where a quality comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.experiments.segmentation.settings import Settings
from benchmarks.store.files import write_table
from benchmarks.tables.model_rows import Model, keeps, model_rows
from benchmarks.tables.models import Row, load_models
from benchmarks.tables.optima import ROUNDING, baseline_figures, evaluation_by, front, searched
from benchmarks.tables.query import load_table
from hw_model.vela.measurements import MeasurementCache

__all__ = ["Settings", "run"]

TASK, SPACE = "segmentation", "article"
ARTICLE_PCT = {"Model A": 27.0, "Model B": 37.0, "Model C": 38.0, "Model D": 41.0, "Model E": 51.0}


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Search, choose, compile, print and write."""
    home.mkdir(parents=True, exist_ok=True)
    models, table = load_models(TASK, settings.tables), load_table(TASK, SPACE, settings.tables)
    known = baseline_figures(models.table, settings.accelerators)
    rows, fronts = list[Row](), list[Row]()
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for accelerator in settings.accelerators:
            runs = searched(
                table.space.cardinalities, evaluation_by(table, accelerator), settings.evaluations, settings.searches
            )
            genotypes, scores = (np.concatenate(part) for part in zip(*runs, strict=True))
            kept = front(scores)
            places = five(scores[kept], *known[accelerator], settings.tolerance)
            chosen = [
                Model(name, pct, models.of_space(table.space, genotypes[kept[place]]))
                for (name, pct), place in zip(ARTICLE_PCT.items(), places, strict=True)
            ]
            rows += model_rows(models, chosen, accelerator, cache)
            fronts += [
                {"accelerator": accelerator, "estimated_ms": latency, "predicted": -quality, "genotype": text}
                for quality, latency, text in zip(
                    *scores[kept].T.tolist(),
                    (" ".join(map(str, each)) for each in genotypes[kept].tolist()),
                    strict=True,
                )
            ]
            print(pd.DataFrame(rows[-6:]).drop(columns=["network"]).to_string(index=False), flush=True)
    rows = [row | keeps(row, settings.tolerance) for row in rows]
    write_table(folder / "segmentation.csv", pd.DataFrame(rows))
    write_table(folder / "segmentation_front.csv", pd.DataFrame(fronts))


def five(scores: np.ndarray, bound: float, level: float, tolerance: float) -> Sequence[int]:
    """Rows of a front [n, 2] of minus quality and latency, by the rule above, A to E.

    bound, level: the baseline's latency and quality.  Where no network of the front is within the bound, or none keeps
    the quality, the nearest to that is taken.
    """
    quality, latency = -scores[:, 0], scores[:, 1]
    inside = latency <= bound * (1 + ROUNDING)
    inside = inside if inside.any() else latency == latency.min()
    keeps = inside & (quality >= level - tolerance - ROUNDING)
    best = int(np.argmax(np.where(inside, quality, -np.inf)))
    keeps = keeps if keeps.any() else quality == quality[best]
    fastest = int(np.argmin(np.where(keeps, latency, np.inf)))
    limits = np.linspace(latency[best], latency[fastest], len(ARTICLE_PCT))
    return [int(np.argmax(np.where(latency <= limit * (1 + ROUNDING), quality, -np.inf))) for limit in limits]
