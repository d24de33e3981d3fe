"""Anytime curves, and where the winners are in quality and latency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

from benchmarks.store.files import save_figure

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

FAMILIES = ("none", "expert", "multi-shot", "single-shot", "zero-shot", "hybrid")
MARKERS = dict(zip(FAMILIES, "Xs.^Do", strict=True))


def write_plot(searches: pd.DataFrame, curves: pd.DataFrame, path: Path) -> None:
    """Two panels for each task: quality as searches spend, means over seeds, and their winners trained anew.

    Left: what searches saw of the networks they trained as lines; at each contender's whole spend what its winners have
    on test examples as a marker, which those that train nothing from scratch have only.
    """
    rows: list[dict[str, Any]] = [dict(row) for row in searches.to_dict("records")]
    tasks, names = (list(dict.fromkeys(row[name] for row in rows)) for name in ("task", "algorithm"))
    colours = {name: plt.get_cmap("tab20")(number % 20) for number, name in enumerate(names)}
    figure, axes = plt.subplots(len(tasks), 2, figsize=(13, 4.5 * len(tasks)), squeeze=False, layout="constrained")
    for (left, right), task in zip(axes, tasks, strict=True):
        here = [row for row in rows if row["task"] == task]
        metric = here[0]["metric"]
        left.set(xlabel="example passes spent", ylabel=f"{metric}, mean over seeds", title=task)
        for name in names:
            own = [row for row in here if row["algorithm"] == name]
            if own:
                spent, latencies, qualities = (
                    [row[column] for row in own] for column in ("example_passes", "latency_ms", "quality")
                )
                line = mean_curve(pd.DataFrame(curves[(curves["task"] == task) & (curves["algorithm"] == name)]))
                left.step(line.index, line, where="post", color=colours[name])
                how: dict[str, Any] = {"color": colours[name], "marker": MARKERS.get(own[0]["family"], "o")}
                left.scatter(sum(spent) / len(spent), sum(qualities) / len(qualities), **how)
                right.scatter(latencies, qualities, **how, label=name)
        for bound in sorted({row["latency_bound_ms"] for row in here}):
            right.axvline(bound, color="grey", linestyle=":")
        right.set(xlabel="latency of the winner [ms]", ylabel=f"{metric} on test examples, trained anew", title=task)
        right.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), title="dotted: bound")
    figure.suptitle("left, lines: best so far as the search saw it; markers: winners trained anew, on test examples")
    save_figure(path, figure, dpi=110)
    plt.close(figure)


def mean_curve(curves: pd.DataFrame) -> pd.Series:
    """Best so far of one contender's searches by example passes, mean over seeds from where all have trained."""
    by_seed = curves.pivot_table("best_seen", "example_passes", "seed")
    return by_seed.ffill().dropna().mean(axis=1)
