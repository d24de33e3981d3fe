"""What becomes of the best detector on another task or data set: as it is, adapted by the expert, or searched anew.

Writes results/transfer/transfer.csv; run: accelnas reproduce transfer, after detection and iso_latency.  As it is: the
encoder's channels, kinds, expansions and kernels of detection.csv's network in the target's baseline, whose strides,
head and decoder stay.  Expert-adapted: that, with the expert's rules for least latency.  Searched anew:
iso_latency.csv's.  `trainings` is what each would take.  On another data set costs are the same, and quality is what
photo_objects.csv has of the network (accelnas reproduce transfer_photo_objects), its columns empty where it has none;
nothing is searched anew there, as no table tells what to search.  Nothing is trained or searched here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.transfer.settings import Settings
from benchmarks.store.files import read_own_csv, write_table
from benchmarks.tables.model_rows import Model, model_rows, quality_columns
from benchmarks.tables.models import Models, Quality, Row, load_models
from benchmarks.tables.optima import ENUMERATED
from benchmarks.tables.summaries import blocks_of, rewritten
from hw_model.blocks import Block
from hw_model.cost_models import parallelism_factor
from hw_model.predict import predict
from hw_model.vela.measurements import MeasurementCache
from tasks.expert.procedure import ExpertSettings, improve

__all__ = ["Settings", "run"]

SOURCE, OTHER_DATA, OTHER_DATA_FILE = "detection", "detection on photo_objects", "photo_objects.csv"
TARGETS = ("segmentation", "classification")
SEARCHED = re.compile(r"best of (\d+) x (\d+) by ")
"""What `how` of truth.csv says of a space that was searched."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Rewrite, compile, print and write.  Raises BenchmarkInputError where detection.csv lacks the model."""
    home.mkdir(parents=True, exist_ok=True)
    of_task = {task: load_models(task, settings.tables) for task in (SOURCE, *TARGETS)}
    best = read_own_csv(settings.tables / "iso_latency" / "iso_latency.csv").to_dict("records")
    truth = read_own_csv(settings.tables / "truth" / "truth.csv")
    trained = settings.tables / "transfer" / OTHER_DATA_FILE
    known = {row["network"]: row for row in read_own_csv(trained).to_dict("records")} if trained.exists() else {}
    rows: list[Row] = []
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for task, models in of_task.items():
            for accelerator, text in source_networks(settings).items():
                own = transfer_rows(models, text, accelerator, cache)
                if task == SOURCE:
                    rows += on_other_data(own, known)
                    continue
                anew = _one(best, task=task, accelerator=accelerator, model="Best at the baseline's latency")
                searched = {name: anew[name] for name in own[0] if name in anew}
                asked = networks_asked(truth.loc[(truth["task"] == task) & (truth["accelerator"] == accelerator)])
                rows += [*own, own[0] | searched | {"model": "Searched anew", "trainings": asked}]
    table = pd.DataFrame(rows)
    write_table(folder / "transfer.csv", table)
    shown = ["target", "model", "accelerator", "latency_reduction_pct", "quality", "quality_difference", "trainings"]
    print(table[shown].round(4).to_string(index=False))


def networks_asked(truth: pd.DataFrame) -> int:
    """Networks that the searches behind iso_latency.csv's best one asked the table for.

    truth: rows of truth.csv of one task and accelerator, each a space; those that were enumerated were not searched.
    """
    searched = int((truth["log10_size"].to_numpy() > math.log10(ENUMERATED)).sum())
    # "best of 2 x 6400 by nsga2", which all searches of a run are
    searches, evaluations = next(found.groups() for how in truth["how"] if (found := SEARCHED.match(how)))
    return searched * int(searches) * int(evaluations)


def source_networks(settings: Settings) -> dict[str, str]:
    """By accelerator, the network that is transferred.  Raises BenchmarkInputError where detection.csv lacks it."""
    rows = read_own_csv(settings.tables / SOURCE / f"{SOURCE}.csv").to_dict("records")
    return {name: _one(rows, model=settings.model, accelerator=name)["network"] for name in settings.accelerators}


def rewritten_networks(start: tuple[Block, ...], text: str, accelerator: str) -> dict[str, tuple[Block, ...]]:
    """What becomes of a target's baseline by a detector's network, without a search."""
    moved = as_it_is(start, text)
    adapted, _ = improve(
        moved, lambda blocks: predict(blocks, accelerator).cost, parallelism_factor(accelerator), ExpertSettings()
    )
    return {"As it is": moved, "Expert-adapted": adapted}


def transfer_rows(models: Models, text: str, accelerator: str, cache: MeasurementCache) -> list[Row]:
    """The rows of one target on one accelerator but for the search's, its baseline first."""
    found = rewritten_networks(models.baseline.blocks, text, accelerator)
    chosen = [Model(name, math.nan, models.rewritten(blocks), {"trainings": 0}) for name, blocks in found.items()]
    told = {"source": SOURCE, "target": models.table.task.name, "trainings": math.nan}
    return [
        told | {name: value for name, value in row.items() if name != "article_reduction_pct"}
        for row in model_rows(models, chosen, accelerator, cache)
    ]


def as_it_is(start: tuple[Block, ...], summary: str) -> tuple[Block, ...]:
    """The target's baseline with the encoder's choices of another task's network of as many blocks there.

    Raises BenchmarkInputError where the encoders have different numbers of blocks.
    """
    told = blocks_of(summary)[1][:-1]
    encoder = next(
        (place for place, block in enumerate(start) if block.kind in ("upsample", "global_pool")), len(start) - 1
    )
    if len(told) != encoder:
        raise BenchmarkInputError(f"transfer: {len(told)} blocks for an encoder of {encoder}; allowed: as many")
    return rewritten(start, told)


def on_other_data(rows: list[Row], known: Mapping[str, Row]) -> list[Row]:
    """Rows of detectors, the baseline first, with their quality on the other data; known: rows of it by network."""
    unknown = Quality(math.nan, math.nan, math.nan, 0, "not known", "")
    trained = {
        name: Quality(
            *(row["quality"], row["quality_low"], row["quality_high"]), row["seeds"], "trained", row["recipe"]
        )
        for name, row in known.items()
    }
    base = trained.get(rows[0]["network"], unknown)
    told = {"target": OTHER_DATA}
    return [row | quality_columns(trained.get(row["network"], unknown), base) | told for row in rows]


def _one(rows: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    for row in rows:
        if all(row[name] == value for name, value in wanted.items()):
            return row
    raise BenchmarkInputError(f"transfer: no row of {', '.join(wanted.values())}; allowed: those of the shipped CSVs")
