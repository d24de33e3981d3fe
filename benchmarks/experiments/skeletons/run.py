"""What the tasks' skeletons were chosen by: the latency of their baselines and of single changes, compiled whole.

Writes results/skeletons/skeletons.csv (a row for each task, accelerator and change) and channel_sweep.csv (a row for
each accelerator and number of channels); run: accelnas reproduce skeletons.  What was compiled is
kept, so a second run takes seconds.  Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.experiments.skeletons.settings import Settings
from benchmarks.experiments.skeletons.table import Row, conditions, skeleton_rows, steps_by_multiple, sweep_rows
from benchmarks.store.files import write_table
from hw_model.vela.measurements import MeasurementCache
from tasks.spaces.registry import SKELETONS


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Compile, print and write the tables."""
    home.mkdir(parents=True, exist_ok=True)
    accelerators = settings.accelerators
    with MeasurementCache(home / "measurements.sqlite") as cache:
        tables = {
            task: [row for name in accelerators for row in skeleton_rows(task, name, cache)] for task in SKELETONS
        }
        sweep = [row for name in accelerators for row in sweep_rows(name, cache)]
    rows = [row for table in tables.values() for row in table]
    write_table(folder / "skeletons.csv", pd.DataFrame(rows))
    write_table(folder / "channel_sweep.csv", pd.DataFrame(sweep))
    for task, table in tables.items():
        print(f"{task}\n{summary(table)}")
    print(
        "what one more channel adds to a convolution's latency, in per cent: after multiples of 16, of 8 only, others"
    )
    for name, steps in steps_by_multiple(sweep).items():
        print(f"  {name}: {', '.join(f'{step:.1f}' for step in steps.values())}")


def summary(rows: Sequence[Row]) -> str:
    """A task's figures for people: the baseline, what each change takes off the latency, the conditions."""
    lines = [
        f"  {row['accelerator']}: {row['latency_ms']:.4f} ms, {row['macs'] / 1e6:.1f} MMACs, {row['params'] / 1e3:.0f} "
        f"thousand parameters, peak SRAM {row['peak_activation_bytes'] / 1024:.0f} KiB"
        for row in rows
        if row["decision"] == "baseline"
    ]
    changed = pd.DataFrame([row for row in rows if row["decision"] != "baseline"])
    table = changed.pivot_table(
        "latency_reduction_pct", ["decision", "choice", "macs", "channels"], "accelerator", sort=False
    )
    lines.append(table.reset_index().to_string(index=False, float_format="%.4g"))
    lines += [f"  {'yes' if holds else 'NO'}: {words}" for words, holds in conditions(rows).items()]
    return "\n".join(lines) + "\n"
