"""MACs, an accelerator's latency, and that latency at curated channels, over two layers' channels."""

from __future__ import annotations

import statistics
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.experiments.landscape.run import surface_of
from benchmarks.experiments.landscape.walks import Descent, descent
from benchmarks.markdown import Row, claim, rows, table
from benchmarks.store.files import read_own_csv

NAMES = {"macs": "MACs", "latency": "latency", "curated": "latency at curated channels"}
HEADER = ("surface", "walks", "that reach the least", "steps, median", "of all starts", "that could", "local minima")
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
    surfaces = {name: surface_of(found, name) for name in NAMES}
    downs = {name: descent(heights.to_numpy(float)) for name, heights in surfaces.items()}
    changes = [np.diff(surfaces["latency"].to_numpy(float), axis=axis).ravel() for axis in (0, 1)]
    level = float((np.concatenate(changes) == 0).mean())
    counted = agree["estimated_ms", "counted"]["n"] / agree["estimated_ms", "all"]["n"]
    return f"""\
![MACs, latency, and latency at curated channels](../../results/landscape/landscape.png)

The article's figure on a real compiler: {_shape(downs)}  Greedy walks from the same random starts, on each surface:

{table(HEADER, _walks(surfaces, downs, walked))}
A walk goes to the best of the places one step of one or both layers' channels away (at curated channels to the next
multiple), however little better that is, and ends where none is better.  Places side by side of the same latency, in
the file's five digits, are one, a plateau, which a walk crosses to the best neighbour of all of it; so a plateau is one
local minimum at most.  Of the latency's steps of one channel {level:.0%} are level and {1 - counted:.0%} change it by
less than .2%, which the next section counts for nothing.  "Of all starts": the share of all networks from which a walk
leads to the least; "that could": from which some path that never rises does, which a walk need not take.

## How far the estimator can be trusted with single steps

All latencies above are the compiler's, since an estimator that is good for whole networks need not be good for steps of
one channel.  Of the figure's steps of one channel, how many go the compiler's way:

{table(("steps", "n", "estimator", "counting MACs", "its tau", "MACs' tau"), lines)}
"Tau" is the rank correlation of the steps' sizes.
Drawing the weights of the same network again moves latency by .03 to .07%, so that in this table smaller steps than
.2% count for nothing ([counted](../../results/landscape/landscape_steps.csv)).  Do not read minima in channels of
uncurated spaces that the estimator gives as the compiler's.
"""


def _shape(downs: dict[str, Descent]) -> str:
    """What the surfaces look like, as far as it is so."""
    shares = {name: each.share_that_gets_down() for name, each in downs.items()}
    single = {name for name, each in downs.items() if each.minima == 1 and shares[name] == 1}
    return claim(
        "MACs fall smoothly with two layers' channels, to one minimum that every walk leads to; the accelerator's "
        f"latency does not, with {downs['latency'].minima} local minima (it is a rugged fitness landscape); and at "
        "curated channels it does again.",
        single == {"macs", "curated"} and shares["latency"] < 0.5,
    )


def _walks(surfaces: dict[str, pd.DataFrame], downs: dict[str, Descent], walked: list[Row]) -> list[list[str]]:
    lines = []
    for surface, name in NAMES.items():
        heights, every = surfaces[surface], downs[surface]
        # the last place of each walk
        ends = {row["walk"]: row for row in walked if row["surface"] == surface}.values()
        reached = sum(heights.loc[end["channels_2"], end["channels_3"]] == every.height.min() for end in ends)
        steps = statistics.median(end["step"] for end in ends)
        shares = [f"{share:.0%}" for share in (every.share_that_gets_down(), every.share_with_a_way_down())]
        lines.append([name, str(len(ends)), str(reached), f"{steps:g}", *shares, str(every.minima)])
    return lines
