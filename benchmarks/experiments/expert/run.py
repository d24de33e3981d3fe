"""The expert in the loop: rewrite rules on each task's baseline, each step with what it saved.

Writes results/expert/expert.csv, a row for each step tried, and for each network a row "start" and a row "end", on
three tasks, three accelerators and both objectives; run: accelnas reproduce expert.

Steps are evaluated by the accelerator's estimator, and so are their columns.  compiled_latency_ms and
compiled_memory_bytes, of start and end alone, are of the network compiled whole.  memory_bytes: parameters and peak
activations.  objective_share: of the start's latency or memory, by the estimator; compiled_share: by the compiler.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.experiments.expert.settings import Settings
from benchmarks.problem import baseline_blocks
from benchmarks.search.expert import STEP_COLUMNS, expert_architecture, step_rows
from benchmarks.store.files import write_table
from hw_model.vela.measurements import MeasurementCache
from tasks.expert.procedure import Objective
from tasks.registry import TASKS, make_task

OBJECTIVES: tuple[Objective, ...] = ("latency", "memory")


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Apply the rules to all baselines, print what they reach, write all steps."""
    rows = []
    home.mkdir(parents=True, exist_ok=True)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for name in TASKS:
            for accelerator in settings.accelerators:
                for objective in OBJECTIVES:
                    task = make_task(name)
                    end, steps = expert_architecture(task, accelerator, objective)
                    first = {"task": name, "accelerator": accelerator, "objective": objective}
                    found = step_rows(baseline_blocks(task), end, steps, accelerator, objective, cache)
                    rows += [first | row for row in found]
    table = pd.DataFrame(rows, columns=pd.Index(["task", "accelerator", "objective", *STEP_COLUMNS]))
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "expert.csv", table)
    shown = ("task", "accelerator", "objective", "rule", "macs", "params", "objective_share", "compiled_share")
    ends = pd.DataFrame([row for row in rows if row["rule"] in ("start", "end")], columns=pd.Index(shown))
    print(ends.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
