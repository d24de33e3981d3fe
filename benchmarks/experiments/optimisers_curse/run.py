"""What was predicted of the networks that the surrogates think best, and what they came to when trained.

Writes results/optimisers_curse/optimisers_curse.csv, a row for each winner of the tables' part "curse"; run: accelnas
reproduce optimisers_curse.  Nothing is trained: `accelnas table design --part curse` draws a round of winners by the
surrogates that there are, and `accelnas table build --task TASK --part curse --new-only --count 10000` or an
accelerator trains them.

predicted: what the surrogate expected when the round was drawn, before any of it was trained.  trained: mean over
seeds, with a 95% interval (Student).  difference: predicted less trained; where its mean over a round is more than
seed_std, that between seeds of one network, the winners are in the table and the surrogate is to be fitted again.

article_choices.csv has a row for each task of the same for what the article's tables chose by the surrogates that are
shipped, means over `networks`: predicted, and trained by the recipe search, one seed or more each; predicted_std and
seed_std are what the surrogate gives, difference has Student's interval over networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.optimisers_curse.choices import choices_row
from benchmarks.experiments.optimisers_curse.settings import Settings
from benchmarks.statistics.intervals import mean_interval
from benchmarks.store.files import write_table
from benchmarks.store.records import Trial
from benchmarks.tables.parts import build_command, part_rows
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import finished_trials
from tasks.registry import make_task

__all__ = ["Settings", "run"]


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Compare, print and write."""
    rows: list[dict[str, Any]] = []
    for task in settings.task:
        winners, trials = (
            part_rows(settings.tables, task, "curse"),
            finished_trials(settings.tables, task, SEARCH[task]),
        )
        rows += curse_rows(task, make_task(task).metric, winners, trials)
    if not rows:
        first, *others = settings.task
        likewise = f", and likewise {', '.join(others)}" if others else ""
        raise BenchmarkInputError(
            f"no winner of any task is trained; {build_command(first, 'curse')} trains those of {first}{likewise}"
        )
    table = pd.DataFrame(rows)
    choices = pd.DataFrame([row for task in settings.task if (row := choices_row(task, settings.tables))])
    write_table(folder / "optimisers_curse.csv", table)
    write_table(folder / "article_choices.csv", choices)
    for each in (table, choices):
        print(each.to_string(index=False, float_format="%.3g"))


def curse_rows(task: str, metric: str, winners: pd.DataFrame, trials: Sequence[Trial]) -> Iterator[dict[str, Any]]:
    """A row for each winner that was trained with two seeds and more.

    winners: rows of the part, one a training.  Where a winner was trained both alone and at once, alone counts.
    """
    by_path: dict[str, dict[tuple[str, int], float]] = {"static": {}, "many_at_once": {}}
    for trial in trials:
        genotype = " ".join(map(str, trial.genotype))
        by_path[trial.key.code_path][genotype, trial.key.seed] = trial.quality[metric]
    for cell, own in winners.groupby("cell", sort=False):
        number = own["round"].tolist()[0]
        keys = list(zip(own["genotype"], own["seed"], strict=True))
        for path, expected in (("static", "predicted"), ("many_at_once", "predicted_at_once")):
            found = [by_path[path][key] for key in keys if key in by_path[path]]
            if len(found) > 1:
                mean, low, high = mean_interval(found)
                predicted = own[expected].tolist()[0]
                yield {
                    "task": task,
                    "round": number,
                    "cell": cell,
                    "predicted": predicted,
                    "trained": mean,
                    "low": low,
                    "high": high,
                    "seeds": len(found),
                    "difference": predicted - mean,
                    "seed_std": float(np.std(found, ddof=1)),
                }
                break
