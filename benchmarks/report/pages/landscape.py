"""MACs, an accelerator's latency, and that latency at curated channels, over two layers' channels."""

from __future__ import annotations

import statistics
from pathlib import Path

import pandas as pd

from benchmarks.experiments.landscape.run import share_that_gets_down, surface_of
from benchmarks.markdown import Row, rows, table
from benchmarks.store.files import read_own_csv

NAMES = {"macs": "MACs", "latency": "latency", "curated": "latency at curated channels"}
STEPS = {
    "all": "all",
    "counted": "those that change the latency by more than .2%",
    "large": "those that change it by more than 1%",
}


def page(folder: Path) -> str:
    """The page's Markdown."""
    found, walked = read_own_csv(folder / "landscape.csv"), rows(folder / "landscape_walks.csv")
    agree = {(row["surface"], row["steps"]): row for row in rows(folder / "landscape_steps.csv")}
    lines = [
        [words, f"{agree['estimated_ms', kind]['n']:,}"]
        + [f"{agree[surface, kind]['same_way']:.0%}" for surface in ("estimated_ms", "macs")]
        + [f"{agree[surface, kind]['kendall_tau']:.2f}" for surface in ("estimated_ms", "macs")]
        for kind, words in STEPS.items()
    ]
    return f"""\
![MACs, latency, and latency at curated channels](../../results/landscape/landscape.png)

The article's figure on a real compiler: MACs fall smoothly with two layers' channels, the accelerator's latency does
not (it is a rugged fitness landscape), and at curated channels it nearly does again.  Greedy walks from the same random
starts, on each surface:

{table(("surface", "walks", "that reach the least", "steps, median", "of all starts"), _walks(found, walked))}
"Of all starts": the share of all networks from which a walk leads to the least.

## How far the estimator can be trusted with single steps

All latencies above are the compiler's, since an estimator that is good for whole networks need not be good for steps of
one channel.  Of the figure's steps of one channel, how many go the compiler's way:

{table(("steps", "n", "estimator", "counting MACs", "its tau", "MACs' tau"), lines)}
"Tau" is the rank correlation of the steps' sizes.
Drawing the weights of the same network again moves latency by .03 to .07%, so smaller steps than .2%
count for nothing ([counted](../../results/landscape/landscape_steps.csv)).  Do not read minima in channels of
uncurated spaces that the estimator gives as the compiler's.
"""


def _walks(found: pd.DataFrame, walked: list[Row]) -> list[list[str]]:
    lines = []
    for surface, name in NAMES.items():
        heights = surface_of(found, surface)
        values = heights.to_numpy(float)
        # the last place of each walk
        ends = {row["walk"]: row for row in walked if row["surface"] == surface}.values()
        reached = sum(heights.loc[end["channels_2"], end["channels_3"]] == values.min() for end in ends)
        steps = statistics.median(end["step"] for end in ends)
        lines.append([name, str(len(ends)), str(reached), f"{steps:g}", f"{share_that_gets_down(values):.0%}"])
    return lines
