"""How well the surrogates of the trained tables predict what they were not fitted to."""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.markdown import Row, listed, rows, table
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import trials_by, without_confirming

HEADER = ("task", "held out", "predicted by", "fitted to, at most", "tau", "ceiling", "R2", "mean error", "within 95%")
HEADER += ("tau in the best tenth",)
WORDS = {"architecture": "networks", "cell": "cells"}
GOAL, SHARE_OF_CEILING = 0.80, 0.95


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "surrogate.csv")
    return f"""\
Each task's trained table has a surrogate, which predicts the quality of any network of the task's spaces.  Here it is
evaluated on networks that it was not fitted to, ten parts held out in turn.  Held-out *networks* may share all but
their channels with trained ones, since accelerators train them in cells of eight (networks drawn alone share nothing);
where whole *cells* are held out, kinds of block, kernels and layers are new as well, as they are to a search, but for
a network in a hundred that was drawn or found alone:

{table(HEADER, map(_row, found))}
![by number of trained networks](../../results/surrogate/surrogate.png)

Ceiling: the tau that a perfect prediction has with trainings of one seed or few.  Within 95%: of held-out trainings
within their interval, which adds the noise between seeds to the surrogate's own error.  MACs and parameters predict by
a line through their logarithm, nearest neighbours by five.

{_verdicts(found)}{_since(folder.parent, found)}
`accelnas.load_table` [answers for networks](../how-to/build_tables.md#asking-a-table).
"""


def _row(row: Row) -> list[str]:
    covered = row["coverage_95"]
    return [
        row["task"],
        WORDS[row["grouped_by"]],
        row["model"].replace("_", " "),
        str(row["n"]),
        f"{row['kendall_tau']:.2f}",
        f"{row['noise_ceiling_tau']:.2f}",
        f"{row['r2']:.2f}",
        f"{row['mae']:.3f}",
        "" if math.isnan(covered) else f"{covered:.0%}",
        f"{row['tau_best_tenth']:.2f}",
    ]


def of_whole_tables(found: list[Row], grouped_by: str) -> dict[str, Row]:
    """By task, the surrogate's row of surrogate.csv with most networks, for a way of holding out."""
    best: dict[str, Row] = {}
    for row in found:
        if (row["model"], row["grouped_by"]) == ("surrogate", grouped_by):
            best[row["task"]] = max(row, best.get(row["task"], row), key=lambda each: each["n"])
    return best


def _verdicts(found: list[Row]) -> str:
    """For each way of holding out, the tasks whose surrogate is good enough by the rule, and the others."""
    lines = []
    for grouped_by, word in WORDS.items():
        best = of_whole_tables(found, grouped_by)
        good = [
            task
            for task, row in best.items()
            if row["kendall_tau"] >= min(GOAL, SHARE_OF_CEILING * row["noise_ceiling_tau"])
        ]
        short = [task for task in best if task not in good]
        lines.append(
            f"- {word} held out: tau is at least {GOAL:.2f}, or {SHARE_OF_CEILING:.0%} of the ceiling, on "
            f"{listed(good)}; below that on {listed(short)}.\n"
        )
    return "".join(lines)


def _since(results: Path, found: list[Row]) -> str:
    """Of which tasks the tables hold more trainings now than the surrogates were fitted to."""
    told = []
    for task, row in of_whole_tables(found, "architecture").items():
        now = sum(bool(trial.space) for trial in without_confirming(trials_by(results, task, SEARCH[task])))
        if now > row["trainings"]:
            told.append(f"{row['trainings']:,} trainings of {now:,} on {task}")
    if not told:
        return ""
    return f"\nThe tables have been trained further since: these surrogates are fitted to {listed(told)}.\n"
