"""The expert in the loop: rewrite rules on each task's baseline, each step with what it saved.

Writes results/expert/expert.csv, a row for each step tried, and for each network a row "start" and a row "end", on
three tasks, three accelerators and both objectives; run: python -m benchmarks.experiments.expert.run.

Steps are judged by the accelerator's estimator, and so are their columns.  compiled_latency_ms and
compiled_memory_bytes, of start and end alone, are of the network compiled whole.  memory_bytes: parameters and peak
activations.  objective_share: of the start's latency or memory, by the estimator; compiled_share: by the compiler.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tyro

from benchmarks.home import DEFAULT_HOME
from benchmarks.search.expert import STEP_COLUMNS, expert_architecture, step_rows
from benchmarks.search.problem import baseline_blocks
from benchmarks.store.files import write_table
from hw_model.vela.measurements import MeasurementCache
from tasks.expert.procedure import Objective
from tasks.registry import TASKS, make_task

ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
OBJECTIVES: tuple[Objective, ...] = ("latency", "memory")


def main(
    accelerators: tuple[str, ...] = ACCELERATORS,
    home: Path = DEFAULT_HOME,
    output: Path = Path("results/expert"),
) -> None:
    """Apply the rules to all baselines, print what they reach, write all steps.

    Args:
        accelerators: Names that `accelnas list` prints, of known parallelism factor.
        home: Directory that measurements are kept in.
        output: Directory of the table.
    """
    rows = []
    home.mkdir(parents=True, exist_ok=True)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for name in TASKS:
            for accelerator in accelerators:
                for objective in OBJECTIVES:
                    task = make_task(name)
                    end, steps = expert_architecture(task, accelerator, objective)
                    told = {"task": name, "accelerator": accelerator, "objective": objective}
                    found = step_rows(baseline_blocks(task), end, steps, accelerator, objective, cache)
                    rows += [told | row for row in found]
    table = pd.DataFrame(rows, columns=pd.Index(["task", "accelerator", "objective", *STEP_COLUMNS]))
    output.mkdir(parents=True, exist_ok=True)
    write_table(output / "expert.csv", table)
    shown = ("task", "accelerator", "objective", "rule", "macs", "params", "objective_share", "compiled_share")
    ends = pd.DataFrame([row for row in rows if row["rule"] in ("start", "end")], columns=pd.Index(shown))
    print(ends.to_string(index=False, float_format=lambda value: f"{value:.3g}"))


if __name__ == "__main__":
    tyro.cli(main)
