"""What contests cost: seconds, energy and CO2 by stated models, per family and beside the article's search.

Seconds of a training are its FLOPs at the rate of the table's own trainings on that kind of machine: on a core the
median CPU seconds of some of them, compiled each (timings/training_cost.csv), on an accelerator, which many processes
share, that of a whole run (tables/gpu.csv).  Energy is those seconds at a stated power.  Nothing here was measured with
a meter.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from benchmarks.statistics.medians import median_by_task
from benchmarks.store.files import read_own_csv
from benchmarks.tables.jobs import MEANS

JOULES_PER_KWH = 3.6e6
ACCELERATOR_WATTS = 700.0
"""Of an H200 under load, its board alone (its maker's largest)."""
CORE_WATTS = 15.0
"""Of a server's core under load, with its share of memory and of losses in the power supply."""
KG_CO2_PER_KWH = 0.4
"""Of a grid such as the European Union's or the United States' in recent years, rounded."""
ARTICLE_GPU_DAYS = 2_000.0
"""What multi-shot search with full training can take at most, says the article."""
ARTICLE_WATTS = 300.0
"""Of a GPU of its time under load: a guess, as it names none."""


@dataclass(frozen=True)
class Machine:
    """A kind of machine that trained networks of the tables."""

    name: str
    watts: float
    s_per_tflop: dict[str, float]
    """By task; tasks that it trained none of are missing."""


def machines(results: Path, tasks: Collection[str]) -> list[Machine]:
    """The accelerator that trained the tables, and a core of each kind whose trainings were timed."""
    whole = accelerator_seconds(read_own_csv(results / "tables" / "gpu.csv"))
    costs = read_own_csv(results / "timings" / "training_cost.csv").to_dict("records")
    of_tasks = [{str(key): row[key] for key in row} for row in costs if row["task"] in tasks]
    cores = [
        Machine(f"a core of an {device}", CORE_WATTS, core_seconds(row for row in of_tasks if row["device"] == device))
        for device in dict.fromkeys(row["device"] for row in costs)
    ]
    accelerator = {task: whole[task] for task in tasks if task in whole}
    return [Machine("NVIDIA H200, networks trained many at once", ACCELERATOR_WATTS, accelerator), *cores]


def core_seconds(costs: Iterable[dict[str, Any]]) -> dict[str, float]:
    """CPU seconds of a core for 10^12 training FLOPs, by task, medians over networks.

    costs: rows of timings/training_cost.csv, of one kind of core.
    """
    return median_by_task(costs, lambda row: (row["cpu_s"] + row["compile_s"]) / row["train_flops"] * 1e12)


def accelerator_seconds(speeds: pd.DataFrame) -> dict[str, float]:
    """Seconds of the whole accelerator for 10^12 training FLOPs, by task: those of a run, from its start on, divided
    among its trainings as its processes spent theirs, and by what these took.

    speeds: tables/gpu.csv.
    """
    rows = [{str(key): value for key, value in row.items()} for row in speeds.to_dict("records")]
    spent = [sum(row[name] for name in MEANS) / row["at_once"] for row in rows]
    count = [row["n"] for row in rows]
    run = 3_600 * sum(number / row["candidates_per_hour"] for number, row in zip(count, rows, strict=True))
    share = run / sum(number * each for number, each in zip(count, spent, strict=True))
    return {row["task"]: each * share / row["tflop"] for row, each in zip(rows, spent, strict=True)}


def seconds(flops: float, task: str, machine: Machine) -> float:
    """Of so many training FLOPs; NaN where the machine trained none of the task."""
    return flops / 1e12 * machine.s_per_tflop.get(task, math.nan)


def kwh(flops: float, task: str, machine: Machine) -> float:
    """Energy of so many training FLOPs, likewise."""
    return seconds(flops, task, machine) * machine.watts / JOULES_PER_KWH


def ledger(table: pd.DataFrame, found: list[Machine]) -> pd.DataFrame:
    """A row for each task, budget, family and machine: means over contenders and accelerators of one search, which
    finds one network; and a row of the article's.

    table: head_to_head.csv.
    """
    rows: list[dict[str, Any]] = []
    groups: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for row in table.to_dict("records"):
        groups.setdefault((row["task"], row["budget"], row["family"]), []).append({str(k): row[k] for k in row})
    for (task, budget, family), part in sorted(groups.items()):
        flops = fmean(row["train_flops"] for row in part)
        for machine in found:
            energy = kwh(flops, task, machine)
            rows.append(
                {
                    **{"task": task, "budget": budget, "family": family, "machine": machine.name},
                    "example_passes": fmean(row["example_passes"] for row in part),
                    "train_flops": flops,
                    "seconds": seconds(flops, task, machine),
                    "kwh": energy,
                    "kg_co2e": energy * KG_CO2_PER_KWH,
                    "regret_pct": fmean(100 * row["regret"] / row["optimum"] for row in part),
                }
            )
    article = ARTICLE_GPU_DAYS * 86_400
    energy = article * ARTICLE_WATTS / JOULES_PER_KWH
    rows.append(
        {
            **{"task": "the article's", "family": "multi-shot", "machine": f"GPUs of {ARTICLE_WATTS:g} W, a guess"},
            **{"seconds": article, "kwh": energy, "kg_co2e": energy * KG_CO2_PER_KWH},
        }
    )
    return pd.DataFrame(rows)
