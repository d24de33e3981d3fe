"""Anytime curves, and where the winners are in quality and latency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

FAMILIES = ("none", "expert", "multi-shot", "single-shot", "zero-shot", "hybrid")
MARKERS = dict(zip(FAMILIES, "Xs.^Do", strict=True))


def write_plot(searches: pd.DataFrame, curves: pd.DataFrame, path: Path) -> None:
    """Two panels for each task: what searches saw as they spent, and their winners trained anew."""
    rows: list[dict[str, Any]] = [dict(row) for row in searches.to_dict("records")]
    lines: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for row in curves.to_dict("records"):
        lines.setdefault((row["task"], row["algorithm"], row["seed"]), []).append(dict(row))
    tasks, names = (list(dict.fromkeys(row[name] for row in rows)) for name in ("task", "algorithm"))
    colours = {name: plt.get_cmap("tab20")(number % 20) for number, name in enumerate(names)}
    figure, axes = plt.subplots(len(tasks), 2, figsize=(13, 4.5 * len(tasks)), squeeze=False, layout="constrained")
    for (left, right), task in zip(axes, tasks, strict=True):
        here = [row for row in rows if row["task"] == task]
        metric = here[0]["metric"]
        for (owner, name, _), line in lines.items():
            if owner == task:
                passes, best = ([row[column] for row in line] for column in ("example_passes", "best_seen"))
                left.step(passes, best, where="post", color=colours[name], alpha=0.7)
        left.set(xlabel="example passes spent", ylabel=f"best {metric} so far, as the search saw it", title=task)
        for name in names:
            own = [row for row in here if row["algorithm"] == name]
            if own:
                places = [[row[column] for row in own] for column in ("latency_ms", "quality")]
                right.scatter(*places, color=colours[name], marker=MARKERS.get(own[0]["family"], "o"), label=name)
        for bound in sorted({row["latency_bound_ms"] for row in here}):
            right.axvline(bound, color="grey", linestyle=":")
        right.set(xlabel="latency of the winner [ms]", ylabel=f"{metric} on test examples, trained anew", title=task)
        right.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), title="dotted: bound")
    figure.savefig(path, dpi=110)
    plt.close(figure)
