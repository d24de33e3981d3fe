"""Run a contest, print its table, and write tables, plot and networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.head_to_head.contenders import find_contender
from benchmarks.experiments.head_to_head.contest import Contest, make_contest
from benchmarks.experiments.head_to_head.plot import write_plot
from benchmarks.experiments.head_to_head.run import run_contest, states_budget
from benchmarks.experiments.head_to_head.settings import CONTESTS
from benchmarks.experiments.head_to_head.table import KEY, contenders_table, curves_table, searches_table
from benchmarks.runtime.console import plain_console
from benchmarks.search.verdict import no_better_than_baseline
from benchmarks.store.files import merge_rows

SHOWN = (
    *("algorithm", "family", "seeds", "trainings", "train_flops", "wall_s", "kwh", "quality", "quality_low"),
    *("quality_high", "latency_ms", "within_bound", "hypervolume", "p_value", "p_adjusted"),
)


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce head_to_head --set NAME=VALUE` may change; `accelnas compare` has all settings."""

    profile: str = "quick"
    """Which of the contests: smoke, quick or full."""

    def __post_init__(self):
        if self.profile not in CONTESTS:
            raise BenchmarkInputError(f"unknown profile {self.profile[:60]!r}; allowed: {', '.join(CONTESTS)}")


def run(settings: Settings, home: Path, folder: Path) -> None:
    """The contest of a profile."""
    contest = CONTESTS[settings.profile]
    run_and_write(make_contest(home, contest), contest.contenders, contest.final_seeds, folder)


def run_and_write(contest: Contest, names: Sequence[str], final_seeds: int, folder: Path) -> pd.DataFrame:
    """The rows of these contenders; those of others in the tables that are there are kept.

    Raises BenchmarkInputError and AlgorithmInputError for unknown contenders and for no final seed.
    """
    if final_seeds < 1:
        raise BenchmarkInputError(f"final_seeds is {final_seeds}; allowed: 1 and more")
    contenders = [find_contender(name) for name in dict.fromkeys(names)]
    console = plain_console(200)
    console.print(states_budget(contest, contenders, final_seeds), highlight=False, soft_wrap=True)
    evaluated = run_contest(contest, contenders, final_seeds)
    searches = merge_rows(folder / "head_to_head_searches.csv", searches_table(contest, evaluated), KEY)
    curves = merge_rows(folder / "head_to_head_curves.csv", curves_table(contest, evaluated), KEY)
    # from all searches that are there, since the tests against random search are corrected over all contenders
    table = merge_rows(folder / "head_to_head.csv", contenders_table(searches), KEY)
    write_plot(searches, curves, folder / "head_to_head.png")
    mine = [
        {str(name): row[name] for name in SHOWN}
        for row in table.to_dict("records")
        if (row["task"], row["accelerator"]) == (contest.spec.task.name, contest.spec.accelerator)
        and row["algorithm"] in names
    ]
    rows = pd.DataFrame(mine, columns=pd.Index(SHOWN))
    metric = contest.spec.task.metric
    console.print(f"\nquality: {metric} on test examples, of {final_seeds} training(s) of each search's winner")
    console.print(rows.to_string(index=False, float_format="%.4g", na_rep="-"), highlight=False)
    console.print(f"Written to {folder}", highlight=False, soft_wrap=True)
    searched = [row for row in mine if row["algorithm"] != "baseline"]
    for baseline in (row for row in mine if row["algorithm"] == "baseline"):
        if line := no_better_than_baseline(searched, baseline, metric):
            print(line)
    return rows
