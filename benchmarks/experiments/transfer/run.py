"""What becomes of the best detector on another task or data set: as it is, adapted by the expert, or searched anew.

Writes results/transfer/transfer.csv; run: accelnas reproduce transfer, after detection and iso_latency.  As it is: the
encoder's channels, kinds, expansions and kernels of detection.csv's network in the target's baseline, whose strides,
head and decoder stay.  Expert-adapted: that, with the expert's rules for least latency.  Searched anew:
iso_latency.csv's.  `trainings` is what each would take.  On another data set costs are the same and no table tells the
quality: its columns are empty there.  Nothing is trained or searched here.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.transfer.settings import Settings
from benchmarks.store.files import write_table
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.models import Model, Models, Row, load_models, model_rows
from benchmarks.tables.summaries import blocks_of
from hw_model.blocks import Block
from hw_model.predict import parallelism_factor, predict
from hw_model.vela.measurements import MeasurementCache
from tasks.expert.chains import set_channels
from tasks.expert.procedure import ExpertSettings, improve

__all__ = ["Settings", "run"]

SOURCE, OTHER_DATA = "detection", "detection on photo_objects"
TARGETS = ("segmentation", "classification")
SEARCHED = 12_800
"""Networks that each search behind iso_latency.csv asked for (`accelnas reproduce truth`)."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Rewrite, compile, print and write.  Raises BenchmarkInputError where detection.csv lacks the model."""
    home.mkdir(parents=True, exist_ok=True)
    detectors = pd.read_csv(SHIPPED / "detection" / "detection.csv").to_dict("records")
    best = pd.read_csv(SHIPPED / "iso_latency" / "iso_latency.csv").to_dict("records")
    rows: list[Row] = []
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for accelerator in settings.accelerators:
            rows += [
                _on_other_data(_one(detectors, model=name, accelerator=accelerator))
                for name in ("Baseline", settings.model)
            ]
        for task in TARGETS:
            models = load_models(task)
            for accelerator in settings.accelerators:
                source = _one(detectors, model=settings.model, accelerator=accelerator)
                anew = _one(best, task=task, accelerator=accelerator, model="Best at the baseline's latency")
                rows += transfer_rows(models, source["network"], anew, accelerator, cache)
    table = pd.DataFrame(rows)
    write_table(folder / "transfer.csv", table)
    shown = ["target", "model", "accelerator", "latency_reduction_pct", "quality", "quality_difference", "trainings"]
    print(table[shown].round(4).to_string(index=False))


def transfer_rows(models: Models, summary: str, anew: Row, accelerator: str, cache: MeasurementCache) -> list[Row]:
    """The rows of one target on one accelerator, its baseline first."""
    start = models.baseline.blocks
    moved = as_it_is(start, summary)
    adapted, _ = improve(
        moved, lambda blocks: predict(blocks, accelerator).cost, parallelism_factor(accelerator), ExpertSettings()
    )
    chosen = [
        Model(name, math.nan, models.rewritten(blocks), {"trainings": 0})
        for name, blocks in (("As it is", moved), ("Expert-adapted", adapted))
    ]
    rows = model_rows(models, chosen, accelerator, cache)
    rows.append(
        {name: anew[name] for name in rows[0] if name in anew} | {"model": "Searched anew", "trainings": SEARCHED}
    )
    told = {"source": SOURCE, "target": models.table.task.name}
    return [told | {name: value for name, value in row.items() if name != "article_reduction_pct"} for row in rows]


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
    changed = [
        replace(block, kind=each.kind, expansion=each.expansion, kernel=each.kernel)
        for block, each in zip(start, told, strict=False)
    ]
    channels = [each.channels for each in told] + [block.out_channels for block in start[encoder:]]
    return set_channels((*changed, *start[encoder:]), channels)


def _on_other_data(row: dict[str, Any]) -> Row:
    kept = (
        "accelerator",
        "latency_ms",
        "latency_reduction_pct",
        "param_bytes",
        "peak_activation_bytes",
        "macs",
        "energy_mj",
    )
    name = "Baseline" if row["model"] == "Baseline" else "As it is"
    told = {"source": SOURCE, "target": OTHER_DATA, "model": name, "trainings": 0, "quality_source": "not known"}
    return told | {key: row[key] for key in kept} | {"network": row["network"]}


def _one(rows: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    for row in rows:
        if all(row[name] == value for name, value in wanted.items()):
            return row
    raise BenchmarkInputError(f"transfer: no row of {', '.join(wanted.values())}; allowed: those of the shipped CSVs")
