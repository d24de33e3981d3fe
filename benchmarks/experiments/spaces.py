"""How large the spaces are, and what auto-curation keeps on which accelerator.

Writes results/spaces.csv, a row for each task, space and accelerator; run: python -m benchmarks.experiments.spaces.
log10_size: of the number of genotypes.  seconds: to make the space, sweeping the cost model included.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import pandas as pd
import tyro

from benchmarks.experiments.search import space_for
from tasks.registry import TASKS, make_task
from tasks.spaces.registry import SKELETONS, space_names

ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024", "npu-p16", "npu-p32")


def main(accelerators: tuple[str, ...] = ACCELERATORS, output: Path = Path("results")) -> None:
    """Make every space and say what is in it.

    Args:
        accelerators: Names that `accelnas list` prints.
        output: Directory of the table.
    """
    rows = []
    for task in TASKS:
        for name in space_names(task):
            for accelerator in accelerators if name in ("curated", "auto-curated") else ("any",):
                started = time.perf_counter()
                space = space_for(make_task(task), name, accelerators[0] if accelerator == "any" else accelerator)
                channels = [d for d in space.decisions if d.name in SKELETONS[task].channels and name != "uncurated"]
                rows.append(
                    {
                        "task": task,
                        "space": name,
                        "accelerator": accelerator,
                        "decisions": len(space.decisions),
                        "log10_size": math.log10(space.size),
                        "seconds": time.perf_counter() - started,
                        "channels": "; ".join(f"{d.name} {' '.join(map(str, d.choices))}" for d in channels),
                    }
                )
    table = pd.DataFrame(rows)
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "spaces.csv", index=False, float_format="%.3g")
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3g}", max_colwidth=80))


if __name__ == "__main__":
    tyro.cli(main)
