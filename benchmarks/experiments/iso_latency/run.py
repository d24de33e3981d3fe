"""The best network at the baseline's latency (the article's section 4: larger, more accurate, no slower).

Writes results/iso_latency/iso_latency.csv, two rows for each task and accelerator; run: accelnas reproduce iso_latency.
Of the best network found in each space by the table (results/truth/truth.csv, `accelnas reproduce truth`) the one of
highest expected quality that compiled whole is within the baseline's latency.  Nothing is trained or searched here.
"""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.iso_latency.settings import Settings
from benchmarks.problem import exact_cost
from benchmarks.store.files import read_own_csv, write_table
from benchmarks.tables.design import table_spaces
from benchmarks.tables.model_rows import Model, model_rows
from benchmarks.tables.models import Models, Row, load_models
from benchmarks.tables.optima import ROUNDING
from hw_model.vela.measurements import MeasurementCache
from tasks.spaces.registry import article_space

__all__ = ["Settings", "run"]


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Compile, print and write.  Raises BenchmarkInputError where truth.csv has no row of a task and accelerator."""
    home.mkdir(parents=True, exist_ok=True)
    truth = read_own_csv(settings.tables / "truth" / "truth.csv").sort_values(
        "own_quality", ascending=False, kind="stable"
    )
    rows: list[Row] = []
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for task in settings.task:
            models = load_models(task, settings.tables)
            for accelerator in settings.accelerators:
                own = truth.loc[(truth["task"] == task) & (truth["accelerator"] == accelerator)]
                model = best_within_latency(models, own, accelerator, cache)
                rows += [{"task": task} | row for row in model_rows(models, [model], accelerator, cache)]
            print(
                pd.DataFrame(rows[-2 * len(settings.accelerators) :]).drop(columns=["network"]).to_string(index=False)
            )
    for row in rows:
        base = next(r for r in rows if (r["task"], r["accelerator"]) == (row["task"], row["accelerator"]))
        row |= {f"{name}_ratio": row[name] / base[name] for name in ("macs", "param_bytes")}
    write_table(folder / "iso_latency.csv", pd.DataFrame(rows))


def best_within_latency(models: Models, truth: pd.DataFrame, accelerator: str, cache: MeasurementCache) -> Model:
    """The first of truth's rows whose network is within the baseline's latency, both compiled whole."""
    bound = exact_cost(models.baseline.blocks, accelerator, cache).latency_ms
    known = table_spaces(models.table.task)
    found = truth.dropna(subset="own_genotype")  # of a space with nothing within the bound there is none
    for name, genotype in zip(found["space"], found["own_genotype"], strict=True):
        space = known[name] if name in known else article_space(models.table.task, name)
        network = models.of_space(space, [int(choice) for choice in genotype.split()])
        if exact_cost(network.blocks, accelerator, cache).latency_ms <= bound * (1 + ROUNDING):
            return Model("Best at the baseline's latency", math.nan, network, {"space": name})
    raise BenchmarkInputError(
        f"truth.csv: no network of {models.table.task.name} within the baseline's latency on {accelerator}; "
        "`accelnas reproduce truth` makes it"
    )
