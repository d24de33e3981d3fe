"""Which inverted bottlenecks are worth fusing: each block of the baseline fused alone."""

from __future__ import annotations

import math

from benchmarks.tables.model_rows import Model, model_rows
from benchmarks.tables.models import Models, Row
from hw_model.vela.measurements import MeasurementCache
from tasks.spaces.registry import article_space


def fusion_rows(models: Models, accelerator: str, cache: MeasurementCache) -> list[Row]:
    """A row for each block and each of its fused kinds: compiled whole, with MACs and mAP beside the baseline's."""
    space = article_space(models.table.task, "V2")
    baseline = (0,) * len(space.decisions)
    chosen = []
    for place, decision in enumerate(space.decisions):
        for index, choice in enumerate(decision.choices[1:], start=1):
            genotype = (*baseline[:place], index, *baseline[place + 1 :])
            more = {"decision": decision.name, "choice": choice}
            chosen.append(Model("fused alone", math.nan, models.of_space(space, genotype), more))
    base, *rows = model_rows(models, chosen, accelerator, cache)
    kept = ("accelerator", "decision", "choice", "latency_ms", "latency_reduction_pct", "macs", "seeds")
    kept += ("quality_source", "quality_difference", "quality_difference_low", "quality_difference_high")
    return [{name: row[name] for name in kept} | {"macs_ratio": row["macs"] / base["macs"]} for row in rows]
