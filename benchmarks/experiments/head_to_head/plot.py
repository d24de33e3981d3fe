"""Anytime curves: regret as searches spend, a panel for each task and accelerator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.colors import hsv_to_rgb

from benchmarks.store.files import save_figure

LINES = {"random": ":", "multi-shot": "-", "hybrid": "--"}


def hues(names: Sequence[str]) -> dict[str, Any]:
    """A colour for each of many lines: hues as far apart as can be, of a lightness that light and dark pages bear."""
    return {name: hsv_to_rgb((number * 0.618 % 1, 0.85, 0.75)) for number, name in enumerate(names)}


def write_plot(curves: pd.DataFrame, table: pd.DataFrame, path: Path) -> None:
    """Means with their 95% intervals as bands; what trains nothing is a marker at what it spent."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tasks, accelerators = (list(dict.fromkeys(table[name])) for name in ("task", "accelerator"))
    names = list(dict.fromkeys([*curves["algorithm"], *table["algorithm"]]))
    colours = hues(names)
    figure = Figure(figsize=(4.6 * len(accelerators) + 2.4, 3.6 * len(tasks)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(tasks), len(accelerators), squeeze=False)
    most = max(int(each) for each in table["budget"].tolist())
    for number, task in enumerate(tasks):
        for column, accelerator in enumerate(accelerators):
            axis = axes[number, column]
            here = _of(curves, task=task, accelerator=accelerator)
            for name in dict.fromkeys(row["algorithm"] for row in here):
                own = [row for row in here if row["algorithm"] == name]
                how: dict[str, Any] = {"color": colours[name], "linewidth": 1.2}
                spent, regret, low, high = (
                    [row[c] for row in own] for c in ("example_passes", "regret", "low", "high")
                )
                axis.plot(spent, regret, LINES.get(own[0]["family"], "-"), label=name, **how)
                axis.fill_between(spent, low, high, color=colours[name], alpha=0.15, linewidth=0)
            least = min(row["example_passes"] for row in here)
            for row in _of(table, task=task, accelerator=accelerator, budget=most, trainings=0):
                place, name = max(row["example_passes"], least / 2), row["algorithm"]
                axis.plot([place], [row["regret"]], "x", color=colours[name], label=name)
            axis.set(title=f"{task}, {accelerator}", xscale="log", xlabel="example passes", ylabel="regret")
            axis.set_ylim(0, None)
    # beside all panels: beside one it would push that panel's row apart
    figure.legend(*axes[0, -1].get_legend_handles_labels(), fontsize=6, loc="outside right upper")
    save_figure(path, figure, dpi=90)


def _of(table: pd.DataFrame, **wanted: Any) -> list[dict[str, Any]]:
    found = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    return [row for row in found if all(row[name] == value for name, value in wanted.items())]
