"""Compare what the same network and seed came to, trained alone on a CPU and as one of many on an accelerator.

Writes results/tables/agreement.csv, a row for each task; run: accelnas reproduce agreement.  Nothing is trained:
`accelnas table build --part cells` trains here what an accelerator has trained.

n: pairs of a network and a seed, trained both ways; networks: different ones among them.  difference: of the
accelerator's quality less the CPU's, its mean with a 95% interval (Student), and difference_std its standard deviation,
beside seed_std, that between seeds of one network and machine, pooled.  kendall_tau: of the two rankings, with an
interval by bootstrap over networks; seeds_tau: what two trainings with different seeds on one machine are expected to
have there, by the noise between seeds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.experiments.agreement.settings import Settings
from benchmarks.statistics.intervals import mean_interval
from benchmarks.statistics.rank_correlation import draw_clusters, kendall, tau_b
from benchmarks.store.files import write_table
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.fit import less_noise, seed_noise
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import Trained, read_trained

__all__ = ["Settings", "run"]

DRAWS = 500


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Compare, print and write."""
    found = [agreement(task, read_trained(SHIPPED, task, SEARCH[task])) for task in settings.task]
    table = pd.DataFrame(found)
    write_table(folder / "agreement.csv", table)
    print(table.to_string(index=False, float_format="%.3g"))


def agreement(task: str, data: Trained) -> dict[str, Any]:
    """A task's row."""
    alone, at_once = dict[tuple[int, int], float](), dict[tuple[int, int], float]()
    rows = (each.tolist() for each in (data.many_at_once, data.architecture, data.seed, data.quality))
    for together, network, seed, quality in zip(*rows, strict=True):
        (at_once if together else alone)[network, seed] = quality
    both = sorted(set(alone) & set(at_once))
    if not both:
        return {"task": task, "n": 0, "networks": 0}
    here, there = (np.array([way[key] for key in both]) for way in (alone, at_once))
    mean, low, high = mean_interval((there - here).tolist())
    tau = kendall(there, here, draw_clusters(np.array([network for network, _ in both])))
    line = seed_noise(data.take(data.many_at_once))
    noise = np.exp(line[0] + line[1] * here)
    rng = np.random.default_rng(0)
    # both vary around the same expectation
    expected = less_noise(here, noise)
    pairs = (rng.normal(expected, noise, (2, len(here))) for _ in range(DRAWS))
    return {
        "task": task,
        "n": len(both),
        "networks": len({network for network, _ in both}),
        "difference": mean,
        "difference_low": low,
        "difference_high": high,
        "difference_std": float(np.std(there - here, ddof=1)),
        "seed_std": float(np.sqrt(np.mean(noise**2))),
        "kendall_tau": tau.value,
        "low": tau.low,
        "high": tau.high,
        "seeds_tau": float(np.mean([tau_b(*pair) for pair in pairs])),
    }
