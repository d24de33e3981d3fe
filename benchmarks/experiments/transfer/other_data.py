"""How good the transferred detectors are on another data set, trained there from scratch.

Writes results/transfer/photo_objects.csv, a row for each network; run: accelnas reproduce transfer_photo_objects (half
an hour of two cores), and `accelnas reproduce transfer` afterwards, whose rows then have the quality.  The data set is
composed from cut-outs that a package holds: `make photo-objects` gets it.

network: its summary.  quality, quality_low, quality_high: mAP on test examples of PhotoObjects, mean over `seeds`
trainings by the recipe, with Student's 95% interval; what other test photographs would change is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.errors import check_count
from benchmarks.evaluators.trainings import Training, train_all
from benchmarks.experiments.transfer.run import OTHER_DATA_FILE, SOURCE, rewritten_networks, source_networks
from benchmarks.experiments.transfer.settings import Settings as TransferSettings
from benchmarks.fidelities import FIRST_FINAL_SEED, on_test
from benchmarks.problem import baseline_blocks
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.statistics.intervals import mean_interval
from benchmarks.store.files import write_table
from benchmarks.tables.recipes import SEARCH
from hw_model.network_text import summary
from tasks.registry import make_task

DATASET = "photo_objects"


@dataclass(frozen=True)
class Settings(TransferSettings):
    """What `accelnas reproduce transfer_photo_objects --set NAME=VALUE` may change."""

    seeds: int = 3
    """Trainings of each network."""

    def __post_init__(self):
        check_count("seeds", self.seeds, 2, most=1_000)


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Train, print and write.  Raises BenchmarkInputError where detection.csv lacks the model."""
    task, fidelity = make_task(SOURCE, DATASET), on_test(SEARCH[SOURCE])
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    start = baseline_blocks(task)
    networks = [start]
    for accelerator, text in source_networks(settings).items():
        networks += rewritten_networks(start, text, accelerator).values()
    chains = {summary(blocks): blocks for blocks in networks}
    seeds = range(FIRST_FINAL_SEED, FIRST_FINAL_SEED + settings.seeds)
    wanted = [Training(name, blocks, fidelity, seed) for name, blocks in chains.items() for seed in seeds]
    trials = train_all(home, task, f"{SOURCE} on {DATASET}", wanted)
    rows = []
    for name in chains:
        values = [
            trial.quality[task.metric]
            for training, trial in zip(wanted, trials, strict=True)
            if training.name == name and trial.state == "done"
        ]
        mean, low, high = mean_interval(values)
        rows.append(
            {
                "dataset": DATASET,
                "network": name,
                "recipe": "search",
                "quality": mean,
                "quality_low": low,
                "quality_high": high,
                "seeds": len(values),
            }
        )
    table = pd.DataFrame(rows)
    write_table(folder / OTHER_DATA_FILE, table)
    print_frame(table)
